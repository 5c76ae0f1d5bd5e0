"""A place that is told of candidates, what it answers, and how it is called."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol
from urllib.parse import urlsplit

from skysieve.errors import ConfigurationError
from skysieve.service.outflow.messages import Message
from skysieve.service.settings import OutflowSettings

__all__ = ["Answer", "Destination", "Outcome", "check_address", "destination_names"]

#: Beginnings of names.
WEBHOOK, KAFKA = "webhook:", "kafka:"
#: Characters that the database has for a name.
_LONGEST_NAME = 300


class Answer(Enum):
    """What became of a message."""

    #: It is there.
    SENT = "sent"
    #: The destination is there and does not take this message.
    REFUSED = "refused"
    #: The destination is not there, or takes nothing at present.
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a message, and why.

    Parameters
    ----------
    answer : Answer
        What.
    reason : str
        Why, for people; empty where it was sent.
    wait_s : float
        Seconds that the destination asked to wait; 0: it did not.
    """

    answer: Answer
    reason: str = ""
    wait_s: float = 0.0


class Destination(Protocol):
    """A place that is told of candidates."""

    @property
    def name(self) -> str:
        """Its name in the database."""
        ...

    @property
    def batch(self) -> int:
        """Messages that it is given at once, at the most."""
        ...

    def send(self, messages: Sequence[Message], stop: threading.Event) -> list[Outcome | None]:
        """Send messages and return what became of each; None of those that were not tried.

        Failures of the network are outcomes. It ends early where ``stop`` is set.
        """
        ...

    def close(self) -> None:
        """Close the connection."""
        ...


def destination_names(settings: OutflowSettings) -> list[str]:
    """Return the names of all destinations.

    Parameters
    ----------
    settings : OutflowSettings
        What is set up.

    Raises
    ------
    ConfigurationError
        If an address cannot be one of a webhook, or a topic lacks its brokers.

    Examples
    --------
    >>> destination_names(OutflowSettings(webhooks=("https://tom.example/skysieve",)))
    ['webhook:https://tom.example/skysieve']
    """
    names = [WEBHOOK + check_address(address) for address in dict.fromkeys(settings.webhooks)]
    if bool(settings.kafka_topic) != bool(settings.kafka_brokers):
        raise ConfigurationError(
            "outflow: kafka_brokers and kafka_topic go together, one of them is empty; set both or none"
        )
    if settings.kafka_topic:
        names.append(KAFKA + settings.kafka_topic)
    for name in names:
        if len(name) > _LONGEST_NAME:
            raise ConfigurationError(
                f"outflow: {name[:60]}... has {len(name)} characters, {_LONGEST_NAME} are the most"
            )
    return names


def check_address(address: str) -> str:
    """Return an address that a webhook may have.

    Raises
    ------
    ConfigurationError
        If it is not of http or https, names no host, or holds a password: addresses are kept in the
        database and shown.

    Examples
    --------
    >>> check_address("file:///etc/passwd")
    Traceback (most recent call last):
        ...
    skysieve.errors.ConfigurationError: outflow.webhooks: 'file:///etc/passwd' is not an address of \
http or https
    """
    shown = address if len(address) <= 100 else address[:100] + "..."
    try:
        parts = urlsplit(address)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or any(not sign.isprintable() or sign.isspace() for sign in address):
        raise ConfigurationError(f"outflow.webhooks: {shown!r} is not an address of http or https")
    if parts.username is not None or parts.password is not None:
        raise ConfigurationError(
            f"outflow.webhooks: the address of {parts.hostname} holds a user or a password, which would be "
            "kept in the database; the signature says who sends"
        )
    if parts.fragment:
        raise ConfigurationError(f"outflow.webhooks: {shown!r} holds a fragment (#), which is never sent")
    return address
