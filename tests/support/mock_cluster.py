"""A Kafka cluster in this process: librdkafka's own mock, which other clients reach over TCP.

It keeps 5 MB a partition, makes topics of four partitions when they are first asked for, and lets a new
group wait for three seconds before its partitions are assigned.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from confluent_kafka import Consumer, KafkaError, Message, Producer, TopicPartition

logger = logging.getLogger(__name__)

#: Options that make it quick: it answers a fetch that finds nothing after its whole wait only, and gives
#: the partitions of a member that joins anew when its session has run out.
QUICK = {
    "fetch.wait.max.ms": "10",
    "topic.metadata.refresh.interval.ms": "300",
    "session.timeout.ms": "3000",
    "heartbeat.interval.ms": "200",
}


class MockCluster:
    """A cluster of one broker, gone when it is closed."""

    def __init__(self) -> None:
        self._seed: Producer | None = Producer(
            {"bootstrap.servers": "none:1", "test.mock.num.brokers": 1, "logger": logger}
        )
        brokers = self._seed.list_topics(timeout=10).brokers.values()
        self.brokers = ",".join(f"{broker.host}:{broker.port}" for broker in brokers)

    def close(self) -> None:
        """End the cluster: connections break."""
        self._seed = None

    def produce(
        self, topic: str, values: Mapping[str, bytes | None] | list[bytes | None], **more: Any
    ) -> None:
        """Write messages, those of a list all to partition 0."""
        producer = Producer({"bootstrap.servers": self.brokers, "logger": logger})
        failures: list[KafkaError] = []

        def note(error: KafkaError | None, _: Message) -> None:
            if error is not None:
                failures.append(error)

        if isinstance(values, list):
            for value in values:
                producer.produce(topic, value=value, partition=0, on_delivery=note, **more)
        else:
            for key, value in values.items():
                producer.produce(topic, value=value, key=key, on_delivery=note, **more)
        assert producer.flush(20) == 0
        assert not failures

    def commit(self, group: str, topic: str, partition: int, offset: int) -> None:
        """Say where a group stands that has no members."""
        consumer = Consumer({"bootstrap.servers": self.brokers, "group.id": group, "logger": logger})
        consumer.commit(offsets=[TopicPartition(topic, partition, offset)], asynchronous=False)
        consumer.close()

    def committed(self, group: str, topic: str, partitions: int = 4) -> dict[int, int]:
        """Return the offsets that a group has committed, of partitions where it has any."""
        consumer = Consumer({"bootstrap.servers": self.brokers, "group.id": group, "logger": logger})
        asked = [TopicPartition(topic, number) for number in range(partitions)]
        found = {each.partition: each.offset for each in consumer.committed(asked, timeout=10)}
        consumer.close()
        return {number: offset for number, offset in found.items() if offset >= 0}

    def read(self, topic: str, count: int) -> list[Message]:
        """Return so many messages of a topic, whatever partition they are in."""
        consumer = Consumer(
            {"bootstrap.servers": self.brokers, "group.id": "reader", "logger": logger, **QUICK}
        )
        consumer.assign([TopicPartition(topic, number, 0) for number in range(4)])
        found: list[Message] = []
        for _ in range(100):
            found += [message for message in consumer.consume(count, 0.2) if message.error() is None]
            if len(found) >= count:
                break
        consumer.close()
        return found
