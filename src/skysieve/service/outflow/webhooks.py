"""Messages posted to an address, signed."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from contextlib import suppress

import httpx

import skysieve
from skysieve.errors import ConfigurationError
from skysieve.service.outflow.destination import WEBHOOK, Answer, Outcome, check_address
from skysieve.service.outflow.messages import Message
from skysieve.service.outflow.webhook_signature import signature_headers

__all__ = ["Webhook"]

#: Answers that tell of the receiver and not of the message.
_NOT_NOW = frozenset({408, 425, 429, 500, 502, 503, 504, 507, 509, 520, 521, 522, 523, 524, 530})
#: Bytes of an answer that are read, and characters of it that are kept with the reason.
_MOST_READ, _MOST_SHOWN = 65_536, 200
#: Longest wait that a receiver may ask for, seconds.
_LONGEST_WAIT_S = 3600.0


class Webhook:
    """An address that gets a POST for each candidate.

    Parameters
    ----------
    address : str
        Of http or https, from the settings and from nowhere else.
    key : bytes
        Signs what is posted.
    silence_s : float
        Seconds without a byte after which an attempt has failed.
    deadline_s : float
        Seconds that the body of an answer may take.

    Raises
    ------
    ConfigurationError
        If the address cannot be one.
    """

    #: Taken at once; all must be through within the lease, each attempt at its slowest.
    batch = 16

    def __init__(
        self, address: str, key: bytes, *, silence_s: float = 10.0, deadline_s: float = 20.0
    ) -> None:
        self.name = WEBHOOK + check_address(address)
        try:
            httpx.URL(address)
        except httpx.InvalidURL as error:
            raise ConfigurationError(f"outflow.webhooks: {address!r}: {error}") from None
        self._address, self._key, self._deadline_s = address, key, deadline_s
        self._client = _new_client(silence_s)

    def send(self, messages: Sequence[Message], stop: threading.Event) -> list[Outcome | None]:
        """Post one message after the other, until the receiver is not there."""
        outcomes: list[Outcome | None] = [None] * len(messages)
        for place, message in enumerate(messages):
            if stop.is_set():
                break
            outcomes[place] = outcome = self._post(message)
            if outcome.answer is Answer.UNREACHABLE:
                break
        return outcomes

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _post(self, message: Message) -> Outcome:
        body = message.encode()
        headers = signature_headers(self._key, message.delivery, int(time.time()), body)
        try:
            with self._client.stream("POST", self._address, content=body, headers=headers) as response:
                if response.is_success:
                    # What it says further is of no interest, reading it keeps the connection.
                    _beginning(response, self._deadline_s)
                    return Outcome(Answer.SENT)
                return _refusal(response, _beginning(response, self._deadline_s))
        except httpx.TimeoutException as error:
            return Outcome(Answer.UNREACHABLE, f"no answer in time ({type(error).__name__})")
        except httpx.HTTPError as error:
            return Outcome(Answer.UNREACHABLE, f"{type(error).__name__}: {error}")


def _new_client(silence_s: float) -> httpx.Client:
    return httpx.Client(
        # Somebody who holds the receiver must not make this machine ask others in its network.
        follow_redirects=False,
        timeout=httpx.Timeout(silence_s, connect=min(5.0, silence_s)),
        headers={"User-Agent": f"skysieve/{skysieve.__version__}", "Content-Type": "application/json"},
    )


def _refusal(response: httpx.Response, text: str) -> Outcome:
    status = response.status_code
    shown = "".join(sign if sign.isprintable() else " " for sign in text)
    shown = " ".join(shown.split())[:_MOST_SHOWN]
    reason = f"HTTP {status} {response.reason_phrase}" + (f": {shown}" if shown else "")
    if 300 <= status < 400:
        return Outcome(Answer.REFUSED, f"{reason}; redirects are not followed: set the address that it names")
    if status in _NOT_NOW:
        return Outcome(Answer.UNREACHABLE, reason, _retry_after(response.headers.get("retry-after", "")))
    return Outcome(Answer.REFUSED, reason)


def _beginning(response: httpx.Response, deadline_s: float) -> str:
    body, begin = b"", time.monotonic()
    # The status is the answer: a body that breaks off takes nothing back.
    with suppress(httpx.HTTPError):
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > _MOST_READ or time.monotonic() - begin > deadline_s:
                break
    return body[:4096].decode("utf-8", "replace")


def _retry_after(value: str) -> float:
    """Read seconds; a date is not worth the trouble, as the pauses grow anyway."""
    # Not isdigit, which takes a superscript for a number that float refuses.
    return min(float(value), _LONGEST_WAIT_S) if value.strip().isdecimal() else 0.0
