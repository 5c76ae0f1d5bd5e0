"""From a table of positions to a sample set: asked for once, whatever breaks in between."""

from __future__ import annotations

import asyncio
import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from skysieve.atomic_file import replacing
from skysieve.errors import ConfigurationError, InputError
from skysieve.progress import ProgressBar, progress_bar
from skysieve.samples.findings import Finding
from skysieve.sources.archives.answer_cache import AnswerCache
from skysieve.sources.archives.cutout_service import CutoutService, Politeness, Position, Request
from skysieve.sources.archives.event_loop import run_to_end
from skysieve.sources.archives.polite_client import PoliteClient, Stubbornness
from skysieve.sources.archives.positions import read_positions
from skysieve.sources.row_table import TableSource

__all__ = ["Failure", "FetchSummary", "fetch_answers", "fetch_cutouts"]


@dataclass(frozen=True, slots=True)
class Failure:
    """A position without a cutout.

    Parameters
    ----------
    id : str
        Its name, or the row.
    url : str
        What was asked; empty if nothing was.
    kind, reason : str
        Why, as a slug and in words.
    """

    id: str
    url: str
    kind: str
    reason: str


@dataclass(frozen=True, slots=True)
class FetchSummary:
    """What `fetch_cutouts` did.

    Parameters
    ----------
    path : Path
        The sample set.
    samples, groups, largest_group : int
        Cutouts in it, groups of neighbours on the sky, and samples in the largest one.
    asked : int
        Answers that came over the network in this run; the others lay in the cache.
    failures : tuple of Failure
        Positions without a cutout, in the order of the table.
    failures_path : Path
        Where they are listed; there is no such file if all went well.
    notes : mapping of str to int
        What is unusual about cutouts that are in the set, counted.
    findings : tuple of Finding
        What was left out of the set otherwise, such as columns with reserved names.
    """

    path: Path
    samples: int
    groups: int
    largest_group: int
    asked: int
    failures: tuple[Failure, ...]
    failures_path: Path
    notes: dict[str, int] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


def fetch_cutouts(
    table: TableSource,
    service: CutoutService,
    output: str | Path,
    *,
    id: str = "id",  # noqa: A002 - the name of the column that it means
    ra: str = "ra",
    dec: str = "dec",
    group: str | None = None,
    group_radius: float | None = None,
    label: str | None = None,
    classes: Sequence[str] | None = None,
    label_origin: str = "",
    cache: str | Path | None = None,
    retry: bool = False,
    politeness: Politeness | None = None,
    stubbornness: Stubbornness | None = None,
    transport: Any = None,
    progress: bool = True,
) -> FetchSummary:
    """Fetch a cutout of every position and write them as a sample set.

    Every answer is kept in the cache as soon as it is checked, so that a run that was killed goes
    on where it stopped, and a second run asks nothing. Positions that fail cost only themselves:
    they are listed in ``<output>.failures.csv`` with their address and reason, and asked for
    again only with ``retry``.

    Parameters
    ----------
    table : str, Path or mapping
        Positions: a CSV, Parquet, ECSV or FITS file, or columns.
    service : CutoutService
        Whom to ask, for what.
    output : str or Path
        The sample set (Parquet): ``id``, ``group``, ``ra``, ``dec``, ``url``, ``sha256``, ``notes``,
        ``cutouts``, ``label`` if there is one, and all other columns of the table.
    id, ra, dec : str
        The table's columns.
    group : str, optional
        A column of the table with groups; by default neighbours on the sky form one.
    group_radius : float, optional
        Distance up to which samples are neighbours, arcsec; the diagonal of a cutout by default, so
        that no pixel of the sky lies in two groups.
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
        The pace; that of the service by default.
    stubbornness : Stubbornness, optional
        When to ask again, and time-outs.
    transport : httpx.AsyncBaseTransport, optional
        For proxies of one's own.
    progress : bool
        Whether to show a bar.

    Returns
    -------
    FetchSummary

    Raises
    ------
    ConfigurationError
        If a column is missing or a setting contradicts another.
    DownloadError
        If the host cannot be reached or sends away everybody; nothing that was fetched is lost.
    InputError
        If the table cannot be read.
    SampleSetError
        If no position has a cutout, or a label is none of the classes.
    MissingExtraError
        If httpx or scipy is not installed.
    """
    from skysieve.sources.archives.cutout_samples import SampleColumns, settle_columns, write_cutouts

    output = Path(output)
    if group_radius is not None and (group or group_radius <= 0):
        raise ConfigurationError("group_radius is a positive number of arcsec, and stands instead of a group")
    columns = SampleColumns(id, ra, dec, group, group_radius, label, classes, label_origin)
    outcomes = list(read_positions(table, id=id, ra=ra, dec=dec))
    positions = [each for each in outcomes if isinstance(each, Position)]
    columns = settle_columns(positions, columns)
    answers = AnswerCache(cache or output.with_name(output.name + ".cache"))
    with answers.alone():
        client = PoliteClient(politeness or service.politeness, stubbornness, transport)
        at_once = (politeness or service.politeness).at_once
        with progress_bar("fetching cutouts", len(positions), enabled=progress) as bar:
            failed, asked = run_to_end(
                fetch_answers(positions, service, client, answers, retry=retry, at_once=at_once, bar=bar)
            )
        failures = tuple(_in_order(outcomes, failed))
        failures_path = output.with_name(output.name + ".failures.csv")
        _list_failures(failures_path, failures)
        good = [each for each in positions if each.id not in failed]
        written = write_cutouts(output, good, service, answers, columns, table)
    return FetchSummary(
        path=output,
        samples=len(good),
        groups=written.groups,
        largest_group=written.largest_group,
        asked=asked,
        failures=failures,
        failures_path=failures_path,
        notes=written.notes,
        findings=written.findings,
    )


