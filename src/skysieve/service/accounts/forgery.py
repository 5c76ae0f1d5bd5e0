"""Requests that another site makes a browser send: recognised by where they come from and by a secret."""

from __future__ import annotations

import base64
import secrets
from urllib.parse import urlsplit

from starlette.requests import Request

from skysieve.service.settings import WebSettings

__all__ = ["FIELD", "HEADER", "SAFE_METHODS", "comes_from_elsewhere", "given_secret", "masked", "same_secret"]

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


def masked(secret: str) -> str:
    """Return a secret in another disguise each time.

    A page that is compressed tells by its length which guesses, shown on it, are like a secret on it that
    is always the same (the attack BREACH).
    """
    plain = secret.encode()
    mask = secrets.token_bytes(len(plain))
    return base64.urlsafe_b64encode(mask + _mixed(mask, plain)).decode()


def same_secret(given: str, expected: str) -> bool:
    """Compare two that are masked, without telling by the time it takes how much of one was right.

    Examples
    --------
    >>> masked("a") == masked("a"), same_secret(masked("a"), masked("a")), same_secret("a", masked("a"))
    (False, True, False)
    """
    right = _unmasked(expected)
    return bool(right) and secrets.compare_digest(_unmasked(given), right)


def _unmasked(text: str) -> bytes:
    try:
        both = base64.urlsafe_b64decode(text.encode("ascii"))
    except (UnicodeEncodeError, ValueError):
        return b""
    half = len(both) // 2
    return _mixed(both[:half], both[half:])


def _mixed(mask: bytes, data: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(mask, data, strict=False))


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()
