"""Geometry and signal-to-noise ratio of tracks on a cutout."""

from __future__ import annotations

from math import atan2, cos, degrees, hypot, sin, sqrt

from skysieve.sources.simulators.streaks.canvas import Canvas
from skysieve.sources.simulators.streaks.kinds import Truth
from skysieve.sources.simulators.streaks.trail import trail_pixels

__all__ = ["FLAGGED_SNR", "Ends", "chord", "describe", "flagged_flux", "segment"]

#: Signal-to-noise ratio of a whole trail from which a streak finder flags it.
FLAGGED_SNR = 10.0


#: x1, y1, x2, y2 in pixels.
Ends = tuple[float, float, float, float]


def segment(x: float, y: float, length: float, angle: float) -> Ends:
    """Return the ends of a segment around a point; ``angle`` in radians from +x towards +y."""
    half_x, half_y = 0.5 * length * cos(angle), 0.5 * length * sin(angle)
    return x - half_x, y - half_y, x + half_x, y + half_y


def chord(x: float, y: float, angle: float, size: int) -> Ends:
    """Return where the line through a point inside a cutout enters and leaves it."""
    first, last = -float("inf"), float("inf")
    for position, direction in ((x, cos(angle)), (y, sin(angle))):
        if abs(direction) > 1e-9:
            low, high = sorted(((-0.5 - position) / direction, (size - 0.5 - position) / direction))
            first, last = max(first, low), min(last, high)
    return (x + first * cos(angle), y + first * sin(angle), x + last * cos(angle), y + last * sin(angle))


def flagged_flux(length: float, fwhm: float, shot: float) -> float:
    """Return the least flux in sigma that a streak finder flags; ``shot`` as of `Canvas`."""
    own = 0.5 * FLAGGED_SNR**2 * shot
    return own + sqrt(own * own + FLAGGED_SNR**2 * trail_pixels(length, fwhm))


def describe(canvas: Canvas, ends: Ends, flux: float, fwhm: float) -> Truth:
    """Return the truth of a track of ``flux`` sigma and a width of ``fwhm`` pixels between its ends."""
    x1, y1, x2, y2 = ends
    length = hypot(x2 - x1, y2 - y1)
    # Noise of the sky under the trail and of its own photons.
    snr = flux / sqrt(trail_pixels(length, fwhm) + flux * canvas.shot)
    beam = flux * fwhm / hypot(length, fwhm)
    return Truth(
        length=length,
        length_arcsec=length * canvas.camera.pixel_scale,
        pa=degrees(atan2(y2 - y1, x2 - x1)) % 180.0,
        snr=snr,
        peak_snr=beam / sqrt(trail_pixels(0.0, fwhm) + beam * canvas.shot),
        x1=x1,
        y1=y1,
        x2=x2,
        y2=y2,
    )
