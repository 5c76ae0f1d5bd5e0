"""Answers that cost the database much, kept in the process for some seconds: many people ask for the same."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from sqlalchemy.orm import Session

__all__ = ["KeptAnswers"]

T = TypeVar("T")


class KeptAnswers(Generic[T]):
    """Keeps answers about much for a while; what is about little is asked anew each time, and so always true.

    Parameters
    ----------
    keep_s : float
        Seconds that an answer is kept.
    is_large : callable
        Whether an answer is about so much that it is kept.
    most : int
        Answers that are kept at a time.
    clock : callable
        Returns seconds that only grow.
    """

    def __init__(
        self,
        keep_s: float,
        is_large: Callable[[T], bool],
        *,
        most: int = 16,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._keep_s = keep_s
        self._is_large = is_large
        self._most = most
        self._clock = clock
        self._kept: dict[Hashable, tuple[float, T]] = {}
        self._asking: dict[Hashable, threading.Lock] = {}
        self._lock = threading.Lock()

    def get(self, session: Session, about: Hashable, ask: Callable[[], T]) -> T:
        """Return the answer that is kept, or ask.

        One thread asks: meanwhile the others go on with what was kept, or wait where nothing was.

        Parameters
        ----------
        session : Session
            Whose database is asked.
        about : hashable
            What the question is.
        ask : callable
            Asks the database.
        """
        key = (str(session.get_bind().engine.url), about)
        with self._lock:
            found = self._kept.get(key)
            if found is not None and self._clock() < found[0]:
                return found[1]
            asking = self._asking.setdefault(key, threading.Lock())
        if not asking.acquire(blocking=found is None):
            assert found is not None
            return found[1]
        try:
            with self._lock:
                found = self._kept.get(key)
                if found is not None and self._clock() < found[0]:
                    return found[1]
            answer = ask()
            with self._lock:
                self._keep(key, answer)
            return answer
        finally:
            asking.release()

    def _keep(self, key: Hashable, answer: T) -> None:
        self._kept.pop(key, None)
        if not self._is_large(answer):
            # Those who ask for little do not wait for each other.
            self._asking.pop(key, None)
            return
        while len(self._kept) >= self._most:
            oldest = next(iter(self._kept))
            del self._kept[oldest]
            self._asking.pop(oldest, None)
        self._kept[key] = self._clock() + self._keep_s, answer
