"""An archive of cutouts on this machine that knows every way to fail, and writes down what it was asked."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from threading import Lock
from urllib.parse import parse_qs, urlsplit

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from local_server import local_server

__all__ = ["MisbehavingArchive", "jpeg", "misbehaving_archive"]


@dataclass
class MisbehavingArchive:
    """A cutout server that knows every way to fail, and writes down what it was asked."""

    url: str = ""
    #: What goes wrong with a position (named by its right ascension as sent), at each asking in turn.
    faults: dict[str, list[str]] = field(default_factory=dict)
    #: What goes wrong with it each time.
    always: dict[str, str] = field(default_factory=dict)
    #: How long a server stalls, and what it answers who comes too often.
    stall: float = 2.5
    retry_after: str = "1"
    delay: float = 0.0
    #: Bodies by path, instead of pictures.
    bodies: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    #: Paths that are not found.
    lacking: set[str] = field(default_factory=set)
    #: Address and outcome of every request: ``served`` only if the whole of a good answer was sent.
    log: list[tuple[str, str]] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer one request, or do what is to go wrong with it."""
        address = urlsplit(handler.path)
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        place = query.get("ra", "")
        waiting = self.faults.get(place, [])
        fault = waiting.pop(0) if waiting else self.always.get(place, "")
        if address.path in self.lacking:
            fault = "404"
        time.sleep(self.delay)
        asked = self.url + handler.path.lstrip("/")
        with self.lock:
            self.log.append((asked, fault or "begun"))
            number = len(self.log) - 1
        kind, body = self.bodies.get(address.path) or ("image/jpeg", self.picture(query))
        self._send(handler, fault, kind, body, query)
        if not fault:
            self.log[number] = (asked, "served")

    def picture(self, query: dict[str, str]) -> bytes:
        """Return noise that differs from place to place, as a JPEG of the size asked for."""
        side = int(query.get("size", query.get("width", "64")))
        seed = int.from_bytes(f"{query.get('ra')},{query.get('dec')}".encode(), "big")
        return jpeg(np.random.default_rng(seed).integers(0, 255, (side, side, 3), dtype=np.uint8))

    def _send(
        self, handler: BaseHTTPRequestHandler, fault: str, kind: str, body: bytes, query: dict[str, str]
    ) -> None:
        if fault.isdigit():
            handler.send_response(int(fault))
            if fault == "429":
                handler.send_header("Retry-After", self.retry_after)
            handler.end_headers()
            handler.wfile.write(b"<html>something is wrong</html>")
            return
        if fault == "stall":
            time.sleep(self.stall)
            return
        side = int(query.get("size", "64").removesuffix("px"))
        changed = {
            "html": ("text/html; charset=utf-8", b"<!DOCTYPE html><title>Too many requests</title>"),
            "disguised": (kind, b"<html>Too many requests</html>"),
            "corrupt": (kind, body[:200] + bytes(100) + body[300:-2] + bytes(2)),
            "padded": (kind, body[: len(body) // 2] + bytes(len(body) - len(body) // 2)),
            "blank": (kind, jpeg(np.zeros((side, side, 3), np.uint8))),
            "small": (kind, jpeg(np.random.default_rng(1).integers(0, 255, (9, 9, 3), dtype=np.uint8))),
            "empty": (kind, b""),
        }
        kind, body = changed.get(fault, (kind, body))
        handler.send_response(200)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body[: len(body) // 2] if fault == "truncate" else body)


def jpeg(colours: NDArray[np.uint8]) -> bytes:
    """Return a picture of shape (H, W, 3) as a file."""
    file = io.BytesIO()
    Image.fromarray(colours).save(file, "JPEG")
    return file.getvalue()


@contextmanager
def misbehaving_archive() -> Iterator[MisbehavingArchive]:
    """Serve an archive that behaves until it is told otherwise."""
    state = MisbehavingArchive()
    with local_server(state.answer) as state.url:
        yield state
