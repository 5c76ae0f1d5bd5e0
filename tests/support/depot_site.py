"""A depot on this machine: a folder behind a web server that lists, resumes, and fails when it is told."""

from __future__ import annotations

import base64
import email.utils
import html
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, unquote


class Asked(NamedTuple):
    """A request."""

    method: str
    path: str
    headers: dict[str, str]


class DepotSite:
    """Serves a folder as Apache lists one.

    Parameters
    ----------
    root : Path
        The folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.asked: list[Asked] = []
        #: ``user:password``; empty: none is asked for.
        self.login = ""
        #: Bytes after which the transfers that follow break off, one entry for each.
        self.cuts: list[int] = []
        #: Answers that come in the place of the true ones, one entry for each request, and their headers.
        self.failures: list[tuple[int, dict[str, str]]] = []
        #: What stands at the end of every listing.
        self.more_html = ""
        #: Whether listings say time and size, whether files say when they were changed.
        self.marks, self.dates = True, True
        self.content_encoding = ""
        #: Paths below the depot that are forbidden.
        self.refused: set[str] = set()
        self.allows_head = True
        #: Called when a file has been sent.
        self.sent: Callable[[Path], None] = lambda _: None
        site = self

        class Handler(_Handler):
            depot = site

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/depot/"

    def paths(self, method: str = "GET") -> list[str]:
        """Return what was asked for, below the depot."""
        return [asked.path.removeprefix("/depot/") for asked in self.asked if asked.method == method]

    def close(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    depot: DepotSite

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def log_message(self, *_: object) -> None:
        pass

    def _answer(self) -> None:
        site = self.depot
        headers = {name.lower(): value for name, value in self.headers.items()}
        site.asked.append(Asked(self.command, self.path, headers))
        expected = "Basic " + base64.b64encode(site.login.encode()).decode()
        if site.login and headers.get("authorization") != expected:
            self._send(401, b"", {"WWW-Authenticate": "Basic"})
        elif site.failures:
            status, more = site.failures.pop(0)
            self._send(status, b"", more)
        elif self.path.removeprefix("/depot/") in site.refused:
            self._send(403, b"", {})
        elif self.command == "HEAD" and not site.allows_head:
            self._send(405, b"", {})
        elif not self.path.startswith("/depot/"):
            self._send(404, b"", {})
        else:
            place = site.root / unquote(self.path.removeprefix("/depot/"))
            if self.path.endswith("/") and place.is_dir():
                self._send(200, self._listing(place), {"Content-Type": "text/html"})
            elif place.is_file():
                self._file(place, headers)
            else:
                self._send(404, b"", {})

    def _listing(self, folder: Path) -> bytes:
        rows = ['<a href="?C=N;O=D">Name</a>', '<a href="../">Parent Directory</a>']
        for path in sorted(folder.iterdir()):
            slash = "/" if path.is_dir() else ""
            status = path.stat()
            mark = f"{email.utils.formatdate(status.st_mtime)} {status.st_size}" if self.depot.marks else ""
            link = f'<a href="{quote(path.name)}{slash}">{html.escape(path.name)}{slash}</a>'
            rows.append(f"<tr><td>{link}</td><td>{mark}</td></tr>")
        return ("<html><body><table>" + "\n".join(rows) + self.depot.more_html + "</table>").encode()

    def _file(self, path: Path, headers: dict[str, str]) -> None:
        data, modified = path.read_bytes(), email.utils.formatdate(path.stat().st_mtime, usegmt=True)
        more = {"Last-Modified": modified} if self.depot.dates else {"ETag": f'"{hash(data) & 0xFFFF}"'}
        if self.depot.content_encoding:
            more["Content-Encoding"] = self.depot.content_encoding
        status, begin = 200, 0
        if "range" in headers and headers.get("if-range") in (modified, more.get("ETag")):
            begin = int(headers["range"].removeprefix("bytes=").rstrip("-"))
            status = 206
            more["Content-Range"] = f"bytes {begin}-{len(data) - 1}/{len(data)}"
        self._send(status, data[begin:], more)
        if self.command == "GET":
            self.depot.sent(path)

    def _send(self, status: int, body: bytes, more: dict[str, str]) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in more.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        if status in (200, 206) and self.depot.cuts and not self.path.endswith("/"):
            self.wfile.write(body[: self.depot.cuts.pop(0)])
            self.close_connection = True
        else:
            self.wfile.write(body)
