"""The split that a training run left beside its model."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq

from skysieve.samples.sample_set import SampleSet

__all__ = ["with_split_of_run"]


def with_split_of_run(samples: SampleSet, model: Path) -> SampleSet:
    """Give samples without a split the one of the run that a model lies in, if it lies in one.

    Parameters
    ----------
    samples : SampleSet
        Samples; a split of their own is respected.
    model : Path
        Folder of the model or sieve.

    Returns
    -------
    SampleSet
        With a column ``split``, empty for samples that the run did not have; as it was where there is
        no run.
    """
    stored = model.parent / "splits.parquet"
    if "split" in samples.column_names or not stored.is_file():
        return samples
    table = pq.read_table(stored, columns=["id", "split"]).to_pydict()
    split_of = dict(zip(map(str, table["id"]), table["split"], strict=True))
    return samples.with_columns({"split": [split_of.get(str(name), "") for name in samples.ids]})
