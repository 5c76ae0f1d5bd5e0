"""A night of the depot in small: cutouts, nightly tables and reports of streaks, and the truth beside."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from skysieve.errors import ConfigurationError
from skysieve.sources.simulators.camera import Camera
from skysieve.sources.simulators.streak_records import SkyPlace, ades_report, streak_row, table_text
from skysieve.sources.simulators.streaks.simulate import simulate_streaks
from skysieve.sources.streaks.observing_night import to_mjd
from skysieve.sources.streaks.streak_table import streak_name

__all__ = ["BAD_STREAK_FILES", "StreakNightSummary", "simulate_streak_night"]

#: Ways in which files of a night are bad, and whether their streak can be scored all the same.
BAD_STREAK_FILES: dict[str, bool] = {
    "truncated-jpeg": False,
    "zero-byte": False,
    "error-page": False,
    "wrong-size": False,
    "coloured": False,
    "all-masked": False,
    "grey-as-rgb": True,
    "image-without-metadata": False,
    "metadata-without-image": False,
    "half-written-table": False,
    "ades-missing": False,
    "foreign-file": False,
}

_ROWS_A_TABLE = 2000
_BLOCK = 200
_STREAKS_AN_EXPOSURE = 40
# Palomar's evening at the earliest: 2 h UTC of the next day.
_FIRST_EXPOSURE = 1.1
# Seconds from the end of an exposure to the begin of the next, and of a night.
_READOUT, _NIGHT = 10.0, 34_000.0
_QUALITY = 95
_TRUTH = (
    *("kind", "rb", "sl", "kd", "os", "magnitude", "length", "length_arcsec", "rate", "pa"),
    *("snr", "peak_snr", "seeing", "x1", "y1", "x2", "y2"),
)


@dataclass(frozen=True, slots=True)
class StreakNightSummary:
    """What `simulate_streak_night` wrote.

    Parameters
    ----------
    night : Path
        Folder of the night: ``stamps_<date>`` and ``meta/<date>`` within.
    truth : Path
        Table of the truth (CSV), one row a streak.
    n_streaks, n_bad : int
        Sound streaks and bad ones.
    n_plausible : int
        Plausible asteroids among the sound ones.
    """

    night: Path
    truth: Path
    n_streaks: int
    n_bad: int
    n_plausible: int


@dataclass(frozen=True, slots=True)
class _Streak:
    """One streak before it is written."""

    cutout: NDArray[np.uint8]
    truth: dict[str, Any]
    row: dict[str, Any]

    @property
    def name(self) -> str:
        return streak_name(self.row["streakid"], self.row["pid"])


def simulate_streak_night(
    folder: Path | str,
    *,
    n: int,
    seed: int,
    real_fraction: float = 0.02,
    bad_files: bool = False,
    ades: Literal["all", "plausible", "none"] = "all",
    date: str = "20190214",
    kinds: Iterable[str] | None = None,
    camera: Camera | None = None,
) -> StreakNightSummary:
    """Write a night of ``n`` simulated streaks as the depot has it.

    Cutouts lie in ``folder/night/stamps_<date>``, tables and reports in ``folder/night/meta/<date>``,
    the truth in ``folder/truth.csv``. Ends on the sky follow from those on the pixels. The same
    arguments give the same bytes, as long as Pillow's JPEG library is the same.

    Parameters
    ----------
    folder : path
        Folder to write to; created if needed. Its ``night`` must be absent or empty.
    n : int
        Number of sound streaks.
    seed : int
        Seed, 0 or more.
    real_fraction : float
        Probability that a streak is a plausible asteroid.
    bad_files : bool
        Whether to add one of each of `BAD_STREAK_FILES` (``ades-missing`` only where ``ades`` is ``all``).
    ades : {"all", "plausible", "none"}
        Which streaks have a report in ADES.
    date : str
        Evening of the night at Palomar, ``YYYYMMDD``.
    kinds, camera
        As of `simulate_streaks`.

    Returns
    -------
    StreakNightSummary

    Raises
    ------
    ConfigurationError
        If ``ades`` or ``date`` is none, a number is out of its range, or ``night`` is not empty.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     night = simulate_streak_night(folder, n=2, seed=1, ades="none")
    ...     sorted(path.suffix for path in night.night.rglob("*.*"))
    ['.jpg', '.jpg', '.txt']
    """
    if ades not in ("all", "plausible", "none"):
        raise ConfigurationError(f"ades={ades!r} is none of 'all', 'plausible', 'none'")
    start = _first_exposure(date)
    root = Path(folder)
    writer = _NightWriter(root / "night", date, ades)
    options = {"real_fraction": real_fraction, "kinds": None if kinds is None else tuple(kinds)}
    bad = [kind for kind in BAD_STREAK_FILES if bad_files and (kind != "ades-missing" or ades == "all")]
    truth = root / "truth.csv"
    plausible = 0
    with ExitStack() as stack:
        stream = stack.enter_context(truth.open("w", newline="", encoding="utf-8"))
        table = csv.DictWriter(stream, ("id", "bad_file", "scorable", *_TRUTH), lineterminator="\n")
        table.writeheader()
        for number, streak in enumerate(_streaks(n + len(bad), seed, start, camera, options)):
            kind = bad[number - n] if number >= n else ""
            writer.add(streak, kind)
            plausible += not kind and streak.truth["os"] == 1
            scorable = BAD_STREAK_FILES.get(kind, True)
            table.writerow({"id": streak.name, "bad_file": kind, "scorable": scorable} | streak.truth)
    writer.close()
    return StreakNightSummary(writer.root, truth, n, len(bad), plausible)


def _first_exposure(date: str) -> float:
    try:
        if len(date) != 8:
            raise ValueError
        return float(to_mjd(f"{date[:4]}-{date[4:6]}-{date[6:]}")) + _FIRST_EXPOSURE
    except ValueError:
        raise ConfigurationError(f"date={date!r} is no date; give YYYYMMDD") from None


def _streaks(
    n: int, seed: int, start: float, camera: Camera | None, options: dict[str, Any]
) -> Iterator[_Streak]:
    """Yield streaks with their rows; several share an exposure."""
    strids: Counter[tuple[int, int]] = Counter()
    camera = Camera() if camera is None else camera
    cycle = camera.exposure_time + _READOUT
    for first in range(0, n, _BLOCK):
        count = min(_BLOCK, n - first)
        block = simulate_streaks(count, seed=seed, start=first, camera=camera, jpeg=False, **options)
        columns = block.columns()
        for at in range(count):
            truth = {name: columns[name][at].item() for name in _TRUTH}
            rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(first + at, 77)))
            exposure = (first + at) // _STREAKS_AN_EXPOSURE % max(int(_NIGHT / cycle), 1)
            rcid = int(rng.integers(64))
            # On the sky the telescope moves on from exposure to exposure.
            ra = (15.0 * exposure + rng.uniform(-3.5, 3.5)) % 360.0
            dec = -25.0 + 17.0 * exposure % 95.0 + rng.uniform(-3.5, 3.5)
            cutout = np.asarray(block.cutouts[at], np.uint8)
            row = streak_row(
                truth,
                mjd=round(start + exposure * (cycle / 86_400), 6),
                rcid=rcid,
                strid=strids[exposure, rcid],
                place=SkyPlace(ra, dec, (cutout.shape[0] - 1) / 2, camera.pixel_scale),
                camera=camera,
                rng=rng,
            )
            strids[exposure, rcid] += 1
            yield _Streak(cutout, truth, row)


class _NightWriter:
    """Writes the files of a night, bad ones among them."""

    def __init__(self, root: Path, date: str, ades: str) -> None:
        if root.exists() and any(root.iterdir()):
            raise ConfigurationError(f"{root} is not empty; name another folder or empty it")
        self.root = root
        self._stamps, self._meta = root / f"stamps_{date}", root / "meta" / date
        self._date, self._ades = date, ades
        self._rows: list[dict[str, Any]] = []
        self._tables = 0
        for place in (self._stamps, self._meta):
            place.mkdir(parents=True, exist_ok=True)

    def add(self, streak: _Streak, bad: str) -> None:
        """Write the cutout and the report of a streak, and its row when its table is full."""
        if bad == "foreign-file":
            (self._stamps / "observers_log.txt").write_text("Thin cirrus after 4 UT.\n", encoding="utf-8")
        if bad != "metadata-without-image":
            content = _DAMAGES.get(bad, _jpeg)(streak.cutout)
            name = f"{streak.name}.jpg" if bad == "foreign-file" else f"{streak.name}_scimref.jpg"
            (self._stamps / name).write_bytes(content)
        plausible = streak.truth["os"] == 1
        if bad not in ("ades-missing", "foreign-file") and (
            self._ades == "all" or (self._ades == "plausible" and plausible)
        ):
            magnitude = streak.truth["magnitude"]
            report = ades_report(streak.row, magnitude=magnitude if magnitude == magnitude else 19.0)
            (self._meta / f"{streak.name}_ades.xml").write_text(report, encoding="utf-8")
        if bad == "half-written-table":
            self._write_table([streak.row], finished=False)
        elif bad not in ("image-without-metadata", "foreign-file"):
            self._rows.append(streak.row)
        if len(self._rows) == _ROWS_A_TABLE:
            self.close()

    def close(self) -> None:
        """Write the rows that are still to be written."""
        if self._rows:
            self._write_table(self._rows, finished=True)
            self._rows = []

    def _write_table(self, rows: list[dict[str, Any]], *, finished: bool) -> None:
        path = self._meta / f"ztf_{self._date}_{self._tables:03d}_streaks.txt"
        path.write_text(table_text(rows, finished=finished), encoding="utf-8")
        self._tables += 1


def _jpeg(pixels: NDArray[np.uint8]) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=_QUALITY)
    return stream.getvalue()


def _truncated(pixels: NDArray[np.uint8]) -> bytes:
    whole = _jpeg(pixels)
    return whole[: 2 * len(whole) // 3]


def _coloured(pixels: NDArray[np.uint8]) -> bytes:
    colours = np.repeat(pixels[..., None], 3, axis=2)
    colours[10:30, 10:30] = (255, 0, 0)
    return _jpeg(colours)


_DAMAGES: dict[str, Callable[[NDArray[np.uint8]], bytes]] = {
    "truncated-jpeg": _truncated,
    "zero-byte": lambda _: b"",
    "error-page": lambda _: b"<!DOCTYPE html><title>401 Unauthorized</title>\n",
    "wrong-size": lambda pixels: _jpeg(pixels[:-20]),
    "coloured": _coloured,
    "all-masked": lambda pixels: _jpeg(np.full_like(pixels, 204)),
    "grey-as-rgb": lambda pixels: _jpeg(np.repeat(pixels[..., None], 3, axis=2)),
}
