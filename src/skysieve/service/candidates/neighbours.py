"""Candidates close by on the sky, of any night and kind."""

from __future__ import annotations

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from skysieve.service.database.tables import Candidate
from skysieve.service.filters.index_choice import without_index
from skysieve.service.sky.cells import in_cone

__all__ = ["neighbours", "separation_arcsec"]

#: Rows that a cone may bring before the nearest of them are taken.
_MOST_READ = 2_000


def neighbours(
    session: Session, candidate: Candidate, radius_arcsec: float = 10.0, most: int = 50
) -> list[tuple[Candidate, float]]:
    """Return other candidates within a radius.

    Parameters
    ----------
    session : Session
        Of the database.
    candidate : Candidate
        The middle; one without a position has no neighbours.
    radius_arcsec : float
        Radius, arcsec.
    most : int
        So many at the most.

    Returns
    -------
    list of (Candidate, float)
        Nearest first, with the separation in arcsec.
    """
    if candidate.ra is None or candidate.dec is None:
        return []
    inside = in_cone(candidate.ra, candidate.dec, radius_arcsec)
    found = session.scalars(
        select(Candidate)
        .where(inside, Candidate.id != candidate.id)
        # The few of the cone are sorted: SQLite would rather walk all candidates in the order of their ids.
        .order_by(without_index(Candidate.__table__.c.id).desc())
        .limit(_MOST_READ)
    ).all()
    apart = [
        (other, separation_arcsec(candidate.ra, candidate.dec, other.ra, other.dec))
        for other in found
        if other.ra is not None and other.dec is not None
    ]
    near = [pair for pair in apart if pair[1] <= radius_arcsec]
    return sorted(near, key=lambda pair: (pair[1], pair[0].id))[:most]


def separation_arcsec(ra: float, dec: float, other_ra: float, other_dec: float) -> float:
    """Return the angle between two positions, exact for small angles, too (haversine).

    Parameters
    ----------
    ra, dec, other_ra, other_dec : float
        Degrees.

    Examples
    --------
    >>> round(separation_arcsec(359.9999, 0.0, 0.0001, 0.0), 6)
    0.72
    """
    ra, dec, other_ra, other_dec = np.radians([ra, dec, other_ra, other_dec])
    square = (
        np.sin((other_dec - dec) / 2) ** 2
        + np.cos(dec) * np.cos(other_dec) * np.sin((other_ra - ra) / 2) ** 2
    )
    return float(np.degrees(2 * np.arcsin(np.sqrt(min(1.0, square)))) * 3600)
