"""A real browser for tests of pages: errors on a page and requests to other hosts fail the test."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any
from urllib.parse import urlsplit

import pytest
import uvicorn
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from skysieve.service.service import Service

__all__ = ["CHROMIUM", "WatchedPage", "browser", "live_server", "open_page", "page", "serving"]

#: Debian's package; Playwright's own build would have to be downloaded.
CHROMIUM = "/usr/bin/chromium"
#: Whatever the browser does on its own account is turned off: a test sees the requests of pages only.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
#: Where a page may ask: the server of the test, and what it carries in itself.
LOCAL_HOSTS, LOCAL_SCHEMES = {"127.0.0.1", "localhost"}, {"data", "blob", "about"}
START_S = 20.0


class WatchedPage:
    """What a page did that it may not, and everything that it asked for.

    ``expected`` holds words; an error of the console that has one of them is meant by the test.
    """

    def __init__(self, page: Page) -> None:
        self.errors: list[str] = []
        self.requests: list[str] = []
        self.expected: list[str] = []
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.errors.append(f"uncaught: {error}"))
        page.on("request", lambda request: self.requests.append(request.url))

    def foreign(self) -> list[str]:
        """Return the requests that would have left the machine."""
        parts = {url: urlsplit(url) for url in self.requests}
        return [
            url
            for url, part in parts.items()
            if part.scheme not in LOCAL_SCHEMES and part.hostname not in LOCAL_HOSTS
        ]

    def check(self) -> None:
        """Fail for errors that nobody expected, and for requests to other hosts."""
        errors = [error for error in self.errors if not any(word in error for word in self.expected)]
        assert not errors, f"errors on the page: {errors}"
        assert not self.foreign(), f"requests to other hosts: {self.foreign()}"

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(f"{message.text} ({message.location.get('url', '')})")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Yield a browser of this test process."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        _park()
        yield opened
        # Playwright takes its loop down at the end, and must find it as it left it.
        asyncio._set_running_loop(_loop(opened))
        opened.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Yield what opens pages, each of a new visitor; its options are those of ``Browser.new_context``.

    ``page.watched`` is its `WatchedPage`; all are checked at the end of the test.
    """
    with _loop_of(browser):
        opened: list[Page] = []

        def open_one(**options: Any) -> Page:
            page = browser.new_context(**options).new_page()
            page.watched = WatchedPage(page)  # type: ignore[attr-defined]
            opened.append(page)
            return page

        yield open_one
        for page in opened:
            page.context.close()
    for page in opened:
        page.watched.check()  # type: ignore[attr-defined]


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    """Return the page of one visitor."""
    return open_page()


@contextlib.contextmanager
def serving(service: Service) -> Iterator[str]:
    """Serve a service in a thread, and yield its address."""
    from skysieve.service.application import create_application

    with socket.create_server(("127.0.0.1", 0)) as listening:
        configuration = uvicorn.Config(create_application(service), log_level="warning", lifespan="on")
        server = uvicorn.Server(configuration)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        deadline = time.monotonic() + START_S
        while not server.started:
            assert thread.is_alive(), "the server ended before it had started"
            assert time.monotonic() < deadline, "the server does not start"
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join(START_S)
        assert not thread.is_alive(), "the server does not stop"


@pytest.fixture
def live_server() -> Iterator[Callable[[Service], str]]:
    """Yield what serves a service until the end of the test; it returns the address."""
    with contextlib.ExitStack() as stack:

        def start(service: Service) -> str:
            running: AbstractContextManager[str] = serving(service)
            return stack.enter_context(running)

        yield start


def _loop(browser: Browser) -> asyncio.AbstractEventLoop:
    return browser._loop  # type: ignore[attr-defined,no-any-return]


def _park() -> None:
    """Hide the loop of Playwright from the other tests of this process, which may run loops of their own."""
    asyncio._set_running_loop(None)


@contextlib.contextmanager
def _loop_of(browser: Browser) -> Iterator[None]:
    asyncio._set_running_loop(_loop(browser))
    try:
        yield
    finally:
        _park()
