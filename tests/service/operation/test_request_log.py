"""The line of a request says who, what, how long; what a query holds stays out."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from skysieve.service.operation.request_log import log_request
from skysieve.service.web.request_frame import RequestSeen


def seen(route: str = "/candidates/{id}", status: int = 200) -> RequestSeen:
    return RequestSeen("GET", "/candidates/7", route, status, 0.01234, 512, "ab12", "192.0.2.7", "ana")


def test_the_line_of_a_request() -> None:
    with capture_logs() as lines:
        log_request(seen())
    assert lines == [
        {
            "event": "request",
            "log_level": "info",
            "request_id": "ab12",
            "user": "ana",
            "address": "192.0.2.7",
            "method": "GET",
            "route": "/candidates/{id}",
            "path": "/candidates/7",
            "status": 200,
            "ms": 12.3,
            "size": 512,
        }
    ]


@pytest.mark.parametrize(
    ("route", "status", "level"),
    [
        ("/health", 200, None),
        ("/health", 503, "error"),
        ("/metrics", 401, None),
        ("/x", 500, "error"),
        ("/x", 404, "info"),
    ],
)
def test_what_is_told_of(route: str, status: int, level: str | None) -> None:
    with capture_logs() as lines:
        log_request(seen(route, status))
    assert [line["log_level"] for line in lines] == ([level] if level else [])
