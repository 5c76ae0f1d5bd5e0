"""A small night of alerts: packets in ZTF's format, damaged ones among them, and the truth beside."""

from __future__ import annotations

import csv
import dataclasses
import gzip
import io
import tarfile
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from skysieve.errors import ConfigurationError
from skysieve.sources.simulators.bad_packets import BAD_PACKET_KINDS, Packet
from skysieve.sources.simulators.camera import Camera
from skysieve.sources.simulators.candidates import (
    candidate_record,
    draw_pointing,
    draw_target,
    object_name,
)
from skysieve.sources.simulators.kinds import Kind
from skysieve.sources.simulators.packets import packet_bytes
from skysieve.sources.simulators.triplets import Detection, check_arguments, choose_kind, simulate_detection

__all__ = ["BAD_PACKET_KINDS", "NightSummary", "simulate_night"]

#: Kinds that are seen once: they move on, or never were on the sky.
_PASSING = frozenset({"asteroid", "cosmic-ray", "ghost", "noise"})
#: Probability that an object is detected once more in the same night.
_AGAIN = 0.25

_NOT_IN_TRUTH = frozenset({"cutouts", "window"})


@dataclass(frozen=True, slots=True)
class NightSummary:
    """What `simulate_night` wrote.

    Parameters
    ----------
    packets : Path
        Folder of the packets, or the archive that holds them.
    truth : Path
        Table of the truth (CSV), one row a file.
    n_packets, n_bad : int
        Sound packets and bad ones.
    n_real : int
        Sound packets of real kinds.
    n_objects : int
        Objects of the sound packets.
    """

    packets: Path
    truth: Path
    n_packets: int
    n_bad: int
    n_real: int
    n_objects: int


def simulate_night(
    folder: Path | str,
    *,
    n: int,
    seed: int,
    bad_packets: int | bool = 0,
    archive: bool = False,
    real_fraction: float = 0.5,
    kinds: Iterable[str] | None = None,
    camera: Camera | None = None,
    nid: int = 2600,
) -> NightSummary:
    """Write a night of ``n`` simulated alert packets.

    Sound packets are called ``<candid>.avro``, bad ones ``bad-<kind>-<number>.avro``; both lie in
    ``folder/packets`` or in ``folder/packets.tar.gz``. The truth is in ``folder/truth.csv``. Some
    objects are detected several times; later packets list the earlier detections. The same
    arguments give the same bytes.

    Parameters
    ----------
    folder : path
        Folder to write to; created if needed. Its ``packets`` must be empty or absent.
    n : int
        Number of sound packets.
    seed : int
        Seed, 0 or more.
    bad_packets : int or bool
        Number of bad packets of each kind of `BAD_PACKET_KINDS`; True is 1.
    archive : bool
        Whether to write one gzipped tar archive, as ZTF's public archive offers, instead of files.
    real_fraction : float
        Probability that an object is real.
    kinds : iterable of str, optional
        Kinds to draw from; all by default.
    camera : Camera, optional
        The camera; ZTF by default.
    nid : int
        Number of the night, counted from 2017-01-01.

    Returns
    -------
    NightSummary

    Raises
    ------
    ConfigurationError
        If a number is out of its range, ``packets`` is not empty or ``packets.tar.gz`` exists.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     night = simulate_night(folder, n=3, seed=1, bad_packets=True)
    ...     files = len(list(night.packets.iterdir()))
    >>> night.n_packets, files == 3 + len(BAD_PACKET_KINDS)
    (3, True)
    """
    chosen = check_arguments(n=n, seed=seed, real_fraction=real_fraction, kinds=kinds)
    if bad_packets < 0 or not 0 < nid < 10_000:
        raise ConfigurationError(f"bad_packets={bad_packets}, nid={nid}: give 0 or more, and 1 to 9999")
    root, camera = Path(folder), Camera() if camera is None else camera
    root.mkdir(parents=True, exist_ok=True)
    truth = root / "truth.csv"
    counts: Counter[str] = Counter()
    objects: set[str] = set()
    with ExitStack() as stack:
        store = stack.enter_context(_Store(root, archive=archive))
        table = stack.enter_context(truth.open("w", newline="", encoding="utf-8"))
        writer = csv.DictWriter(table, _columns(), lineterminator="\n")
        writer.writeheader()
        source = _alerts(chosen, real_fraction, camera, seed, nid)
        for _, (packet, detection, earlier) in zip(range(n), source, strict=False):
            name = f"{packet.candidate['candid']}.avro"
            content = packet_bytes(
                packet.candidate, packet.cutouts, object_id=packet.object_id, prv_candidates=earlier or None
            )
            store.add(name, content)
            writer.writerow(_truth_row(name, packet, detection))
            counts["real"] += detection.label
            objects.add(packet.object_id)
        for name, content, row in _bad_files(int(bad_packets), chosen, camera, seed, nid):
            store.add(name, content)
            writer.writerow(row)
            counts["bad"] += 1
    return NightSummary(store.path, truth, n, counts["bad"], counts["real"], len(objects))


