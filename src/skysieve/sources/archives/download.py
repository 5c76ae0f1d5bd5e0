"""Downloads that can be trusted: resumed after a cut, and verified before they get their name."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skysieve.errors import DownloadError
from skysieve.extras import require

if TYPE_CHECKING:
    import httpx

__all__ = ["Progress", "RemoteFile", "download"]

#: Called with the bytes that are there and the bytes that there will be (None if unknown).
Progress = Callable[[int, int | None], None]

_ATTEMPTS = 5
_LONGEST_PAUSE = 60.0
_RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file on a server.

    Parameters
    ----------
    url : str
        Where it is.
    name : str
        What it is called here: a bare file name.
    size : int, optional
        Its bytes, if known.
    sha256, md5 : str, optional
        Its checksum, in hexadecimal. Without any, the SHA-256 of the first download is
        written beside the file (``name.sha256``, as ``sha256sum -c`` reads it) and holds
        from then on: that protects from later damage and change, not from a bad first download.

    Raises
    ------
    DownloadError
        If ``name`` is a path.
    """

    url: str
    name: str
    size: int | None = None
    sha256: str | None = None
    md5: str | None = None

    def __post_init__(self) -> None:
        if self.name in ("", ".", "..") or Path(self.name).name != self.name or "\\" in self.name:
            raise DownloadError(f"{self.url}: {self.name!r} is not a bare file name")


def download(
    remote: RemoteFile,
    folder: str | Path,
    client: httpx.Client | None = None,
    progress: Progress | None = None,
    *,
    pause: float = 1.0,
) -> Path:
    """Fetch a file unless it is there already.

    A cut connection is resumed where it broke (``name.part``), also by a later
    call, provided that the server says that the file is still the same;
    overloaded servers are asked again after growing pauses.

    Parameters
    ----------
    remote : RemoteFile
        What to fetch.
    folder : str or Path
        Where to put it; is made if needed.
    client : httpx.Client, optional
        For proxies, credentials and timeouts of one's own.
    progress : callable, optional
        Told how far it is.
    pause : float
        Seconds before the second attempt; doubled before each further one.

    Returns
    -------
    Path
        The file, verified.

    Raises
    ------
    DownloadError
        If the server refuses, five attempts in a row bring nothing, or the file is
        not the one that was asked for; then nothing of it is kept.
    MissingExtraError
        If httpx is not installed.
    """
    target = Path(folder, remote.name)
    target.parent.mkdir(parents=True, exist_ok=True)
    expected = _Expectation.of(remote, target)
    if target.exists() and expected.fault(target) is None:
        expected.record(target)
        return target
    part = _Part(target)
    with _client(client) as session:
        _fetch(session, remote, part, progress, pause)
    if fault := expected.fault(part.path):
        part.discard()
        raise DownloadError(f"{remote.url}: {fault}; nothing was kept")
    part.path.replace(target)
    part.discard()
    expected.record(target)
    return target


@dataclass(frozen=True, slots=True)
class _Expectation:
    """What the finished file must be."""

    size: int | None
    algorithm: str
    digest: str | None
    origin: str

    @classmethod
    def of(cls, remote: RemoteFile, target: Path) -> _Expectation:
        if remote.sha256 is None and remote.md5 is not None:
            return cls(remote.size, "md5", remote.md5.lower(), "the published one")
        if remote.sha256 is not None:
            return cls(remote.size, "sha256", remote.sha256.lower(), "the published one")
        note = _note(target)
        recorded = note.read_text().split()[0] if note.is_file() and note.stat().st_size else None
        return cls(
            remote.size, "sha256", recorded, f"that of the first download (delete {note} to accept it)"
        )

    def fault(self, path: Path) -> str | None:
        """Say what is wrong with a file, or None."""
        size = path.stat().st_size
        if self.size is not None and size != self.size:
            return f"has {size:,} bytes, {self.size:,} were expected"
        if self.digest is None:
            return None
        with path.open("rb") as stream:
            found = hashlib.file_digest(stream, self.algorithm).hexdigest()
        if found != self.digest:
            return f"its {self.algorithm} is {found} and not {self.digest}, {self.origin}"
        return None

    def record(self, target: Path) -> None:
        """Write down the checksum of a first download."""
        if self.digest is None:
            with target.open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
            _note(target).write_text(f"{digest}  {target.name}\n")


def _note(target: Path) -> Path:
    return target.with_name(target.name + ".sha256")


