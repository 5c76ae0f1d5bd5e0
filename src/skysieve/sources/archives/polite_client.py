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

__all__ = ["MISSING_FILE", "PoliteClient", "Stubbornness"]

#: Kind of the error where a server says that it lacks a file (`Request.missing`).
MISSING_FILE = "missing-file"

_RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})
_FINAL = frozenset({"outside-footprint", "wrong-size", "wrong-channels", "wrong-columns"})
_TRUNCATED, _STALLED, _UNREACHABLE = "truncated", "stalled", "unreachable"
#: Positions in a row that find no server at all before the run is given up.
_UNREACHABLE_AT_MOST = 5
#: As many as browsers follow.
_REDIRECTS_AT_MOST = 20
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
        Seconds that one answer may take as a whole, redirects included.

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
        The pace, for every host, also one that is redirected to.
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
            # The pace is kept by _Host, host by host, which a redirect may change.
            follow_redirects=False,
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
            ``oversized-answer``, ``not-an-image``, ``outside-footprint``, ``missing-file``, and those of the
            check.
        DownloadError
            If the host asks to stay away for long, or cannot be found at all: no position is to
            blame, and the whole run stops.
        """
        patience = self._stubbornness
        failures = waits = 0
        while True:
            try:
                return await self._once(request, item, check)
            except _Wait as wait:
                waits += 1
                self._hold(wait)
                if waits > patience.waits:
                    reason = f"the server answers {wait.status} and asks to wait, {waits} times in a row"
                    raise InputError(item, "rate-limited", reason) from None
            except _Failure as failure:
                failures += 1
                if failures >= patience.attempts:
                    self._count_unreachable(failure)
                    tries = f" (the last of {failures} attempts)" if failures > 1 else ""
                    raise InputError(item, failure.kind, failure.reason + tries) from None
                await asyncio.sleep(_backoff(patience, failures))

    async def _once(self, request: Request, item: str, check: Callable[[bytes], None]) -> bytes:
        """Ask one time; raise `_Wait`, `_Failure`, or `InputError` for what is final."""
        address, left = request.url, self._stubbornness.deadline
        for _ in range(_REDIRECTS_AT_MOST + 1):
            host = self._host(address)
            async with host.turn():
                begin = time.monotonic()
                try:
                    answer = await self._receive(address, request, item, left)
                except (_Wait, _Failure) as told:
                    told.host = host
                    raise
                left -= time.monotonic() - begin
            host.unreachable = 0
            if isinstance(answer, bytes):
                return _checked(answer, check)
            address = answer.to
        raise _Failure(_TRUNCATED, f"more than {_REDIRECTS_AT_MOST} redirects, the last to {address}")

    def _host(self, address: str) -> _Host:
        name = urlsplit(address).netloc.lower()
        return self._hosts.setdefault(name, _Host(name, self._politeness))

    async def _receive(self, address: str, request: Request, item: str, left: float) -> bytes | _Redirect:
        httpx = require("httpx", extra="archives", purpose="fetch cutouts")
        patience = self._stubbornness
        try:
            async with asyncio.timeout(max(left, 0.0)):
                return await self._read(address, request, item)
        except TimeoutError:
            raise _Failure(_STALLED, f"no whole answer within {patience.deadline:g} s") from None
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise _Failure(_UNREACHABLE, f"{type(error).__name__}: {error}") from None
        except httpx.TimeoutException as error:
            reason = f"no byte for {patience.silence:g} s ({type(error).__name__})"
            raise _Failure(_STALLED, reason) from None
        except httpx.TransportError as error:
            raise _Failure(_TRUNCATED, f"{type(error).__name__}: {error}") from None

    async def _read(self, address: str, request: Request, item: str) -> bytes | _Redirect:
        assert self._client is not None
        async with self._client.stream("GET", address) as response:
            status = response.status_code
            if response.next_request is not None:
                return _Redirect(str(response.next_request.url))
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

    def _hold(self, wait: _Wait) -> None:
        assert wait.host is not None
        if wait.seconds > self._stubbornness.longest_wait:
            raise DownloadError(
                f"{wait.host.name}: answers {wait.status} and asks to wait "
                f"{wait.seconds:,.0f} s; what was fetched is kept, the same command goes on later"
            )
        wait.host.hold(wait.seconds)

    def _count_unreachable(self, failure: _Failure) -> None:
        if failure.host is None:
            return
        if failure.kind != _UNREACHABLE:
            failure.host.unreachable = 0
            return
        failure.host.unreachable += 1
        if failure.host.unreachable >= _UNREACHABLE_AT_MOST:
            raise DownloadError(
                f"{failure.host.name}: cannot be reached ({failure.reason}); look at the network "
                "and at the setting base_url; what was fetched is kept, the same command goes on"
            )


@dataclass
class _Host:
    """The pace kept towards one host."""

    name: str
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


@dataclass(frozen=True, slots=True)
class _Redirect:
    to: str


class _Told(Exception):  # noqa: N818 - one attempt, not the last word
    #: Who told it, or did not answer.
    host: _Host | None = None


class _Wait(_Told):
    def __init__(self, status: int, seconds: float) -> None:
        super().__init__(status, seconds)
        self.status, self.seconds = status, seconds


class _Failure(_Told):
    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(kind, reason)
        self.kind, self.reason = kind, reason


def _checked(body: bytes, check: Callable[[bytes], None]) -> bytes:
    try:
        check(body)
    except InputError as error:
        if error.kind in _FINAL:
            raise
        raise _Failure(error.kind, error.reason) from None
    return body


def _refusal(request: Request, item: str, status: int, headers: Any, text: str) -> Exception:
    """Return what to make of an answer other than 200."""
    seconds = _retry_after(headers.get("retry-after", ""))
    if status in (429, 503) and seconds is not None:
        return _Wait(status, seconds)
    shown = f": {' '.join(text.split())[:_TEXT_SHOWN]!r}" if text.strip() else ""
    reason = f"HTTP {status}{shown}"
    if status in request.outside:
        return InputError(item, "outside-footprint", reason)
    if status in request.missing:
        return InputError(item, MISSING_FILE, reason)
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
