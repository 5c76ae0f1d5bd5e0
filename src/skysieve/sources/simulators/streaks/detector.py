"""Bogus streaks that the detector and the optics make: ghosts, bad columns, borders, bare noise."""

from __future__ import annotations

from math import cos, pi, sin

import numpy as np

from skysieve.sources.simulators.streaks.canvas import Canvas, pixel_grid
from skysieve.sources.simulators.streaks.kinds import Truth, streak_kind
from skysieve.sources.simulators.streaks.residuals import draw_field
from skysieve.sources.simulators.streaks.tracks import segment
from skysieve.sources.simulators.streaks.trail import add_trail, trail_peak

__all__ = ["paint_bad_column", "paint_edge", "paint_ghost", "paint_noise"]


@streak_kind("ghost")
def paint_ghost(canvas: Canvas) -> Truth:
    """Paint out-of-focus reflections: discs, rings and arcs of the pupil, blobs with a tail."""
    rng = canvas.rng
    draw_field(canvas)
    for number in range(1 + int(rng.poisson(0.5))):
        x, y = canvas.near_centre(10.0 if number == 0 else 40.0)
        if rng.uniform() < 0.5:
            _add_pupil(canvas, x, y)
        else:
            _add_blob(canvas, x, y)
    return Truth()


def _add_pupil(canvas: Canvas, x: float, y: float) -> None:
    """Add a disc with or without its hole, whose rim may be all that is near (x, y)."""
    rng = canvas.rng
    outer = 8.0 * 10.0 ** rng.uniform()
    inner = outer * rng.uniform(0.3, 0.9) if rng.uniform() < 0.75 else 0.0
    angle = rng.uniform(0.0, 2.0 * pi)
    if outer > 18.0 or rng.uniform() < 0.5:
        x, y = x + outer * cos(angle), y + outer * sin(angle)
    squeeze, turn = rng.uniform(0.6, 1.0), rng.uniform(0.0, pi)
    axis_x, axis_y = pixel_grid(canvas.size)
    u, v = axis_x - np.float32(x), axis_y - np.float32(y)
    along = u * np.float32(cos(turn)) + v * np.float32(sin(turn))
    across = v * np.float32(cos(turn)) - u * np.float32(sin(turn))
    r = np.sqrt(along * along + (across / np.float32(squeeze)) ** 2)
    soft = np.float32(rng.uniform(0.8, 0.15 * outer + 1.0))
    ring = np.tanh((r - np.float32(inner)) / soft) if inner else np.float32(1.0)
    ring = np.float32(0.5) * (ring - np.tanh((r - np.float32(outer)) / soft))
    level = 1.0 * 10.0 ** rng.uniform()
    lopsided = 1.0 + np.float32(rng.uniform(-0.9, 0.9) / outer) * along
    canvas.light += np.float32(level) * ring * np.maximum(lopsided, 0.0)


def _add_blob(canvas: Canvas, x: float, y: float) -> None:
    """Add a soft blob, flat-sided where the background's boxes cut it, with a white halo and a tail."""
    rng = canvas.rng
    width, height = 4.0 + rng.exponential(7.0), 4.0 + rng.exponential(7.0)
    level, halo = 2.0 * 8.0 ** rng.uniform(), rng.uniform(0.05, 0.25)
    axis_x, axis_y = pixel_grid(canvas.size)
    turn = 0.0 if rng.uniform() < 0.5 else rng.uniform(0.0, pi)
    u, v = axis_x - np.float32(x), axis_y - np.float32(y)
    along = (u * np.float32(cos(turn)) + v * np.float32(sin(turn))) / np.float32(width)
    across = (v * np.float32(cos(turn)) - u * np.float32(sin(turn))) / np.float32(height)
    tail = np.float32(rng.uniform(1.0, 2.5))
    along = np.where(along > 0, along / tail, along)
    flat, boxy = int(rng.integers(1, 4)), rng.uniform() < 0.35
    r2 = np.sqrt(along**4 + across**4) if boxy else along**2 + across**2
    blob = np.float32(level) * np.exp(np.float32(-0.5) * r2**flat)
    blob -= np.float32(level * halo) * np.exp(np.float32(-0.125) * r2)
    canvas.light += blob
    if rng.uniform() < 0.5:
        length, angle = rng.uniform(15.0, 60.0), rng.uniform(0.0, pi)
        fwhm, aside = canvas.fwhm * rng.uniform(1.5, 3.5), rng.normal(0.0, 0.7) * width
        flux = rng.uniform(0.2, 1.0) * level / trail_peak(length, fwhm)
        add_trail(canvas.light, *segment(x + aside, y + aside, length, angle), flux, fwhm, reach=4.0)


@streak_kind("bad-column")
def paint_bad_column(canvas: Canvas) -> Truth:
    """Paint columns, rarely rows, that are too bright or too dark, whole or broken, and trails of charge."""
    rng = canvas.rng
    draw_field(canvas)
    image = canvas.error if rng.uniform() < 0.75 else canvas.error.T
    for number in range(1 + int(rng.poisson(0.6))):
        column = canvas.centre + rng.normal(0.0, 4.0 if number == 0 else 30.0)
        sign = 1.0 if number == 0 or rng.uniform() < 0.6 else -1.0
        level = sign * 1.5 * 15.0 ** rng.uniform()
        if rng.uniform() < 0.3:
            _add_charge_trail(image, column, canvas.near_centre(12.0)[1], level, rng)
        else:
            _add_column(image, column, level, rng)
    return Truth()


