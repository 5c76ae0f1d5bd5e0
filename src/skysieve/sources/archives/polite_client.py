"""Many small questions to one server, at a pace that it bears, until it answers or says why not."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from skysieve.errors import ConfigurationError, DownloadError, InputError
from skysieve.extras import require
from skysieve.sources.archives.cutout_service import Politeness, Request

if TYPE_CHECKING:
    import httpx

__all__ = ["PoliteClient", "Stubbornness"]

_RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})
_FINAL = frozenset({"outside-footprint", "wrong-size", "wrong-channels", "wrong-columns"})
_TRUNCATED, _STALLED, _UNREACHABLE = "truncated", "stalled", "unreachable"
#: Positions in a row that find no server at all before the run is given up.
_UNREACHABLE_AT_MOST = 5
_TEXT_SHOWN = 160


@dataclass(frozen=True, slots=True)
class Stubbornness:
    """When a question is asked again, and when it is given up.

    Parameters
    ----------
    attempts : int
        Times that a question is asked before it counts as failed. Being asked to wait
        (``Retry-After``) is no failure.
    pause : float
        Seconds before the second attempt; doubled before each further one, and spread at random
        over the upper half, so that many clients do not come back together.
    longest_pause : float
        Longest of these pauses, seconds.
    longest_wait : float
        Longest wait that a server may ask for, seconds; beyond it the run stops.
    waits : int
        Times that one question may be told to wait.
    silence : float
        Seconds without a byte after which a connection counts as stalled.
    deadline : float
        Seconds that one answer may take as a whole.

    Raises
    ------
    ConfigurationError
        If nothing could ever be answered.
    """

    attempts: int = 5
    pause: float = 1.0
    longest_pause: float = 60.0
    longest_wait: float = 600.0
    waits: int = 20
    silence: float = 30.0
    deadline: float = 180.0

    def __post_init__(self) -> None:
        if self.attempts < 1 or self.silence <= 0 or self.deadline <= 0 or not self.pause >= 0:
            raise ConfigurationError(
                f"found {self.attempts} attempts, {self.silence:g} s of silence, {self.deadline:g} s for an "
                f"answer, {self.pause:g} s before asking again; an answer needs an attempt and some time"
            )


class PoliteClient:
    """Asks questions with a limit a host.

    Parameters
    ----------
    politeness : Politeness
        The pace, for every host.
    stubbornness : Stubbornness
        When to ask again.
    transport : httpx.AsyncBaseTransport, optional
        For tests and proxies of one's own.

    Notes
    -----
    Hosts are told who asks: ``User-Agent: skysieve/<version>``.
    """

    def __init__(
        self,
        politeness: Politeness,
        stubbornness: Stubbornness | None = None,
        transport: Any = None,
    ) -> None:
        self._politeness = politeness
        self._stubbornness = stubbornness or Stubbornness()
        self._transport = transport
        self._hosts: dict[str, _Host] = {}
        self._client: httpx.AsyncClient | None = None

    async def __aenter__(self) -> PoliteClient:
        import skysieve

        httpx = require("httpx", extra="archives", purpose="fetch cutouts")
        silence = self._stubbornness.silence
        self._client = httpx.AsyncClient(
            follow_redirects=True,
            # The pace is kept by _Host, host by host.
            limits=httpx.Limits(max_connections=None),
            timeout=httpx.Timeout(silence, connect=min(silence, 15.0), pool=None),
            headers={"User-Agent": f"skysieve/{skysieve.__version__}", "Accept-Encoding": "identity"},
            transport=self._transport,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._client is not None:
            await self._client.aclose()

    async def ask(self, request: Request, item: str, check: Callable[[bytes], None]) -> bytes:
        """Return an answer that passes a check.

        Parameters
        ----------
        request : Request
            What to ask.
        item : str
            Name of the sample, for messages.
        check : callable
            Raises `InputError` for an answer that is not what was asked for. ``outside-footprint``,
            ``wrong-size``, ``wrong-channels`` and ``wrong-columns`` are final; other kinds are asked for
            again.

        Raises
        ------
        InputError
            ``http-status``, ``rate-limited``, ``truncated``, ``stalled``, ``unreachable``,
            ``oversized-answer``, ``not-an-image``, ``outside-footprint``, and those of the check.
        DownloadError
            If the host asks to stay away for long, or cannot be found at all: no position is to
            blame, and the whole run stops.
        """
        host = self._hosts.setdefault(urlsplit(request.url).netloc, _Host(self._politeness))
        patience = self._stubbornness
        failures = waits = 0
        while True:
            try:
                body = await self._once(host, request, item, check)
            except _Wait as wait:
                waits += 1
                self._hold(host, wait, request)
                if waits > patience.waits:
                    reason = f"the server answers {wait.status} and asks to wait, {waits} times in a row"
                    raise InputError(item, "rate-limited", reason) from None
            except _Failure as failure:
                failures += 1
                if failures >= patience.attempts:
                    self._count_unreachable(host, failure, request)
                    tries = f" (the last of {failures} attempts)" if failures > 1 else ""
                    raise InputError(item, failure.kind, failure.reason + tries) from None
                await asyncio.sleep(_backoff(patience, failures))
            else:
                host.unreachable = 0
                return body

    async def _once(self, host: _Host, request: Request, item: str, check: Callable[[bytes], None]) -> bytes:
        """Ask one time; raise `_Wait`, `_Failure`, or `InputError` for what is final."""
        async with host.turn():
            body = await self._receive(request, item)
        try:
            check(body)
        except InputError as error:
            if error.kind in _FINAL:
                raise
            raise _Failure(error.kind, error.reason) from None
        return body

    async def _receive(self, request: Request, item: str) -> bytes:
        httpx = require("httpx", extra="archives", purpose="fetch cutouts")
        patience = self._stubbornness
        try:
            async with asyncio.timeout(patience.deadline):
                return await self._read(request, item)
        except TimeoutError:
            raise _Failure(_STALLED, f"no whole answer within {patience.deadline:g} s") from None
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise _Failure(_UNREACHABLE, f"{type(error).__name__}: {error}") from None
        except httpx.TimeoutException as error:
            reason = f"no byte for {patience.silence:g} s ({type(error).__name__})"
            raise _Failure(_STALLED, reason) from None
        except (httpx.TransportError, httpx.TooManyRedirects) as error:
            raise _Failure(_TRUNCATED, f"{type(error).__name__}: {error}") from None

    async def _read(self, request: Request, item: str) -> bytes:
        assert self._client is not None
        async with self._client.stream("GET", request.url) as response:
            status = response.status_code
            if status != 200:
                raise _refusal(request, item, status, response.headers, await _beginning(response))
            kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
            if request.suffix != ".csv" and (kind.startswith("text/") or kind.endswith("html")):
                text = " ".join((await _beginning(response)).split())[:_TEXT_SHOWN]
                raise _Failure("not-an-image", f"an image was asked for, {kind} came: {text!r}")
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > request.most_bytes:
                    reason = f"the answer is larger than {request.most_bytes:,} bytes"
                    raise InputError(item, "oversized-answer", reason)
            return bytes(body)

    def _hold(self, host: _Host, wait: _Wait, request: Request) -> None:
        if wait.seconds > self._stubbornness.longest_wait:
            raise DownloadError(
                f"{urlsplit(request.url).netloc}: answers {wait.status} and asks to wait "
                f"{wait.seconds:,.0f} s; what was fetched is kept, the same command goes on later"
            )
        host.hold(wait.seconds)

    def _count_unreachable(self, host: _Host, failure: _Failure, request: Request) -> None:
        if failure.kind != _UNREACHABLE:
            host.unreachable = 0
            return
        host.unreachable += 1
        if host.unreachable >= _UNREACHABLE_AT_MOST:
            raise DownloadError(
                f"{urlsplit(request.url).netloc}: cannot be reached ({failure.reason}); look at the network "
                "and at --set base_url; what was fetched is kept, the same command goes on"
            )


@dataclass
class _Host:
    """The pace kept towards one host."""

    politeness: Politeness
    unreachable: int = 0
    _places: asyncio.Semaphore = field(init=False)
    _next_start: float = 0.0

    def __post_init__(self) -> None:
        self._places = asyncio.Semaphore(self.politeness.at_once)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait until one more request may start, and take a place until it ends."""
        async with self._places:
            # While this one slept, the server may have asked everyone to wait longer.
            while (delay := self._next_start - time.monotonic()) > 0:
                await asyncio.sleep(delay)
            self._next_start = time.monotonic() + self.politeness.pause
            yield

    def hold(self, seconds: float) -> None:
        """Start nothing for some time."""
        self._next_start = max(self._next_start, time.monotonic() + seconds)


