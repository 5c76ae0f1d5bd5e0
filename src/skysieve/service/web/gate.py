"""What is refused before any route sees it: a foreign host name, a body that is too large, a byte of zero."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from skysieve.service.accounts.identify import is_known
from skysieve.service.accounts.sessions import cookie_name
from skysieve.service.settings import WebSettings
from skysieve.service.web.answers import answer_problem
from skysieve.service.web.problems import Problem

__all__ = ["Gate"]

#: Largest body, in bytes, of a request that nobody who is known sends: a sign-in needs no more.
OF_STRANGERS = 64 * 1024
#: Largest body, in bytes, of anything that is not sent in as an item: a form, a list of candidates.
OF_FORMS = 4 * 1024**2
#: Below this path lie items, which may be as large as the settings say.
ITEMS = "/api/v1/items/"


class Gate:
    """Middleware that lets sound requests through.

    Parameters
    ----------
    app : ASGI application
        What lies behind.
    web : WebSettings
        As of the service.
    """

    def __init__(self, app: ASGIApp, web: WebSettings) -> None:
        self.app = app
        self.web = web
        self._own_host = (urlsplit(web.public_url).hostname or "").lower()
        # A page elsewhere can give its own name the address of a service that listens on the loopback only.
        self._checks_host = bool(self._own_host) or _is_address(web.host, loopback=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it with what is wrong."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        problem = self._problem(scope)
        if problem is not None:
            await answer_problem(Request(scope), problem)(scope, receive, send)
            return
        await self.app(scope, _Counted(scope, receive, self._most(scope)).receive, send)

    def _problem(self, scope: Scope) -> Problem | None:
        headers = Headers(scope=scope)
        if self._checks_host and not self._is_own(headers.get("Host", "")):
            return Problem(400, "wrong-host", "the service is not reached under this name")
        if "\0" in scope["path"] or b"%00" in scope.get("query_string", b""):
            return Problem(400, "bad-value", "holds a byte of zero, which nothing here has in its name")
        length = headers.get("Content-Length", "0")
        if not length.isascii() or not length.isdigit():
            return Problem(400, "bad-length", "the header Content-Length is no number")
        if int(length[:20]) > self._most(scope):
            return _too_large(self._most(scope))
        return None

    def _is_own(self, host: str) -> bool:
        """Say whether a name is the public one, or one that nobody elsewhere can own."""
        try:
            name = (urlsplit(f"//{host}").hostname or "").lower()
        except ValueError:
            return False
        return name == self._own_host or "." not in name.strip(".") or _is_address(name)

    def _most(self, scope: Scope) -> int:
        headers = Headers(scope=scope)
        claims = "Authorization" in headers or cookie_name(self.web) in headers.get("Cookie", "")
        upload = self.web.upload_mb * 1024**2
        if not claims:
            return min(OF_STRANGERS, upload)
        return upload if scope["path"].startswith(ITEMS) else min(OF_FORMS, upload)


class _Counted:
    """A body on its way in, of which no more is read than is allowed.

    Bodies are read before the guard of a route asks who calls. Whoever sends more than a stranger may is
    asked for here, once: a made-up token must not let anybody fill the memory.
    """

    def __init__(self, scope: Scope, receive: Receive, most: int) -> None:
        self._scope = scope
        self._receive = receive
        self._most = most
        self._read = 0
        self._trusted = False

    async def receive(self) -> Message:
        message = await self._receive()
        self._read += len(message.get("body", b""))
        if self._read > self._most:
            raise HTTPException(413, _too_large(self._most).message)
        if self._read > OF_STRANGERS and not self._trusted:
            if not await is_known(Request(self._scope)):
                raise HTTPException(413, _too_large(OF_STRANGERS).message)
            self._trusted = True
        return message


def _too_large(most: int) -> Problem:
    size = f"{most // 1024**2} MB" if most >= 1024**2 else f"{most // 1024} kB"
    return Problem(
        413,
        "content-too-large",
        f"what was sent is larger than {size}; send it in parts",
        headers={"Connection": "close"},
    )


def _is_address(name: str, *, loopback: bool = False) -> bool:
    if name == "localhost":
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    return address.is_loopback or not loopback
