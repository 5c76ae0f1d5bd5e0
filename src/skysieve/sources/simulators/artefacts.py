"""What detectors and optics add to an exposure, and what pipelines mask.

The first group paints on the pixels of a science exposure: charge that never went through the
optics, hence sharper than any PSF. `ghost` is light that went through them too often. The masks
are NaN in all three cutouts, as ZTF distributes them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "SENTINEL",
    "bad_pixels",
    "border",
    "border_excess",
    "cosmic_ray",
    "draw_angle",
    "draw_mask",
    "draw_window",
    "ghost",
]

#: What some ZTF templates hold instead of NaN: the lowest float32.
SENTINEL = float(np.finfo(np.float32).min)

Image = NDArray[np.float64]


def cosmic_ray(size: int, noise: float, rng: np.random.Generator) -> Image:
    """Return the charge of a particle through the central pixel, shape (size, size), in counts.

    Two in three hit the detector steeply and light one to four pixels; the others leave a track.

    Parameters
    ----------
    size : int
        Side of the cutout.
    noise : float
        Noise of a pixel, in counts; sets the brightness scale.
    rng : numpy.random.Generator
        Source of randomness.
    """
    charge = np.zeros((size, size))
    middle = size // 2
    if rng.uniform() < 2.0 / 3.0:
        peak = noise * 12.0 * rng.lognormal(0.8, 0.7)
        charge[middle, middle] = peak
        for _ in range(int(rng.integers(0, 4))):
            row, column = middle + rng.integers(-1, 2, 2)
            charge[row, column] = max(charge[row, column], peak * rng.uniform(0.05, 0.6))
        return charge
    length, angle = rng.uniform(3.0, 25.0), rng.uniform(0.0, 2.0 * np.pi)
    along = np.arange(-length * rng.uniform(0.1, 0.9), length, 0.2)
    along = along[: int(length / 0.2)]
    rows = np.rint(middle + along * np.sin(angle)).astype(int)
    columns = np.rint(middle + along * np.cos(angle)).astype(int)
    inside = (rows >= 0) & (rows < size) & (columns >= 0) & (columns < size)
    density = 0.2 * noise * rng.uniform(8.0, 40.0) * rng.gamma(3.0, 1.0 / 3.0, along.size)
    np.add.at(charge, (rows[inside], columns[inside]), density[inside])
    return charge


def bad_pixels(size: int, noise: float, sky: float, rng: np.random.Generator) -> Image:
    """Return the error of bad pixels at the centre, shape (size, size), in counts.

    A hot pixel, a dead one (negative), or a piece of a bad column or row.
    """
    error = np.zeros((size, size))
    middle = size // 2
    form = rng.choice(4, p=(0.4, 0.25, 0.25, 0.1))
    if form == 0:
        error[middle, middle] = noise * 12.0 * rng.lognormal(0.6, 0.6)
    elif form == 1:
        error[middle, middle] = -sky * rng.uniform(0.5, 1.0)
        if rng.uniform() < 0.3:
            error[middle, middle + rng.choice((-1, 1))] = error[middle, middle] * rng.uniform(0.3, 1.0)
    else:
        line = error.T if form == 2 else error
        start = middle - int(rng.integers(0, middle + 1))
        stop = middle + 1 + int(rng.integers(0, middle + 1))
        level = noise * rng.uniform(6.0, 25.0)
        line[middle, start:stop] = level * rng.uniform(0.7, 1.3, stop - start)
    return error


def ghost(size: int, noise: float, rng: np.random.Generator) -> Image:
    """Return an out-of-focus reflection whose rim runs through the centre, in counts.

    A ring, since the telescope's pupil has a central obstruction.
    """
    outer = rng.uniform(7.0, 22.0)
    inner = outer * rng.uniform(0.4, 0.65)
    angle = rng.uniform(0.0, 2.0 * np.pi)
    to_centre = 0.5 * (outer + inner) * rng.uniform(0.9, 1.1)
    rows, columns = np.mgrid[:size, :size] - (size - 1) / 2.0
    radius = np.hypot(columns - to_centre * np.cos(angle), rows - to_centre * np.sin(angle))
    softness = rng.uniform(0.8, 1.6)
    ring = 0.5 * (np.tanh((radius - inner) / softness) - np.tanh((radius - outer) / softness))
    tilt = 1.0 + 0.3 * np.cos(np.arctan2(rows, columns) - angle)
    return np.asarray(noise * rng.uniform(1.5, 6.0) * ring * tilt)


def border_excess(reach: float, angle: float, size: int, noise: float, rng: np.random.Generator) -> Image:
    """Return the uneven excess beside the detector's border that `border` masks, in counts."""
    rows, columns = np.mgrid[:size, :size] - (size - 1) / 2.0
    inside = reach - (columns * np.cos(angle) + rows * np.sin(angle))
    level = noise * rng.uniform(1.0, 5.0) * np.exp(-np.maximum(inside, 0.0) / rng.uniform(0.8, 2.5))
    excess = level * rng.gamma(0.7, 1.0 / 0.7, (size, size))
    # What raises the alert is one brighter patch of the border, near the centre.
    patch = np.hypot(rows, columns) < rng.uniform(1.0, 2.5)
    return np.asarray(
        excess + noise * rng.uniform(4.0, 15.0) * patch * rng.gamma(1.5, 1.0 / 1.5, patch.shape)
    )


def border(reach: float, angle: float, size: int) -> NDArray[np.bool_]:
    """Return the mask of what lies beyond a straight line ``reach`` pixels from the centre."""
    rows, columns = np.mgrid[:size, :size] - (size - 1) / 2.0
    return np.asarray(columns * np.cos(angle) + rows * np.sin(angle) > reach)


def draw_angle(rng: np.random.Generator) -> float:
    """Draw the direction of a detector's border: one of the four sides, rarely oblique after warping."""
    oblique = rng.uniform(-0.6, 0.6) if rng.uniform() < 0.25 else 0.0
    return float(rng.integers(4) * np.pi / 2.0 + oblique)


def draw_mask(size: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Draw pixels without data that leave the centre free: a border of the detector or a square."""
    if rng.uniform() < 0.6:
        return border(float(rng.uniform(5.0, size / 2.0)), draw_angle(rng), size)
    half, angle = int(rng.integers(4, 9)), rng.uniform(0.0, 2.0 * np.pi)
    nearest = 1.45 * (half + 4.0)
    out = rng.uniform(nearest, max(nearest, 0.7 * size))
    rows, columns = np.mgrid[:size, :size] - (size - 1) / 2.0
    away = np.maximum(np.abs(rows - out * np.sin(angle)), np.abs(columns - out * np.cos(angle)))
    return np.asarray(away <= half)


def draw_window(size: int, rng: np.random.Generator) -> tuple[int, int, int, int]:
    """Draw the part of a cutout that lies on the detector, when one side of it does not.

    Returns
    -------
    tuple of four int
        First row, row after the last, first column, column after the last.
    """
    window = [0, size, 0, size]
    lost = int(rng.integers(1, size // 2 - 6))
    side = int(rng.choice(4, p=(0.15, 0.15, 0.35, 0.35)))
    window[side] += lost if side % 2 == 0 else -lost
    return window[0], window[1], window[2], window[3]
