"""Score alerts by the file, the folder or the archive, into one table."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import os
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import skysieve
from skysieve.errors import ConfigurationError, ScoringError
from skysieve.models.model import Model
from skysieve.progress import progress_bar
from skysieve.samples.findings import Finding
from skysieve.scoring.merge import ScoringSummary, finished_summary, merge_parts, quarantine_path
from skysieve.scoring.parts import PART_ROWS, Cursor, PartStore
from skysieve.scoring.rows import FIELDS, RESERVED, Rows, outcome_schema, score_alerts
from skysieve.sources.alerts.alert import Alert
from skysieve.sources.alerts.avro.schema import SchemaLookup
from skysieve.sources.alerts.reading import ALERT_SUFFIXES, alerts_from_item
from skysieve.sources.inputs import ARCHIVE_SUFFIXES, ItemRef, list_items

__all__ = ["ScoringOptions", "score"]


@dataclass(frozen=True)
class ScoringOptions:
    """How to score; every setting that can change a byte of the outcome.

    Parameters
    ----------
    engine : str
        Inference engine: ``onnxruntime`` or ``openvino``.
    precision : str
        ``float32``, or ``bfloat16`` where the engine has it.
    workers : int
        Processes; each scores a share of the files on one thread.
    fields : tuple of str
        Numbers of the candidate that are copied beside the score.
    any_survey : bool
        Score alerts of surveys that the model was not made for.
    schemas : str
        Folder of writer schemas (``<id>.avsc``) for Confluent-framed messages, which carry only the
        number of theirs; empty: there are none.
    """

    engine: str = "onnxruntime"
    precision: str = "float32"
    workers: int = 1
    fields: tuple[str, ...] = FIELDS
    any_survey: bool = False
    schemas: str = ""

    def __post_init__(self) -> None:
        if self.workers < 1:
            raise ConfigurationError(f"workers is 1 or more, found {self.workers}")
        for name in self.fields:
            if self.fields.count(name) > 1 or name in RESERVED or name.startswith("score"):
                raise ConfigurationError(
                    f"the field {name!r} is named twice or is a column of every table ({', '.join(RESERVED)})"
                )


def score(
    model: Model,
    inputs: Iterable[str | Path],
    output: str | Path,
    options: ScoringOptions | None = None,
    *,
    restart: bool = False,
    progress: bool = False,
) -> ScoringSummary:
    """Score alerts into a Parquet table; what cannot be scored goes into a quarantine file.

    The run streams: memory does not grow with the number of alerts. Killed at any time and called
    again with the same arguments it goes on where it was, and the table is the same byte for byte.

    Parameters
    ----------
    model : Model
        The model.
    inputs : iterable of path
        Avro packets, folders, globs, ``.tar.gz`` archives, Parquet tables of alerts.
    output : path
        The table: ``candid``, ``object_id``, ``survey``, the fields, ``score`` (probability that the
        alert is real; one column a class if there are more than two) and ``source``. Its schema
        carries the model's identity, engine and precision.
    options : ScoringOptions, optional
        Engine, precision, processes, fields.
    restart : bool
        Throw away the parts of an unfinished run, or a finished table.
    progress : bool
        Show progress.

    Returns
    -------
    ScoringSummary
        Counts and places.

    Raises
    ------
    ConfigurationError
        If the output, or parts beside it, belong to a run with other arguments.
    """
    began = time.monotonic()
    target, options = Path(output), options or ScoringOptions()
    store = PartStore(target)
    listed = [
        item
        for item in list_items(inputs, suffixes=ALERT_SUFFIXES + ARCHIVE_SUFFIXES)
        if not _is_own(item, target, store)
    ]
    items = [item for item in listed if isinstance(item, ItemRef)]
    absent = [item for item in listed if isinstance(item, Finding)]
    manifest = _manifest(model, listed, options)
    if not restart and (finished := finished_summary(target, manifest)):
        return finished
    target.parent.mkdir(parents=True, exist_ok=True)
    with store.claim():
        resumed = store.begin(manifest, restart=restart)
        _score_items(model, store, items, options, progress)
        summary = merge_parts(store, target, manifest, absent, model, options.fields)
        store.remove()
    return dataclasses.replace(summary, resumed=resumed, seconds=time.monotonic() - began)


def _score_items(
    model: Model, store: PartStore, items: list[ItemRef], options: ScoringOptions, progress: bool
) -> None:
    """Score what is not scored yet, in this process or in several."""
    bounds = [len(items) * shard // options.workers for shard in range(options.workers + 1)]
    shards = [items[low:high] for low, high in itertools.pairwise(bounds)]
    with progress_bar("scoring", len(items), enabled=progress) as bar:
        if options.workers == 1:
            running = _score_shard(model, store, 0, shards[0], options, os.getppid())
        else:
            running = _score_in_processes(model, store, shards, options)
        reached = 0
        for done in running:
            bar.advance(done - reached)
            reached = done


def _is_own(item: ItemRef | Finding, target: Path, store: PartStore) -> bool:
    """Say whether an input is what a run to this output has written, when both share a folder."""
    path = os.path.abspath(item.path if isinstance(item, ItemRef) else item.item)  # noqa: PTH100
    own = [os.path.abspath(place) for place in (target, quarantine_path(target), store.folder)]  # noqa: PTH100
    return path in own or path.startswith(own[2] + os.sep)


def _manifest(model: Model, listed: list[ItemRef | Finding], options: ScoringOptions) -> dict[str, Any]:
    """Return everything that decides the outcome of a run."""
    digest = hashlib.sha256()
    for item in listed:
        digest.update(f"{_stamp(item)}\n".encode("utf-8", "surrogateescape"))
    engine = model.engine(engine=options.engine, precision=options.precision)
    threshold = model.description.threshold
    return {
        "model": model.description.name,
        "identity": model.identity,
        "threshold": None if threshold is None else dict(threshold),
        "inputs": digest.hexdigest(),
        "files": len(listed),
        "engine": engine.name,
        "precision": engine.precision,
        "workers": options.workers,
        "fields": list(options.fields),
        "any_survey": options.any_survey,
        "schemas": options.schemas,
        "part_rows": PART_ROWS,
        "skysieve": skysieve.__version__,
    }


def _stamp(item: ItemRef | Finding) -> str:
    """Return what tells an input from a changed one: its name, size and time of change."""
    if isinstance(item, Finding):
        return item.item
    try:
        found = item.path.stat()
    except OSError:
        return item.name
    return f"{item.name} {found.st_size} {found.st_mtime_ns}"


def _score_shard(
    model: Model, store: PartStore, shard: int, items: list[ItemRef], options: ScoringOptions, parent: int
) -> Iterator[int]:
    """Score the items of a shard part by part; yield how many items are done.

    A worker whose parent has been killed stops at the next part: whoever runs the command again
    waits for it.
    """
    with store.claim_shard(shard):
        for done in _score_claimed_shard(model, store, shard, items, options):
            yield done
            if os.getppid() != parent:
                return


def _score_claimed_shard(
    model: Model, store: PartStore, shard: int, items: list[ItemRef], options: ScoringOptions
) -> Iterator[int]:
    cursor = store.cursor(shard)
    if cursor.done:
        yield len(items)
        return
    engine = model.engine(engine=options.engine, precision=options.precision)
    rows = Rows(outcome_schema(model.description.classes, options.fields))
    stream = _outcomes(items, cursor, SchemaLookup(options.schemas) if options.schemas else None)

    def next_part() -> Iterator[Alert | Finding]:
        nonlocal cursor
        for place, outcome in itertools.islice(stream, PART_ROWS):
            cursor = place
            yield outcome

    while True:
        for row in score_alerts(
            next_part(), model, engine, fields=options.fields, any_survey=options.any_survey
        ):
            rows.add(row)
        full = len(rows) == PART_ROWS
        if not full:
            cursor = Cursor(len(items), 0, done=True)
        store.add(shard, rows.take(), cursor)
        yield cursor.item
        if not full:
            return


def _outcomes(
    items: list[ItemRef], start: Cursor, schemas: SchemaLookup | None
) -> Iterator[tuple[Cursor, Alert | Finding]]:
    """Yield the outcomes behind a cursor, each with the cursor behind it."""
    for number in range(start.item, len(items)):
        skip = start.outcomes if number == start.item else 0
        outcomes = alerts_from_item(items[number], schemas=schemas)
        for count, outcome in enumerate(itertools.islice(outcomes, skip, None), start=skip + 1):
            yield Cursor(number, count), outcome


def _score_in_processes(
    model: Model, store: PartStore, shards: list[list[ItemRef]], options: ScoringOptions
) -> Iterator[int]:
    """Score every shard in a process of its own; the parts on disk tell how many items are done."""
    with ProcessPoolExecutor(options.workers, mp_context=get_context("spawn")) as pool:
        running = [
            pool.submit(_score_shard_process, model.folder, store, number, shard, options, os.getpid())
            for number, shard in enumerate(shards)
        ]
        while not all(future.done() for future in running):
            wait(running, timeout=0.5)
            yield sum(store.cursor(number).item for number in range(len(shards)))
        try:
            for future in running:
                future.result()
        except BrokenProcessPool:
            raise ScoringError(
                "a worker process was killed, for want of memory perhaps; the same command goes on where it "
                "stopped, with fewer --workers if need be"
            ) from None


def _score_shard_process(
    folder: Path, store: PartStore, shard: int, items: list[ItemRef], options: ScoringOptions, parent: int
) -> None:
    for _ in _score_shard(Model.load(folder), store, shard, items, options, parent):
        pass