class _Part:
    """The unfinished file, and by what the server can tell that it is still the same one."""

    def __init__(self, target: Path) -> None:
        self.path = target.with_name(target.name + ".part")
        self._state = target.with_name(target.name + ".part.json")

    @property
    def size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    def validator(self, url: str) -> str | None:
        """Return the ETag or date under which the part was fetched from ``url``."""
        try:
            state = json.loads(self._state.read_text())
            return str(state["validator"]) if state["url"] == url and state["validator"] else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def begin(self, url: str, headers: Any) -> None:
        etag = headers.get("etag", "")
        # A weak ETag promises the same meaning, not the same bytes.
        validator = etag if etag and not etag.startswith("W/") else headers.get("last-modified")
        self._state.write_text(json.dumps({"url": url, "validator": validator}))

    def discard(self) -> None:
        self.path.unlink(missing_ok=True)
        self._state.unlink(missing_ok=True)


@contextmanager
def _client(given: httpx.Client | None) -> Iterator[httpx.Client]:
    if given is not None:
        yield given
        return
    httpx = require("httpx", extra="archives", purpose="fetch public data sets")
    with httpx.Client(follow_redirects=True, timeout=httpx.Timeout(30.0)) as client:
        yield client


def _fetch(
    client: httpx.Client, remote: RemoteFile, part: _Part, progress: Progress | None, pause: float
) -> None:
    """Fetch until complete; only attempts that bring nothing count."""
    httpx = require("httpx", extra="archives", purpose="fetch public data sets")
    failures = 0
    while True:
        before = part.size
        try:
            wait = _attempt(client, remote, part, progress)
            if wait is None:
                return
            reason, seconds = wait
        except httpx.TransportError as error:
            reason, seconds = f"{type(error).__name__}: {error}", 0.0
        failures = 1 if part.size > before else failures + 1
        if failures >= _ATTEMPTS:
            raise DownloadError(
                f"{remote.url}: {failures} attempts failed, the last with {reason}; "
                f"{part.size:,} bytes are kept in {part.path} and resumed next time"
            )
        time.sleep(min(max(seconds, pause * 2 ** (failures - 1)), _LONGEST_PAUSE))


def _attempt(
    client: httpx.Client, remote: RemoteFile, part: _Part, progress: Progress | None
) -> tuple[str, float] | None:
    """Ask once. Return None when complete, or why and how long to wait before the next attempt."""
    headers = {"Accept-Encoding": "identity"}
    offset, validator = part.size, part.validator(remote.url)
    if offset and validator:
        headers |= {"Range": f"bytes={offset}-", "If-Range": validator}
    with client.stream("GET", remote.url, headers=headers) as response:
        status = response.status_code
        if status in _RETRIED:
            return f"HTTP {status}", _retry_after(response.headers)
        if status == 416:
            return _out_of_range(response.headers, offset, part)
        if status not in (200, 206):
            raise DownloadError(f"{remote.url}: the server answers {status} {response.reason_phrase}")
        if (encoding := response.headers.get("content-encoding", "identity")) != "identity":
            raise DownloadError(f"{remote.url}: comes encoded as {encoding}, plain bytes were asked for")
        resumed = status == 206 and response.headers.get("content-range", "").startswith(f"bytes {offset}-")
        if status == 206 and not resumed:
            part.discard()
            return "a range that was not asked for", 0.0
        if not resumed:
            part.path.unlink(missing_ok=True)
            part.begin(remote.url, response.headers)
        _write(response, part, offset if resumed else 0, progress)
    return None


def _write(response: httpx.Response, part: _Part, done: int, progress: Progress | None) -> None:
    length = response.headers.get("content-length", "")
    total = done + int(length) if length.isdigit() else None
    with part.path.open("ab") as stream:
        # Without a chunk size: what a cut connection has delivered is written, not buffered and lost.
        for chunk in response.iter_raw():
            stream.write(chunk)
            done += len(chunk)
            if progress is not None:
                progress(done, total)


def _out_of_range(headers: Any, offset: int, part: _Part) -> tuple[str, float] | None:
    """Nothing is left to send: either all is there, or the part is longer than the file."""
    if headers.get("content-range") == f"bytes */{offset}":
        return None
    part.discard()
    return "HTTP 416", 0.0


def _retry_after(headers: Any) -> float:
    value = headers.get("retry-after", "")
    return float(value) if value.isdecimal() else 0.0
