"""What surrounds every request: an id, the client's address, security headers, and an answer to any fault."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from skysieve.service.settings import WebSettings
from skysieve.service.web.answers import answer_error
from skysieve.service.web.client_address import ClientAddress
from skysieve.service.web.security_headers import add_security_headers

__all__ = ["RequestFrame", "RequestSeen"]


@dataclass(frozen=True, slots=True)
class RequestSeen:
    """A request that was answered, for logs and metrics.

    Parameters
    ----------
    method, path : str
        What was asked.
    route : str
        The route's path with its parameters unfilled; ``/static`` of all files of the pages;
        ``unmatched`` where there was none.
    status : int
        Of the answer; 0 where the client went away before there was one.
    seconds : float
        How long it took.
    size : int
        Bytes of the answer's body.
    request_id : str
        As in the header ``X-Request-ID`` and in errors.
    address : str
        Where the request came from.
    user : str
        Who called; empty: nobody who is known.
    """

    method: str
    path: str
    route: str
    status: int
    seconds: float
    size: int
    request_id: str
    address: str
    user: str


class RequestFrame:
    """Middleware around all others.

    ``request.state`` gets ``request_id`` and ``address``.

    Parameters
    ----------
    app : ASGI application
        What is surrounded.
    web : WebSettings
        As of the service.
    observers : sequence of callable
        Each is called with a `RequestSeen` after the answer.
    """

    def __init__(
        self, app: ASGIApp, web: WebSettings, observers: Sequence[Callable[[RequestSeen], None]] = ()
    ) -> None:
        self.app = app
        self.web = web
        self.observers = tuple(observers)
        self._address_of = ClientAddress(web.proxies)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        state["request_id"] = secrets.token_hex(8)
        state["address"] = self._address_of(scope)
        answer = _Answer(send, self.web, state["request_id"])
        began = time.perf_counter()
        try:
            await self.app(scope, receive, answer.send)
        except ClientDisconnect:
            # Nobody is left to be answered, and nothing is wrong here.
            return
        except Exception as error:
            # Half an answer cannot be taken back: the server closes the connection.
            if answer.status:
                raise
            await answer_error(Request(scope), error)(scope, receive, answer.send)
        finally:
            self._tell(scope, answer, time.perf_counter() - began)

    def _tell(self, scope: Scope, answer: _Answer, seconds: float) -> None:
        caller = scope["state"].get("caller")
        seen = RequestSeen(
            method=scope["method"],
            path=scope["path"],
            route=_route_of(scope),
            status=answer.status,
            seconds=seconds,
            size=answer.size,
            request_id=scope["state"]["request_id"],
            address=scope["state"]["address"],
            user=caller.name if caller else "",
        )
        for observe in self.observers:
            observe(seen)


def _route_of(scope: Scope) -> str:
    if route := scope.get("route"):
        return str(route.path)
    mounted: str = scope.get("root_path", "").removeprefix(scope.get("app_root_path", ""))
    return mounted or "unmatched"


class _Answer:
    """An answer on its way out."""

    def __init__(self, send: Send, web: WebSettings, request_id: str) -> None:
        self.status = 0
        self.size = 0
        self._send = send
        self._web = web
        self._request_id = request_id

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            add_security_headers(headers, self._web)
            headers["X-Request-ID"] = self._request_id
        elif message["type"] == "http.response.body":
            self.size += len(message.get("body", b""))
        await self._send(message)
