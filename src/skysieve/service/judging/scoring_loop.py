"""The part of a worker that scores: batch after batch until told to stop, and what has come of it."""

from __future__ import annotations

import logging
import threading

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from skysieve.service.database.database import is_passing
from skysieve.service.database.reason import reason_of
from skysieve.service.database.tables import QuarantinedItem
from skysieve.service.judging.quarantined import SCORING, ask_again
from skysieve.service.judging.scoring import score_pending
from skysieve.service.judging.standing import refresh_some
from skysieve.service.service import Service

__all__ = ["ScoringLoop"]

#: Seconds between two looks where nothing was pending.
IDLE_S = 0.5
#: Seconds to wait after a failure, at first and at the most.
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 60.0

_log = logging.getLogger(__name__)


class ScoringLoop:
    """Scores what is pending, brings candidates up to a promotion, asks again for what is to be retried.

    Parameters
    ----------
    service : Service
        The service.

    Attributes
    ----------
    scored, kept_aside : int
        Candidates so far: with scores, and those that cannot be scored.
    error : str
        What went wrong the last time; empty where all is well.
    """

    name = "scoring"

    def __init__(self, service: Service) -> None:
        self._service = service
        self.scored = 0
        self.kept_aside = 0
        self.error = ""

    def run(self, stop: threading.Event) -> None:
        """Score until ``stop`` is set; the batch at hand is finished. No failure ends it."""
        wait = FIRST_WAIT_S
        while not stop.is_set():
            try:
                busy = self.turn()
            except Exception as error:  # it outlives a database that is restarted, a model that is damaged
                self.error = reason_of(error)
                # Of a database that is restarted the traceback says nothing.
                passes = isinstance(error, DBAPIError) and is_passing(error)
                _log.error(
                    "scoring failed; it is tried again in %.0f s: %s", wait, self.error, exc_info=not passes
                )
                stop.wait(wait)
                wait = min(2 * wait, LONGEST_WAIT_S)
                continue
            self.error, wait = "", FIRST_WAIT_S
            if not busy:
                stop.wait(IDLE_S)

    def turn(self) -> bool:
        """Do what is to be done next, and return whether there was anything."""
        found = score_pending(self._service)
        self.scored += found.scored
        self.kept_aside += found.kept_aside
        refreshed = refresh_some(self._service)
        if found.taken or refreshed:
            return True
        return _ask_for_retries(self._service)


def _ask_for_retries(service: Service) -> bool:
    """Ask for what somebody wants tried again, and return whether there was any."""
    wanted = select(QuarantinedItem).where(QuarantinedItem.feed == SCORING, QuarantinedItem.state == "retry")
    with service.database.reading() as session:
        if session.scalars(wanted.limit(1)).first() is None:
            return False
    return service.database.write(lambda session: ask_again(session, session.scalars(wanted).all())) > 0
