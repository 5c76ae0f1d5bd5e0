"""From ids of light curves of ZTF to a sample set of frame sequences: every frame asked for once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from skysieve.configuration import as_dict
from skysieve.errors import ConfigurationError, InputError, SampleSetError
from skysieve.samples.description import Description, TensorColumn
from skysieve.samples.findings import Finding
from skysieve.sources.archives.answer_cache import AnswerCache
from skysieve.sources.archives.answer_fetch import AnswerFetch, kept_answers, open_cache
from skysieve.sources.archives.cutout_service import Politeness, Position
from skysieve.sources.archives.failures import Failure, list_failures
from skysieve.sources.archives.polite_client import Stubbornness
from skysieve.sources.archives.positions import read_positions
from skysieve.sources.archives.ztf_exposures import (
    Exposure,
    ExposureSearch,
    FrameCutouts,
    ZtfFrames,
    light_curve_origin,
)
from skysieve.sources.row_table import TableSource

__all__ = ["FrameSummary", "fetch_frame_sequences", "frame_columns"]

#: Objects whose frames are under way together; a hundred have some 50,000 frames.
_OBJECTS = 100

_Found = tuple[Position, list[Exposure]]


@dataclass(frozen=True, slots=True)
class FrameSummary:
    """What `fetch_frame_sequences` did.

    Parameters
    ----------
    path : Path
        The sample set.
    samples, frames : int
        Sequences in it, and their frames.
    cut_off : int
        Frames that the edge of a detector cut off.
    asked : int
        Answers that came over the network in this run; the others lay in the cache.
    failures : tuple of Failure
        Objects, and single frames (``<id>/<exposure>``), that could not be had.
    failures_path : Path
        Where they are listed; there is no such file if all went well.
    findings : tuple of Finding
        Objects that were left out because their id names another filter than those asked for.
    """

    path: Path
    samples: int
    frames: int
    cut_off: int
    asked: int
    failures: tuple[Failure, ...]
    failures_path: Path
    findings: tuple[Finding, ...] = ()


def frame_columns(size: int = 28) -> dict[str, TensorColumn]:
    """Return the tensor columns of a sample set of frame sequences.

    Examples
    --------
    >>> frame_columns()["frames"].shape
    (None, 1, 28, 28)
    """
    return {
        "frames": TensorColumn((None, 1, size, size), "float32", unit="detector counts"),
        "time": TensorColumn((None,), "float64", unit="d"),
    }


def fetch_frame_sequences(
    table: TableSource,
    output: str | Path,
    *,
    frames: ZtfFrames | None = None,
    id: str = "oid",  # noqa: A002 - the name of the column that it means
    ra: str = "ra",
    dec: str = "dec",
    label: str | None = None,
    classes: Sequence[str] | None = None,
    label_origin: str = "",
    cache: str | Path | None = None,
    retry: bool = False,
    politeness: Politeness | None = None,
    stubbornness: Stubbornness | None = None,
    transport: Any = None,
    progress: bool = True,
) -> FrameSummary:
    """Fetch all frames of objects from IRSA and write them as a sample set.

    The exposures of an object are searched for once, then each gives a frame; all answers are kept in a
    cache as soon as they are checked. A run that was killed goes on where it stopped, and a second one asks
    nothing, also not for newer exposures: for these give another cache. A frame that fails costs itself;
    failures are listed in ``<output>.failures.csv``, and asked for again only with ``retry``.

    Parameters
    ----------
    table : str, Path or mapping
        Objects: a CSV, Parquet, ECSV or FITS file, or columns.
    output : str or Path
        The sample set (Parquet): ``id``, ``group`` (neighbours on the sky), ``ra``, ``dec``, ``label`` if
        there is one, ``frames`` and ``time`` (MJD of the start) of all exposures in their order, and
        ``n_frames``, ``n_cut_off``.
    frames : ZtfFrames, optional
        Size, filters, times, server.
    id, ra, dec : str
        The table's columns; an id is that of a light curve of ZTF's data releases.
    label, classes, label_origin, cache, retry, stubbornness, transport, progress
        As of `skysieve.sources.archives.cutout_fetch.fetch_cutouts`.
    politeness : Politeness, optional
        The pace; that of `ZtfFrames` by default.

    Raises
    ------
    SampleSetError
        If no object has a frame, or a label is none of the classes.
    ConfigurationError, DownloadError, InputError, MissingExtraError
        As of `skysieve.sources.archives.cutout_fetch.fetch_cutouts`.
    """
    from skysieve.samples.table import encode_labels

    output, frames = Path(output), frames or ZtfFrames()
    outcomes = list(read_positions(table, id=id, ra=ra, dec=dec))
    targets = [each for each in outcomes if isinstance(each, Position)]
    failures = [Failure.from_finding(each) for each in outcomes if not isinstance(each, Position)]
    if label and targets and label not in targets[0].row:
        raise ConfigurationError(f"the table has no column {label!r}, it has {', '.join(targets[0].row)}")
    if label:
        classes = encode_labels([each.row[label] for each in targets], classes)[1]
    answers = open_cache(cache, output)
    run = AnswerFetch(answers, politeness or frames.politeness, stubbornness, transport, retry, progress)
    with answers.alone():
        targets, findings = _of_known_filters(targets, frames, failures)
        found = _with_frames(_with_exposures(targets, frames, run, failures), frames, run, failures)
        failures_path = list_failures(output, failures)
        description = Description(
            frame_columns(frames.size),
            tuple(classes or ()),
            label_origin,
            origin={
                "service": "irsa-ztf",
                "settings": as_dict(frames),
                "field_of_view": frames.field_of_view,
                "time": "modified Julian date of the start of the exposure",
            },
        )
        if not found:
            raise SampleSetError(f"{output}: not one object has a frame{_why(failures, findings)}")
        written = _write(output, found, FrameCutouts(frames), answers, description, label)
    return FrameSummary(output, len(found), *written, run.asked, tuple(failures), failures_path, findings)


def _why(failures: Sequence[Failure], findings: Sequence[Finding]) -> str:
    """Return the rest of a sentence that says what became of all objects."""
    if failures:
        return f"; the first of {len(failures)} failures: {failures[0].id}: {failures[0].reason}"
    return f"; {findings[0].item} was {findings[0].reason}" if findings else "; the table has no row"


def _of_known_filters(
    targets: Sequence[Position], frames: ZtfFrames, failures: list[Failure]
) -> tuple[list[Position], tuple[Finding, ...]]:
    """Return the objects whose ids name one of the filters, and findings on those that name another."""
    wanted, findings = [], []
    for target in targets:
        try:
            band = light_curve_origin(target.id)["filtercode"]
        except InputError as error:
            failures.append(Failure.from_finding(error))
            continue
        if band in frames.bands:
            wanted.append(target)
        else:
            reason = f"left out: its id names the filter {band}, {', '.join(frames.bands)} were asked for"
            findings.append(Finding(target.id, "other-filter", reason, "note"))
    return wanted, tuple(findings)


def _with_exposures(
    targets: Sequence[Position], frames: ZtfFrames, run: AnswerFetch, failures: list[Failure]
) -> list[Position]:
    """Search for the exposures of all objects, and return the objects that have any."""
    failed = run.fetch("searching exposures", targets, ExposureSearch(frames))
    failures += failed.values()
    return [target for target in targets if target.id not in failed]


def _with_frames(
    targets: Sequence[Position], frames: ZtfFrames, run: AnswerFetch, failures: list[Failure]
) -> list[_Found]:
    """Fetch the frames of all objects, and return the objects with the exposures that gave one."""
    search, cutouts, found = ExposureSearch(frames), FrameCutouts(frames), []
    for start in range(0, len(targets), _OBJECTS):
        part = [
            (target, search.exposures(target, body))
            for target in targets[start : start + _OBJECTS]
            for _, body in kept_answers(target, search, run.cache)
        ]
        wanted = [cutouts.position(target, each) for target, exposures in part for each in exposures]
        failed = run.fetch("fetching frames", wanted, cutouts)
        failures += failed.values()
        for target, exposures in part:
            good = [each for each in exposures if cutouts.position(target, each).id not in failed]
            if good:
                found.append((target, good))
            else:
                failures.append(Failure(target.id, "", "no-frames", "not one of its frames can be had"))
    return found


def _write(
    output: Path,
    found: list[_Found],
    cutouts: FrameCutouts,
    answers: AnswerCache,
    description: Description,
    label: str | None,
) -> tuple[int, int]:
    """Write the sample set; return how many frames are in it, and how many of them are cut off."""
    from skysieve.samples.parquet import SampleWriter
    from skysieve.samples.sky_cells import sky_groups
    from skysieve.samples.table import encode_labels

    targets = [target for target, _ in found]
    radius = cutouts.frames.field_of_view * float(np.sqrt(2))
    groups = sky_groups([each.ra for each in targets], [each.dec for each in targets], radius)
    labels = encode_labels([each.row[label] for each in targets], description.classes)[0] if label else None
    frames = cut_off = 0
    with SampleWriter(output, description) as writer:
        for number, columns in enumerate(_rows(found, cutouts, answers)):
            more = {} if labels is None else {"label": [labels[number]]}
            writer.write(columns | {"group": [groups[number]]} | more)
            frames, cut_off = frames + columns["n_frames"][0], cut_off + columns["n_cut_off"][0]
    return frames, cut_off


def _rows(found: list[_Found], cutouts: FrameCutouts, answers: AnswerCache) -> Iterator[dict[str, Any]]:
    """Yield the columns of each object, its frames read from the cache."""
    for target, exposures in found:
        positions = [cutouts.position(target, each) for each in exposures]
        frames = [
            cutouts.frame(position, body)
            for position in positions
            for _, body in kept_answers(position, cutouts, answers)
        ]
        yield {
            "id": [target.id],
            "ra": [target.ra],
            "dec": [target.dec],
            "n_frames": [len(exposures)],
            "n_cut_off": [sum(is_cut for _, is_cut in frames)],
            "frames": [np.stack([pixels[None] for pixels, _ in frames])],
            "time": [np.array([each.time for each in exposures])],
        }
