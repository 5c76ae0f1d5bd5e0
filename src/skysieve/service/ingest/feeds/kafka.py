"""Topics of Kafka: each message is an item; offsets are committed when the database has it."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from skysieve.errors import ServiceError
from skysieve.extras import require
from skysieve.service.database.columns import utc_now
from skysieve.service.ingest.feed import FEEDS, FIRST_WAIT_S, LONGEST_WAIT_S, Feed, FeedReport
from skysieve.service.ingest.items import Item
from skysieve.service.ingest.reception import receive
from skysieve.service.ingest.topics.packet import as_packet
from skysieve.service.ingest.topics.subscription import Subscription, consumer_options
from skysieve.service.service import Service

if TYPE_CHECKING:
    from confluent_kafka import Message

__all__ = ["KafkaFeed", "open_kafka_feed"]

logger = logging.getLogger(__name__)

NAME = "kafka"
#: Seconds to wait for a batch to fill.
LINGER_S = 0.5
#: Seconds between two questions about what was wrong.
_CHECK_S = 10.0
#: Seconds between two notes of where the group stands.
_STANDING_S = 10.0
#: What nobody has read for so long, such as the topic of an earlier night, is not told of any more.
_FORGOTTEN = timedelta(days=2)


@FEEDS.register(NAME)
def open_kafka_feed(service: Service) -> Feed | None:
    """Return the feed of the topics that the settings name; None where they name no cluster.

    Raises
    ------
    ConfigurationError
        If the settings contradict themselves, or credentials are missing in the environment.
    """
    return KafkaFeed(service) if service.settings.ingest.kafka.brokers else None


class KafkaFeed:
    """Reads topics as a member of a consumer group.

    An item is called ``topic/partition/offset``. It is acknowledged after the transaction that keeps it:
    what is read again after a crash is known by its name and changes nothing.

    Parameters
    ----------
    service : Service
        The service.
    linger_s : float
        Seconds to wait for a batch to fill.
    """

    name = NAME

    def __init__(self, service: Service, *, linger_s: float = LINGER_S) -> None:
        self._service, self._linger_s = service, linger_s
        self._settings = service.settings.ingest.kafka
        # What is wrong is told when the service starts, and not by a feed that fails for ever.
        require("confluent_kafka", extra="stream", purpose="read from Kafka")
        consumer_options(self._settings)
        place = f"{', '.join(self._settings.topics)} at {self._settings.brokers}"
        self._report = FeedReport(service, NAME, place)
        self._failures = 0
        self._noted = self._checked = float("-inf")

    def run(self, stop: threading.Event) -> None:
        """Read until ``stop`` is set; then leave the group, so that others need not wait for this member."""
        while not stop.is_set():
            try:
                with closing(Subscription(self._settings)) as subscription:
                    while not stop.is_set():
                        self._turn_or_rest(subscription, stop)
            except Exception as error:
                # Of opening and closing, or what a member cannot recover from: begin afresh.
                stop.wait(self._fail(error))
        self._report.stopped()

    def turn(self, subscription: Subscription) -> None:
        """Take one batch, keep it, acknowledge it.

        Raises
        ------
        Exception
            Whatever keeps it from being kept; the batch is put back before.
        """
        messages = subscription.take(self._service.settings.ingest.batch, self._linger_s)
        try:
            self._keep(messages)
        except Exception:
            subscription.rewind(messages)
            raise
        subscription.commit(messages)
        self._failures = 0
        if self._is_well(subscription):
            self._report.looked(items=len(messages))
        self._note_standing(subscription)

    def _turn_or_rest(self, subscription: Subscription, stop: threading.Event) -> None:
        try:
            self.turn(subscription)
        except Exception as error:
            if subscription.is_broken:
                raise
            subscription.rest(self._fail(error), stop)

    def _keep(self, messages: Sequence[Message]) -> None:
        items = [_item(message) for message in messages if message.value() is not None]
        if len(items) < len(messages):
            # A tombstone says that its key is no more; of alerts nothing is ever taken back.
            logger.info("%d messages without content were passed over", len(messages) - len(items))
        if items:
            receive(self._service, items)

    def _is_well(self, subscription: Subscription) -> bool:
        """Say whether nothing is wrong; what is wrong with one topic keeps no other from being read."""
        if not subscription.has_faults:
            return True
        if time.monotonic() - self._checked < _CHECK_S:
            return False
        self._checked = time.monotonic()
        try:
            subscription.check()
        except ServiceError as error:
            self._report.failed(error)
            return False
        return True

    def _fail(self, error: Exception) -> float:
        """Report a failure and return the seconds to wait."""
        self._report.failed(error)
        pause = min(FIRST_WAIT_S * 2.0 ** min(self._failures, 30), LONGEST_WAIT_S)
        self._failures += 1
        return pause

    def _note_standing(self, subscription: Subscription) -> None:
        """Remember where the group stands; other processes of the group note their partitions beside."""
        if time.monotonic() - self._noted < _STANDING_S:
            return
        self._noted = time.monotonic()
        now = utc_now()
        at, oldest = (moment.isoformat(timespec="seconds") for moment in (now, now - _FORGOTTEN))
        memory = self._report.memory
        partitions: dict[str, Any] = {
            name: known for name, known in memory.get("partitions", {}).items() if known["at"] >= oldest
        }
        for (topic, number), standing in subscription.standing().items():
            partitions[f"{topic}/{number}"] = {**standing, "at": at}
        self._report.remember(memory | {"partitions": partitions})


def _item(message: Message) -> Item:
    value, key = message.value(), message.key()
    assert isinstance(value, bytes)
    name = f"{message.topic()}/{message.partition()}/{message.offset()}"
    stamp = f"sha256:{hashlib.sha256(value).hexdigest()}"
    return Item(NAME, name, stamp, data=as_packet(value, key if isinstance(key, bytes) else None))
