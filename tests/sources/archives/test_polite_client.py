"""The pace towards a host, and how long an answer is waited for."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from threading import Lock
from types import ModuleType
from typing import Any

import httpx
import pytest

from skysieve.errors import ConfigurationError, DownloadError, InputError
from skysieve.sources.archives.cutout_service import Politeness, Request
from skysieve.sources.archives.polite_client import PoliteClient, Stubbornness

QUICK = Stubbornness(attempts=3, pause=0.001, silence=1.0, deadline=0.3, waits=2)

FINE = httpx.Response(200, content=b"x")


def question(name: str = "a", **options: Any) -> Request:
    return Request(f"https://archive.example.org/{name}", (), ".csv", **options)


def ask(
    handler: Callable[[httpx.Request], Any],
    *questions: Request,
    politeness: Politeness | None = None,
    patience: Stubbornness = QUICK,
    check: Callable[[bytes], None] = lambda body: None,
) -> list[bytes | Exception]:
    async def run() -> list[Any]:
        transport = httpx.MockTransport(handler)
        async with PoliteClient(politeness or Politeness(4, 0.0), patience, transport) as client:
            tasks = [client.ask(each, "a", check) for each in questions or (question(),)]
            return await asyncio.gather(*tasks, return_exceptions=True)

    return asyncio.run(run())


def refuse(result: list[Any]) -> InputError:
    (error,) = result
    assert isinstance(error, InputError), error
    return error


def test_never_more_at_once_than_allowed_and_never_faster() -> None:
    under_way, most = 0, 0

    async def answer(_: httpx.Request) -> httpx.Response:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.05)
        under_way -= 1
        return httpx.Response(200, content=b"x")

    names = [question(str(number)) for number in range(12)]
    begin = time.monotonic()
    assert ask(answer, *names, politeness=Politeness(3, 0.03)) == [b"x"] * 12
    assert time.monotonic() - begin >= 11 * 0.03
    assert 1 < most <= 3


def test_the_limit_is_of_each_host() -> None:
    under_way: Counter[str] = Counter()
    most: Counter[str] = Counter()

    async def answer(request: httpx.Request) -> httpx.Response:
        for name in (request.url.host, "together"):
            under_way[name] += 1
            most[name] = max(most[name], under_way[name])
        await asyncio.sleep(0.05)
        under_way.subtract((request.url.host, "together"))
        return httpx.Response(200, content=b"x")

    hosts = [Request(f"https://{name}.example.org/", (), ".csv") for name in "ab"] * 4
    ask(answer, *hosts, politeness=Politeness(2, 0.0))
    assert most == {"a.example.org": 2, "b.example.org": 2, "together": 4}


@pytest.mark.parametrize("wait", [lambda: "1", lambda: formatdate(time.time() + 2, usegmt=True)])
def test_retry_after_holds_back_everybody(wait: Callable[[], str]) -> None:
    times: list[float] = []

    def answer(_: httpx.Request) -> httpx.Response:
        times.append(time.monotonic())
        return httpx.Response(429, headers={"Retry-After": wait()}) if len(times) == 1 else FINE

    assert ask(answer, *(question(name) for name in "abc"), politeness=Politeness(1, 0.0)) == [b"x"] * 3
    # A date has whole seconds: two from now are at least one.
    assert times[1] - times[0] >= 0.9


def test_waiting_is_no_failure_but_has_an_end() -> None:
    error = refuse(ask(lambda _: httpx.Response(503, headers={"Retry-After": "0"})))
    assert (error.kind, "3 times in a row" in error.reason) == ("rate-limited", True)


def test_a_429_without_a_time_is_a_failed_attempt() -> None:
    seen: list[int] = []

    def answer(_: httpx.Request) -> httpx.Response:
        seen.append(1)
        return httpx.Response(429, headers={"Retry-After": "soon"})

    assert refuse(ask(answer)).kind == "rate-limited"
    assert len(seen) == QUICK.attempts


def test_an_answer_that_trickles_has_a_deadline() -> None:
    async def drops() -> Any:
        while True:
            await asyncio.sleep(0.02)
            yield b"."

    error = refuse(ask(lambda _: httpx.Response(200, content=drops())))
    assert (error.kind, error.reason) == ("stalled", "no whole answer within 0.3 s (the last of 3 attempts)")


def test_an_answer_without_end_is_broken_off() -> None:
    async def flood() -> Any:
        while True:
            yield bytes(1000)

    error = refuse(ask(lambda _: httpx.Response(200, content=flood()), question(most_bytes=5000)))
    assert error.kind == "oversized-answer"


def test_what_is_not_there_is_asked_for_once() -> None:
    seen: list[int] = []

    def answer(_: httpx.Request) -> httpx.Response:
        seen.append(1)
        return httpx.Response(400, text="the cutout does not overlap")

    error = refuse(ask(answer, question(outside=(400,))))
    assert (error.kind, error.reason) == ("outside-footprint", "HTTP 400: 'the cutout does not overlap'")
    assert refuse(ask(answer)).kind == "http-status"
    assert len(seen) == 2


def test_the_server_is_told_who_asks() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, text=request.headers["user-agent"])

    (body,) = ask(answer)
    assert isinstance(body, bytes)
    assert body.startswith(b"skysieve/")


def test_a_redirect_is_followed_and_a_circle_is_not() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/moved":
            return httpx.Response(200, content=b"x")
        target = "/moved" if request.url.path == "/a" else "/circle"
        return httpx.Response(302, headers={"Location": target})

    assert ask(answer) == [b"x"]
    assert refuse(ask(answer, question("circle"))).kind == "truncated"


@dataclass
class Mirror:
    """A server that notes how many it answers together, and when each came."""

    to: str = ""
    times: list[float] = field(default_factory=list)
    under_way: int = 0
    most: int = 0
    waits: list[str] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        with self.lock:
            self.times.append(time.monotonic())
            self.under_way += 1
            self.most = max(self.most, self.under_way)
            wait = self.waits.pop() if self.waits else ""
        time.sleep(0.05)
        with self.lock:
            self.under_way -= 1
        handler.send_response(429 if wait else 302 if self.to else 200)
        if wait:
            handler.send_header("Retry-After", wait)
        if self.to:
            handler.send_header("Location", self.to + handler.path.lstrip("/"))
        handler.send_header("Content-Length", "0" if self.to or wait else "1")
        handler.end_headers()
        if not self.to and not wait:
            handler.wfile.write(b"x")


@pytest.fixture
def mirrors(import_experiment: Callable[[str], ModuleType]) -> Iterator[tuple[str, Mirror, Mirror]]:
    """Serve a host that sends everybody on to another; give its address, and both."""
    serve = import_experiment("local_server").local_server
    front, behind = Mirror(), Mirror()
    with serve(behind.answer) as front.to, serve(front.answer) as url:
        yield url, front, behind


def ask_servers(url: str, count: int, politeness: Politeness) -> list[Any]:
    async def run() -> list[Any]:
        async with PoliteClient(politeness, QUICK) as client:
            tasks = [
                client.ask(Request(f"{url}{number}", (), ".csv"), "a", lambda body: None)
                for number in range(count)
            ]
            return await asyncio.gather(*tasks, return_exceptions=True)

    return asyncio.run(run())


def test_a_host_that_is_redirected_to_has_the_same_limit(mirrors: tuple[str, Mirror, Mirror]) -> None:
    url, front, behind = mirrors
    # Some are asked of the second host directly: together with those sent on they keep its limit.
    straight, moved = (
        [f"{front.to}{number}" for number in range(4)],
        [f"{url}{number}" for number in range(6)],
    )

    async def run() -> list[bytes]:
        async with PoliteClient(Politeness(2, 0.02), QUICK) as client:
            questions = [Request(each, (), ".csv") for each in (*straight, *moved)]
            return await asyncio.gather(*(client.ask(each, "a", lambda body: None) for each in questions))

    assert asyncio.run(run()) == [b"x"] * 10
    assert (len(front.times), len(behind.times)) == (6, 10)
    assert 1 <= front.most <= 2
    assert behind.most == 2
    assert behind.times[-1] - behind.times[0] >= 0.9 * 9 * 0.02


def test_a_host_behind_a_redirect_holds_back_those_sent_to_it(mirrors: tuple[str, Mirror, Mirror]) -> None:
    url, front, behind = mirrors
    behind.waits = ["1"]
    assert ask_servers(url, 2, Politeness(1, 0.0)) == [b"x"] * 2
    # The second host is left alone for a second, while the first answers on.
    assert behind.times[1] - behind.times[0] >= 0.9
    assert front.times[1] < behind.times[1]
    behind.waits = ["10000"]
    (error,) = ask_servers(url, 1, Politeness(1, 0.0))
    assert isinstance(error, DownloadError)
    assert str(error).startswith(front.to.removeprefix("http://").rstrip("/"))


def test_a_wait_that_is_no_number_is_no_wait() -> None:
    # A superscript is a digit to `str.isdigit`, and no number to `float`.
    headers = [(b"Retry-After", "\N{SUPERSCRIPT TWO}".encode("latin-1"))]
    error = refuse(ask(lambda _: httpx.Response(429, headers=headers)))
    assert error.kind == "rate-limited"
    assert "last of 3 attempts" in error.reason


def test_five_positions_without_a_server_end_the_run() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no such host", request=request)

    results = ask(answer, *(question(str(number)) for number in range(6)), politeness=Politeness(1, 0.0))
    kinds = [each.kind if isinstance(each, InputError) else type(each) for each in results]
    assert kinds.count("unreachable") == 4
    assert DownloadError in kinds


def test_a_check_may_ask_for_another_try() -> None:
    seen: list[bytes] = []

    def check(body: bytes) -> None:
        seen.append(body)
        if len(seen) < 3:
            raise InputError("a", "bad-image", "breaks off")

    assert ask(lambda _: httpx.Response(200, content=b"x"), check=check) == [b"x"]
    assert len(seen) == 3


@pytest.mark.parametrize(
    "made", [lambda: Politeness(0), lambda: Politeness(1, -1), lambda: Stubbornness(attempts=0)]
)
def test_a_pace_at_which_nothing_moves_is_refused(made: Callable[[], Any]) -> None:
    with pytest.raises(ConfigurationError, match=r"expected|needs"):
        made()
