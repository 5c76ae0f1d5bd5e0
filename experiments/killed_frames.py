"""What is left of 200 frame sequences when the archive misbehaves and the fetch is killed twice.

Run it: ``python experiments/killed_frames.py``. It takes about a minute, needs no network, and writes
``results/killed_frames.json``.
"""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
from astropy.io import fits

from local_server import local_server
from skysieve.samples import SampleSet

__all__ = ["ExposureArchive", "exposure_archive", "frame_file", "killed_frames", "objects", "start"]

RESULT = Path(__file__).parent / "results" / "killed_frames.json"
AT_ONCE = 8
#: What goes wrong once with every tenth frame, in turn, and always with every fiftieth.
ONCE, ALWAYS = ("500", "cut", "page"), "404"
FETCH = """
import sys
from skysieve.sources.archives.cutout_service import Politeness
from skysieve.sources.archives.frame_sequences import fetch_frame_sequences
from skysieve.sources.archives.polite_client import Stubbornness
from skysieve.sources.archives.ztf_exposures import ZtfFrames
fetch_frame_sequences(
    "objects.csv", "frames.parquet", frames=ZtfFrames(base_url=sys.argv[1]), progress=False,
    politeness=Politeness(int(sys.argv[2]), 0.0),
    stubbornness=Stubbornness(attempts=3, pause=0.01, silence=5.0, deadline=30.0),
)
"""


@dataclass
class ExposureArchive:
    """An image server with a few exposures of every place, which fails as told and notes what it does."""

    url: str = ""
    exposures: int = 3
    #: What goes wrong with an exposure (``filefracday``), at each asking in turn, and each time.
    faults: dict[str, list[str]] = field(default_factory=dict)
    always: dict[str, str] = field(default_factory=dict)
    #: Files by exposure, in place of frames of noise.
    bodies: dict[str, bytes] = field(default_factory=dict)
    delay: float = 0.0
    log: list[tuple[str, str]] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def names(self, ra: float) -> list[str]:
        """Return the names of the exposures of a place, the earliest first."""
        return [f"20180411{int(ra * 100):05d}{number}" for number in range(self.exposures)]

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer a search or a frame, or do what is to go wrong with it."""
        address = urlsplit(handler.path)
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        time.sleep(self.delay)
        with self.lock:
            self.log.append((handler.path, "begun"))
            number = len(self.log) - 1
        fault = ""
        if address.path.startswith("/search"):
            kind, body = "text/csv", self._table(float(query["POS"].split(",")[0]))
        else:
            name = address.path.rsplit("/", 1)[1].split("_")[1]
            waiting = self.faults.get(name, [])
            fault = waiting.pop(0) if waiting else self.always.get(name, "")
            ra, dec = (float(part) for part in query["center"].split(","))
            kind, body = "image/fits", self.bodies.get(name) or frame_file(ra, dec, seed=int(name))
        self._send(handler, fault, kind, body)
        self.log[number] = (handler.path, fault or "served")

    def _table(self, ra: float) -> bytes:
        lines = ["filefracday,field,ccdid,qid,filtercode,imgtypecode,obsjd"]
        # The latest first, as no archive promises an order.
        for number, name in reversed(list(enumerate(self.names(ra)))):
            lines.append(f"{name},257,1,4,zr,o,{2458220.5 + number}")
        return ("\n".join(lines) + "\n").encode()

    def _send(self, handler: BaseHTTPRequestHandler, fault: str, kind: str, body: bytes) -> None:
        if fault == "page":
            kind, body = "text/html", b"<html>Too many requests</html>"
        handler.send_response(int(fault) if fault.isdigit() else 200)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body[: len(body) // 2] if fault == "cut" else body)


def frame_file(
    ra: float,
    dec: float,
    *,
    seed: int = 0,
    rows: int = 28,
    columns: int = 28,
    place: tuple[int, int] = (14, 14),
) -> bytes:
    """Return a FITS image of noise whose header puts a position at a row and column."""
    pixels = np.random.default_rng(seed).normal(200, 9, (rows, columns)).astype(np.float32)
    hdu, file = fits.PrimaryHDU(pixels), io.BytesIO()
    row, column = place
    hdu.header.update(
        CTYPE1="RA---TAN", CTYPE2="DEC--TAN", CRVAL1=ra, CRVAL2=dec, CDELT1=-2.8e-4, CDELT2=2.8e-4
    )
    hdu.header.update(CRPIX1=column + 1, CRPIX2=row + 1, CUNIT1="deg", CUNIT2="deg")
    hdu.writeto(file)
    return file.getvalue()


@contextmanager
def exposure_archive() -> Iterator[ExposureArchive]:
    """Serve an archive that behaves until it is told otherwise."""
    state = ExposureArchive()
    with local_server(state.answer) as state.url:
        yield state


def objects(count: int) -> dict[str, list[Any]]:
    """Return objects half a degree apart."""
    return {
        "oid": [f"2572014{number:08d}" for number in range(count)],
        "ra": [1 + number / 2 for number in range(count)],
        "dec": [1.5] * count,
    }


def start(archive: ExposureArchive, folder: Path) -> subprocess.Popen[str]:
    """Start the fetch of ``objects.csv`` in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", FETCH, archive.url, str(AT_ONCE)],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=dict(os.environ),
    )


