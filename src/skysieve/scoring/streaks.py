"""Score a night of streaks by a sieve, and go on with it as the night grows."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import Thread
from typing import Any, Literal

import numpy as np
import pyarrow as pa

import skysieve
from skysieve.atomic_file import replacing
from skysieve.errors import ConfigurationError, ContractError, ScoringError
from skysieve.models.contract import InputContract
from skysieve.models.model import Model
from skysieve.models.sieve import Sieve, load_model_or_sieve
from skysieve.progress import progress_bar
from skysieve.samples.findings import Finding
from skysieve.scoring.merge import quarantine_path
from skysieve.scoring.parts import PartStore
from skysieve.scoring.streak_listing import AWAITED, WITHOUT_PICTURE, keep_scored, list_night, read_before
from skysieve.scoring.streak_parts import (
    PART_STREAKS,
    KnownScores,
    key_of,
    part_schema,
    stamp_of,
    write_part,
)
from skysieve.scoring.streak_table import (
    build_table,
    describe_sieve,
    read_description,
    write_scores,
)
from skysieve.sources.streaks.cutout_file import INPUT_SIDE
from skysieve.sources.streaks.night import StreakItem, StreakNight, read_streak
from skysieve.sources.streaks.observing_night import longitude_of

__all__ = [
    "StreakOptions",
    "StreakSummary",
    "check_streak_contract",
    "describe_run",
    "is_streak_contract",
    "score_streaks",
]

_ID = re.compile(r"strkid\d+_pid\d+")


@dataclass(frozen=True)
class StreakOptions:
    """How to score streaks.

    Parameters
    ----------
    engine : str
        Inference engine: ``onnxruntime`` or ``openvino``.
    precision : str
        ``float32``, or ``bfloat16`` where the engine has it.
    workers : int
        Processes; each scores on one thread. Their number moves no score.
    expect : "auto" or tuple of {"metadata", "ades"}
        What every streak must have before it is scored, as of
        `skysieve.sources.streaks.night.list_streak_night`.
    longitude_deg : float or str
        Longitude of the observatory in degrees, east positive, or its name; for ``observing_night``.
    """

    engine: str = "onnxruntime"
    precision: str = "float32"
    workers: int = 1
    expect: Literal["auto"] | tuple[str, ...] = "auto"
    longitude_deg: float | str = "Palomar"

    def __post_init__(self) -> None:
        if self.workers < 1:
            raise ConfigurationError(f"workers is 1 or more, found {self.workers}")
        longitude_of(self.longitude_deg)


@dataclass(frozen=True)
class StreakSummary:
    """What came of a run.

    Parameters
    ----------
    output, quarantine : Path
        The table of scores, and the list of what could not be scored (absent if empty).
    scored : int
        Rows of the table.
    new : int
        How many of them were scored by this run; the others were known.
    gone : int
        Rows of the table of before of which the night has no picture any more.
    withheld : int
        Rows of the table of before that left it for a reason that the quarantine names.
    waiting : int
        Rows of the table that wait for metadata or a report that the night has begun to have.
    passed : dict
        How many streaks pass each rule.
    kept_aside : dict
        Number of inputs that could not be scored, by kind.
    resumed : bool
        Whether a run that had broken off was continued.
    seconds : float
        Time of this run.
    """

    output: Path
    quarantine: Path
    scored: int
    new: int
    gone: int = 0
    withheld: int = 0
    waiting: int = 0
    passed: dict[str, int] = field(default_factory=dict)
    kept_aside: dict[str, int] = field(default_factory=dict)
    resumed: bool = False
    seconds: float = 0.0


def is_streak_contract(contract: InputContract) -> bool:
    """Say whether a contract is that of streak cutouts as `read_streak` gives them."""
    return (contract.shape, contract.channels, contract.unit) == (
        (1, INPUT_SIDE, INPUT_SIDE),
        ("difference",),
        "grey level",
    )


def score_streaks(
    sieve: Sieve | Model,
    inputs: Iterable[str | Path],
    output: str | Path,
    options: StreakOptions | None = None,
    *,
    restart: bool = False,
    progress: bool = False,
) -> StreakSummary:
    """Score the streaks of a night into a Parquet table; what cannot be scored goes into a quarantine file.

    Every cutout is decoded once for all members, and every score belongs to the id of its streak.
    The same call on a night that has grown, or of which files were completed or replaced, scores
    what is new and leaves the table that one run over the whole night would have left, byte for
    byte; so it does after a kill. Verdicts follow the thresholds and rules of the sieve as it is
    now: they are made anew from the scores by every run.

    Parameters
    ----------
    sieve : Sieve or Model
        What scores; a model alone is a sieve of one.
    inputs : iterable of path
        Folders, archives, cutouts and tables of the night.
    output : path
        The table, sorted by ``id``: ``source``, what is known of each streak, a score a member,
        the maximum of each family, a verdict a rule, ``notes`` on the file, and the ``stamp`` by which
        a changed cutout is known. The metadata of its schema hold models, thresholds, rules, counts.
    options : StreakOptions, optional
        Engine, precision, processes. With ``expect="auto"`` a streak that is scored stays scored when the
        night begins to have what it lacks: its row waits, and the quarantine says for what.
    restart : bool
        Score everything anew, and replace a table of other models.
    progress : bool
        Show progress.

    Returns
    -------
    StreakSummary
        Counts and places.

    Raises
    ------
    ContractError
        If the models do not take streak cutouts.
    ConfigurationError
        If the output, or parts beside it, are those of other models or another night.
    InputError
        If nothing among the inputs belongs to a night of streaks.
    """
    began = time.monotonic()
    sieve = Sieve.of_model(sieve) if isinstance(sieve, Model) else sieve
    check_streak_contract(sieve)
    target, options = Path(output), options or StreakOptions()
    run = describe_run(sieve, options)
    night = list_night(inputs, target, expect=options.expect, longitude_deg=options.longitude_deg)
    known = KnownScores(list(run["members"]))
    present = {item.id for item in (*night.items, *night.waiting)}
    before = None if restart else read_before(target, run, present)
    if before is not None:
        known.add(before)
    target.parent.mkdir(parents=True, exist_ok=True)
    store = PartStore(target)
    with store.claim():
        resumed = store.begin(run, restart=restart)
        known.add_parts(store.folder)
        known.recognise((*night.items, *night.waiting))
        items, findings = keep_scored(night, known) if options.expect == "auto" else _complete(night)
        todo = [item for item in items if key_of(item) not in known]
        findings += _score_items(sieve, todo, store.folder, options, progress)
        known.add_parts(store.folder)
        summary = _write(sieve, run, items, findings, known, target)
        store.remove()
    left = _left(before, {item.id for item in items if key_of(item) in known})
    named = {_id_of(finding) for finding in findings if finding.kind not in WITHOUT_PICTURE}
    return dataclasses.replace(
        summary,
        new=sum(key_of(item) in known for item in todo),
        gone=len(left - named),
        withheld=len(left & named),
        resumed=resumed,
        seconds=time.monotonic() - began,
    )


def _complete(night: StreakNight) -> tuple[list[StreakItem], list[Finding]]:
    return list(night.items), list(night.findings)


def _left(before: pa.Table | None, ids: set[str]) -> set[str]:
    """Return the streaks of an earlier table that are not in this one."""
    return set() if before is None else set(before["id"].to_pylist()) - ids


def check_streak_contract(sieve: Sieve) -> None:
    """Raise `ContractError` unless a sieve takes streak cutouts."""
    if not is_streak_contract(contract := sieve.contract):
        raise ContractError(
            f"{sieve.description.name}: takes {contract.shape} of {', '.join(contract.channels)} in "
            f"{contract.unit}; a streak cutout is (1, {INPUT_SIDE}, {INPUT_SIDE}) of difference in grey level"
        )


def describe_run(sieve: Sieve, options: StreakOptions) -> dict[str, Any]:
    """Return everything that decides a score."""
    engine = sieve.members[0].model.engine(engine=options.engine, precision=options.precision)
    return {
        "members": {member.name: member.model.identity for member in sieve.members},
        "engine": engine.name,
        "precision": engine.precision,
        "skysieve": skysieve.__version__,
    }


def _score_items(
    sieve: Sieve, items: list[StreakItem], folder: Path, options: StreakOptions, progress: bool
) -> list[Finding]:
    """Score part by part, in this process or in several; return what could not be read."""
    parts = [items[start : start + PART_STREAKS] for start in range(0, len(items), PART_STREAKS)]
    findings: list[Finding] = []
    with progress_bar("scoring", len(items), enabled=progress) as bar:
        if options.workers == 1 or len(parts) < 2:
            running = _score_here(sieve, parts, folder, options)
        else:
            running = _score_in_processes(sieve, parts, folder, options)
        for part, found in running:
            findings += found
            bar.advance(len(part))
    return findings


def _score_here(
    sieve: Sieve, parts: list[list[StreakItem]], folder: Path, options: StreakOptions
) -> Iterator[tuple[list[StreakItem], list[Finding]]]:
    for part in parts:
        yield part, _score_part(sieve, part, folder, options)


def _score_part(
    sieve: Sieve, items: Sequence[StreakItem], folder: Path, options: StreakOptions
) -> list[Finding]:
    images = np.empty((len(items), *sieve.contract.image_shape), dtype=np.float32)
    findings: list[Finding] = []
    readable: list[tuple[StreakItem, str]] = []
    stamps: list[str] = []
    for item in items:
        cutout = read_streak(item)
        if isinstance(cutout, Finding):
            findings.append(cutout)
        else:
            images[len(readable)] = cutout.grey
            readable.append((item, "; ".join(cutout.notes)))
            stamps.append(stamp_of(item, cutout.checksum))
    scores = sieve.score(images[: len(readable)], engine=options.engine, precision=options.precision)
    columns = {
        "id": [item.id for item, _ in readable],
        "stamp": stamps,
        "notes": [notes for _, notes in readable],
    }
    write_part(folder, pa.table({**columns, **scores}, schema=part_schema(list(scores))))
    return findings


def _score_in_processes(
    sieve: Sieve, parts: list[list[StreakItem]], folder: Path, options: StreakOptions
) -> Iterator[tuple[list[StreakItem], list[Finding]]]:
    workers = min(options.workers, len(parts))
    with ProcessPoolExecutor(
        workers, mp_context=get_context("spawn"), initializer=_start_worker, initargs=(sieve.folder, options)
    ) as pool:
        running = {pool.submit(_score_part_in_worker, part, folder): part for part in parts}
        try:
            for future in as_completed(running):
                yield running[future], future.result()
        except BrokenProcessPool:
            raise ScoringError(
                "a worker process was killed, for want of memory perhaps; the same command goes on where it "
                "stopped, with fewer --workers if need be"
            ) from None
        finally:
            pool.shutdown(cancel_futures=True)


#: The sieve and the options of a worker process.
_worker: dict[str, Any] = {}


def _start_worker(folder: Path, options: StreakOptions) -> None:
    # A worker whose parent has been killed would wait for work for ever.
    Thread(target=_leave_with_parent, daemon=True).start()
    opened = load_model_or_sieve(folder)
    _worker["sieve"] = Sieve.of_model(opened) if isinstance(opened, Model) else opened
    _worker["options"] = options


def _leave_with_parent() -> None:
    if parent := parent_process():
        parent.join()
        os._exit(1)


def _score_part_in_worker(items: list[StreakItem], folder: Path) -> list[Finding]:
    return _score_part(_worker["sieve"], items, folder, _worker["options"])


def _write(
    sieve: Sieve,
    run: dict[str, Any],
    items: Sequence[StreakItem],
    findings: Sequence[Finding],
    known: KnownScores,
    target: Path,
) -> StreakSummary:
    """Write the quarantine file, and last of all the table: where it is, the run is complete."""
    scored = sorted((item for item in items if key_of(item) in known), key=lambda item: item.id)
    aside = [each.kind for each in findings if each.severity != "note" and each.kind not in AWAITED]
    kept_aside = dict(sorted(Counter(aside).items()))
    description = {**run, **describe_sieve(sieve), "counts": {"kept_aside": kept_aside}}
    table = build_table(
        [item.id for item in scored],
        [item.source for item in scored],
        [item.row for item in scored],
        known.take(map(key_of, scored)),
        description,
    )
    quarantine = _write_quarantine(quarantine_path(target), findings)
    write_scores(table, target)
    passed = read_description(table.schema.metadata, target)["counts"]["passed"]
    waiting = sum(each.kind in AWAITED for each in findings)
    return StreakSummary(
        target, quarantine, len(scored), 0, waiting=waiting, passed=passed, kept_aside=kept_aside
    )


def _id_of(finding: Finding) -> str:
    """Return the streak that a finding is on, empty where it is on none."""
    named = _ID.search(finding.item.rsplit("::", 1)[-1])
    return named.group() if named else ""


def _write_quarantine(path: Path, findings: Sequence[Finding]) -> Path:
    """List what was kept aside, in an order that no number of processes moves."""
    lines = []
    for finding in findings:
        fields = {"kind": finding.kind, "reason": finding.reason, "source": finding.item}
        lines.append(json.dumps({"id": _id_of(finding), **fields, "severity": finding.severity}) + "\n")
    if not lines:
        path.unlink(missing_ok=True)
        return path
    with replacing(path) as partial:
        partial.write_text("".join(sorted(lines)), encoding="utf-8")
    return path