def _add_column(image: np.ndarray, column: float, level: float, rng: np.random.Generator) -> None:
    """Add a column; resampling to the template's grid may have tilted it a little."""
    size = len(image)
    rows = np.arange(size)
    at = column + rng.normal(0.0, 0.008) * (rows - size / 2)
    values = np.full(size, level) * (1.0 + 0.25 * rng.standard_normal(size))
    if rng.uniform() < 0.5:
        middle, length = size / 2 + rng.normal(0.0, 8.0), rng.uniform(8.0, 0.8 * size)
        values[np.abs(rows - middle) > length / 2] = 0.0
    if rng.uniform() < 0.3:
        values *= np.repeat(rng.uniform(size=size // 8 + 1) < 0.7, 8)[:size]
    # Interpolation shares the charge of a column between two.
    for width in range(int(rng.integers(1, 4))):
        left = np.floor(at).astype(int) + width
        share = at - np.floor(at)
        for where, part in ((left, 1.0 - share), (left + 1, share)):
            inside = (where >= 0) & (where < size)
            image[rows[inside], where[inside]] += (values * part)[inside]


def _add_charge_trail(
    image: np.ndarray, column: float, row: float, level: float, rng: np.random.Generator
) -> None:
    """Add charge that traps released during readout: behind a bright pixel, fading."""
    size = len(image)
    at, start = min(max(round(column), 1), size - 2), min(max(round(row), 0), size - 1)
    behind = np.arange(size - start if rng.uniform() < 0.5 else start + 1)
    fading = level * np.exp(-behind / rng.uniform(4.0, 40.0)) * (1.0 + 0.2 * rng.standard_normal(len(behind)))
    rows = start + behind if len(behind) == size - start else start - behind
    image[rows, at] += fading
    image[start, at - 1 : at + 2] += 3.0 * abs(level)


@streak_kind("edge")
def paint_edge(canvas: Canvas) -> Truth:
    """Paint the border of the detector: a side without data, and a bright or dark line along it."""
    rng = canvas.rng
    draw_field(canvas)
    side = int(rng.integers(4))
    image = (canvas.error, canvas.error[::-1], canvas.error.T, canvas.error.T[::-1])[side]
    # The line is what was flagged, so it runs not far from the centre; a third of them lie further out.
    depth = canvas.centre + rng.normal(0.0, 12.0) if rng.uniform() < 0.65 else rng.uniform(4.0, 60.0)
    first = int(min(max(depth, 3.0), 0.75 * canvas.size))
    _add_border(image, first, rng)
    masks = [(0, first)]
    if rng.uniform() < 0.3:
        masks.append((first, first + int(rng.integers(1, 5))))
    for number, (top, bottom) in enumerate(masks):
        start, stop = (0, canvas.size) if number == 0 else sorted(rng.integers(0, canvas.size, 2).tolist())
        _mask_side(canvas, side, top, bottom, start, stop)
    return Truth()


def _add_border(image: np.ndarray, first: int, rng: np.random.Generator) -> None:
    """Add lines along row ``first``: uneven, broken, ringing where an interpolation met the step."""
    size = len(image)
    level = 2.0 * 10.0 ** rng.uniform() * (-1.0 if rng.uniform() < 0.55 else 1.0)
    rough = np.abs(1.0 + np.repeat(rng.normal(0.0, 0.4, size // 4 + 1), 4)[:size])
    if rng.uniform() < 0.6:
        start, stop = sorted(rng.integers(0, size, 2).tolist())
        rough[start:stop] *= rng.uniform(0.0, 0.3)
    fade, ringing = rng.uniform(0.5, 2.5), rng.uniform() < 0.6
    first += int(rng.integers(0, 4))
    for step in range(min(9, size - first)):
        factor = float(np.exp(-step / fade)) * ((-0.8) ** step if ringing else 1.0)
        image[first + step] += level * factor * rough * (1.0 + 0.3 * rng.standard_normal(size))


def _mask_side(canvas: Canvas, side: int, top: int, bottom: int, start: int, stop: int) -> None:
    if bottom <= top or stop <= start:
        return
    size = canvas.size
    first, last = (size - bottom, size - top) if side % 2 else (top, bottom)
    canvas.masks.append((first, last, start, stop) if side < 2 else (start, stop, first, last))


@streak_kind("noise")
def paint_noise(canvas: Canvas) -> Truth:
    """Paint nothing, or a few high pixels in a row that the noise happened to have."""
    rng = canvas.rng
    draw_field(canvas)
    if rng.uniform() < 0.6:
        n, angle = int(rng.integers(3, 9)), rng.uniform(0.0, pi)
        x, y = canvas.near_centre(2.0)
        at = np.sort(rng.uniform(-8.0, 8.0, n))
        rows = np.clip(np.rint(y + at * sin(angle)).astype(int), 0, canvas.size - 1)
        columns = np.clip(np.rint(x + at * cos(angle)).astype(int), 0, canvas.size - 1)
        canvas.error[rows, columns] += rng.uniform(0.6, 2.2, n).astype(np.float32)
    return Truth()