async def fetch_answers(
    positions: Sequence[Position],
    service: CutoutService,
    client: PoliteClient,
    cache: AnswerCache,
    *,
    retry: bool = False,
    at_once: int = 2,
    bar: ProgressBar | None = None,
) -> tuple[dict[str, Failure], int]:
    """Bring the answers of all positions into a cache.

    Parameters
    ----------
    positions : sequence of Position
        Of distinct ids.
    service, client, cache
        Whom to ask, how, and where to keep what came.
    retry : bool
        Ask again for what failed in earlier runs.
    at_once : int
        Positions under way at the same time.
    bar : ProgressBar, optional
        Told after every position.

    Returns
    -------
    failures : dict of str to Failure
        By id.
    asked : int
        Answers that came over the network.
    """
    queue = iter(positions)
    failures: dict[str, Failure] = {}
    questions = _Questions(service, client, cache, retry=retry)

    async def work() -> None:
        for position in queue:
            try:
                await questions.answer_all(position)
            except _PositionFailed as failed:
                failures[position.id] = failed.failure
            if bar is not None:
                bar.advance()
                bar.note(f"{len(failures):,} failed" if failures else "")

    async with client:
        workers = [asyncio.create_task(work()) for _ in range(max(1, min(at_once, len(positions))))]
        try:
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
    return failures, questions.asked


class _PositionFailed(Exception):  # noqa: N818 - carries a result
    def __init__(self, request: Request, error: InputError) -> None:
        super().__init__(error)
        self.failure = Failure(error.item, request.url, error.kind, error.reason)


class _Questions:
    """The questions of one run: answered from the cache, or asked, but none at the same time twice."""

    def __init__(
        self, service: CutoutService, client: PoliteClient, cache: AnswerCache, *, retry: bool
    ) -> None:
        self.asked = 0
        self._service, self._client, self._cache, self._retry = service, client, cache, retry
        # Two samples may lie at one place, and then share their questions, and failures too.
        self._failed: set[str] = set()
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def answer_all(self, position: Position) -> None:
        """Bring all answers of a position into the cache; raise `_PositionFailed`."""
        answers: list[bytes] = []
        while (request := self._service.request(position, answers)) is not None:
            lock = self._locks.setdefault(request.url, asyncio.Lock())
            async with lock:
                answers.append(await self._answer(position, request, answers))

    async def _answer(self, position: Position, request: Request, before: Sequence[bytes]) -> bytes:
        def check(new: bytes) -> None:
            self._service.check(position, [*before, new])

        if (kept := self._cache.answer(request)) is not None and _passes(check, kept):
            return kept
        is_known = not self._retry or request.url in self._failed
        if is_known and (error := self._cache.failure(request, position.id)):
            raise _PositionFailed(request, error)
        try:
            body = await self._client.ask(request, position.id, check)
        except InputError as error:
            # That a host is away says nothing about a position.
            if error.kind != "unreachable":
                self._cache.keep_failure(request, error)
                self._failed.add(request.url)
            raise _PositionFailed(request, error) from None
        self._cache.keep(request, body)
        self.asked += 1
        return body


def _passes(check: Callable[[bytes], None], body: bytes) -> bool:
    """Say whether a kept answer is still good: what is checked may have changed since."""
    try:
        check(body)
    except InputError:
        return False
    return True


def _in_order(outcomes: Sequence[Position | Finding], failed: dict[str, Failure]) -> Iterator[Failure]:
    for each in outcomes:
        if isinstance(each, Finding):
            yield Failure(each.item, "", each.kind, each.reason)
        elif each.id in failed:
            yield failed[each.id]


def _list_failures(path: Path, failures: Sequence[Failure]) -> None:
    if not failures:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["id", "url", "kind", "reason"])
        writer.writerows((each.id, each.url, each.kind, each.reason) for each in failures)
