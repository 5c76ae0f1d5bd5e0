"""What a whole difference frame shows besides sky, stars and asteroids.

Light and charge of the science exposure that no reference holds (`paint_satellite`, `paint_cosmic_rays`,
`paint_ghosts`, `paint_spikes`, `paint_electronics`), and pixels without data (`draw_frame_mask`,
`mask_saturated`). Everything is painted in place, in units of the image.
"""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from skysieve.sources.simulators import artefacts
from skysieve.sources.simulators.streaks.trail import add_trail

__all__ = [
    "draw_frame_mask",
    "mask_saturated",
    "paint_cosmic_rays",
    "paint_electronics",
    "paint_ghosts",
    "paint_satellite",
    "paint_spikes",
]

#: Margin in pixels that the pipeline masks around a saturated pixel.
_SATURATION_MARGIN = 4
#: Length in pixels of the pieces that a crossing trail is painted in; boxes of longer ones would be large.
_PIECE = 60.0

Frame = NDArray[np.float32]
Mask = NDArray[np.bool_]


def paint_satellite(
    image: Frame, noise: float, fwhm: float, rng: np.random.Generator
) -> tuple[float, float, float, float]:
    """Paint the trail of a satellite that crosses the frame, and return its ends x1, y1, x2, y2.

    One in four tumbles: its brightness varies along the trail, down to nothing.
    """
    height, width = image.shape
    angle, reach = rng.uniform(0.0, math.pi), math.hypot(height, width)
    x, y = rng.uniform(0.1, 0.9) * width, rng.uniform(0.1, 0.9) * height
    cosine, sine = math.cos(angle), math.sin(angle)
    surface = noise * fwhm * 10.0 ** rng.uniform(0.3, 1.6)
    # Orbits are near enough for the optics to be out of focus.
    blur = fwhm * (1.0 + rng.exponential(0.2))
    period, depth = rng.uniform(60.0, 400.0), rng.uniform(0.5, 2.0) if rng.uniform() < 0.25 else 0.0
    piece = min(_PIECE, period / 6.0)
    edges = np.arange(-reach, reach, piece)
    for start in edges:
        ends = (
            x + start * cosine,
            y + start * sine,
            x + (start + piece) * cosine,
            y + (start + piece) * sine,
        )
        light = max(1.0 + depth * math.sin(2.0 * math.pi * start / period), 0.0)
        add_trail(image, *ends, flux=surface * piece * light, fwhm=blur, reach=5.0)
    inside = [t for t in edges if 0 <= x + t * cosine < width and 0 <= y + t * sine < height]
    first, last = inside[0], inside[-1]
    return x + first * cosine, y + first * sine, x + last * cosine, y + last * sine


