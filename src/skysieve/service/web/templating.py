"""Pages from templates: everything that comes from outside is escaped, a name that is not given is an error.

A page is a template that extends ``base.html`` and fills its blocks ``title`` and ``content``. Besides what
the route gives, it knows ``caller`` (None where nobody has signed in), ``csrf``, ``settings``, ``version``,
``theme``, ``flashes``, ``path``, the function ``static(name)``, the roles as ``Role``, and the filters of
`skysieve.service.web.formats`.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from skysieve.service.accounts.roles import Role
from skysieve.service.web.access import Caller
from skysieve.service.web.formats import FILTERS

__all__ = ["STATIC", "TEMPLATES", "redirect", "render", "render_text"]

_PAGES = Path(__file__).parent.parent / "pages"
#: Templates, and files that browsers fetch.
TEMPLATES, STATIC = _PAGES / "templates", _PAGES / "static"
#: Cookies: the theme that the person chose, and what to say on the next page.
_THEME, _FLASH = "skysieve_theme", "skysieve_flash"
_THEMES = ("light", "dark")
#: Longest message that a cookie carries, in characters.
_LONGEST_FLASH = 500


def render(request: Request, name: str, /, *, status: int = 200, **context: Any) -> HTMLResponse:
    """Return a page.

    Parameters
    ----------
    request : Request
        What is answered.
    name : str
        The template, below ``pages/templates``.
    status : int
        Status of the answer.
    **context
        What the template is given.

    Raises
    ------
    jinja2.UndefinedError
        If the template uses a name that it was not given.
    """
    response = HTMLResponse(render_text(request, name, **context), status_code=status)
    if _FLASH in request.cookies:
        response.delete_cookie(_FLASH)
    return response


def render_text(request: Request, name: str, /, **context: Any) -> str:
    """Return what a template says, as text: for a part of a page."""
    given = _of_request(request) | context
    return _environment().get_template(name).render(given)


def redirect(request: Request, path: str, message: str = "", *, kind: str = "note") -> Response:
    """Send the browser to another page of the service after a form, with a message that is shown there once.

    Parameters
    ----------
    request : Request
        What is answered.
    path : str
        A path of this service, which begins with one slash.
    message : str
        What to say; the first 500 characters.
    kind : {"note", "warning", "error"}
        How to say it.

    Raises
    ------
    ValueError
        If the path would lead to another host.
    """
    if not path.startswith("/") or path[1:2] in ("/", "\\"):
        raise ValueError(f"the path {path!r} is not one of this service")
    response = RedirectResponse(path, status_code=303)
    if message:
        content = json.dumps([kind, message[:_LONGEST_FLASH]]).encode()
        secure = _settings(request).web.behind_tls
        value = base64.urlsafe_b64encode(content).decode()
        response.set_cookie(_FLASH, value, max_age=60, httponly=True, samesite="lax", secure=secure)
    return response


def _of_request(request: Request) -> dict[str, Any]:
    caller: Caller | None = getattr(request.state, "caller", None)
    theme = request.cookies.get(_THEME, "")
    return {
        "request": request,
        "path": request.url.path,
        "caller": caller,
        "csrf": getattr(request.state, "csrf", "") or (caller.csrf if caller else ""),
        "settings": _settings(request),
        "theme": theme if theme in _THEMES else "",
        "flashes": _flashes(request),
    }


def _settings(request: Request) -> Any:
    return request.app.state.service.settings


def _flashes(request: Request) -> list[tuple[str, str]]:
    """Return the message that the last answer left; a cookie that was tampered with says nothing."""
    try:
        kind, message = json.loads(base64.urlsafe_b64decode(request.cookies.get(_FLASH, "")))
    except (ValueError, TypeError):
        return []
    known = kind if kind in ("note", "warning", "error") else "note"
    return [(known, str(message)[:_LONGEST_FLASH])]


@functools.cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters.update(FILTERS)
    environment.globals.update(static=_static, version=version("skysieve"), Role=Role)
    return environment


@functools.cache
def _static(name: str) -> str:
    """Return the address of a static file; another content is another address."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"
