"""Wait for a database that does not answer yet: one that starts beside the service, or is restarted."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import DBAPIError

from skysieve.errors import ServiceError
from skysieve.service.database.database import is_passing

__all__ = ["PATIENCE_S", "once_it_answers"]

T = TypeVar("T")

#: Seconds to wait for a database, at the most: after a power cut PostgreSQL first repairs itself.
PATIENCE_S = 300.0
#: Seconds between two tries, at first and at the most, and between two lines that tell of it.
FIRST_PAUSE_S, LONGEST_PAUSE_S, TELL_S = 0.25, 5.0, 30.0

_log = logging.getLogger(__name__)


def once_it_answers(
    work: Callable[[], T],
    *,
    stop: threading.Event | None = None,
    patience_s: float = PATIENCE_S,
    tell: Callable[[str], object] = _log.warning,
) -> T | None:
    """Do what needs the database, and again while that does not answer.

    Parameters
    ----------
    work : callable
        May be called more than once.
    stop : threading.Event, optional
        Ends the wait.
    patience_s : float
        Seconds to wait at the most.
    tell : callable
        Called with a line that says that it waits and for what: at once, then every half a minute.

    Returns
    -------
    object
        What the work returns; None if ``stop`` was set while it waited.

    Raises
    ------
    ServiceError
        If the database still does not answer. What waiting does not mend, such as a wrong password, is
        raised at once, as it is.
    """
    stop = stop or threading.Event()
    began, pause, told = time.monotonic(), FIRST_PAUSE_S, float("-inf")
    while True:
        try:
            return work()
        except (DBAPIError, ServiceError) as error:
            cause = error if isinstance(error, DBAPIError) else error.__cause__
            if not isinstance(cause, DBAPIError) or not is_passing(cause):
                raise
            waited = time.monotonic() - began
            if waited + pause > patience_s:
                raise ServiceError(
                    f"the database does not answer, and did not for {waited:.0f} s: {_reason(cause)}; look "
                    "whether it runs, and at SKYSIEVE_DATABASE_URL"
                ) from error
            if time.monotonic() - told >= TELL_S:
                told = time.monotonic()
                left = patience_s - waited
                tell(
                    f"the database does not answer: {_reason(cause)}; waiting for it, up to {left:.0f} s more"
                )
        if stop.wait(pause):
            return None
        pause = min(2 * pause, LONGEST_PAUSE_S)


def _reason(error: DBAPIError) -> str:
    return str(error.orig or error).strip().partition("\n")[0]
