"""Reading and storing at the same time: while one batch waits for the disk, the next is read."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

from skysieve.service.ingest.batch import Batch
from skysieve.service.ingest.journal import Key
from skysieve.service.ingest.pieces import AlertPiece, Problem, StreakPart, Unfinished
from skysieve.service.ingest.tally import Tally
from skysieve.service.service import Service

__all__ = ["Storing"]


class Storing:
    """Stores pieces in batches, one after the other, in a thread of its own.

    At the end of the block everything is stored. A failure is raised where the next batch would be stored,
    or at the end; nothing is stored after it.

    Parameters
    ----------
    service : Service
        Where to.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._batch = Batch(service)
        self._under_way: tuple[Batch, Future[None]] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="storing")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self.store()
                self.wait()
        finally:
            self._thread.shutdown()

    def add(self, tally: Tally, piece: AlertPiece | StreakPart | Problem | Unfinished) -> None:
        """Add a piece of an item, good or bad."""
        self._batch.add(tally, piece)
        if self._batch.is_full:
            self.store()

    def finish(self, tally: Tally) -> None:
        """Say that an item has no more pieces; its outcome is known when its batch is stored."""
        self._batch.finish(tally)
        if self._batch.is_full:
            self.store()

    def finishes(self, key: Key) -> bool:
        """Whether an item of that name is finished and may not be in the journal yet."""
        under_way = self._under_way is not None and self._under_way[0].finishes(key)
        return under_way or self._batch.finishes(key)

    def store(self) -> None:
        """Store what has been added, as soon as what was added before is stored."""
        self.wait()
        batch, self._batch = self._batch, Batch(self._service)
        if not batch.is_empty:
            self._under_way = batch, self._thread.submit(batch.store)

    def wait(self) -> None:
        """Wait until the batch that is being stored is."""
        under_way, self._under_way = self._under_way, None
        if under_way is not None:
            under_way[1].result()
