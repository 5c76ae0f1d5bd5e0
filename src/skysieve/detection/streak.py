"""A detected streak and what is known about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

__all__ = ["FLAGS", "Streak", "streak_columns"]

#: What may stand in `Streak.flags`.
FLAGS = {
    "crosses-edge": "an end lies at the border of the frame: a satellite, or an asteroid that is cut",
    "long": "longer than any asteroid of the exposure: a satellite",
    "in-line": "another streak lies on the same line: pieces of a satellite, most likely",
    "masked": "a fifth or more of the segment lies on pixels without data",
    "on-star": "lies on stars of the reference: flux and ends are less certain than the errors say",
    "not-converged": "the fit stopped at one of its limits",
}


@dataclass(frozen=True, slots=True)
class Streak:
    """One streak; pixels count from 0 at the centre of the first, errors are standard errors.

    Parameters
    ----------
    x1, y1, x2, y2 : float
        Ends of the segment that the source moved along, without the PSF, in pixels; x1 <= x2.
    end_error_along, end_error_across : float
        Errors of an end along and across the streak, in pixels.
    length, length_error : float
        In pixels.
    length_arcsec : float
        In arcsec.
    pa, pa_error : float
        Position angle on the pixel grid from +x towards +y, 0 to 180 degrees.
    flux, flux_error : float
        Of the whole streak, in units of the frame.
    snr : float
        Of the matched filter.
    peak_snr : float
        S/N of one beam: the flux within one FWHM of the streak over the noise of a point source.
    width, width_error : float
        FWHM across, in pixels.
    background : float
        Level below the streak, in units of the frame.
    chi2 : float
        Reduced chi-square within one FWHM.
    score : float
        Probability that it is a streak, by the classifier; NaN by fixed cuts.
    flags : tuple of str
        Of `FLAGS`.
    """

    x1: float
    y1: float
    x2: float
    y2: float
    end_error_along: float
    end_error_across: float
    length: float
    length_error: float
    length_arcsec: float
    pa: float
    pa_error: float
    flux: float
    flux_error: float
    snr: float
    peak_snr: float
    width: float
    width_error: float
    background: float
    chi2: float
    score: float
    flags: tuple[str, ...] = ()


def streak_columns(streaks: Sequence[Streak]) -> dict[str, Any]:
    """Return streaks as columns of a table; flags are joined by spaces.

    Examples
    --------
    >>> streak_columns([])["flags"]
    []
    """
    rows = [asdict(streak) for streak in streaks]
    columns: dict[str, Any] = {
        name: np.array([row[name] for row in rows], dtype=np.float64)
        for name in Streak.__slots__
        if name != "flags"
    }
    columns["flags"] = [" ".join(streak.flags) for streak in streaks]
    return columns
