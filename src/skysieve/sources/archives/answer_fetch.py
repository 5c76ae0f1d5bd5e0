"""The questions of a run: each answered from the cache, or asked, and none at the same time twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from skysieve.errors import InputError
from skysieve.progress import ProgressBar, progress_bar
from skysieve.sources.archives.answer_cache import AnswerCache
from skysieve.sources.archives.cutout_service import Asker, Politeness, Position, Request
from skysieve.sources.archives.event_loop import run_to_end
from skysieve.sources.archives.failures import Failure
from skysieve.sources.archives.polite_client import MISSING_FILE, PoliteClient, Stubbornness

__all__ = ["AnswerFetch", "kept_answers", "open_cache"]


def open_cache(folder: str | Path | None, output: Path) -> AnswerCache:
    """Open the answers that belong to a sample set: in a folder, or in ``<output>.cache``."""
    return AnswerCache(folder or output.with_name(output.name + ".cache"))


@dataclass
class AnswerFetch:
    """How the answers of one run come into its cache.

    Parameters
    ----------
    cache : AnswerCache
        Where they are kept as soon as they are checked.
    politeness : Politeness
        The pace, and how many positions are under way together.
    stubbornness : Stubbornness, optional
        When to ask again, and time-outs.
    transport : httpx.AsyncBaseTransport, optional
        For proxies of one's own.
    retry : bool
        Ask again for what failed in earlier runs.
    progress : bool
        Whether to show a bar.
    asked : int
        Answers that have come over the network.
    """

    cache: AnswerCache
    politeness: Politeness
    stubbornness: Stubbornness | None = None
    transport: Any = None
    retry: bool = False
    progress: bool = True
    asked: int = 0

    def fetch(self, words: str, positions: Sequence[Position], asker: Asker) -> dict[str, Failure]:
        """Bring all answers of positions of distinct ids into the cache.

        Parameters
        ----------
        words : str
            What the bar says.
        positions : sequence of Position
            Of distinct ids.
        asker : Asker
            What to ask about each.

        Returns
        -------
        dict of str to Failure
            By id.

        Raises
        ------
        DownloadError
            If the host cannot be reached or sends away everybody; nothing that was fetched is lost.
        MissingExtraError
            If httpx is not installed.
        """
        with progress_bar(words, len(positions), enabled=self.progress) as bar:
            return run_to_end(self._fetch(positions, asker, bar))

    async def _fetch(
        self, positions: Sequence[Position], asker: Asker, bar: ProgressBar
    ) -> dict[str, Failure]:
        queue = iter(positions)
        failures: dict[str, Failure] = {}
        client = PoliteClient(self.politeness, self.stubbornness, self.transport)
        questions = _Questions(asker, client, self.cache, retry=self.retry)

        async def work() -> None:
            for position in queue:
                try:
                    await questions.answer_all(position)
                except _PositionFailed as failed:
                    failures[position.id] = failed.failure
                bar.advance()
                bar.note(f"{len(failures):,} failed" if failures else "")

        async with client:
            together = max(1, min(self.politeness.at_once, len(positions)))
            workers = [asyncio.create_task(work()) for _ in range(together)]
            try:
                await asyncio.gather(*workers)
            finally:
                for worker in workers:
                    worker.cancel()
                await asyncio.gather(*workers, return_exceptions=True)
                self.asked += questions.asked
        return failures


def kept_answers(position: Position, asker: Asker, cache: AnswerCache) -> Iterator[tuple[Request, bytes]]:
    """Yield the questions of a position and their kept answers, in their order.

    An answer is empty where the server lacks the file and another did.

    Raises
    ------
    InputError
        ``missing-answer`` if one is gone since it was fetched.
    """
    answers: list[bytes] = []
    while (request := asker.request(position, answers)) is not None:
        body = cache.answer(request)
        failure = cache.failure(request, position.id) if body is None else None
        if failure is not None and failure.kind == MISSING_FILE:
            body = b""
        if body is None:
            reason = f"its answer vanished from {cache.folder} or was damaged there; run the command again"
            raise InputError(position.id, "missing-answer", reason)
        answers.append(body)
        yield request, body


class _PositionFailed(Exception):  # noqa: N818 - carries a result
    def __init__(self, request: Request, error: InputError) -> None:
        super().__init__(error)
        self.failure = Failure.from_finding(error, request.url)


class _Questions:
    """The questions about some positions, and how often one was asked."""

    def __init__(self, asker: Asker, client: PoliteClient, cache: AnswerCache, *, retry: bool) -> None:
        self.asked = 0
        self._asker, self._client, self._cache, self._retry = asker, client, cache, retry
        # Two samples may lie at one place, and then share their questions, and failures too.
        self._failed: set[str] = set()
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def answer_all(self, position: Position) -> None:
        """Bring all answers of a position into the cache; raise `_PositionFailed`."""
        answers: list[bytes] = []
        missing: _PositionFailed | None = None
        while (request := self._asker.request(position, answers)) is not None:
            lock = self._locks.setdefault(request.url, asyncio.Lock())
            try:
                async with lock:
                    answers.append(await self._answer(position, request, answers))
                missing = None
            except _PositionFailed as failed:
                if failed.failure.kind != MISSING_FILE:
                    raise
                answers.append(b"")
                missing = failed
        if missing is not None:
            raise missing

    async def _answer(self, position: Position, request: Request, before: Sequence[bytes]) -> bytes:
        def check(new: bytes) -> None:
            self._asker.check(position, [*before, new])

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
