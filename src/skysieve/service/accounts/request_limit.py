"""How many requests a second one session or token may send, kept in the memory of each process."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable

__all__ = ["RequestLimit"]


class RequestLimit:
    """Allows each caller a number of requests a second, and more than that for a short while.

    Parameters
    ----------
    a_second : float
        What is allowed for ever.
    at_once : int
        What is allowed after a pause.
    most_callers : int
        So many are remembered; those that have not called for longest are forgotten, and start anew.
    clock : callable
        Returns seconds that only grow.

    Examples
    --------
    >>> limit = RequestLimit(1, 2, clock=lambda: 0.0)
    >>> [limit.wait_s("ana"), limit.wait_s("ana"), limit.wait_s("ana"), limit.wait_s("ben")]
    [0.0, 0.0, 1.0, 0.0]
    """

    def __init__(
        self,
        a_second: float = 60.0,
        at_once: int = 600,
        *,
        most_callers: int = 10_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.a_second = a_second
        self.at_once = at_once
        self.most_callers = most_callers
        self._clock = clock
        self._left: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait_s(self, caller: Hashable) -> float:
        """Count a request and return 0, or return after how many seconds the caller may send it again."""
        with self._lock:
            now = self._clock()
            left, since = self._left.pop(caller, (float(self.at_once), now))
            left = min(left + (now - since) * self.a_second, float(self.at_once))
            allowed = left >= 1
            self._left[caller] = (left - allowed, now)
            if len(self._left) > self.most_callers:
                self._left.popitem(last=False)
            return 0.0 if allowed else (1 - left) / self.a_second
