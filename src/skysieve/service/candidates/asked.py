"""What a search asks for."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace

from sqlalchemy import ColumnElement

from skysieve.errors import InputError

__all__ = ["Search"]


@dataclass(frozen=True, slots=True)
class Search:
    """What is searched for.

    Parameters
    ----------
    where : str
        Filter in the language of `skysieve.service.filters`; empty: any.
    sort : str
        One of ``score``, ``mag``, ``jd``, ``night`` (by time, too), ``first_seen``, ``label`` and, within
        a cone, ``separation``; with ``-`` the largest first. What has no value comes last either way.
    night : str
        Name of a night; empty: any.
    ra, dec, radius : float, optional
        A cone: degrees, degrees, arcseconds. All or none.
    size : int
        Candidates on a page.
    cursor : str
        ``next`` or ``previous`` of another page of this search; empty: the first page.
    without : ColumnElement, optional
        Candidates that must not be found, by a condition of the program's own.
    """

    where: str = ""
    sort: str = "-score"
    night: str = ""
    ra: float | None = None
    dec: float | None = None
    radius: float | None = None
    size: int = 50
    cursor: str = ""
    without: ColumnElement[bool] | None = field(default=None, compare=False, repr=False)

    @property
    def cone(self) -> tuple[float, float, float] | None:
        """The cone.

        Raises
        ------
        InputError
            If a part of it is missing.
        """
        given = (self.ra, self.dec, self.radius)
        if given == (None, None, None):
            return None
        if self.ra is None or self.dec is None or self.radius is None:
            raise InputError("cone", "bad-cone", "a cone needs right ascension, declination and radius")
        return self.ra, self.dec, self.radius

    @property
    def digest(self) -> str:
        """A word that differs between searches, but not between the pages of one."""
        asked = replace(self, size=0, cursor="")
        return hashlib.sha256(repr(asked).encode()).hexdigest()[:12]
