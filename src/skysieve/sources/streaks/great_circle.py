"""Arcs on the sky between the two ends of a streak: length, midpoint, position angle."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Arc", "great_circle_arc"]


class Arc(NamedTuple):
    """Arcs of great circles, each field of the shape of the ends.

    Parameters
    ----------
    ra, dec : ndarray of float64
        Midpoint, degrees; ``ra`` from 0 to 360.
    length : ndarray of float64
        From end to end, degrees.
    position_angle : ndarray of float64
        Direction at the midpoint, degrees from north towards east, from 0 to 180: which end came
        first cannot be told from one exposure. NaN for a point.
    """

    ra: NDArray[np.float64]
    dec: NDArray[np.float64]
    length: NDArray[np.float64]
    position_angle: NDArray[np.float64]


def great_circle_arc(ra1: ArrayLike, dec1: ArrayLike, ra2: ArrayLike, dec2: ArrayLike) -> Arc:
    """Join points on the sky by the shorter arc of their great circle.

    Parameters
    ----------
    ra1, dec1, ra2, dec2 : array-like
        Ends, degrees. NaN at any gives NaN throughout.

    Returns
    -------
    Arc
        Computed with unit vectors: exact to rounding across right ascension 0, at the poles, and
        for arcs of a fraction of an arcsecond. Of opposite points the midpoint is arbitrary.

    Examples
    --------
    >>> arc = great_circle_arc(359.999, 0.0, 0.003, 0.0)
    >>> round(float(arc.ra), 6), round(float(arc.length) * 3600, 6), float(arc.position_angle)
    (0.001, 14.4, 90.0)
    """
    first, second = _unit_vector(ra1, dec1), _unit_vector(ra2, dec2)
    middle, chord = first + second, second - first
    # The chord and the sum give the half angle without the loss of digits of a cosine near 1.
    length = 2 * np.arctan2(_norm(chord), _norm(middle))
    x, y, z = np.moveaxis(middle, -1, 0)
    ra, dec = np.arctan2(y, x), np.arctan2(z, np.hypot(x, y))
    east = np.stack([-np.sin(ra), np.cos(ra), np.zeros_like(ra)], axis=-1)
    north = np.stack([-np.sin(dec) * np.cos(ra), -np.sin(dec) * np.sin(ra), np.cos(dec)], axis=-1)
    angle = np.degrees(np.arctan2((chord * east).sum(-1), (chord * north).sum(-1))) % 180.0
    angle = np.where(length > 0, np.where(angle >= 180.0, 0.0, angle), np.nan)
    degrees = np.degrees(ra) % 360.0
    return Arc(np.where(degrees >= 360.0, 0.0, degrees), np.degrees(dec), np.degrees(length), angle)


def _unit_vector(ra: ArrayLike, dec: ArrayLike) -> NDArray[np.float64]:
    alpha, delta = np.broadcast_arrays(np.radians(np.asarray(ra, float)), np.radians(np.asarray(dec, float)))
    return np.stack([np.cos(delta) * np.cos(alpha), np.cos(delta) * np.sin(alpha), np.sin(delta)], axis=-1)


def _norm(vector: NDArray[Any]) -> NDArray[np.float64]:
    return np.asarray(np.linalg.norm(vector, axis=-1))
