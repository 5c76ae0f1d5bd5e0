"""Messages reach a topic, each confirmed, through a cluster that speaks Kafka."""

from __future__ import annotations

import json
import threading

import pytest

from skysieve.configuration import override
from skysieve.errors import ConfigurationError
from skysieve.service.database.tables import Delivery
from skysieve.service.outflow.deliveries import enqueue
from skysieve.service.outflow.destination import Answer
from skysieve.service.outflow.kafka_out import KafkaTopic, outflow_cluster
from skysieve.service.outflow.messages import Message
from skysieve.service.outflow.patience import Patience
from skysieve.service.outflow.sender import Courier
from skysieve.service.settings import KafkaSettings, ServiceSettings

GO_ON = threading.Event()


def message(number: int, text: str = "") -> Message:
    return Message(number, f"delivery-{number}", f"ZTF/ZTF26a{number % 2}", {"number": number, "text": text})


def test_every_message_is_there_when_it_is_called_sent(cluster):
    topic = KafkaTopic("plausible", KafkaSettings(cluster.brokers))
    outcomes = topic.send([message(number) for number in range(20)], GO_ON)
    topic.close()
    assert {outcome.answer for outcome in outcomes} == {Answer.SENT}
    found = cluster.read("plausible", 20)
    assert sorted(json.loads(each.value())["number"] for each in found) == list(range(20))
    headers = {dict(each.headers())["delivery"] for each in found}
    assert headers == {f"delivery-{number}".encode() for number in range(20)}
    # Messages of one object share a partition, and so keep their order.
    partitions = {each.key(): set() for each in found}
    for each in found:
        partitions[each.key()].add(each.partition())
    assert {len(numbers) for numbers in partitions.values()} == {1}


def test_message_that_is_too_large_is_refused_and_the_rest_goes(cluster):
    topic = KafkaTopic("plausible", KafkaSettings(cluster.brokers))
    batch = [message(1), message(2, "x" * 2_000_000), message(3)]
    answers = [outcome.answer for outcome in topic.send(batch, GO_ON)]
    topic.close()
    assert answers == [Answer.SENT, Answer.REFUSED, Answer.SENT]


def test_cluster_that_is_not_there_is_unreachable():
    topic = KafkaTopic("plausible", KafkaSettings("127.0.0.1:1"), confirmed_within_s=1.0)
    outcomes = topic.send([message(1), message(2)], GO_ON)
    topic.close()
    assert [outcome.answer for outcome in outcomes] == [Answer.UNREACHABLE] * 2
    assert outcomes[0].reason.startswith("Kafka: ")


def test_deliveries_go_out_through_the_cluster(sqlite_service, with_outflow, scored, cluster):
    told = with_outflow(sqlite_service, kafka_brokers=cluster.brokers, kafka_topic="plausible")
    night = scored(told, 3)
    with told.database.writing() as session:
        enqueue(session, told, night.scorer, night.candidates)
    topic = KafkaTopic("plausible", outflow_cluster(told.settings))
    assert Courier(told, topic, Patience()).turn(GO_ON) == 0.0
    topic.close()
    with told.database.reading() as session:
        assert [row.state for row in session.query(Delivery)] == ["sent"] * 3
    names = {json.loads(each.value())["candidate"]["name"] for each in cluster.read("plausible", 3)}
    assert names == {"1000000", "1000001", "1000002"}


def test_password_of_the_feed_is_shown_to_no_other_cluster(monkeypatch):
    monkeypatch.setenv("SKYSIEVE_KAFKA_USER", "me")
    monkeypatch.setenv("SKYSIEVE_KAFKA_PASSWORD", "secret")
    changes = {
        "ingest.kafka.brokers": "in:9092",
        "ingest.kafka.options": {"ssl.ca.location": "/ca.pem", "fetch.min.bytes": "1"},
        "outflow.kafka_topic": "plausible",
    }
    same = override(ServiceSettings(), changes | {"outflow.kafka_brokers": "in:9092"})
    other = override(ServiceSettings(), changes | {"outflow.kafka_brokers": "out:9092"})
    assert outflow_cluster(same).user_env == "SKYSIEVE_KAFKA_USER"
    assert outflow_cluster(same).options == {"ssl.ca.location": "/ca.pem"}
    assert outflow_cluster(other).user_env == "SKYSIEVE_OUTFLOW_KAFKA_USER"
    assert outflow_cluster(other).options == {}


def test_option_that_librdkafka_does_not_know_is_told_when_it_is_opened():
    with pytest.raises(ConfigurationError, match=r"no\.such\.option"):
        KafkaTopic("plausible", KafkaSettings("broker:9092", options={"no.such.option": "1"}))
