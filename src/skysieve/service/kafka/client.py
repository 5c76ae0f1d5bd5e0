"""What every client of a Kafka cluster needs: addresses, credentials, options, and a place for its log."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from skysieve.errors import ConfigurationError
from skysieve.service.kafka.log import client_logger
from skysieve.service.settings import KafkaSettings, secret

__all__ = ["FROM_ENVIRONMENT", "client_options", "connection_options"]

#: An option whose value begins so is read from the environment variable that follows.
FROM_ENVIRONMENT = "env:"

#: Options that hold a secret: never in the file.
_SECRET = frozenset(
    {
        "sasl.password",
        "sasl.username",
        "ssl.key.password",
        "ssl.key.pem",
        "ssl.keystore.password",
        "sasl.oauthbearer.client.secret",
    }
)
#: Beginnings of options that say how a cluster is reached, the same for who reads and who writes.
_CONNECTION = ("security.", "sasl.", "ssl.", "enable.sasl.", "enable.ssl.", "broker.", "socket.", "client.")


def client_options(settings: KafkaSettings, *, reserved: Iterable[str] = ()) -> dict[str, Any]:
    """Return the configuration of a client of librdkafka.

    Parameters
    ----------
    settings : KafkaSettings
        Addresses, credentials, further options.
    reserved : iterable of str
        Options that the caller sets himself, because what it promises depends on them.

    Returns
    -------
    dict
        With the secrets: neither log nor keep it.

    Raises
    ------
    ConfigurationError
        If only one half of the credentials is there, an option is reserved, holds a secret in clear, or
        names an environment variable that is not set.

    Examples
    --------
    >>> client_options(KafkaSettings("broker:9092", options={"client.id": "night"}))["client.id"]
    'night'
    """
    options: dict[str, Any] = {"bootstrap.servers": settings.brokers, "client.id": "skysieve"}
    options |= _credentials(settings)
    options |= _further(settings.options, {"bootstrap.servers", *reserved})
    return options | {"logger": client_logger}


def connection_options(options: Mapping[str, str]) -> dict[str, str]:
    """Return those of further options that say how the cluster is reached.

    Examples
    --------
    >>> connection_options({"ssl.ca.location": "/etc/ca.pem", "fetch.min.bytes": "1"})
    {'ssl.ca.location': '/etc/ca.pem'}
    """
    return {name: value for name, value in options.items() if name.startswith(_CONNECTION)}


def _credentials(settings: KafkaSettings) -> dict[str, str]:
    user, password = (os.environ.get(name, "") for name in (settings.user_env, settings.password_env))
    if not user and not password:
        return {}
    if not user or not password:
        missing = settings.password_env if user else settings.user_env
        raise ConfigurationError(
            f"Kafka: the environment variable {missing} is not set, its other half is; set both or none"
        )
    # SCRAM over TLS: neither the password nor what can be guessed from it crosses the network.
    return {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": user,
        "sasl.password": password,
    }


def _further(options: Mapping[str, str], reserved: set[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in options.items():
        if name in reserved:
            raise ConfigurationError(
                f"Kafka: the option {name} is set by skysieve itself; take it out of options"
            )
        # librdkafka knows this one by two names; one of them must not hide behind the other.
        name = "sasl.mechanism" if name == "sasl.mechanisms" else name
        if value.startswith(FROM_ENVIRONMENT):
            value = secret(value.removeprefix(FROM_ENVIRONMENT), purpose=f"the Kafka option {name}")
        elif name in _SECRET:
            raise ConfigurationError(
                f"Kafka: the option {name} stands in the settings in clear; put it into an environment "
                f"variable and write {name} = 'env:NAME_OF_THE_VARIABLE'"
            )
        found[name] = value
    return found
