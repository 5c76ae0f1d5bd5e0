"""From ids of light curves of ZTF to a sample set of frame sequences: every frame asked for once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from skysieve.configuration import as_dict
from skysieve.errors import ConfigurationError, InputError, SampleSetError
from skysieve.progress import progress_bar
from skysieve.samples.description import Description, TensorColumn
from skysieve.sources.archives.answer_cache import AnswerCache
from skysieve.sources.archives.cutout_fetch import Failure, fetch_answers
from skysieve.sources.archives.cutout_service import CutoutService, Politeness, Position
from skysieve.sources.archives.event_loop import run_to_end
from skysieve.sources.archives.polite_client import PoliteClient, Stubbornness
from skysieve.sources.archives.positions import read_positions
from skysieve.sources.archives.ztf_exposures import Exposure, ExposureSearch, FrameCutouts, ZtfFrames
from skysieve.sources.row_table import TableSource

__all__ = ["FrameSummary", "fetch_frame_sequences", "frame_columns"]

#: Objects whose frames are under way together; a hundred have some 50,000 frames.
_OBJECTS = 100


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
    """

    path: Path
    samples: int
    frames: int
    cut_off: int
    asked: int
    failures: tuple[Failure, ...]


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
    failures are told, and asked for again only with ``retry``.

    Parameters
    ----------
    table : str, Path or mapping
        Objects: a CSV, Parquet, ECSV or FITS file, or columns.
    output : str or Path
        The sample set (Parquet): ``id``, ``group`` (neighbours on the sky), ``ra``, ``dec``, ``label`` if
        there is one, ``frames`` and ``time`` (MJD of the start) of all exposures in their order, and
        ``n_frames``, ``n_cut_off``.
    frames : ZtfFrames, optional
        Size, times, server.
    id, ra, dec : str
        The table's columns; an id is that of a light curve of ZTF's data releases.
    label : str, optional
        The table's column with labels.
    classes : sequence of str, optional
        Names of the classes in their order; the sorted labels by default.
    label_origin : str
        How the labels came about.
    cache : str or Path, optional
        Folder of the answers; ``<output>.cache`` by default.
    retry : bool
        Ask again for what failed in earlier runs.
    politeness : Politeness, optional
        The pace; that of `ZtfFrames` by default.
    stubbornness : Stubbornness, optional
        When to ask again, and time-outs.
    transport : httpx.AsyncBaseTransport, optional
        For proxies of one's own.
    progress : bool
        Whether to show a bar.

    Raises
    ------
    ConfigurationError
        If a column is missing.
    DownloadError
        If the host cannot be reached or sends away everybody; nothing that was fetched is lost.
    InputError
        If the table cannot be read.
    SampleSetError
        If no object has a frame, or a label is none of the classes.
    MissingExtraError
        If httpx or scipy is not installed.
    """
    from skysieve.samples.table import encode_labels

    output, frames = Path(output), frames or ZtfFrames()
    outcomes = list(read_positions(table, id=id, ra=ra, dec=dec))
    targets = [each for each in outcomes if isinstance(each, Position)]
    failures = [Failure(x.item, "", x.kind, x.reason) for x in outcomes if not isinstance(x, Position)]
    if label and targets and label not in targets[0].row:
        raise ConfigurationError(f"the table has no column {label!r}, it has {', '.join(targets[0].row)}")
    if label:
        classes = encode_labels([each.row[label] for each in targets], classes)[1]
    answers = AnswerCache(cache or output.with_name(output.name + ".cache"))
    fetch = _Fetch(frames, answers, politeness or frames.politeness, stubbornness, transport, retry, progress)
    with answers.alone():
        targets = fetch.objects(targets, failures)
        found = fetch.frames_of(targets, failures)
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
        return _write(output, found, fetch, description, label, failures)


@dataclass
class _Fetch:
    """One run: objects to exposures, exposures to frames."""

    settings: ZtfFrames
    answers: AnswerCache
    politeness: Politeness
    stubbornness: Stubbornness | None
    transport: Any
    retry: bool
    progress: bool
    asked: int = 0

    def objects(self, targets: Sequence[Position], failures: list[Failure]) -> list[Position]:
        """Search for the exposures of all objects, and return those that have any."""
        search, known = ExposureSearch(self.settings), []
        for target in targets:
            try:
                search.request(target, [])
                known.append(target)
            except InputError as error:
                failures.append(Failure(error.item, "", error.kind, error.reason))
        failed = self._ask("searching exposures", known, search)
        failures += failed.values()
        return [target for target in known if target.id not in failed]

    def exposures(self, target: Position) -> list[Exposure]:
        """Return the exposures of an object from the cache."""
        search = ExposureSearch(self.settings)
        request = search.request(target, [])
        body = self.answers.answer(request) if request else None
        if body is None:
            reason = f"its answer vanished from {self.answers.folder}; run the command again"
            raise InputError(target.id, "missing-answer", reason)
        return search.exposures(target, body)

    def frames_of(
        self, targets: Sequence[Position], failures: list[Failure]
    ) -> list[tuple[Position, list[Exposure]]]:
        """Fetch the frames of all objects, and return the objects with the exposures that gave one."""
        cutouts, found = FrameCutouts(self.settings), []
        for start in range(0, len(targets), _OBJECTS):
            part = [(target, self.exposures(target)) for target in targets[start : start + _OBJECTS]]
            wanted = [cutouts.position(target, each) for target, exposures in part for each in exposures]
            failed = self._ask("fetching frames", wanted, cutouts)
            failures += failed.values()
            for target, exposures in part:
                good = [each for each in exposures if f"{target.id}/{each.name}" not in failed]
                if good:
                    found.append((target, good))
                else:
                    failures.append(Failure(target.id, "", "no-frames", "not one of its frames can be had"))
        return found

    def _ask(self, words: str, positions: Sequence[Position], service: Any) -> dict[str, Failure]:
        client = PoliteClient(self.politeness, self.stubbornness, self.transport)
        with progress_bar(words, len(positions), enabled=self.progress) as bar:
            failed, asked = run_to_end(
                fetch_answers(
                    positions,
                    cast("CutoutService", service),
                    client,
                    self.answers,
                    retry=self.retry,
                    at_once=self.politeness.at_once,
                    bar=bar,
                )
            )
        self.asked += asked
        return failed


def _write(
    output: Path,
    found: list[tuple[Position, list[Exposure]]],
    fetch: _Fetch,
    description: Description,
    label: str | None,
    failures: list[Failure],
) -> FrameSummary:
    from skysieve.samples.parquet import SampleWriter
    from skysieve.samples.sky_cells import sky_groups
    from skysieve.samples.table import encode_labels

    if not found:
        told = f"; the first of {len(failures)} failures: {failures[0].id}: {failures[0].reason}"
        raise SampleSetError(f"{output}: not one object has a frame{told if failures else ''}")
    targets = [target for target, _ in found]
    radius = fetch.settings.field_of_view * float(np.sqrt(2))
    groups = sky_groups([each.ra for each in targets], [each.dec for each in targets], radius)
    labels = encode_labels([each.row[label] for each in targets], description.classes)[0] if label else None
    frames = cut_off = 0
    with SampleWriter(output, description) as writer:
        for number, columns in enumerate(_rows(found, fetch)):
            more = {} if labels is None else {"label": [labels[number]]}
            writer.write(columns | {"group": [groups[number]]} | more)
            frames, cut_off = frames + columns["n_frames"][0], cut_off + columns["n_cut_off"][0]
    return FrameSummary(output, len(found), frames, cut_off, fetch.asked, tuple(failures))


def _rows(found: list[tuple[Position, list[Exposure]]], fetch: _Fetch) -> Iterator[dict[str, Any]]:
    """Yield the columns of each object, its frames read from the cache."""
    cutouts = FrameCutouts(fetch.settings)
    for target, exposures in found:
        pixels, cut_off = [], 0
        for exposure in exposures:
            position = cutouts.position(target, exposure)
            request = cutouts.request(position, [])
            body = fetch.answers.answer(request) if request else None
            if body is None:
                reason = f"its answer vanished from {fetch.answers.folder}; run the command again"
                raise InputError(position.id, "missing-answer", reason)
            frame, is_cut = cutouts.frame(position, body)
            pixels.append(frame[None])
            cut_off += is_cut
        yield {
            "id": [target.id],
            "ra": [target.ra],
            "dec": [target.dec],
            "n_frames": [len(exposures)],
            "n_cut_off": [cut_off],
            "frames": [np.stack(pixels)],
            "time": [np.array([each.time for each in exposures])],
        }
