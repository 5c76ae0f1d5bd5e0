"""Score a sample set of anything that a model takes, light curves and sequences among it, into a table."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from skysieve.atomic_file import replacing
from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.models.engines import Engine
from skysieve.models.model import Model
from skysieve.models.readings import read_inputs
from skysieve.progress import progress_bar
from skysieve.samples.light_curves import TIME
from skysieve.samples.sample_set import SampleSet
from skysieve.scoring.merge import METADATA_KEY, quarantine_path
from skysieve.scoring.parts import Cursor, PartStore
from skysieve.scoring.same_run import NEW_OUTPUT, require_same_run

__all__ = ["CALLED", "SampleTableSummary", "score_sample_table"]

#: Samples of a part: what a kill can cost, and what is held in memory.
PART_ROWS = 1024

#: Column with the class that the model gives.
CALLED = "called"

_SHARD = 0

#: Columns of the parts that are not of the table; no column of a sample set is called so.
_ASIDE = ("kept aside: kind", "kept aside: reason")


@dataclass(frozen=True)
class SampleTableSummary:
    """What came of a run.

    Parameters
    ----------
    output, quarantine : Path
        The table of scores, and the list of what could not be scored (absent if empty).
    scored : int
        Rows of the table.
    called : dict of str to int
        How many samples are called by each class.
    kept_aside : dict of str to int
        Samples that could not be scored, by reason.
    resumed : bool
        Whether an earlier run was continued.
    seconds : float
        Time of this run; 0 where an earlier one had finished.
    """

    output: Path
    quarantine: Path
    scored: int
    called: dict[str, int]
    kept_aside: dict[str, int] = field(default_factory=dict)
    resumed: bool = False
    seconds: float = 0.0


def score_sample_table(
    model: Model,
    samples: str | Path,
    output: str | Path,
    *,
    engine: str = "onnxruntime",
    precision: str = "float32",
    fields: Sequence[str] = (),
    restart: bool = False,
    progress: bool = False,
) -> SampleTableSummary:
    """Score every sample of a set.

    Killed and called again, it goes on behind the last part that it finished; the outcome is the same.

    Parameters
    ----------
    model : Model
        What scores.
    samples : path
        The sample set; may be larger than memory.
    output : path
        The table: ``id``, the fields, ``score`` (the probability of the second of two classes) or
        ``score_<class>`` of each, and ``called``, the class at the model's threshold or the likeliest one. It
        appears when it is complete. What cannot be scored is listed beside it with its reason.
    engine, precision : str
        As of `skysieve.models.engines.open_engine`.
    fields : sequence of str
        Scalar columns of the set to copy.
    restart : bool
        Start anew where an earlier run lies, or the table of another one.
    progress : bool
        Show progress.

    Raises
    ------
    SampleSetError
        If it is no sample set, or lacks a field.
    ContractError
        If the model takes something else.
    ConfigurationError
        If the output, or the parts beside it, are of another run.
    """
    began = time.monotonic()
    path, target = Path(samples), Path(output)
    opened = SampleSet.open(path)
    _check_fields(model, opened, fields)
    stat = path.stat()
    run = {
        "model": {"name": model.description.name, "identity": model.identity},
        "samples": {"path": str(path.resolve()), "bytes": stat.st_size, "changed": stat.st_mtime_ns},
        "engine": [engine, precision],
        "fields": list(fields),
        "part": PART_ROWS,
    }
    if (finished := _finished(target, run, restart)) is not None:
        return finished
    store = PartStore(target)
    with store.claim():
        resumed = store.begin(run, restart=restart)
        with store.claim_shard(_SHARD):
            _score_parts(
                model, opened, store, model.engine(engine=engine, precision=precision), fields, progress
            )
        summary = _merged(model, store, target, run, resumed, began)
        store.remove()
    return summary


def _check_fields(model: Model, samples: SampleSet, fields: Sequence[str]) -> None:
    for name in {"id", CALLED, *_score_names(model)}.intersection(fields):
        raise SampleSetError(
            f"{name!r} is a column of the table of scores itself; leave out the field, or rename the column"
        )
    scalars = [name for name in samples.column_names if name not in samples.description.tensors]
    for name in fields:
        if name not in scalars:
            raise SampleSetError(
                f"the samples have no column {name!r} to copy beside the score; they have "
                f"{', '.join(scalars)}"
            )


def _score_parts(
    model: Model,
    samples: SampleSet,
    store: PartStore,
    engine: Engine,
    fields: Sequence[str],
    progress: bool,
) -> None:
    reached, first = store.cursor(_SHARD), 0
    with progress_bar("scoring", len(samples), enabled=progress) as bar:
        for piece in samples.batches(PART_ROWS):
            behind = first + len(piece)
            if behind > reached.item and not reached.done:
                scored = _score_piece(model, piece, engine, fields)
                store.add(_SHARD, scored, Cursor(behind, done=behind == len(samples)))
            bar.advance(len(piece))
            first = behind


def _score_piece(model: Model, piece: SampleSet, engine: Engine, fields: Sequence[str]) -> pa.Table:
    """Return a row a sample; those that cannot be scored have a kind and a reason and no score."""
    described = model.description
    aside = _empty_curves(piece)
    scores = np.full((len(piece), max(1, _columns(model))), np.nan, dtype=np.float32)
    rows = np.array([row for row in range(len(piece)) if row not in aside], dtype=np.int64)
    for some, found in _scored(model, piece, rows, engine):
        if isinstance(found, SampleSetError):
            aside[int(some[0])] = ("unreadable", str(found))
        else:
            scores[some] = found.reshape(len(some), -1)
    for row in np.flatnonzero(~np.isfinite(scores).all(axis=1)):
        aside.setdefault(int(row), ("no-score", "the model gives no number for it; look at its values"))
    called = _called(model, scores)
    columns: dict[str, Any] = {"id": pa.array(piece.ids.tolist())}
    columns |= {name: pa.array(piece.scalar(name).tolist(), from_pandas=True) for name in fields}
    columns |= {name: pa.array(scores[:, at]) for at, name in enumerate(_score_names(model))}
    columns[CALLED] = pa.array([described.classes[each] for each in called], pa.string())
    for at, name in enumerate(_ASIDE):
        told = [aside[row][at] if row in aside else None for row in range(len(piece))]
        columns[name] = pa.array(told, pa.string())
    return pa.table(columns)


def _scored(
    model: Model, piece: SampleSet, rows: NDArray[np.int64], engine: Engine
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32] | SampleSetError]]:
    """Yield scores of rows: of all at once, or of each half by itself where one of them spoils the rest."""
    if not len(rows):
        return
    contract = model.description.contract
    try:
        inputs = read_inputs(contract, piece, rows)
    except SampleSetError as error:
        if len(rows) == 1:
            yield rows, error
            return
        for half in np.array_split(rows, 2):
            yield from _scored(model, piece, half, engine)
        return
    yield rows, model.predict(inputs, engine)


def _empty_curves(piece: SampleSet) -> dict[int, tuple[str, str]]:
    if TIME not in piece.description.tensors:
        return {}
    offsets, _ = piece.ragged_flat(TIME)
    empty = np.flatnonzero(np.diff(offsets) == 0)
    return {int(row): ("no-points", "the light curve has no points") for row in empty}


def _called(model: Model, scores: NDArray[np.float32]) -> NDArray[np.int64]:
    if len(model.description.classes) > 2:
        return np.asarray(np.nan_to_num(scores, nan=-1.0).argmax(1), dtype=np.int64)
    stored = model.description.threshold
    # Thresholds are compared in the precision of the scores.
    cut = np.float32(0.5 if stored is None else stored["value"])
    return (scores[:, 0] >= cut).astype(np.int64)


def _columns(model: Model) -> int:
    return 1 if len(model.description.classes) == 2 else len(model.description.classes)


def _score_names(model: Model) -> list[str]:
    classes = model.description.classes
    return ["score"] if len(classes) == 2 else [f"score_{name}" for name in classes]


def _merged(
    model: Model,
    store: PartStore,
    target: Path,
    run: dict[str, Any],
    resumed: bool,
    began: float,
) -> SampleTableSummary:
    """Write table and quarantine from the parts; the table appears last."""
    target.parent.mkdir(parents=True, exist_ok=True)
    tables = list(store.tables())
    # A column that is empty in one part has no type there.
    table = pa.concat_tables(tables, promote_options="permissive")
    kind, reason = _ASIDE
    good = pc.is_null(table[kind])
    scored = table.filter(good).drop_columns(list(_ASIDE))
    aside = table.filter(pc.invert(good)).select(["id", *_ASIDE]).to_pylist()
    called = Counter(scored[CALLED].to_pylist())
    counts = {
        "scored": scored.num_rows,
        "called": {name: called[name] for name in model.description.classes},
        "kept_aside": dict(sorted(Counter(row[kind] for row in aside).items())),
    }
    quarantine = quarantine_path(target)
    with replacing(target) as partial:
        told = {METADATA_KEY: json.dumps(run | {"counts": counts}, sort_keys=True)}
        pq.write_table(scored.replace_schema_metadata(told), partial, compression="zstd")
        quarantine.unlink(missing_ok=True)
        if aside:
            with replacing(quarantine) as list_path:
                lines = (
                    json.dumps({"source": str(row["id"]), "kind": row[kind], "reason": row[reason]}) + "\n"
                    for row in aside
                )
                list_path.write_text("".join(lines), encoding="utf-8")
    seconds = time.monotonic() - began
    return SampleTableSummary(target, quarantine, **counts, resumed=resumed, seconds=seconds)


def _finished(target: Path, run: dict[str, Any], restart: bool) -> SampleTableSummary | None:
    """Return the summary of an earlier, complete run with the same arguments, if there is one."""
    if restart or not target.exists():
        return None
    try:
        present = json.loads(pq.read_metadata(target).metadata[METADATA_KEY])
        counts = present.pop("counts")
    except (pa.ArrowInvalid, OSError, KeyError, TypeError, ValueError):
        raise ConfigurationError(f"{target}: exists and is not a table of scores; {NEW_OUTPUT}") from None
    require_same_run(target, present, json.loads(json.dumps(run)))
    return SampleTableSummary(target, quarantine_path(target), **counts)
