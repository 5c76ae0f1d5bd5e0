"""Times, passbands and magnitudes as surveys tell them, in the units of this service."""

from __future__ import annotations

import math

from skysieve.sources.streaks.observing_night import JD_OF_MJD_ZERO

__all__ = ["ZTF_BANDS", "jd_of_mjd_tai", "magnitude_of_nanojansky"]

#: Passbands by the ``fid`` of ZTF.
ZTF_BANDS = {1: "g", 2: "r", 3: "i"}

# AB magnitude of 1 nJy, and how far TAI is ahead of UTC since 2017, days.
_MAG_OF_NANOJANSKY = 31.4
_TAI_AHEAD_D = 37.0 / 86_400


def jd_of_mjd_tai(mjd: float) -> float:
    """Return the Julian date, UTC, of a modified Julian date in TAI.

    Examples
    --------
    >>> round((jd_of_mjd_tai(61_365.0) - 2_461_365.5) * 86_400, 2)
    -37.0
    """
    return mjd + JD_OF_MJD_ZERO - _TAI_AHEAD_D


def magnitude_of_nanojansky(flux: float | None) -> float | None:
    """Return the AB magnitude of a flux; None of a flux that is none, or not positive.

    Examples
    --------
    >>> round(magnitude_of_nanojansky(1000.0), 6), magnitude_of_nanojansky(-1.0)
    (23.9, None)
    """
    return None if flux is None or flux <= 0 else _MAG_OF_NANOJANSKY - 2.5 * math.log10(flux)
