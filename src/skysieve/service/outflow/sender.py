"""What is due is sent: a thread for each destination, at least once, by as many processes as there are."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence

from sqlalchemy.orm import Session

from skysieve.service.outflow.claims import is_due, mark_failed, mark_sent, put_back, take_due
from skysieve.service.outflow.destination import Answer, Destination, Outcome
from skysieve.service.outflow.destinations import open_destinations
from skysieve.service.outflow.messages import Message, compose_messages
from skysieve.service.outflow.patience import Patience
from skysieve.service.service import Service

__all__ = ["Courier", "Sender"]

logger = logging.getLogger(__name__)


class Sender:
    """Sends deliveries to all destinations of a service.

    Parameters
    ----------
    service : Service
        The service.
    patience : Patience, optional
        When to try again and when to give up.

    Raises
    ------
    ConfigurationError
        If a destination cannot be used as it is set up.
    """

    def __init__(self, service: Service, patience: Patience | None = None) -> None:
        destinations = open_destinations(service)
        self._couriers = [Courier(service, each, patience or Patience()) for each in destinations]

    @property
    def is_idle(self) -> bool:
        """Whether there is no destination, and so nothing to do ever."""
        return not self._couriers

    def run(self, stop: threading.Event) -> None:
        """Send until ``stop`` is set; then what is under way is finished and marked."""
        threads = [
            threading.Thread(target=courier.run, args=(stop,), name=f"outflow-{number}", daemon=True)
            for number, courier in enumerate(self._couriers)
        ]
        for thread in threads:
            thread.start()
        stop.wait()
        for thread in threads:
            thread.join()


class Courier:
    """Sends to one destination, so that none waits for another that is slow or down.

    Parameters
    ----------
    service : Service
        The service.
    destination : Destination
        Where to.
    patience : Patience
        When to try again and when to give up.
    """

    def __init__(self, service: Service, destination: Destination, patience: Patience) -> None:
        self._service, self._destination, self._patience = service, destination, patience
        #: Times in a row that it could not be reached.
        self._failures = 0

    def run(self, stop: threading.Event) -> None:
        """Send until ``stop`` is set; no failure ends it."""
        pause = 0.0
        while not stop.wait(pause):
            try:
                pause = self.turn(stop)
            except Exception:
                # The database, at worst: what is due stays due there.
                self._failures += 1
                pause = self._patience.rest(self._failures)
                logger.exception("%s: sending is tried again in %.0f s", self._destination.name, pause)
        self._destination.close()

    def turn(self, stop: threading.Event) -> float:
        """Send what is due, one batch at the most, and return the seconds until the next turn."""
        name, database = self._destination.name, self._service.database
        with database.reading() as session:
            if not is_due(session, name):
                return self._patience.look_s
        rows = database.write(
            lambda session: take_due(session, name, self._destination.batch, self._patience.lease_s)
        )
        if not rows:
            return self._patience.look_s
        with database.reading() as session:
            messages = compose_messages(session, self._service, rows)
        outcomes = self._destination.send(messages, stop)
        rest = self._rest_after(outcomes)
        database.write(lambda session: self._mark(session, messages, outcomes, rest))
        return rest

    def _rest_after(self, outcomes: Sequence[Outcome | None]) -> float:
        """Return the seconds to leave the destination alone."""
        unreachable = [each for each in outcomes if each is not None and each.answer is Answer.UNREACHABLE]
        if not unreachable:
            self._failures = 0
            return 0.0
        self._failures += 1
        rest = max(self._patience.rest(self._failures), *(each.wait_s for each in unreachable))
        reason = unreachable[0].reason
        logger.warning(
            "%s cannot be reached: %s; it is tried again in %.0f s", self._destination.name, reason, rest
        )
        return rest

    def _mark(
        self, session: Session, messages: Sequence[Message], outcomes: Sequence[Outcome | None], rest: float
    ) -> None:
        sent, untried, probed = [], [], False
        for message, outcome in zip(messages, outcomes, strict=True):
            if outcome is None:
                untried.append(message.row)
            elif outcome.answer is Answer.SENT:
                sent.append(message.row)
            elif outcome.answer is Answer.UNREACHABLE and probed:
                # It is the destination that fails: one message a turn pays for it with an attempt.
                untried.append(message.row)
            else:
                probed = probed or outcome.answer is Answer.UNREACHABLE
                self._fail(session, message, outcome)
        mark_sent(session, sent)
        put_back(session, untried, wait_s=rest)

    def _fail(self, session: Session, message: Message, outcome: Outcome) -> None:
        given_up = mark_failed(session, message.row, outcome.reason, self._patience, wait_s=outcome.wait_s)
        if given_up:
            logger.error(
                "%s: delivery %s of %s is given up after %d attempts: %s",
                self._destination.name,
                message.delivery,
                message.key,
                self._patience.attempts,
                outcome.reason,
            )
