"""Cosmic rays: charge that never went through the optics, hence sharper than any star."""

from __future__ import annotations

from dataclasses import replace
from math import hypot, pi

import numpy as np
from numpy.typing import NDArray

from skysieve.sources.simulators.streaks.canvas import Canvas
from skysieve.sources.simulators.streaks.kinds import Truth, streak_kind
from skysieve.sources.simulators.streaks.residuals import draw_field
from skysieve.sources.simulators.streaks.tracks import describe, flagged_flux

__all__ = ["paint_cosmic_ray"]

#: Scatter of the charge on its way to the electrodes, in pixels.
_DIFFUSION = 0.25
#: Packets of charge a pixel of track.
_PACKETS = 12

Path = NDArray[np.float64]


@streak_kind("cosmic-ray")
def paint_cosmic_ray(canvas: Canvas) -> Truth:
    """Paint a steep hit, a straight track or a worm, at the centre; now and then further ones beside it."""
    rng = canvas.rng
    draw_field(canvas)
    form = rng.uniform()
    path = _steep(rng) if form < 0.3 else _track(rng) if form < 0.7 else _worm(rng)
    middle = 0.5 * (path.min(axis=0) + path.max(axis=0))
    path += np.array(canvas.near_centre(2.0)) - middle
    np.clip(path, 1.0, canvas.size - 2.0, out=path)
    ridge = (9.0 if form < 0.3 else 3.5) * 40.0 ** rng.uniform()
    flux = _deposit(canvas, path, ridge)
    while rng.uniform() < 0.2:
        _deposit(canvas, _steep(rng) + rng.uniform(3.0, canvas.size - 4.0, 2), ridge)
    (x1, y1), (x2, y2) = path[0].tolist(), path[-1].tolist()
    canvas.uncover((x1, y1, x2, y2), 0.3)
    truth = describe(canvas, (x1, y1, x2, y2), flux, 1.0)
    return replace(truth, pa=truth.pa if hypot(x2 - x1, y2 - y1) > 1.0 else float("nan"))


def _steep(rng: np.random.Generator) -> Path:
    """Return a path of at most three pixels."""
    return _straight(rng.uniform(0.0, 2.0 * pi), rng.uniform(0.1, 3.0))


def _track(rng: np.random.Generator) -> Path:
    """Return a straight path, mostly short."""
    return _straight(rng.uniform(0.0, 2.0 * pi), min(4.0 + rng.exponential(16.0), 110.0))


def _straight(angle: float, length: float) -> Path:
    at = np.linspace(0.0, length, max(int(_PACKETS * length), 8))
    return np.stack([at * np.cos(angle), at * np.sin(angle)], axis=1)


def _worm(rng: np.random.Generator) -> Path:
    """Return the path of a slow electron: its direction wanders, in the end faster."""
    n = int(_PACKETS * min(6.0 + rng.exponential(18.0), 90.0))
    wander = rng.uniform(0.15, 0.5) * (1.0 + np.linspace(0.0, 1.0, n)) / _PACKETS**0.5
    angle = rng.uniform(0.0, 2.0 * pi) + np.cumsum(rng.normal(0.0, 1.0, n) * wander)
    return np.cumsum(np.stack([np.cos(angle), np.sin(angle)], axis=1) / _PACKETS, axis=0)


def _deposit(canvas: Canvas, path: Path, ridge: float) -> float:
    """Add charge along a path, about ``ridge`` sigma a pixel of it; return the flux in sigma."""
    rng, n = canvas.rng, len(path)
    # Energy losses scatter with a tail to high ones; a slope makes one end of a track fade.
    losses = np.repeat(rng.gamma(1.5, 1.0, n // 6 + 1) + 0.3, 6)[:n]
    losses *= 1.0 + rng.uniform(-0.9, 0.9) * np.linspace(-1.0, 1.0, n)
    length = n / _PACKETS
    losses *= max(ridge * max(length, 1.0), 1.6 * flagged_flux(length, 1.0, canvas.shot)) / losses.sum()
    at = np.rint(path + rng.normal(0.0, _DIFFUSION, path.shape)).astype(np.int64)
    np.clip(at, 0, canvas.size - 1, out=at)
    np.add.at(canvas.error, (at[:, 1], at[:, 0]), losses.astype(np.float32))
    return float(losses.sum())
