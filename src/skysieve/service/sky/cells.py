"""Cells of the sky: a whole number for each position, so that what is near is found in an index.

A cell is a pixel of HEALPix in nested order with 2**20 pixels along the side of a base pixel, a fifth
of an arcsecond wide. In nested order every larger pixel is one range of cells: a cone becomes a few
ranges of whole numbers, which any database can look up, and an exact test of what is found there.
"""

from __future__ import annotations

import math
from typing import overload

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sqlalchemy import BindParameter, ColumnElement, Float, and_, bindparam, func, or_

from skysieve.errors import InputError
from skysieve.service.database.tables import Candidate

__all__ = ["ORDER", "cell_of", "cell_ranges", "haversine", "in_cone", "separation_of"]

#: Order of the cells: pixels of a base pixel's side are 2**ORDER.
ORDER = 20

#: What rounding may add to a separation, radians: less than a thousandth of an arcsecond.
_ROUNDING = 1e-9


@overload
def cell_of(ra: float, dec: float) -> int: ...
@overload
def cell_of(ra: NDArray[np.float64], dec: NDArray[np.float64]) -> NDArray[np.int64]: ...
def cell_of(ra: ArrayLike, dec: ArrayLike) -> int | NDArray[np.int64]:
    """Return the cells of positions.

    Parameters
    ----------
    ra, dec : float or array
        Degrees, ICRS; any right ascension counts once around the circle.

    Returns
    -------
    int or array of int64
        As the input.

    Raises
    ------
    InputError
        If a position is not finite or a declination lies beyond a pole.

    Examples
    --------
    >>> cell_of(10.5, 41.2) == cell_of(370.5, 41.2)
    True
    >>> cell_of(np.array([10.5, 190.5]), np.array([41.2, -41.2]))
    array([  727201323344, 11722569849183])
    """
    longitudes, latitudes = np.asarray(ra, np.float64), np.asarray(dec, np.float64)
    if not (np.isfinite(longitudes).all() and (np.abs(latitudes) <= 90).all()):
        raise InputError(
            f"position {ra!r}, {dec!r}",
            "bad-position",
            "expected finite degrees, a declination from -90 to 90",
        )
    from astropy.units import Quantity
    from astropy_healpix.core import lonlat_to_healpix

    cells = lonlat_to_healpix(
        Quantity(longitudes % 360.0, "deg"), Quantity(latitudes, "deg"), 2**ORDER, order="nested"
    )
    return int(cells) if np.ndim(cells) == 0 else np.asarray(cells, np.int64)


def in_cone(
    ra: float, dec: float, radius_arcsec: float, *, cell: ColumnElement[int] | None = None
) -> ColumnElement[bool]:
    """Return the condition that a candidate lies within a radius of a position.

    Parameters
    ----------
    ra, dec : float
        Centre, degrees, ICRS.
    radius_arcsec : float
        Radius, arcseconds; the rim belongs to the cone. From half a turn on, it is the whole sky.
    cell : ColumnElement, optional
        The cell of the candidate, where the index shall not be used.

    Returns
    -------
    ColumnElement
        Ranges of cells for the index, and an exact test; false or null of candidates without a position.

    Raises
    ------
    InputError
        If the centre is no position or the radius is not positive.
    """
    ranges = cell_ranges(ra, dec, radius_arcsec)
    cells = Candidate.__table__.c.cell if cell is None else cell
    near = or_(*(cells.between(first, last) for first, last in ranges))
    return and_(near, haversine(ra, dec) <= _number(_haversine_of(radius_arcsec)))


def cell_ranges(ra: float, dec: float, radius_arcsec: float) -> list[tuple[int, int]]:
    """Return ranges of cells, first and last, that together cover a cone: at the most some tens.

    Examples
    --------
    >>> [last - first + 1 for first, last in cell_ranges(10.5, 41.2, 1.0)]
    [80, 16, 16, 16, 80, 16]
    """
    if not (math.isfinite(ra) and abs(dec) <= 90 and 0 < radius_arcsec < math.inf):
        raise InputError(
            f"cone({ra}, {dec}, {radius_arcsec})",
            "bad-cone",
            "expected finite degrees, a declination from -90 to 90 and a positive radius in arcseconds",
        )
    radius = min(math.radians(radius_arcsec / 3600) + _ROUNDING, math.pi)
    order = min(max(math.ceil(-math.log2(radius)), 0), ORDER)
    from astropy.units import Quantity
    from astropy_healpix.core import healpix_cone_search

    pixels = healpix_cone_search(
        Quantity(ra % 360.0, "deg"),
        Quantity(dec, "deg"),
        Quantity(radius, "rad"),
        2**order,
        order="nested",
    )
    return _merged(np.unique(pixels), 4 ** (ORDER - order))


def haversine(ra: float, dec: float) -> ColumnElement[float]:
    """Return the haversine of the separation of candidates from a position, which grows with it.

    Exact to rounding for the smallest separations and across 0 degrees; null without a position.
    """
    number = Float(53)
    half_dec = func.radians((Candidate.dec - _number(dec)) / 2, type_=number)
    half_ra = func.radians((Candidate.ra - _number(ra)) / 2, type_=number)
    cosines = _number(math.cos(math.radians(dec))) * func.cos(func.radians(Candidate.dec), type_=number)
    sine_dec, sine_ra = func.sin(half_dec, type_=number), func.sin(half_ra, type_=number)
    return sine_dec * sine_dec + cosines * sine_ra * sine_ra


def separation_of(haversine: float) -> float:
    """Return the separation, arcseconds, that belongs to a haversine.

    Examples
    --------
    >>> round(separation_of(0.5))
    324000
    """
    return math.degrees(2 * math.asin(math.sqrt(min(max(haversine, 0.0), 1.0)))) * 3600


def _haversine_of(radius_arcsec: float) -> float:
    radius = math.radians(radius_arcsec / 3600)
    # Above what rounding can make of the opposite point.
    return math.sin(radius / 2) ** 2 if radius < math.pi else 2.0


def _merged(pixels: NDArray[np.int64], cells: int) -> list[tuple[int, int]]:
    """Join neighbouring pixels of so many cells each to ranges of cells."""
    breaks = np.flatnonzero(np.diff(pixels) != 1) + 1
    runs = np.split(pixels, breaks)
    return [(int(run[0]) * cells, (int(run[-1]) + 1) * cells - 1) for run in runs]


def _number(value: float) -> BindParameter[float]:
    return bindparam(None, float(value), type_=Float(53), unique=True)
