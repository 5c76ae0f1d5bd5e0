"""What a consumer group reads: messages in batches, offsets that are committed when they are told."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from skysieve.errors import ConfigurationError, ServiceError
from skysieve.extras import require
from skysieve.service.kafka.client import client_options
from skysieve.service.kafka.log import client_logger
from skysieve.service.settings import KafkaSettings

if TYPE_CHECKING:
    from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

__all__ = ["Partition", "Standing", "Subscription", "consumer_options"]

logger = logging.getLogger(__name__)

#: Topic and number.
Partition = tuple[str, int]
#: ``offset``: of the next message; ``lag``: messages behind it that were not read yet; ``lost``: messages
#: that the cluster threw away before this member could read them.
Standing = dict[str, int]

#: What the promise "at least once, and none lost" rests on.
_OWN = (
    "group.id",
    "auto.offset.reset",
    "enable.auto.commit",
    "enable.auto.offset.store",
    "partition.assignment.strategy",
    "isolation.level",
)
#: Beginning of a topic that is a pattern, and what no pattern of POSIX can hold.
_PATTERN, _NOT_POSIX = "^", re.compile(r"\\[dDwWsS]")
#: Smaller gaps in the offsets are not asked about.
_LEAST_GAP = 2
#: Seconds that a question to the cluster may take.
_ASKED_S = 5.0
#: librdkafka's word for an offset that nobody knows.
_UNKNOWN_BELOW = 0


class Subscription:
    """A member of a consumer group.

    Everything of it is called by one thread: what the group decides meanwhile is heard of in `take` and
    `rest` only, and so never between a batch and its commit.

    Parameters
    ----------
    settings : KafkaSettings
        Cluster, topics, group.

    Raises
    ------
    ConfigurationError
        If the settings contradict themselves or librdkafka does not know an option.
    MissingExtraError
        If confluent-kafka is not installed.
    """

    def __init__(self, settings: KafkaSettings) -> None:
        options = consumer_options(settings)
        self._kafka: Any = require("confluent_kafka", extra="stream", purpose="read from Kafka")
        #: Whether only a new member can go on.
        self.is_broken = False
        self._brokers = settings.brokers
        self._from_earliest = settings.start == "earliest"
        self._assigned: set[Partition] = set()
        #: Offset of the next message of each partition, as far as it is known.
        self._next: dict[Partition, int] = {}
        #: Messages that the cluster threw away before they were read.
        self.lost: Counter[Partition] = Counter()
        #: What is wrong, by topic; "" for the cluster as a whole.
        self._faults: dict[str, str] = {}
        self._consumer = self._open(options, settings.topics)

    def take(self, most: int, linger_s: float) -> list[Message]:
        """Return the next messages, as many as came within some time.

        Parameters
        ----------
        most : int
            Messages at the most.
        linger_s : float
            Seconds to wait for so many.

        Raises
        ------
        ServiceError
            If this member cannot go on: it `is_broken`, a new one begins where it stood.
        """
        if self.is_broken:
            raise ServiceError(f"Kafka at {self._brokers}: {self._faults.get('', 'the client failed')}")
        try:
            return self._sound(self._consumer.consume(most, linger_s))
        except Exception as error:
            # What was taken out of the queue must not be passed over: a new member begins at the offsets that
            # were committed.
            self.is_broken = True
            raise ServiceError(f"Kafka at {self._brokers}: {error}") from error

    def commit(self, messages: Iterable[Message]) -> None:
        """Tell the cluster that messages are kept; one that is told in vain sends them again."""
        offsets = {place: offset + 1 for place, offset in _ends(messages).items() if place in self._assigned}
        if not offsets:
            return
        try:
            self._consumer.commit(offsets=self._partitions(offsets), asynchronous=False)
        except self._kafka.KafkaException as error:
            logger.warning(
                "Kafka at %s: offsets were not committed, messages come again: %s", self._brokers, error
            )

    def rewind(self, messages: Iterable[Message]) -> None:
        """Put messages back: the next ones that are taken are these.

        Raises
        ------
        ServiceError
            If they cannot be put back: this member `is_broken`, a new one begins with them.
        """
        first: dict[Partition, int] = {}
        for message in messages:
            place, offset = _place(message), _offset(message)
            first[place] = min(offset, first.get(place, offset))
        first = {place: offset for place, offset in first.items() if place in self._assigned}
        self._next |= first
        try:
            for partition in self._partitions(first):
                self._consumer.seek(partition)
        except self._kafka.KafkaException as error:
            self.is_broken = True
            raise ServiceError(f"Kafka at {self._brokers}: {error}") from error

    def rest(self, seconds: float, stop: threading.Event) -> None:
        """Take nothing for some time, and stay a member of the group that answers."""
        end = time.monotonic() + seconds
        while not stop.is_set() and (left := end - time.monotonic()) > 0:
            # Each time: partitions may have been assigned since.
            self._consumer.pause(self._consumer.assignment())
            self.rewind(
                message for message in self._consumer.consume(1, min(left, 0.2)) if self._is_good(message)
            )
        self._consumer.resume(self._consumer.assignment())

    @property
    def has_faults(self) -> bool:
        """Whether something was wrong when it was last heard of."""
        return bool(self._faults)

    def check(self) -> None:
        """Ask again about what was wrong.

        Raises
        ------
        ServiceError
            If it is still wrong: no broker answers, a topic is not there or may not be read.
        """
        if not self._faults:
            return
        try:
            topics = self._consumer.list_topics(timeout=_ASKED_S).topics
        except self._kafka.KafkaException as error:
            self._faults.setdefault("", str(error))
        else:
            there = {name for name, topic in topics.items() if topic.error is None}
            for name in [name for name in self._faults if not name or name in there]:
                del self._faults[name]
        if self._faults:
            told = "; ".join(f"{topic}: {text}" if topic else text for topic, text in self._faults.items())
            raise ServiceError(f"Kafka at {self._brokers}: {told}")

    def standing(self) -> dict[Partition, Standing]:
        """Return where the group stands in the partitions that are this member's, as far as it is known."""
        found: dict[Partition, Standing] = {}
        for partition in self._consumer.position(self._consumer.assignment()):
            place = (partition.topic, partition.partition)
            marks = self._consumer.get_watermark_offsets(partition, cached=True)
            if marks is None or marks[1] < _UNKNOWN_BELOW:
                continue
            low, high = marks
            offset = partition.offset
            if offset < _UNKNOWN_BELOW:
                offset = self._next.get(place, low if self._from_earliest else high)
            found[place] = {"offset": offset, "lag": max(high - offset, 0), "lost": self.lost[place]}
        return found

    def close(self) -> None:
        """Leave the group; what was not committed is read by the other members."""
        self._consumer.close()

    def _open(self, options: dict[str, Any], topics: Sequence[str]) -> Consumer:
        try:
            consumer: Consumer = self._kafka.Consumer(options | {"error_cb": self._hear})
            consumer.subscribe(list(topics), on_assign=self._gain, on_revoke=self._lose, on_lost=self._lose)
        except (self._kafka.KafkaException, ValueError, TypeError) as error:
            raise ConfigurationError(f"Kafka at {self._brokers}: {error}") from None
        return consumer

    def _gain(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self._assigned |= {(partition.topic, partition.partition) for partition in partitions}
        try:
            committed = consumer.committed(partitions, timeout=_ASKED_S)
        except self._kafka.KafkaException as error:
            logger.info("Kafka at %s: where the group stands is not known: %s", self._brokers, error)
            return
        for each in committed:
            if each.offset >= 0:
                self._next[each.topic, each.partition] = each.offset

    def _lose(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        gone = {(partition.topic, partition.partition) for partition in partitions}
        self._assigned -= gone
        for place in gone:
            self._next.pop(place, None)

    def _hear(self, error: KafkaError) -> None:
        """Note what is wrong with the cluster; librdkafka goes on trying."""
        codes = self._kafka.KafkaError
        grave = (codes._ALL_BROKERS_DOWN, codes._AUTHENTICATION, codes._SSL, codes._RESOLVE)
        self.is_broken |= error.fatal()
        if error.fatal() or error.code() in grave:
            self._faults[""] = error.str()
        else:
            client_logger.info("Kafka at %s: %s", self._brokers, error.str())

    def _sound(self, found: Iterable[Message]) -> list[Message]:
        """Return what are messages indeed, and note what else was told."""
        good = [message for message in found if self._is_good(message)]
        for message in good:
            self._faults.pop(_place(message)[0], None)
        if good:
            self._faults.pop("", None)
        self._note_gaps(good)
        return good

    def _note_gaps(self, messages: Iterable[Message]) -> None:
        """Tell of messages that are gone; most gaps are none of any message, but marks of transactions."""
        for message in messages:
            place, offset = _place(message), _offset(message)
            expected = self._next.get(place, offset)
            self._next[place] = offset + 1
            if offset - expected < _LEAST_GAP:
                continue
            lost = min(offset, self._oldest(place)) - expected
            if lost > 0:
                self.lost[place] += lost
                logger.error(
                    "%s/%d: the cluster threw %d messages away before they were read, from offset %d on",
                    *(*place, lost, expected),
                )

    def _oldest(self, place: Partition) -> int:
        """Return the offset of the oldest message that the cluster has; 0 where it does not say."""
        try:
            marks = self._consumer.get_watermark_offsets(
                self._kafka.TopicPartition(*place), timeout=_ASKED_S, cached=False
            )
        except self._kafka.KafkaException:
            return 0
        return marks[0] if marks else 0

    def _is_good(self, message: Message) -> bool:
        """Say whether it is a message of a partition that is still ours; note what else it is."""
        error, topic = message.error(), message.topic() or ""
        if error is None:
            return _place(message) in self._assigned
        # A pattern that fits no topic is heard of as one that is not there: it may be there tonight.
        if not topic.startswith(_PATTERN):
            self._faults[topic] = error.str()
        return False

    def _partitions(self, offsets: dict[Partition, int]) -> list[TopicPartition]:
        return [self._kafka.TopicPartition(*place, offset) for place, offset in offsets.items()]


def consumer_options(settings: KafkaSettings) -> dict[str, Any]:
    """Return the configuration of a member of a consumer group.

    Parameters
    ----------
    settings : KafkaSettings
        Cluster, topics, group.

    Returns
    -------
    dict
        With the secrets: neither log nor keep it.

    Raises
    ------
    ConfigurationError
        If the settings contradict themselves, or credentials are missing in the environment.
    """
    if settings.start not in ("earliest", "latest"):
        raise ConfigurationError(f"ingest.kafka.start is {settings.start!r}; expected earliest or latest")
    if not settings.topics:
        raise ConfigurationError("ingest.kafka.brokers is set and ingest.kafka.topics is empty: name topics")
    for topic in settings.topics:
        if topic.startswith(_PATTERN) and (found := _NOT_POSIX.search(topic)):
            raise ConfigurationError(
                f"ingest.kafka.topics: {topic!r} holds {found[0]}, which the patterns of librdkafka do not "
                "know and nothing would ever fit; write [0-9], [A-Za-z0-9_] or [[:space:]]"
            )
    defaults: dict[str, Any] = {
        # A pattern finds the topic of a new night in half a minute, and not in five.
        "topic.metadata.refresh.interval.ms": 30_000,
        "allow.auto.create.topics": False,
    }
    return (
        defaults
        | client_options(settings, reserved=_OWN)
        | {
            "group.id": settings.group,
            "auto.offset.reset": settings.start,
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            # Members keep what they have while others come and go.
            "partition.assignment.strategy": "cooperative-sticky",
        }
    )


def _place(message: Message) -> Partition:
    topic, partition = message.topic(), message.partition()
    assert topic is not None
    assert partition is not None
    return topic, partition


def _offset(message: Message) -> int:
    offset = message.offset()
    assert offset is not None
    return offset


def _ends(messages: Iterable[Message]) -> dict[Partition, int]:
    ends: dict[Partition, int] = {}
    for message in messages:
        place, offset = _place(message), _offset(message)
        ends[place] = max(offset, ends.get(place, offset))
    return ends