class _Wait(Exception):  # noqa: N818 - no error: the server only asks for time
    def __init__(self, status: int, seconds: float) -> None:
        super().__init__(status, seconds)
        self.status, self.seconds = status, seconds


class _Failure(Exception):  # noqa: N818 - one attempt, not the last word
    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(kind, reason)
        self.kind, self.reason = kind, reason


def _refusal(request: Request, item: str, status: int, headers: Any, text: str) -> Exception:
    """Return what to make of an answer other than 200."""
    seconds = _retry_after(headers.get("retry-after", ""))
    if status in (429, 503) and seconds is not None:
        return _Wait(status, seconds)
    shown = f": {' '.join(text.split())[:_TEXT_SHOWN]!r}" if text.strip() else ""
    reason = f"HTTP {status}{shown}"
    if status in request.outside:
        return InputError(item, "outside-footprint", reason)
    if status in _RETRIED:
        return _Failure("rate-limited" if status == 429 else "http-status", reason)
    return InputError(item, "http-status", reason)


async def _beginning(response: httpx.Response) -> str:
    body = b""
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > 4096:
            break
    return body[:4096].decode("utf-8", "replace")


def _retry_after(value: str) -> float | None:
    """Read seconds or a date; None if it is neither."""
    # Not isdigit, which takes a superscript for a number that float refuses.
    if value.strip().isdecimal():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return None
    return max(moment.timestamp() - time.time(), 0.0)


def _backoff(patience: Stubbornness, failures: int) -> float:
    pause = min(patience.pause * 2.0 ** (failures - 1), patience.longest_pause)
    return pause * random.uniform(0.5, 1.0)  # noqa: S311 - spreads clients, guards nothing
