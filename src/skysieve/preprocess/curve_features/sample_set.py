"""From a sample set of light curves on disk to one of features: streamed, on several processes, in parts.

Parts that took their time lie beside the output until it is complete. A killed run goes on behind them; since
each curve is measured by itself, neither a kill nor the number of processes changes the result.
"""

from __future__ import annotations

import dataclasses
import json
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

import skysieve
from skysieve.atomic_file import replacing
from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.preprocess.curve_features.configuration import FeatureConfiguration
from skysieve.preprocess.curve_features.measure import MISSING, Missing, feature_names, measure_features
from skysieve.progress import progress_bar
from skysieve.samples.findings import Finding
from skysieve.samples.light_curves import BANDS, LightCurves
from skysieve.samples.parquet import SampleWriter
from skysieve.samples.part_folder import part_folder
from skysieve.samples.sample_set import SampleSet

__all__ = ["feature_columns", "write_features"]

#: Curves in a part: what a kill can cost, and what a process holds.
PART = 1024

#: Seconds that a part takes at least to be stored: below, measuring it again costs less than keeping it.
WORTH_STORING = 0.2

_ORIGIN = "curve_features"


class _Measured(NamedTuple):
    values: NDArray[np.float64]
    missing: tuple[Missing, ...]


def write_features(
    curves: str | Path,
    output: str | Path,
    configuration: FeatureConfiguration | None = None,
    *,
    workers: int = 1,
    progress: bool = False,
) -> tuple[Finding, ...]:
    """Measure the light curves of a sample set, and write a sample set of their features.

    It has the scalar columns of the curves (``id``, ``group``, ``label``, ``split`` and all others), a
    column for each feature, and the same classes and splits. It holds no curves.

    Parameters
    ----------
    curves : path
        Sample set of light curves; may be larger than memory.
    output : path
        The sample set to write; it appears when it is complete.
    configuration : FeatureConfiguration, optional
        Feature sets and their settings.
    workers : int
        Processes; the result does not depend on it.
    progress : bool
        Show progress.

    Returns
    -------
    tuple of Finding
        Why features are missing, counted.

    Raises
    ------
    SampleSetError
        If the set holds no light curves, or has a column of the same name as a feature.
    ConfigurationError
        If the parts beside the output are of another run, or one is still writing.
    """
    configuration = configuration or FeatureConfiguration()
    curves, output = Path(curves), Path(output)
    if workers < 1:
        raise ConfigurationError(f"workers is {workers}; give 1 or more")
    if curves.resolve() == output.resolve():
        raise ConfigurationError(f"{output}: is the sample set of the curves; give another output")
    samples = SampleSet.open(curves)
    bands = _bands(curves, samples)
    names = feature_names(configuration, bands)
    if clash := [name for name in names if name in samples.column_names]:
        raise SampleSetError(
            f"{curves}: has a column {clash[0]!r} already, which is the name of a feature; "
            "give a prefix (--set prefix=f_)"
        )
    missing: dict[str, Missing] = {}
    with (
        part_folder(output, _identity(curves, configuration)) as parts,
        SampleWriter(output, _description(samples, configuration, names, bands)) as writer,
        progress_bar("measuring", len(samples), enabled=progress) as bar,
    ):
        for batch, measured in _measured(samples, configuration, bands, parts, workers):
            scalars = _scalars(batch)
            writer.write(scalars | dict(zip(names, measured.values.T, strict=True)))
            for each in measured.missing:
                missing[each.kind] = missing[each.kind] + each if each.kind in missing else each
            bar.advance(len(batch))
    return tuple(missing[kind].finding(len(samples)) for kind in MISSING if kind in missing)


def feature_columns(samples: SampleSet) -> tuple[str, ...]:
    """Return which columns of a set that `write_features` made are features.

    Raises
    ------
    SampleSetError
        If the set is another one.
    """
    origin = samples.description.origin.get(_ORIGIN)
    if not isinstance(origin, dict) or "columns" not in origin:
        raise SampleSetError(
            "the sample set does not say which columns are features; make it with `skysieve features`"
        )
    return tuple(origin["columns"])


def _description(
    samples: SampleSet, configuration: FeatureConfiguration, names: Sequence[str], bands: Sequence[str]
) -> Any:
    origin = dict(samples.description.origin)
    told = dataclasses.asdict(configuration)
    origin[_ORIGIN] = {"configuration": told, "columns": list(names), "bands": list(bands)}
    return dataclasses.replace(samples.description, tensors={}, origin=origin)


def _scalars(batch: SampleSet) -> dict[str, Any]:
    tensors = batch.description.tensors
    return {name: batch._scalar_column(name) for name in batch.column_names if name not in tensors}


def _bands(path: Path, samples: SampleSet) -> tuple[str, ...]:
    """Return the bands of all curves, reading nothing else."""
    if BANDS not in samples.description.tensors:
        return ("",)
    found: set[str] = set()
    for batch in pq.ParquetFile(path).iter_batches(columns=[BANDS]):
        found.update(pc.unique(batch.column(0).flatten()).to_pylist())
    return tuple(sorted(found))


def _measured(
    samples: SampleSet, configuration: FeatureConfiguration, bands: tuple[str, ...], parts: Path, workers: int
) -> Iterator[tuple[SampleSet, _Measured]]:
    """Yield all batches in their order with their features, those of an earlier run read from its parts."""
    if workers == 1:
        for number, batch in enumerate(samples.batches(PART)):
            path = parts / f"part-{number:06d}.npz"
            yield batch, _part(path, batch, configuration, bands)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        pending: deque[tuple[SampleSet, Future[_Measured]]] = deque()
        for number, batch in enumerate(samples.batches(PART)):
            if len(pending) >= 2 * workers:
                ready, future = pending.popleft()
                yield ready, future.result()
            path = parts / f"part-{number:06d}.npz"
            pending.append((batch, pool.submit(_part, path, batch, configuration, bands)))
        for ready, future in pending:
            yield ready, future.result()


def _part(
    path: Path, batch: SampleSet, configuration: FeatureConfiguration, bands: tuple[str, ...]
) -> _Measured:
    """Return a part that is finished, or measure it, and store what took long."""
    if path.exists():
        with np.load(path) as stored:
            rows = json.loads(str(stored["missing"]))
            return _Measured(stored["values"], tuple(Missing(*row) for row in rows))
    began = time.perf_counter()
    found = measure_features(LightCurves.of(batch), configuration, bands=bands)
    if time.perf_counter() - began < WORTH_STORING:
        return _Measured(found.values, found.missing)
    rows = [[each.kind, each.curves, each.first] for each in found.missing]
    with replacing(path) as partial:
        np.savez(partial, values=found.values, missing=np.array(json.dumps(rows)))
    return _Measured(found.values, found.missing)


def _identity(curves: Path, configuration: FeatureConfiguration) -> dict[str, Any]:
    """Return everything that decides what stands in the parts."""
    stat = curves.stat()
    return {
        "curves": str(curves.resolve()),
        "bytes": stat.st_size,
        "changed": stat.st_mtime_ns,
        "part": PART,
        "skysieve": skysieve.__version__,
        "configuration": json.loads(json.dumps(dataclasses.asdict(configuration))),
    }
