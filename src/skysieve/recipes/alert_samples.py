"""From what a user has (a sample set, alerts, a table of labels) to a labelled sample set."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.models.contract import InputContract
from skysieve.recipes.configuration import LabelConfig
from skysieve.samples.findings import Finding
from skysieve.samples.parquet import METADATA_KEY
from skysieve.samples.sample_set import SampleSet
from skysieve.samples.table import encode_labels
from skysieve.samples.weak_labels import agreeing_labels, is_known
from skysieve.sources.alerts.reading import read_alerts
from skysieve.sources.alerts.samples import PACKET_PREFIX, alerts_to_samples

__all__ = ["KNOWN_REAL", "WEAK_LABEL", "is_sample_set", "prepare_alert_samples"]

#: Boolean column: known to be real, whatever any score says.
KNOWN_REAL = "known_real"

#: Column of the weak labels alone (-1: none), before anything known overrides them.
WEAK_LABEL = "weak_label"


def prepare_alert_samples(
    inputs: Sequence[str | Path],
    labels: LabelConfig,
    contract: InputContract,
    *,
    classes: tuple[str, ...],
) -> SampleSet:
    """Make a labelled sample set of alerts.

    Parameters
    ----------
    inputs : sequence of path
        One sample set, taken as it is; or alerts in any form that `read_alerts` takes.
    labels : LabelConfig
        Where the labels come from, if the samples have none.
    contract : InputContract
        The shape of the cutouts.
    classes : tuple of str
        Class names.

    Returns
    -------
    SampleSet
        With ``label``; where labels are weak also ``weak_label``, and ``known_real`` where the
        configuration names columns for it. What could not be read is in ``findings``.

    Raises
    ------
    ConfigurationError
        If a table or column of labels is named for samples that have labels, or cannot be read.
    SampleSetError
        If no label can be had for any sample, or a table gives one sample two labels.
    """
    if len(inputs) == 1 and is_sample_set(inputs[0]):
        samples = SampleSet.open(inputs[0])
    else:
        origin = {"inputs": [Path(item).name for item in inputs]}
        samples = alerts_to_samples(
            read_alerts(inputs), size=contract.image_shape[1], classes=classes, origin=origin
        )
    contract.check_channels(samples.description.tensors[contract.column].channels)
    if not (samples.labels >= 0).any():
        samples = _label(samples, labels, classes)
    elif labels.table or labels.column:
        _refuse_to_relabel(inputs, labels)
    if not (samples.labels >= 0).any():
        raise SampleSetError(
            f"none of {len(samples)} samples has a label; name a table of labels (--set labels.table=...), "
            "a column (labels.column), or columns of scores that agree (labels.agreeing_scores)"
        )
    return samples


def is_sample_set(path: str | Path) -> bool:
    """Say whether a path is a Parquet file that carries the description of a sample set."""
    path = Path(path)
    if path.suffix != ".parquet" or not path.is_file():
        return False
    return METADATA_KEY in (pq.read_schema(path).metadata or {})


def _label(samples: SampleSet, labels: LabelConfig, classes: tuple[str, ...]) -> SampleSet:
    columns: dict[str, Any] = {}
    findings: tuple[Finding, ...] = ()
    if labels.table:
        made, origin, findings = _labels_of_table(samples, labels, classes)
    elif labels.column:
        encoded, _ = encode_labels(_values(samples, labels.column), classes)
        made = np.array([-1 if label is None else label for label in encoded])
        origin = f"Labels of the column {labels.column}."
    else:
        made, origin = _weak(samples, labels)
        columns[WEAK_LABEL] = made
    known = _known(samples, labels)
    if known.any():
        columns[KNOWN_REAL] = known
        made = np.where(known, len(classes) - 1, made)
        origin += (
            f" {int(known.sum())} samples are known to be {classes[-1]} independently of any score "
            f"({', '.join(labels.known_real)}) and are labelled so."
        )
    columns["label"] = [None if label < 0 else int(label) for label in made]
    labelled = samples.with_columns(columns, label_origin=origin, classes=classes)
    labelled.findings += findings
    return labelled


def _refuse_to_relabel(inputs: Sequence[str | Path], labels: LabelConfig) -> None:
    name, value = ("labels.table", labels.table) if labels.table else ("labels.column", labels.column)
    raise ConfigurationError(
        f"{', '.join(map(str, inputs))}: the samples have labels already, {name}={value} would change "
        "nothing; leave it out, or label anew: give the alerts instead of the sample set, "
        "or the set without its column 'label'"
    )


def _weak(samples: SampleSet, labels: LabelConfig) -> tuple[NDArray[np.int64], str]:
    present = [name for name in labels.agreeing_scores if name in samples.column_names]
    if not present:
        wanted = ", ".join(labels.agreeing_scores) or "none is configured"
        raise SampleSetError(
            f"the samples have no labels, and no column of scores to take weak ones from ({wanted}); "
            "set labels.table, labels.column or labels.agreeing_scores"
        )
    weak = agreeing_labels([samples.scalar(name) for name in present], threshold=labels.threshold)
    origin = (
        f"WEAK LABELS, not made by people: a sample is labelled where the scores {' and '.join(present)} "
        f"agree on one side of {labels.threshold:g}; {int((weak < 0).sum())} of {len(weak)} samples, on "
        "which they do not agree, have no weak label."
    )
    return weak, origin


def _known(samples: SampleSet, labels: LabelConfig) -> NDArray[np.bool_]:
    known = np.zeros(len(samples), dtype=bool)
    for name in labels.known_real:
        if name in samples.column_names:
            known |= is_known(samples.scalar(name))
    return known


def _values(samples: SampleSet, column: str) -> list[Any]:
    # A packet's own field of a reserved name is kept under a prefix; the user knows it by its own.
    if PACKET_PREFIX + column in samples.column_names:
        column = PACKET_PREFIX + column
    return [None if value == "" else value for value in samples.scalar(column).tolist()]


def _labels_of_table(
    samples: SampleSet, labels: LabelConfig, classes: tuple[str, ...]
) -> tuple[NDArray[np.int64], str, tuple[Finding, ...]]:
    """Join the labels of a table to the samples by id; say where they come from, and how many met."""
    rows = _read_table(labels.table)
    for name in (labels.id, labels.column):
        if name not in rows:
            raise ConfigurationError(
                f"{labels.table}: has no column {name!r}, found {', '.join(rows)}; "
                "set labels.id and labels.column"
            )
    encoded, _ = encode_labels(rows[labels.column], classes)
    label_of = _label_by_id(labels, rows[labels.id], encoded, classes)
    ids = [str(key) for key in samples.ids.tolist()]
    made = np.array([label_of.get(key, -1) for key in ids])
    origin = (
        f"Labels of the table {Path(labels.table).name}, which has one for {int((made >= 0).sum())} "
        f"of {len(made)} samples."
    )
    unmatched = list(label_of.keys() - set(ids))
    if not unmatched:
        return made, origin, ()
    reason = (
        f"{len(unmatched)} of {len(label_of)} labels belong to no sample, one of {labels.id} {min(unmatched)}"
    )
    return made, origin, (Finding(labels.table, "label-without-sample", reason, "warning"),)


def _label_by_id(
    labels: LabelConfig, ids: list[Any], encoded: list[int | None], classes: tuple[str, ...]
) -> dict[str, int]:
    label_of: dict[str, int] = {}
    known = [
        (str(key), label)
        for key, label in zip(ids, encoded, strict=True)
        if key is not None and label is not None
    ]
    for key, label in known:
        if label_of.setdefault(key, label) != label:
            raise SampleSetError(
                f"{labels.table}: {labels.id} {key} is labelled both {classes[label_of[key]]} and "
                f"{classes[label]}; keep one row for each {labels.id}"
            )
    return label_of


def _read_table(path: str) -> dict[str, list[Any]]:
    import pyarrow.csv as csv

    try:
        table = pq.read_table(path) if path.endswith(".parquet") else csv.read_csv(path)
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{path}: is no readable table of labels ({error})") from None
    columns: dict[str, list[Any]] = table.to_pydict()
    return columns
