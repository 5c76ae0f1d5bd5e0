"""Where a page may send the browser on: to a path of this service, never to another host."""

from __future__ import annotations

from urllib.parse import urlsplit

__all__ = ["local_path"]

_LONGEST = 2000


def local_path(wanted: str, default: str = "/") -> str:
    r"""Return the path that was asked for where it is one of this service's pages, and the default otherwise.

    Parameters
    ----------
    wanted : str
        What came with the request.
    default : str
        Where to go instead.

    Examples
    --------
    >>> local_path("/candidates/7?tab=labels")
    '/candidates/7?tab=labels'
    >>> [local_path(each) for each in ("//evil.example", "https://evil.example", "/\\evil.example")]
    ['/', '/', '/']
    """
    if not wanted.startswith("/") or wanted[1:2] == "/" or len(wanted) > _LONGEST:
        return default
    # Browsers read a backslash as a slash, and drop tabs and line ends.
    if "\\" in wanted or not wanted.isprintable():
        return default
    try:
        parts = urlsplit(wanted)
    except ValueError:
        return default
    pages = not parts.path.startswith(("/api/", "/sign-in", "/sign-out", "/static/"))
    return wanted if pages and not parts.scheme and not parts.netloc else default
