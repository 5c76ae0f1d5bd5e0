"""The image of a trail and its derivatives: a Moffat of exponent 5/2 along a line segment.

With ``u`` along the segment, ``v`` across it and ``s = core**2 + v**2`` the profile ``(s + u**2)**(-5/2)``
and its derivatives have elementary integrals along u, so that a fit needs no sampling of the segment.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["CORE_PER_FWHM", "Trail", "noise_pixels", "trail_derivatives", "trail_image"]

#: Core radius of the profile over its FWHM.
CORE_PER_FWHM = 0.5 / math.sqrt(2.0**0.4 - 1.0)

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Trail:
    """A segment and the width of the PSF that draws it.

    Parameters
    ----------
    x, y : float
        Middle, in pixels; 0 is the centre of the first pixel.
    angle : float
        Direction in radians, from +x towards +y.
    half : float
        Half the length, in pixels, above 0.
    core : float
        Core radius of the PSF, in pixels.
    """

    x: float
    y: float
    angle: float
    half: float
    core: float

    @property
    def length(self) -> float:
        """Length without the PSF, in pixels."""
        return 2.0 * self.half

    @property
    def fwhm(self) -> float:
        """FWHM across the trail's PSF, in pixels."""
        return self.core / CORE_PER_FWHM

    def ends(self) -> tuple[float, float, float, float]:
        """Return x1, y1, x2, y2."""
        dx, dy = self.half * math.cos(self.angle), self.half * math.sin(self.angle)
        return self.x - dx, self.y - dy, self.x + dx, self.y + dy

    def frame(self, x: Values, y: Values) -> tuple[Values, Values]:
        """Return coordinates along and across the segment, from its middle."""
        cosine, sine = math.cos(self.angle), math.sin(self.angle)
        dx, dy = x - self.x, y - self.y
        return dx * cosine + dy * sine, dy * cosine - dx * sine

    def clipped(self, shape: tuple[int, int]) -> Trail:
        """Return the part on a frame, ending a pixel off it at most; itself if all or nothing is on it."""
        low, high = -self.half, self.half
        cosine, sine = math.cos(self.angle), math.sin(self.angle)
        for place, direction, size in ((self.x, cosine, shape[1]), (self.y, sine, shape[0])):
            if abs(direction) > 1e-9:
                first, last = sorted(((-1.0 - place) / direction, (size - place) / direction))
                low, high = max(low, first), min(high, last)
        if high <= low or (low == -self.half and high == self.half):
            return self
        middle = 0.5 * (low + high)
        place_x, place_y = self.x + middle * cosine, self.y + middle * sine
        return Trail(place_x, place_y, self.angle, 0.5 * (high - low), self.core)

    def window(self, reach: float, shape: tuple[int, int]) -> tuple[Values, Values]:
        """Return columns and rows of the pixels of ``shape`` within ``reach`` pixels of the segment."""
        x1, y1, x2, y2 = self.ends()
        left, right = (
            max(math.floor(min(x1, x2) - reach), 0),
            min(math.ceil(max(x1, x2) + reach) + 1, shape[1]),
        )
        top, bottom = (
            max(math.floor(min(y1, y2) - reach), 0),
            min(math.ceil(max(y1, y2) + reach) + 1, shape[0]),
        )
        if left >= right or top >= bottom:
            return np.empty(0), np.empty(0)
        if (right - left) * (bottom - top) > 40_000:
            return self._stroke(reach, (left, right, top, bottom))
        y, x = np.mgrid[top:bottom, left:right].reshape(2, -1).astype(np.float64)
        near = self._near(x, y, reach)
        return x[near], y[near]

    def _near(self, x: Values, y: Values, reach: float) -> NDArray[np.bool_]:
        u, v = self.frame(x, y)
        return np.asarray((np.abs(v) <= reach) & (np.abs(u) <= self.half + reach))

    def _stroke(self, reach: float, box: tuple[int, int, int, int]) -> tuple[Values, Values]:
        """Return the pixels near a long segment row by row (or column by column), without its whole box."""
        left, right, top, bottom = box
        cosine, sine = math.cos(self.angle), math.sin(self.angle)
        steep = abs(sine) > abs(cosine)
        lines = np.arange(top, bottom) if steep else np.arange(left, right)
        slope = cosine / sine if steep else sine / cosine
        spread = math.ceil(reach / max(abs(cosine), abs(sine))) + 1
        centre = (self.x + (lines - self.y) * slope) if steep else (self.y + (lines - self.x) * slope)
        across = np.rint(centre)[:, None] + np.arange(-spread, spread + 1)[None, :]
        along = np.broadcast_to(lines[:, None], across.shape)
        x, y = (across, along) if steep else (along, across)
        columns, rows = x.ravel().astype(np.float64), y.ravel().astype(np.float64)
        inside = (columns >= left) & (columns < right) & (rows >= top) & (rows < bottom)
        inside &= self._near(columns, rows, reach)
        return columns[inside], rows[inside]


def trail_image(trail: Trail, x: Values, y: Values) -> Values:
    """Return the image of a trail of unit flux at pixel centres, per pixel."""
    u, v = trail.frame(x, y)
    s = trail.core**2 + v * v
    integral = _integral(u + trail.half, s) - _integral(u - trail.half, s)
    return np.asarray(1.5 * trail.core**3 / math.pi * integral / (2.0 * trail.half))


def trail_derivatives(trail: Trail, x: Values, y: Values) -> tuple[Values, Values]:
    """Return the image of unit flux and its derivatives, shape (5, n): by x, y, angle, half, core."""
    u, v = trail.frame(x, y)
    s = trail.core**2 + v * v
    ahead, behind = u + trail.half, u - trail.half
    scale = 1.5 * trail.core**3 / math.pi / (2.0 * trail.half)
    image = scale * (_integral(ahead, s) - _integral(behind, s))
    there, here = (s + ahead * ahead) ** -2.5, (s + behind * behind) ** -2.5
    by_u = scale * (there - here)
    by_s = -2.5 * scale * (_higher_integral(ahead, s) - _higher_integral(behind, s))
    by_v = 2.0 * v * by_s
    cosine, sine = math.cos(trail.angle), math.sin(trail.angle)
    derivatives = np.stack(
        [
            -cosine * by_u + sine * by_v,
            -sine * by_u - cosine * by_v,
            v * by_u - u * by_v,
            scale * (there + here) - image / trail.half,
            2.0 * trail.core * by_s + 3.0 / trail.core * image,
        ]
    )
    return image, derivatives


def noise_pixels(length: float, fwhm: float) -> float:
    """Return the noise-equivalent area of a trail in pixels; S/N = flux / (sigma sqrt(area)).

    Interpolated between a point and an endless line, good to 4 %.
    """
    core = fwhm * CORE_PER_FWHM
    point, across = math.pi * core * core * 16.0 / 9.0, 0.8 * math.pi * core
    return float((point**1.6 + (across * length) ** 1.6) ** 0.625)


def _integral(u: Values, s: Values) -> Values:
    """Integral of (s + u^2)^(-5/2)."""
    r = s + u * u
    return np.asarray(u * (3.0 * s + 2.0 * u * u) / (3.0 * s * s * r * np.sqrt(r)))


def _higher_integral(u: Values, s: Values) -> Values:
    """Integral of (s + u^2)^(-7/2)."""
    u2 = u * u
    r = s + u2
    return np.asarray(u * (15.0 * s * s + 20.0 * s * u2 + 8.0 * u2 * u2) / (15.0 * s**3 * r * r * np.sqrt(r)))