def _alerts(
    kinds: tuple[Kind, ...], real_fraction: float, camera: Camera, seed: int, nid: int, first: int = 0
) -> Iterator[tuple[Packet, Detection, list[dict[str, Any]]]]:
    """Yield alerts without end: the packet, its truth, the earlier detections of its object."""
    rows: Counter[tuple[int, int]] = Counter()
    number = first
    while True:
        kind = choose_kind(kinds, real_fraction, seed, number)
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(number, 99)))
        target = draw_target(rng, object_name(number, 2017 + nid // 365))
        pointing, epoch = draw_pointing(rng, nid), 0
        earlier: list[dict[str, Any]] = []
        while True:
            detection = simulate_detection(kind, camera=camera, size=63, seed=seed, index=number, epoch=epoch)
            exposure = (pointing.fraction, target.rcid)
            record = candidate_record(detection, target, pointing, camera, table_row=rows[exposure], rng=rng)
            record |= {"ndethist": epoch + 1, "ncovhist": epoch + 1}
            rows[exposure] += 1
            yield Packet(record, _on_detector(detection), target.object_id), detection, list(earlier)
            earlier.append(record)
            if kind.name in _PASSING or rng.uniform() >= _AGAIN:
                break
            pointing, epoch = draw_pointing(rng, nid, pointing), epoch + 1
        number += 1


def _on_detector(detection: Detection) -> tuple[Any, Any, Any]:
    """Return the cutouts without what lies outside the detector, as ZTF ships them."""
    top, bottom, left, right = detection.window
    science, template, difference = detection.cutouts[:, top:bottom, left:right]
    return science, template, difference


def _bad_files(
    number: int, kinds: tuple[Kind, ...], camera: Camera, seed: int, nid: int
) -> Iterator[tuple[str, bytes, dict[str, Any]]]:
    """Yield name, content and row of the truth of ``number`` bad packets of each kind."""
    # Objects far beyond those of the night, of the night before: no candid is met twice, and the latest
    # night of all is the one that was asked for.
    source = _alerts(kinds, 1.0, camera, seed, nid - 1, first=10**8)
    sound = (item for item in source if item[1].window == (0, 63, 0, 63))
    for kind in BAD_PACKET_KINDS.values():
        for copy in range(number):
            packet, detection, _ = next(sound)
            name = f"bad-{kind.name}-{copy}{kind.suffix}"
            row = _truth_row(name, packet, detection) | {"bad_packet": kind.name, "scorable": kind.scorable}
            yield name, kind.damage(packet), row


def _columns() -> list[str]:
    fields = [field.name for field in dataclasses.fields(Detection) if field.name not in _NOT_IN_TRUTH]
    return ["file", "candid", "object_id", "bad_packet", "scorable", *fields]


def _truth_row(name: str, packet: Packet, detection: Detection) -> dict[str, Any]:
    row = {column: getattr(detection, column) for column in _columns() if hasattr(detection, column)}
    identity = {"file": name, "candid": packet.candidate["candid"], "object_id": packet.object_id}
    return identity | {"bad_packet": "", "scorable": True} | row


class _Store:
    """A new folder of files, or a new archive of them, in which no clock leaves a trace."""

    def __init__(self, root: Path, *, archive: bool) -> None:
        self.path = root / ("packets.tar.gz" if archive else "packets")
        self._archive = archive
        self._stack = ExitStack()
        self._tar: tarfile.TarFile | None = None

    def __enter__(self) -> _Store:
        if self._archive:
            if self.path.exists():
                raise ConfigurationError(f"{self.path} exists; name another folder or remove it")
            raw = self._stack.enter_context(self.path.open("wb"))
            # The stamps are compressed already; a higher level gains nothing.
            packed = self._stack.enter_context(
                gzip.GzipFile(filename="", mode="wb", compresslevel=1, fileobj=raw, mtime=0)
            )
            self._tar = self._stack.enter_context(tarfile.open(fileobj=packed, mode="w"))
            return self
        self.path.mkdir(exist_ok=True)
        if any(self.path.iterdir()):
            raise ConfigurationError(f"{self.path} is not empty; name another folder or empty it")
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def add(self, name: str, content: bytes) -> None:
        """Write one file."""
        if self._tar is None:
            (self.path / name).write_bytes(content)
            return
        member = tarfile.TarInfo(name)
        member.size = len(content)
        self._tar.addfile(member, io.BytesIO(content))
