"""Cutouts of streaks in difference images like those of ZTF's depot, with their truth."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import ConfigurationError
from skysieve.sources.simulators import SIMULATORS
from skysieve.sources.simulators.arguments import check_numbers
from skysieve.sources.simulators.camera import Camera

# Importing the families registers their kinds.
from skysieve.sources.simulators.streaks import (
    asteroids,  # noqa: F401
    bright_stars,  # noqa: F401
    composites,  # noqa: F401
    cosmic_rays,  # noqa: F401
    detector,  # noqa: F401
    satellites,  # noqa: F401
)
from skysieve.sources.simulators.streaks.canvas import draw_canvas
from skysieve.sources.simulators.streaks.kinds import (
    TRUTH,
    StreakKind,
    Truth,
    chosen_kinds,
    painter_of,
)
from skysieve.sources.simulators.streaks.stretch import jpeg_round_trip, normalise, to_grey

__all__ = ["Streaks", "simulate_streaks"]

#: Smallest side of a cutout, in pixels.
_SMALLEST = 41


@dataclass(frozen=True, slots=True)
class Streaks:
    """Simulated streak cutouts and their truth; every array has one entry a sample.

    Parameters
    ----------
    cutouts : ndarray, shape (n, size, size), uint8 or float32
        Grey levels (see `stretch`), or the difference in units of its noise if it was not stretched.
    kind : ndarray, shape (n,), str
        A key of `STREAK_KINDS`.
    rb, sl, kd, os : ndarray, shape (n,), int8
        Labels: streak, short, keep, plausible; -1 where there is none.
    length, length_arcsec : ndarray, shape (n,), float64
        Length of the trail without the PSF in pixels and in arcsec; of a track that leaves the cutout
        the part inside.
    pa : ndarray, shape (n,), float64
        Direction on the pixels from +x towards +y, 0 to 180 degrees.
    snr, peak_snr : ndarray, shape (n,), float64
        Signal-to-noise ratio of a fit of the whole trail, and of one FWHM of it fitted as a star.
    magnitude, rate : ndarray, shape (n,), float64
        Magnitude of the whole trail and motion in degrees a day; of asteroids only.
    x1, y1, x2, y2 : ndarray, shape (n,), float64
        Ends in pixels, 0 is the centre of the first pixel.
    seeing : ndarray, shape (n,), float64
        FWHM of a star on the pixels, in arcsec.
    sky_sigma : ndarray, shape (n,), float64
        Noise of the empty difference, in counts per pixel.
    """

    cutouts: NDArray[np.uint8] | NDArray[np.float32]
    kind: NDArray[np.str_]
    rb: NDArray[np.int8]
    sl: NDArray[np.int8]
    kd: NDArray[np.int8]
    os: NDArray[np.int8]
    length: NDArray[np.float64]
    length_arcsec: NDArray[np.float64]
    pa: NDArray[np.float64]
    snr: NDArray[np.float64]
    peak_snr: NDArray[np.float64]
    magnitude: NDArray[np.float64]
    rate: NDArray[np.float64]
    x1: NDArray[np.float64]
    y1: NDArray[np.float64]
    x2: NDArray[np.float64]
    y2: NDArray[np.float64]
    seeing: NDArray[np.float64]
    sky_sigma: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.kind)

    def columns(self) -> dict[str, NDArray[np.generic]]:
        """Return everything but the cutouts, by name."""
        return {item.name: getattr(self, item.name) for item in fields(self) if item.name != "cutouts"}


@SIMULATORS.register("streaks")
def simulate_streaks(
    n: int,
    *,
    seed: int,
    camera: Camera | None = None,
    real_fraction: float = 0.5,
    kinds: Iterable[str] | None = None,
    size: int = 157,
    start: int = 0,
    jpeg: bool = True,
    stretch: bool = True,
) -> Streaks:
    """Simulate ``n`` cutouts around what a streak finder flagged.

    A sample depends on ``seed`` and on its number only: ``n=5, start=10`` gives the last five of
    ``n=15``.

    Parameters
    ----------
    n : int
        Number of samples.
    seed : int
        Seed, 0 or more.
    camera : Camera, optional
        The camera and its sky; ZTF by default.
    real_fraction : float
        Probability that a sample is a plausible asteroid, if ``kinds`` has kinds of both sorts.
    kinds : iterable of str, optional
        Kinds to draw from (keys of `STREAK_KINDS`); all by default, each by its share.
    size : int
        Side of the cutouts in pixels, at least 41.
    start : int
        Number of the first sample.
    jpeg : bool
        Compress and decompress. The quality is an assumption, as ZTF's is not published: 94 to 99 for two
        in three, since the saturated cores of real cutouts are black to one grey level, 75 to 93 else.
    stretch : bool
        False returns the difference in units of its noise, as float32.

    Returns
    -------
    Streaks

    Raises
    ------
    ConfigurationError
        If a number is out of its range.
    UnknownNameError
        If there is no such kind.

    Examples
    --------
    >>> streaks = simulate_streaks(4, seed=1)
    >>> streaks.cutouts.shape, streaks.cutouts.dtype
    ((4, 157, 157), dtype('uint8'))
    >>> set(simulate_streaks(3, seed=1, kinds=["asteroid", "ghost"], real_fraction=1.0).kind.tolist())
    {'asteroid'}
    """
    check_numbers(n=n, seed=seed, start=start, real_fraction=real_fraction)
    if size < _SMALLEST:
        raise ConfigurationError(f"size is {size}; give {_SMALLEST} or more")
    chosen = chosen_kinds(kinds)
    camera = Camera() if camera is None else camera
    cutouts = np.empty((n, size, size), np.uint8 if stretch else np.float32)
    drawn: list[tuple[StreakKind, Truth, float, float]] = []
    for index in range(n):
        rng = np.random.Generator(np.random.SFC64(np.random.SeedSequence((seed, start + index))))
        kind = _choose(chosen, real_fraction, rng)
        canvas = draw_canvas(camera, rng, size)
        truth = painter_of(kind.name)(canvas)
        difference = canvas.expose()
        if stretch:
            # A pipeline knows neither sky nor noise: it measures both on the cutout.
            grey = to_grey(normalise(difference))
            cutouts[index] = jpeg_round_trip(grey, _quality(rng)) if jpeg else grey
        else:
            cutouts[index] = difference
        drawn.append((kind, truth, canvas.fwhm * camera.pixel_scale, canvas.sigma))
    return _collect(cutouts, drawn)


def _choose(kinds: tuple[StreakKind, ...], real_fraction: float, rng: np.random.Generator) -> StreakKind:
    real = int(rng.uniform() < real_fraction)
    eligible = [kind for kind in kinds if kind.os == real] or list(kinds)
    drawn = rng.uniform() * sum(kind.share for kind in eligible)
    for kind in eligible:
        drawn -= kind.share
        if drawn < 0.0:
            return kind
    return eligible[-1]


def _quality(rng: np.random.Generator) -> int:
    return int(rng.integers(94, 100) if rng.uniform() < 0.67 else rng.integers(75, 94))


def _collect(
    cutouts: NDArray[np.uint8] | NDArray[np.float32], drawn: list[tuple[StreakKind, Truth, float, float]]
) -> Streaks:
    kinds, truths = [item[0] for item in drawn], [item[1] for item in drawn]
    short = [kind.sl if truth.sl is None else truth.sl for kind, truth in zip(kinds, truths, strict=True)]
    return Streaks(
        cutouts=cutouts,
        kind=np.array([kind.name for kind in kinds], dtype=np.str_),
        rb=np.array([kind.rb for kind in kinds], np.int8),
        sl=np.array(short, np.int8),
        kd=np.array([kind.kd for kind in kinds], np.int8),
        os=np.array([kind.os for kind in kinds], np.int8),
        seeing=np.array([item[2] for item in drawn], np.float64),
        sky_sigma=np.array([item[3] for item in drawn], np.float64),
        **{name: np.array([getattr(truth, name) for truth in truths], np.float64) for name in TRUTH},
    )
