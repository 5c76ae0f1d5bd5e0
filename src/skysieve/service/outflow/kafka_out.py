"""Messages produced to a topic of Kafka, each with its report of delivery."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Sequence
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka import Message as KafkaMessage

from skysieve.errors import ConfigurationError
from skysieve.service.kafka.client import client_options, connection_options
from skysieve.service.outflow.destination import KAFKA, Answer, Outcome
from skysieve.service.outflow.messages import Message
from skysieve.service.settings import KafkaSettings, ServiceSettings

__all__ = ["KafkaTopic", "outflow_cluster"]

#: Seconds within which the cluster must have confirmed a message.
_CONFIRMED_WITHIN_S = 30.0


def outflow_cluster(settings: ServiceSettings) -> KafkaSettings:
    """Return how the cluster that is written to is reached.

    Where it is the one that is read, credentials and options of the connection are those of the feed; a
    password is never shown to another cluster.

    Examples
    --------
    >>> from skysieve.service.settings import OutflowSettings
    >>> outflow_cluster(ServiceSettings(outflow=OutflowSettings(kafka_brokers="out:9092"))).user_env
    'SKYSIEVE_OUTFLOW_KAFKA_USER'
    """
    outflow, feed = settings.outflow, settings.ingest.kafka
    if outflow.kafka_brokers == feed.brokers:
        options = connection_options(feed.options) | outflow.kafka_options
        return dataclasses.replace(feed, options=options)
    return KafkaSettings(
        brokers=outflow.kafka_brokers,
        user_env=outflow.kafka_user_env,
        password_env=outflow.kafka_password_env,
        options=outflow.kafka_options,
    )


class KafkaTopic:
    """A topic that gets a message for each candidate.

    Parameters
    ----------
    topic : str
        Its name.
    cluster : KafkaSettings
        How its cluster is reached.
    confirmed_within_s : float
        Seconds within which the cluster must have confirmed a message.

    Raises
    ------
    ConfigurationError
        If the credentials are incomplete or librdkafka does not know an option.
    """

    batch = 500

    def __init__(
        self, topic: str, cluster: KafkaSettings, *, confirmed_within_s: float = _CONFIRMED_WITHIN_S
    ) -> None:
        self.name = KAFKA + topic
        self._topic, self._within_s = topic, confirmed_within_s
        self._options = client_options(cluster) | {
            # Idempotent: what the client itself repeats is written once, in order, by all replicas.
            "enable.idempotence": True,
            "compression.type": "gzip",
            "linger.ms": 20,
            "message.timeout.ms": int(confirmed_within_s * 1000),
        }
        self._producer: Producer | None = self._new()

    def send(self, messages: Sequence[Message], stop: threading.Event) -> list[Outcome | None]:  # noqa: ARG002
        """Produce all and wait for the reports, also where ``stop`` is set: they take seconds."""
        outcomes: list[Outcome | None] = [_no_report(self._within_s) for _ in messages]
        producer = self._open()
        for place, message in enumerate(messages):
            try:
                self._produce(producer, message, _note_in(outcomes, place))
            except KafkaException as error:
                outcomes[place] = _outcome_of(error.args[0])
            except BufferError as error:
                outcomes[place] = Outcome(Answer.UNREACHABLE, f"Kafka: {error}")
        # A little longer than a message may take, so that every one has its report.
        producer.flush(self._within_s + 5.0)
        if any(outcome is not None and outcome.answer is Answer.UNREACHABLE for outcome in outcomes):
            # An idempotent producer that failed once may refuse all that follows; a new one begins afresh.
            self.close()
        return outcomes

    def close(self) -> None:
        """Forget the connection; what was not confirmed is sent again later."""
        if self._producer is not None:
            self._producer.purge()
            self._producer.flush(1.0)
            self._producer = None

    def _open(self) -> Producer:
        if self._producer is None:
            self._producer = self._new()
        return self._producer

    def _new(self) -> Producer:
        try:
            return Producer(self._options)
        except (KafkaException, ValueError, TypeError) as error:
            raise ConfigurationError(f"Kafka, to write to {self._topic}: {error}") from None

    def _produce(self, producer: Producer, message: Message, note: Any) -> None:
        producer.produce(
            self._topic,
            value=message.encode(),
            key=message.key.encode(),
            headers={"delivery": message.delivery, "content-type": "application/json"},
            on_delivery=note,
        )
        producer.poll(0)


def _note_in(outcomes: list[Outcome | None], place: int) -> Any:
    def note(error: KafkaError | None, _: KafkaMessage) -> None:
        outcomes[place] = Outcome(Answer.SENT) if error is None else _outcome_of(error)

    return note


def _no_report(within_s: float) -> Outcome:
    return Outcome(Answer.UNREACHABLE, f"Kafka: no report of delivery within {within_s:g} s")


def _outcome_of(error: KafkaError) -> Outcome:
    codes = KafkaError
    at_fault = (codes.MSG_SIZE_TOO_LARGE, codes.INVALID_MSG, codes.RECORD_LIST_TOO_LARGE)
    answer = Answer.REFUSED if error.code() in at_fault else Answer.UNREACHABLE
    return Outcome(answer, f"Kafka: {error.str()}")
