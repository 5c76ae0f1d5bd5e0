"""A line of the log for every request that was answered."""

from __future__ import annotations

from typing import Protocol

import structlog

__all__ = ["AnsweredRequest", "log_request"]

#: Asked for by machines every few seconds: told of only where they fail.
_QUIET = frozenset({"/health", "/metrics", "/static"})
_log: structlog.stdlib.BoundLogger = structlog.get_logger("skysieve.requests")


class AnsweredRequest(Protocol):
    """What is known of a request after its answer: `skysieve.service.web.request_frame.RequestSeen`."""

    @property
    def method(self) -> str:
        """GET, POST ..."""

    @property
    def path(self) -> str:
        """What was asked for, without the query."""

    @property
    def route(self) -> str:
        """The path of the route, its parameters unfilled."""

    @property
    def status(self) -> int:
        """Of the answer; 0: the client went away."""

    @property
    def seconds(self) -> float:
        """How long the answer took."""

    @property
    def size(self) -> int:
        """Bytes of the answer."""

    @property
    def request_id(self) -> str:
        """As in the header ``X-Request-ID``."""

    @property
    def address(self) -> str:
        """Where the request came from."""

    @property
    def user(self) -> str:
        """Who asked; empty: nobody who is known."""


def log_request(seen: AnsweredRequest) -> None:
    """Write the line; the query, which may hold anything, stays out of it.

    Parameters
    ----------
    seen : AnsweredRequest
        The request.
    """
    if seen.route in _QUIET and seen.status < 500:
        return
    tell = _log.error if seen.status >= 500 else _log.info
    tell(
        "request",
        request_id=seen.request_id,
        user=seen.user,
        address=seen.address,
        method=seen.method,
        route=seen.route,
        path=seen.path,
        status=seen.status,
        ms=round(seen.seconds * 1000, 1),
        size=seen.size,
    )
