"""Asteroids near the Earth: trails that begin and end in the cutout.

Magnitude and rate are drawn, everything else follows: length from the rate and the exposure, width from the
seeing, signal-to-noise ratio from the sky. What a streak finder would not have flagged is drawn again. The
ranges follow fits to 23 real streaks found by ZTF (``experiments/real_streaks.py``): lengths from 9 to 90
pixels of their tiles and signal-to-noise ratios from 13 to 722, the latter below 40 for the short ones;
ridges from 2.0 to 77 sigma; all but one lie within 2.5 pixels of the centre of the tile, that one 3.5.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from math import exp, hypot, log10, pi

import numpy as np

from skysieve.sources.simulators.camera import Camera
from skysieve.sources.simulators.streaks.canvas import Canvas
from skysieve.sources.simulators.streaks.kinds import Truth, streak_kind
from skysieve.sources.simulators.streaks.residuals import draw_field
from skysieve.sources.simulators.streaks.tracks import Ends, describe, flagged_flux, segment
from skysieve.sources.simulators.streaks.trail import add_trail, trail_peak

__all__ = ["FLAGGED_PEAK", "SHORTEST", "add_asteroid", "paint_asteroid"]

#: Brightness of a ridge in sigma from which a streak finder flags it.
FLAGGED_PEAK = 1.2
#: Shortest trail in pixels, and longest as a share of the cutout's side.
SHORTEST, _LONGEST = 4.0, 0.82
#: Rates in degrees a day between which they are uniform in the logarithm.
_RATES = (3.2, 105.0)
#: Arcsec per second at one degree a day.
_ARCSEC_PER_SECOND = 3600.0 / 86400.0
#: Magnitude to which trails are drawn at most with the depth of ZTF.
_FAINTEST = 20.8
_TRIES = 200
#: Places that are tried for a trail where much of the canvas is brighter.
_PLACES = 16
#: Share of a trail that is enough to recognise it.
_ENOUGH_SEEN = 0.75


@streak_kind("asteroid")
def paint_asteroid(canvas: Canvas) -> Truth:
    """Paint an asteroid among field stars."""
    draw_field(canvas)
    return add_asteroid(canvas, FLAGGED_PEAK, SHORTEST)


def add_asteroid(canvas: Canvas, least_peak: float, shortest: float) -> Truth:
    """Add an asteroid to whatever is on a canvas.

    Parameters
    ----------
    canvas : Canvas
        The canvas.
    least_peak : float
        Least brightness of the ridge, in sigma.
    shortest : float
        Least length, in pixels.
    """
    rate, length = _draw_rate(canvas, shortest)
    magnitude, flux = _draw_flux(canvas, rate, length, least_peak)
    peak = flux * trail_peak(length, canvas.fwhm)
    ends = _place(canvas, length)
    seen = _share_seen(canvas, ends, peak)
    for attempt in range(_PLACES):
        if seen > _ENOUGH_SEEN:
            break
        # Ever farther from the centre, which whatever is bright there may hide as a whole.
        other = _place(canvas, length, scatter=1.4 + 2.0 * attempt)
        if (share := _share_seen(canvas, other, peak)) > seen:
            ends, seen = other, share
    _paint_trail(canvas, ends, flux)
    _mark_ends(canvas, ends, peak)
    canvas.uncover(ends, 0.35)
    return replace(describe(canvas, ends, flux, canvas.fwhm), magnitude=magnitude, rate=rate)


def _place(canvas: Canvas, length: float, scatter: float | None = None) -> Ends:
    """Draw a place near the centre where a trail of ``length`` pixels lies inside."""
    if scatter is None:
        scatter = 1.4 if canvas.rng.uniform() < 0.85 else 5.0
    room = 0.5 * (canvas.size - 1 - length) - 3.0
    low, high = canvas.centre - room, canvas.centre + room
    x, y = (min(max(value, low), high) for value in canvas.near_centre(scatter))
    return segment(x, y, length, canvas.rng.uniform(0.0, 2.0 * pi))


def _share_seen(canvas: Canvas, ends: Ends, peak: float) -> float:
    """Return along which share of a segment a ridge of ``peak`` sigma is seen over what is there."""
    t = np.linspace(0.0, 1.0, 21)
    columns = np.rint(ends[0] + t * (ends[2] - ends[0])).astype(np.int64)
    rows = np.rint(ends[1] + t * (ends[3] - ends[1])).astype(np.int64)
    there = np.abs(canvas.light[rows, columns] + canvas.error[rows, columns])
    # Light beyond ten sigma is black anyway: over it nothing shows.
    return float((there < min(0.5 * peak, 5.0)).mean())


def _draw_rate(canvas: Canvas, shortest: float) -> tuple[float, float]:
    """Draw a rate in degrees a day and the length in pixels."""
    per_rate = _ARCSEC_PER_SECOND * canvas.exposure.seconds / canvas.camera.pixel_scale
    longest = _LONGEST * canvas.size
    for _ in range(_TRIES):
        rate = _RATES[0] * (_RATES[1] / _RATES[0]) ** canvas.rng.uniform()
        if shortest <= rate * per_rate <= longest:
            return rate, rate * per_rate
    # No rate of the population gives a trail of a length that this cutout can hold.
    length = canvas.rng.uniform(shortest, longest)
    return length / per_rate, length


def _draw_flux(canvas: Canvas, rate: float, length: float, least_peak: float) -> tuple[float, float]:
    """Draw a magnitude and the flux in sigma of a trail that is flagged."""
    least = flagged_flux(length, canvas.fwhm, canvas.shot)
    least = max(least, least_peak / trail_peak(length, canvas.fwhm))
    faintest = min(canvas.exposure.magnitude(least * canvas.sigma), _faintest(canvas.camera))
    # What is bright is near, and what is near is fast: of the real ones shorter than 20 pixels none has a
    # signal-to-noise ratio above 40. One in five is drawn from the whole range, as the rare ones matter.
    span = 2.5 * log10(max(4.0, (rate / _RATES[0]) ** 1.5)) if canvas.rng.uniform() < 0.8 else 5.0
    # Uniform in magnitude down to the limit is uniform in the logarithm of the signal-to-noise ratio.
    magnitude = faintest - min(span, 5.0) * canvas.rng.uniform()
    return magnitude, float(canvas.exposure.counts(magnitude)) / canvas.sigma


@lru_cache(maxsize=8)
def _faintest(camera: Camera) -> float:
    """Return the magnitude to which trails are drawn at most: fainter with a deeper camera than ZTF's.

    With a shallower one there is nothing to do: its own noise ends what is flagged before that.
    """
    return _FAINTEST + max(camera.depth() - Camera().depth(), 0.0)


def _mark_ends(canvas: Canvas, ends: Ends, peak: float) -> None:
    """Set the pixel at an end to white, as many of the brightest real streaks have it."""
    if peak < 6.0 or hypot(ends[2] - ends[0], ends[3] - ends[1]) < 8.0:
        return
    for x, y in (ends[:2], ends[2:]):
        if canvas.rng.uniform() < 0.35:
            column, row = round(x + canvas.rng.uniform(-1.0, 1.0)), round(y + canvas.rng.uniform(-1.0, 1.0))
            canvas.error[row, column] -= 2.0 * canvas.light[row, column] + 30.0


def _paint_trail(canvas: Canvas, ends: Ends, flux: float) -> None:
    """Paint a trail; a long bright one shows the guiding and the seeing of its seconds."""
    rng, (x1, y1, x2, y2) = canvas.rng, ends
    length = hypot(x2 - x1, y2 - y1)
    pieces = int(length / 6.0)
    if pieces < 2 or flux * trail_peak(length, canvas.fwhm) < 3.0 or rng.uniform() < 0.3:
        add_trail(canvas.light, *ends, flux, canvas.fwhm, ellipticity=canvas.ellipticity)
        return
    unsteady = float(exp(0.6 * rng.standard_normal()))
    across = np.cumsum(rng.normal(0.0, 0.2 * unsteady * canvas.ztf_pixel, pieces))
    across -= np.linspace(across[0], across[-1], pieces)
    shares = np.exp(rng.normal(0.0, 0.08 * unsteady, pieces))
    if rng.uniform() < 0.04:
        # A thin cloud, or a fast rotator: a real trail can swell from its ends to its middle.
        shares *= 1.7 - np.cos(2.0 * pi * (np.arange(pieces) + rng.uniform(0.3, 0.7)) / pieces)
    shares *= flux / shares.sum()
    widths = canvas.fwhm * np.exp(rng.normal(0.0, 0.07 * unsteady, pieces))
    normal_x, normal_y = -(y2 - y1) / length, (x2 - x1) / length
    for piece in range(pieces):
        t1, t2 = piece / pieces, (piece + 1) / pieces
        dx, dy = normal_x * float(across[piece]), normal_y * float(across[piece])
        add_trail(
            canvas.light,
            x1 + t1 * (x2 - x1) + dx,
            y1 + t1 * (y2 - y1) + dy,
            x1 + t2 * (x2 - x1) + dx,
            y1 + t2 * (y2 - y1) + dy,
            float(shares[piece]),
            float(widths[piece]),
            ellipticity=canvas.ellipticity,
        )
