"""Requests that another site makes a browser send: recognised by where they come from and by a secret."""

from __future__ import annotations

import secrets
from urllib.parse import urlsplit

from starlette.requests import Request

from skysieve.service.settings import WebSettings

__all__ = ["FIELD", "HEADER", "SAFE_METHODS", "comes_from_elsewhere", "given_secret", "same_secret"]

#: Methods that change nothing.
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
#: Where the secret of a session stands in what changes something: scripts send the one, forms the other.
HEADER, FIELD = "X-CSRF-Token", "csrf"
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


def comes_from_elsewhere(request: Request, web: WebSettings) -> bool:
    """Say whether a browser tells that another site made it send the request.

    Every browser of today sends one of the two headers with all that changes something; a program that
    is no browser sends neither, and carries no cookie that could be abused.

    Parameters
    ----------
    request : Request
        The request.
    web : WebSettings
        How the service is reached.
    """
    origin = request.headers.get("Origin", "")
    if web.public_url and origin == _origin(web.public_url):
        return False
    site = request.headers.get("Sec-Fetch-Site", "")
    if site:
        return site not in ("same-origin", "none")
    return bool(origin) and urlsplit(origin).netloc != request.headers.get("Host", "")


async def given_secret(request: Request) -> str:
    """Return the secret that came with a request, in its header or as a field of its form."""
    if given := request.headers.get(HEADER, ""):
        return given
    if request.headers.get("Content-Type", "").partition(";")[0].strip().lower() not in _FORMS:
        return ""
    value = (await request.form()).get(FIELD, "")
    return value if isinstance(value, str) else ""


def same_secret(given: str, expected: str) -> bool:
    """Compare without telling by the time it takes how much of it was right; empty is never right."""
    return bool(expected) and secrets.compare_digest(
        given.encode("utf-8", "surrogatepass"), expected.encode()
    )


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()