def killed_frames(archive: ExposureArchive, folder: Path, count: int = 200) -> dict[str, Any]:
    """Fetch sequences from an archive at its worst, kill the fetch twice, and tell what came of it."""
    table = objects(count)
    names = [name for ra in table["ra"] for name in archive.names(ra)]
    for place, name in enumerate(names):
        if place % 10 == 3:
            archive.faults[name] = [ONCE[place // 10 % len(ONCE)]]
        if place % 50 == 7:
            archive.always[name] = ALWAYS
    with (folder / "objects.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([list(table), *zip(*table.values(), strict=True)])
    on_disk: list[tuple[int, int]] = []
    for share in (0.3, 0.7):
        _kill_when(archive, start(archive, folder), int(share * (count + len(names))))
        on_disk.append((len(_cached(folder)), len(archive.log)))
    half_a_set = (folder / "frames.parquet").exists()
    process = start(archive, folder)
    said = process.communicate(timeout=300)[1]
    if process.returncode:
        raise RuntimeError(said)
    samples = SampleSet.open(folder / "frames.parquet")
    asked, served = len(archive.log), Counter(path for path, outcome in archive.log if outcome == "served")
    process = start(archive, folder)
    process.communicate(timeout=300)
    return {
        "sequences": count,
        "frames_there": len(names),
        "frames_beyond_reach": len(archive.always),
        "faults": dict(Counter(outcome for _, outcome in archive.log if outcome not in ("served", "begun"))),
        "on_disk_at_kills": [files for files, _ in on_disk],
        "set_before_the_end": half_a_set,
        "sequences_written": len(samples),
        "frames_written": int(samples.scalar("n_frames").sum()),
        "missing": len(names) - len(archive.always) - int(samples.scalar("n_frames").sum()),
        "answers_kept": len(_cached(folder)),
        "torn_by_kills": sum(times - 1 for times in served.values()),
        "at_once": AT_ONCE,
        "requests": asked,
        "requests_of_a_second_run": len(archive.log) - asked,
    }


def _kill_when(archive: ExposureArchive, process: subprocess.Popen[str], count: int) -> None:
    while sum(outcome == "served" for _, outcome in list(archive.log)) < count:
        if process.poll() is not None:
            raise RuntimeError(f"the fetch ended by itself: {process.communicate()}")
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.communicate()


def _cached(folder: Path) -> list[Path]:
    files = (folder / "frames.parquet.cache").glob("??/[!.]*")
    return [path for path in files if path.suffix in (".fits", ".csv")]


def main() -> None:
    """Run the experiment and write its figures."""
    with tempfile.TemporaryDirectory() as folder, exposure_archive() as archive:
        figures = killed_frames(archive, Path(folder))
    RESULT.write_text(json.dumps(figures, indent=1) + "\n")
    print(RESULT.read_text())


if __name__ == "__main__":
    main()
