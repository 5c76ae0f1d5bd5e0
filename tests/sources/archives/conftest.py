"""Servers on this machine that misbehave on request."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from types import ModuleType
from typing import Any

import pytest


@dataclass
class Server:
    """What is served, how, and what was asked for."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    #: For each request in turn: a status to answer, or a number of bytes after which to hang up.
    faults: list[tuple[str, int]] = field(default_factory=list)
    etag: str | None = '"v1"'
    last_modified: str | None = None
    knows_ranges: bool = True
    headers: dict[str, str] = field(default_factory=dict)
    requests: list[dict[str, str]] = field(default_factory=list)

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        self.requests.append(dict(handler.headers))
        fault, value = self.faults.pop(0) if self.faults else ("", 0)
        body = self.files.get(handler.path.lstrip("/"))
        if fault == "status" or body is None:
            handler.send_response(value or 404)
            for name, text in self.headers.items():
                handler.send_header(name, text)
            handler.end_headers()
            return
        start = self._start(handler)
        if start is not None and start >= len(body):
            handler.send_response(416)
            handler.send_header("Content-Range", f"bytes */{len(body)}")
            handler.end_headers()
            return
        handler.send_response(200 if start is None else 206)
        if start is not None:
            handler.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        part = body[start or 0 :]
        self._send(handler, part, value if fault == "cut" else len(part))

    def _start(self, handler: BaseHTTPRequestHandler) -> int | None:
        wanted = handler.headers.get("Range")
        same = handler.headers.get("If-Range") in (self.etag, self.last_modified)
        if wanted is None or not self.knows_ranges or not same:
            return None
        return int(wanted.removeprefix("bytes=").rstrip("-"))

    def _send(self, handler: BaseHTTPRequestHandler, part: bytes, length: int) -> None:
        handler.send_header("Content-Length", str(len(part)))
        for name, text in {"ETag": self.etag, "Last-Modified": self.last_modified, **self.headers}.items():
            if text is not None:
                handler.send_header(name, text)
        handler.end_headers()
        handler.wfile.write(part[:length])


@pytest.fixture
def server(import_experiment: Callable[[str], ModuleType]) -> Iterator[Server]:
    state = Server()
    with import_experiment("local_server").local_server(state.answer) as state.url:
        yield state


@pytest.fixture
def archive(import_experiment: Callable[[str], ModuleType]) -> Iterator[Any]:
    """Serve the archive of the experiment on killed fetches."""
    with import_experiment("misbehaving_archive").misbehaving_archive() as state:
        yield state
