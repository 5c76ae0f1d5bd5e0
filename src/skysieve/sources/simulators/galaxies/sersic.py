"""Sérsic profiles: the relations between magnitude, size and surface brightness, and the light itself.

``I(r) = I_e exp(-b ((r / r_e)**(1/n) - 1))`` with the ``b`` for which half of the light lies within the
half-light ellipse of semi-major axis ``r_e`` (Graham & Driver 2005, PASA 22, 118).
"""

from __future__ import annotations

from functools import lru_cache
from math import gamma, log10, pi

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "central_surface_brightness",
    "magnitude_of_surface_brightness",
    "mean_surface_brightness",
    "sersic_b",
    "sersic_light",
]

#: Cells on either side of the centre that are averaged over points within them, and points along a side.
_CORE, _POINTS = 4, 10

Image = NDArray[np.float32]


@lru_cache(maxsize=1024)
def sersic_b(n: float) -> float:
    """Return ``b`` of a Sérsic profile of index ``n``, good to 4e-4 from n = 0.5 on.

    The asymptotic expansion of Ciotti & Bertin 1999 (A&A 352, 447).

    Examples
    --------
    >>> round(sersic_b(1.0), 3), round(sersic_b(4.0), 3)
    (1.678, 7.669)
    """
    series = (
        4.0 / 405.0 / n + 46.0 / 25515.0 / n**2 + 131.0 / 1148175.0 / n**3 - 2194697.0 / 30690717750.0 / n**4
    )
    return 2.0 * n - 1.0 / 3.0 + series


def mean_surface_brightness(magnitude: float, r_e: float, axis_ratio: float) -> float:
    """Return the mean surface brightness within the half-light ellipse, in mag/arcsec2.

    Parameters
    ----------
    magnitude : float
        Of the whole galaxy.
    r_e : float
        Semi-major axis of the half-light ellipse, in arcsec.
    axis_ratio : float
        Minor over major axis.
    """
    return magnitude + 2.5 * log10(2.0 * pi * axis_ratio * r_e**2)


def magnitude_of_surface_brightness(mean: float, r_e: float, axis_ratio: float) -> float:
    """Return the magnitude of a galaxy from its mean surface brightness within the half-light ellipse."""
    return mean - 2.5 * log10(2.0 * pi * axis_ratio * r_e**2)


def central_surface_brightness(mean: float, n: float) -> float:
    """Return the surface brightness at the centre, of a profile not yet blurred, in mag/arcsec2.

    Examples
    --------
    An exponential disc is 1.12 mag brighter at its centre than in the mean of its inner half:

    >>> round(25.0 - central_surface_brightness(25.0, n=1.0), 2)
    1.12
    """
    return mean - 2.5 * log10(_central_over_mean(n))


def sersic_light(
    x: Image, y: Image, *, r_e: float, n: float, axis_ratio: float = 1.0, angle: float = 0.0, cell: float
) -> Image:
    """Return the light of a galaxy of unit flux around (0, 0).

    Parameters
    ----------
    x : ndarray, shape (1, columns), float32
        Coordinates of the cells' centres along a row, relative to the galaxy, in arcsec; equidistant.
    y : ndarray, shape (rows, 1), float32
        The same along a column.
    r_e : float
        Semi-major axis of the half-light ellipse, in arcsec.
    n : float
        Sérsic index.
    axis_ratio : float
        Minor over major axis.
    angle : float
        Direction of the major axis from +x towards +y, in radians.
    cell : float
        Side of a cell, in arcsec.

    Returns
    -------
    ndarray, shape (rows, columns), float32
        Flux of every cell. What lies outside the array is not in it: the sum is below one.
    """
    # Mean over half-light ellipse is half the flux over its area; the centre follows from it.
    central = 0.5 * _central_over_mean(n) / (pi * axis_ratio * r_e**2) * cell**2
    light = np.float32(central) * _falloff(x, y, r_e, n, axis_ratio, angle)
    # A cusp is steeper than a cell is wide and lies anywhere in it: its light is shared out among the cells
    # around, so that neither flux nor centroid are lost.
    column, row = int(np.argmin(np.abs(x))), int(np.argmin(np.abs(y)))
    columns = slice(max(column - _CORE, 0), column + _CORE + 1)
    rows = slice(max(row - _CORE, 0), row + _CORE + 1)
    fine_x, share_x = _points(x[0, columns], cell)
    fine_y, share_y = _points(y[rows, 0], cell)
    fine = _falloff(fine_x[None, :], fine_y[:, None], r_e, n, axis_ratio, angle)
    light[rows, columns] = np.float32(central) * (share_y @ fine @ share_x.T)
    return light


def _central_over_mean(n: float) -> float:
    """Return the surface brightness at the centre over the mean one within the half-light ellipse."""
    b = sersic_b(n)
    return float(b ** (2.0 * n) / (n * gamma(2.0 * n)))


def _points(axis: Image, cell: float) -> tuple[Image, Image]:
    """Return points within cells and beside them, and what share of a point each cell gets."""
    beside = np.concatenate([[axis[0] - cell], axis, [axis[-1] + cell]])
    inside = ((np.arange(_POINTS) + 0.5) / _POINTS - 0.5) * cell
    points = (beside[:, None] + inside).ravel()
    shares = np.maximum(1.0 - np.abs(axis[:, None] - points) / cell, 0.0) / _POINTS
    return points.astype(np.float32), shares.astype(np.float32)


def _falloff(x: Image, y: Image, r_e: float, n: float, axis_ratio: float, angle: float) -> Image:
    """Return the surface brightness over that at the centre."""
    cosine, sine = np.float32(np.cos(angle) / r_e), np.float32(np.sin(angle) / r_e)
    along = cosine * x + sine * y
    across = (cosine * y - sine * x) / np.float32(axis_ratio)
    square = along * along + across * across
    return np.asarray(np.exp(np.float32(-sersic_b(n)) * square ** np.float32(0.5 / n)), np.float32)
