"""The log of librdkafka, without its repetitions: a broker that is gone is told of each tenth of a second."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable

__all__ = ["client_logger"]

#: Seconds for which the same line is not written again.
_QUIET_S = 60.0
#: Lines that are remembered.
_MOST = 1000
_NUMBER = re.compile(r"\d+")

#: Given to every client.
client_logger = logging.getLogger("skysieve.service.kafka")


class OncePerMinute(logging.Filter):
    """Lets a line pass that was not written within the last minute, numbers in it aside.

    Parameters
    ----------
    clock : callable
        Returns seconds.

    Examples
    --------
    >>> spare = OncePerMinute(lambda: 0.0)
    >>> lines = ["failed after 3 ms", "failed after 5 ms", "other"]
    >>> [bool(spare.filter(logging.makeLogRecord({"msg": line}))) for line in lines]
    [True, False, True]
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._written: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether a line is written."""
        line, now = _NUMBER.sub("#", record.getMessage()), self._clock()
        if now - self._written.get(line, float("-inf")) < _QUIET_S:
            return False
        if len(self._written) >= _MOST:
            self._written.clear()
        self._written[line] = now
        return True


client_logger.addFilter(OncePerMinute())
