"""How a cluster is reached: credentials from the environment, options, no secret in the file."""

from __future__ import annotations

import logging

import pytest

from skysieve.errors import ConfigurationError
from skysieve.service.kafka.client import client_options
from skysieve.service.kafka.log import OncePerMinute
from skysieve.service.settings import KafkaSettings


@pytest.fixture(autouse=True)
def no_credentials(monkeypatch):
    """Begin without credentials in the environment."""
    for name in ("SKYSIEVE_KAFKA_USER", "SKYSIEVE_KAFKA_PASSWORD"):
        monkeypatch.delenv(name, raising=False)


def test_cluster_without_credentials_is_reached_without():
    options = client_options(KafkaSettings("one:9092,two:9092"))
    assert options["bootstrap.servers"] == "one:9092,two:9092"
    assert not any(name.startswith(("sasl", "security")) for name in options)


def test_credentials_are_taken_from_the_environment_and_go_over_tls(monkeypatch):
    monkeypatch.setenv("SKYSIEVE_KAFKA_USER", "me")
    monkeypatch.setenv("SKYSIEVE_KAFKA_PASSWORD", "secret")
    options = client_options(KafkaSettings("broker:9092"))
    assert options["security.protocol"] == "SASL_SSL"
    assert options["sasl.mechanism"] == "SCRAM-SHA-512"
    assert (options["sasl.username"], options["sasl.password"]) == ("me", "secret")


def test_mechanism_and_protocol_can_be_set(monkeypatch):
    monkeypatch.setenv("SKYSIEVE_KAFKA_USER", "me")
    monkeypatch.setenv("SKYSIEVE_KAFKA_PASSWORD", "secret")
    wanted = {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanisms": "PLAIN"}
    options = client_options(KafkaSettings("broker:9092", options=wanted))
    assert options["security.protocol"] == "SASL_PLAINTEXT"
    assert options["sasl.mechanism"] == "PLAIN"
    assert "sasl.mechanisms" not in options


def test_half_of_the_credentials_is_an_error(monkeypatch):
    monkeypatch.setenv("SKYSIEVE_KAFKA_USER", "me")
    with pytest.raises(ConfigurationError, match="SKYSIEVE_KAFKA_PASSWORD is not set"):
        client_options(KafkaSettings("broker:9092"))


@pytest.mark.parametrize("name", ["sasl.password", "ssl.key.password", "ssl.key.pem"])
def test_secret_in_the_file_is_an_error_that_does_not_show_it(name):
    with pytest.raises(ConfigurationError, match="in clear") as caught:
        client_options(KafkaSettings("broker:9092", options={name: "hunter2"}))
    assert "hunter2" not in str(caught.value)


def test_option_may_name_an_environment_variable(monkeypatch):
    settings = KafkaSettings("broker:9092", options={"ssl.key.password": "env:KEY_PASSWORD"})
    with pytest.raises(ConfigurationError, match="KEY_PASSWORD, which is not set"):
        client_options(settings)
    monkeypatch.setenv("KEY_PASSWORD", "secret")
    assert client_options(settings)["ssl.key.password"] == "secret"


def test_option_that_a_promise_rests_on_cannot_be_changed():
    settings = KafkaSettings("broker:9092", options={"enable.auto.commit": "true"})
    with pytest.raises(ConfigurationError, match=r"enable\.auto\.commit is set by skysieve"):
        client_options(settings, reserved=["enable.auto.commit"])
    assert client_options(settings)["enable.auto.commit"] == "true"


def test_line_that_repeats_is_written_once_a_minute():
    now = 0.0
    spare = OncePerMinute(lambda: now)

    def passes(line: str) -> bool:
        return spare.filter(logging.makeLogRecord({"msg": line}))

    assert passes("broker 1 is gone")
    assert not passes("broker 2 is gone")
    now = 61.0
    assert passes("broker 1 is gone")
    assert all(passes("x" * length) for length in range(3000))
