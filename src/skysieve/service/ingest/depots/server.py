"""The web server of a depot: listings, headers and files, at a pace that it bears."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skysieve.errors import DownloadError, ServiceError
from skysieve.extras import require
from skysieve.service.ingest.depots.address import check_depot, depot_credentials
from skysieve.service.ingest.depots.listing import Link, parse_listing
from skysieve.service.settings import DepotSettings

if TYPE_CHECKING:
    import httpx

__all__ = ["DepotServer", "RemoteState"]

#: Seconds between the beginnings of two requests, at the least.
_PACE_S = 0.05
#: Seconds without a byte after which a request has failed.
_SILENCE_S = 30.0
#: Times that a listing is asked for, and seconds before the second time, then twice as many.
_ATTEMPTS, _FIRST_PAUSE_S = 3, 0.5
#: Longest wait that the server may ask for, seconds.
_LONGEST_WAIT_S = 3600.0
#: Largest listing and largest file, bytes.
_MOST_LISTING, _MOST_FILE = 1 << 24, 1 << 35
#: Seconds since its last change after which a file is taken to be whole.
_SETTLED_S = 300.0

_MISSING = frozenset({404, 410})
_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
_NO_HEAD = frozenset({405, 501})
#: Headers of a listing that are of use.
_KEPT = ("content-type", "etag", "last-modified", "retry-after", "date")
_PLAIN = {"Accept-Encoding": "identity"}


@dataclass(frozen=True, slots=True)
class RemoteState:
    """What a server says of a file without sending it.

    Parameters
    ----------
    stamp : str
        Size and time of the last change, or the ETag: another stamp means another content.
    size : int, optional
        Bytes, if it says.
    is_settled : bool
        Whether the last change is long ago.
    """

    stamp: str
    size: int | None
    is_settled: bool


class DepotServer:
    """Asks one depot, and nobody else: redirects are not followed, the password goes nowhere else.

    Parameters
    ----------
    settings : DepotSettings
        Its address and where the credentials are.
    stop : threading.Event, optional
        Where it is set, nothing more is asked for, and a fetch is broken off.

    Raises
    ------
    ConfigurationError
        If the address cannot be used or only one half of the credentials is there.
    MissingExtraError
        If httpx is not installed.
    """

    def __init__(self, settings: DepotSettings, stop: threading.Event | None = None) -> None:
        self.url = check_depot(settings)
        self.stop = stop or threading.Event()
        self._user_env, self._password_env = settings.user_env, settings.password_env
        self._httpx: Any = require("httpx", extra="client", purpose="look into a depot")
        self._client = self._open(depot_credentials(settings))
        self._next_start = 0.0
        self._asked_to_wait_until = 0.0
        self._listings: dict[str, tuple[dict[str, str], list[Link]]] = {}

    def list_folder(self, url: str) -> list[Link] | None:
        """Return what a folder holds, None where there is no such folder.

        Raises
        ------
        ServiceError
            If the depot does not answer, or asks to wait.
        DownloadError
            If it answers and refuses.
        """
        validators, links = self._listings.get(url, ({}, []))
        response = self._ask("GET", url, headers=validators)
        if response is None:
            return None
        if response.status_code == 304:
            return links
        links = parse_listing(response.text, url)
        self._listings[url] = (_validators(response.headers), links)
        return links

    def forget_listings(self, keep: Callable[[str], bool]) -> None:
        """Forget the listings of addresses that nobody asks for any more."""
        self._listings = {url: known for url, known in self._listings.items() if keep(url)}

    def look_at(self, url: str) -> RemoteState | None:
        """Return what the server says of a file, None where it is gone.

        Raises
        ------
        ServiceError, DownloadError
            As of `list_folder`.
        """
        response = self._ask("HEAD", url, headers=_PLAIN)
        return None if response is None else _state(response.headers)

    def fetch(self, url: str, name: str, folder: Path, state: RemoteState) -> Path:
        """Fetch a file, from where an earlier attempt broke off.

        Parameters
        ----------
        url, name : str
            Where it is, and what it is called here.
        folder : Path
            Where it is laid.
        state : RemoteState
            What the server said of it: it must have that size.

        Raises
        ------
        DownloadError
            If it does not come whole.
        """
        from skysieve.sources.archives.download import RemoteFile, download

        def watch(done: int, _: int | None) -> None:
            if done > _MOST_FILE:
                raise DownloadError(f"{url}: is larger than {_MOST_FILE:,} bytes; it was left there")
            if self.stop.is_set():
                raise DownloadError(f"{url}: broken off after {done:,} bytes, to go on later")

        self._keep_pace(url)
        remote = RemoteFile(url, name, size=state.size)
        return download(remote, folder, client=self._client, progress=watch, pause=_FIRST_PAUSE_S)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _open(self, credentials: tuple[str, str] | None) -> httpx.Client:
        import skysieve

        client: httpx.Client = self._httpx.Client(
            auth=credentials,
            follow_redirects=False,
            timeout=self._httpx.Timeout(_SILENCE_S, connect=15.0),
            headers={"User-Agent": f"skysieve/{skysieve.__version__}"},
            event_hooks={"response": [_leave_packed]},
        )
        return client

    def _ask(self, method: str, url: str, headers: dict[str, str] | None = None) -> httpx.Response | None:
        """Ask until there is an answer; None where the server says that there is no such thing."""
        unreachable, reason = False, ""
        for attempt in range(_ATTEMPTS):
            if attempt:
                self.stop.wait(_FIRST_PAUSE_S * 2.0 ** (attempt - 1))
            self._keep_pace(url)
            try:
                response = self._once(method, url, headers or {})
            except self._httpx.RequestError as error:
                unreachable, reason = True, f"{type(error).__name__}: {error}"
                continue
            unreachable, status = False, response.status_code
            if status in _MISSING:
                return None
            if response.is_success or status == 304:
                return response
            reason = f"answers {status} {response.reason_phrase}"
            if status not in _AGAIN:
                raise DownloadError(f"{url}: {reason}{self._advice(status)}")
            self._note_wait(response.headers)
        raise (ServiceError if unreachable else DownloadError)(f"{url}: {reason}")

    def _once(self, method: str, url: str, headers: dict[str, str]) -> httpx.Response:
        """Send one request; of what is longer than any listing, only the head is read."""
        with self._client.stream(method, url, headers=headers) as response:
            if method == "HEAD":
                if response.status_code in _NO_HEAD:
                    return self._head_by_get(url)
                return response
            body = bytearray()
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > _MOST_LISTING:
                    raise ServiceError(f"{url}: its listing is longer than {_MOST_LISTING:,} bytes")
            return self._httpx.Response(  # type: ignore[no-any-return]
                response.status_code,
                headers={name: response.headers[name] for name in _KEPT if name in response.headers},
                content=bytes(body),
            )

    def _head_by_get(self, url: str) -> httpx.Response:
        with self._client.stream("GET", url, headers=_PLAIN) as response:
            return response

    def _keep_pace(self, url: str) -> None:
        if self.stop.is_set():
            raise ServiceError(f"{url}: was not asked for, the service stops")
        now = time.monotonic()
        if (left := self._asked_to_wait_until - now) > 0:
            raise ServiceError(f"{url}: the server asked to wait, another {left:.0f} s")
        if (pause := self._next_start - now) > 0:
            time.sleep(pause)
        self._next_start = time.monotonic() + _PACE_S

    def _note_wait(self, headers: httpx.Headers) -> None:
        value = headers.get("retry-after", "").strip()
        # Not isdigit, which takes a superscript for a number that float refuses.
        if value.isdecimal():
            self._asked_to_wait_until = time.monotonic() + min(float(value), _LONGEST_WAIT_S)

    def _advice(self, status: int) -> str:
        if status in (401, 403):
            return f"; look at the environment variables {self._user_env} and {self._password_env}"
        if 300 <= status < 400:
            return "; redirects are not followed, set the address that it leads to"
        return ""


def _leave_packed(response: httpx.Response) -> None:
    """Take a packed file for what it is: some servers call ``.gz`` an encoding of what it holds."""
    if response.url.path.endswith(".gz"):
        response.headers.pop("content-encoding", None)


def _validators(headers: httpx.Headers) -> dict[str, str]:
    """Return the headers that ask whether a listing has changed."""
    if etag := headers.get("etag"):
        return {"If-None-Match": etag}
    modified = headers.get("last-modified")
    return {"If-Modified-Since": modified} if modified else {}


def _state(headers: httpx.Headers) -> RemoteState:
    length = headers.get("content-length", "")
    size = int(length) if length.isdecimal() else None
    modified, now = _seconds(headers.get("last-modified")), _seconds(headers.get("date"))
    changed = headers.get("etag", "")[:70] if modified is None else str(int(modified))
    # By the server's own clock, which may be wrong.
    is_settled = modified is not None and now is not None and now - modified > _SETTLED_S
    return RemoteState(f"{'-' if size is None else size}:{changed}", size, is_settled)


def _seconds(date: str | None) -> float | None:
    with suppress(TypeError, ValueError):
        return parsedate_to_datetime(date or "").timestamp()
    return None
