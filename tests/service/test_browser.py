"""The browser of the tests itself: it must fail a test that it should fail, and leave others alone."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from types import ModuleType

import pytest
from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def test_a_page_is_shown_and_its_requests_are_known(page: Page) -> None:
    page.route(
        "http://127.0.0.1:9/", lambda route: route.fulfill(body="<h1>night</h1>", content_type="text/html")
    )
    page.goto("http://127.0.0.1:9/")
    assert page.inner_text("h1") == "night"
    assert "http://127.0.0.1:9/" in page.watched.requests


@pytest.mark.parametrize(
    "script", ["console.error('broken')", "throw new Error('broken')", "fetch('http://127.0.0.1:9/none')"]
)
def test_an_error_on_a_page_is_found(page: Page, script: str) -> None:
    page.route(
        "**/page", lambda route: route.fulfill(body=f"<script>{script}</script>", content_type="text/html")
    )
    page.goto("http://127.0.0.1:9/page")
    page.wait_for_timeout(100)
    with pytest.raises(AssertionError, match="errors on the page"):
        page.watched.check()
    page.watched.expected.append("")


def test_a_request_to_another_host_is_found(page: Page) -> None:
    page.route("**/*", lambda route: route.fulfill(body="", content_type="text/html"))
    page.goto("http://elsewhere.invalid/")
    with pytest.raises(AssertionError, match=r"other hosts.*elsewhere\.invalid"):
        page.watched.check()
    page.watched.requests.clear()


def test_a_loop_of_another_test_runs_beside_the_browser(browser: object) -> None:
    async def one() -> int:
        return 1

    assert asyncio.run(one()) == 1


def test_a_service_is_served(
    page: Page, monkeypatch: pytest.MonkeyPatch, live_server: Callable[..., str]
) -> None:
    application = FastAPI()
    application.get("/", response_class=HTMLResponse)(lambda: "<p>here</p>")
    module = ModuleType("application")
    module.create_application = lambda service: application  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "skysieve.service.application", module)
    page.watched.expected.append("favicon")
    page.goto(live_server(None))
    assert page.inner_text("p") == "here"