def paint_cosmic_rays(
    image: Frame, count: int, noise: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Paint charge of particles, never blurred by the optics, and return the places (x, y) of it.

    Points and straight tracks as in cutouts; one in eight is a worm, an electron's crooked way.
    """
    height, width = image.shape
    places = np.column_stack([rng.uniform(0, width, count), rng.uniform(0, height, count)])
    for x, y in places:
        charge = _worm(noise, rng) if rng.uniform() < 0.125 else artefacts.cosmic_ray(63, noise, rng)
        _paste(image, charge, int(x), int(y))
    return places


def paint_ghosts(image: Frame, count: int, noise: float, rng: np.random.Generator) -> None:
    """Paint out-of-focus reflections: small bright rings, and one large faint disc in three."""
    height, width = image.shape
    for _ in range(count):
        x, y = int(rng.integers(width)), int(rng.integers(height))
        if rng.uniform() < 2.0 / 3.0:
            _paste(image, artefacts.ghost(63, noise * rng.uniform(0.2, 1.0), rng), x, y)
        else:
            _paste(image, _disc(rng.uniform(60.0, 180.0), noise * rng.uniform(0.2, 1.0), rng), x, y)


def paint_spikes(
    image: Frame, stars: NDArray[np.float64], noise: float, rotation: float, rng: np.random.Generator
) -> None:
    """Paint what subtraction leaves of the diffraction spikes of bright stars.

    Parameters
    ----------
    image : ndarray, shape (height, width), float32
        Painted on, in place.
    stars : ndarray, shape (n, 3), float64
        x, y and counts of the stars.
    noise : float
        Noise of a pixel.
    rotation : float
        Angle of the spider, in radians; the same for all stars of a camera.
    rng : numpy.random.Generator
        Source of randomness.
    """
    for x, y, counts in stars:
        length = min(0.04 * math.sqrt(counts), 250.0)
        for arm in range(4):
            angle = rotation + arm * 0.5 * math.pi + rng.normal(0.0, 0.01)
            level = noise * rng.uniform(-2.0, 5.0)
            edges = np.linspace(0.0, length, 9)
            for near, far in pairwise(edges.tolist()):
                cosine, sine = math.cos(angle), math.sin(angle)
                ends = (x + near * cosine, y + near * sine, x + far * cosine, y + far * sine)
                flux = level * 2.0 * (far - near) * math.exp(-2.0 * near / length)
                add_trail(image, *ends, flux=flux, fwhm=2.5, reach=3.0)


def paint_electronics(image: Frame, noise: float, rng: np.random.Generator) -> None:
    """Paint a step between amplifiers, hot columns and rows, a gradient, and what the border leaves."""
    height, width = image.shape
    image[height // 2 :] += noise * rng.normal(0.0, 0.15)
    for _ in range(int(rng.poisson(2.0))):
        column, start = int(rng.integers(width)), int(rng.integers(height))
        image[start : start + int(rng.exponential(height / 3.0)) + 5, column] += noise * rng.uniform(0.5, 4.0)
    if rng.uniform() < 0.3:
        row, start = int(rng.integers(height)), int(rng.integers(width))
        image[row, start : start + int(rng.exponential(width / 4.0)) + 5] += noise * rng.uniform(0.5, 3.0)
    slope_x, slope_y = rng.normal(0.0, 0.4 * noise, 2)
    image += (
        slope_x * np.linspace(-1, 1, width)[None, :] + slope_y * np.linspace(-1, 1, height)[:, None]
    ).astype(image.dtype)
    edge = rng.uniform(1.0, 4.0) * noise * np.exp(-np.arange(12) / 2.5)
    image[:, :12] += (edge * rng.gamma(0.7, 1.4, (height, 12))).astype(image.dtype)


def draw_frame_mask(shape: tuple[int, int], rng: np.random.Generator) -> Mask:
    """Draw the pixels of a frame that hold no data, whatever the sky: borders, columns, blocks."""
    height, width = shape
    mask = np.zeros(shape, dtype=bool)
    top, bottom, left, right = rng.integers(0, 16, 4)
    mask[:top], mask[height - bottom :], mask[:, :left], mask[:, width - right :] = True, True, True, True
    if rng.uniform() < 0.5:
        # The reference covers another piece of sky: a wedge along one side stays empty.
        wedge = rng.uniform(0.0, 0.03) * height + rng.uniform(-0.01, 0.01) * np.arange(width)
        mask |= np.arange(height)[:, None] < wedge[None, :]
    for _ in range(int(rng.poisson(8.0))):
        column, start = int(rng.integers(width)), int(rng.integers(-height // 2, height))
        mask[
            max(start, 0) : max(start + int(rng.integers(height)), 0), column : column + 1 + rng.integers(3)
        ] = True
    for _ in range(int(rng.poisson(2.0))):
        row, column = int(rng.integers(height)), int(rng.integers(width))
        mask[row : row + int(rng.integers(5, 60)), column : column + int(rng.integers(5, 60))] = True
    return mask


def mask_saturated(counts: Frame, saturation: float, mask: Mask) -> None:
    """Mask squares around saturated pixels, and the columns that the worst ones bleed into, in place."""
    height = counts.shape[0]
    rows, columns = np.nonzero(counts >= saturation)
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        margin = _SATURATION_MARGIN
        mask[max(row - margin, 0) : row + margin + 1, max(column - margin, 0) : column + margin + 1] = True
        bleed = (
            int(30.0 * math.log(counts[row, column] / saturation)) if counts[row, column] > saturation else 0
        )
        if bleed > 40:
            mask[max(row - 2 * bleed, 0) : min(row + 2 * bleed, height), max(column - 1, 0) : column + 2] = (
                True
            )


def _paste(image: Frame, patch: NDArray[np.float64], x: int, y: int) -> None:
    """Add a patch, its centre at (x, y); what falls outside is lost."""
    half_y, half_x = patch.shape[0] // 2, patch.shape[1] // 2
    top, left = max(half_y - y, 0), max(half_x - x, 0)
    bottom = min(patch.shape[0], image.shape[0] - y + half_y)
    right = min(patch.shape[1], image.shape[1] - x + half_x)
    if top < bottom and left < right:
        target = image[y - half_y + top : y - half_y + bottom, x - half_x + left : x - half_x + right]
        target += patch[top:bottom, left:right].astype(image.dtype)


def _worm(noise: float, rng: np.random.Generator) -> NDArray[np.float64]:
    charge = np.zeros((63, 63))
    steps = int(rng.integers(8, 40))
    turns = np.cumsum(rng.normal(0.0, 0.45, steps)) + rng.uniform(0.0, 2.0 * np.pi)
    rows = np.clip(np.rint(31 + np.cumsum(np.sin(turns))).astype(int), 0, 62)
    columns = np.clip(np.rint(31 + np.cumsum(np.cos(turns))).astype(int), 0, 62)
    np.add.at(charge, (rows, columns), noise * rng.uniform(4.0, 25.0) * rng.gamma(3.0, 1.0 / 3.0, steps))
    return charge


def _disc(radius: float, level: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return a faint disc with a soft edge and a hole off its centre."""
    half = int(radius) + 10
    rows, columns = np.mgrid[-half : half + 1, -half : half + 1]
    distance = np.hypot(rows, columns)
    hole = np.hypot(rows - 0.1 * radius, columns) < 0.35 * radius
    soft = rng.uniform(1.0, 6.0)
    return np.asarray(level * 0.5 * (1.0 - np.tanh((distance - radius) / soft)) * ~hole)
