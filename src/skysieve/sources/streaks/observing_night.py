"""The name of a night: the date of its evening at the observatory, whatever the date in UTC."""

from __future__ import annotations

from typing import overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skysieve.errors import ConfigurationError

__all__ = ["JD_OF_MJD_ZERO", "SITE_LONGITUDES", "longitude_of", "observing_night", "to_mjd"]

#: Geographic longitudes of survey telescopes, degrees, east positive.
SITE_LONGITUDES: dict[str, float] = {
    "Palomar": -116.8650,
    "Kitt Peak": -111.5967,
    "Mount Lemmon": -110.7917,
    "Cerro Pachon": -70.7494,
    "Cerro Tololo": -70.8065,
    "La Silla": -70.7345,
    "Paranal": -70.4042,
    "Las Campanas": -70.6926,
    "La Palma": -17.8800,
    "Sutherland": 20.8107,
    "Siding Spring": 149.0612,
    "Mauna Kea": -155.4681,
    "Mauna Loa": -155.5763,
    "Haleakala": -156.2568,
}
#: Julian date at MJD 0.
JD_OF_MJD_ZERO = 2_400_000.5

_MJD_OF_UNIX_ZERO = 40_587


@overload
def observing_night(time: float | str | np.datetime64, longitude_deg: float | str) -> str: ...
@overload
def observing_night(time: ArrayLike, longitude_deg: float | str) -> str | NDArray[np.str_]: ...
def observing_night(time: ArrayLike, longitude_deg: float | str) -> str | NDArray[np.str_]:
    """Name the night that a time belongs to.

    A night runs from noon to noon in local mean solar time (UTC + longitude / 15 degrees an hour)
    and bears the date of the day on which it begins. The date in UTC does not do: it names two
    nights for every night that UTC midnight falls into, as all nights of Chile and Australia.

    Parameters
    ----------
    time : array-like
        MJD, JD (above 2,000,000) or ISO 8601, in UTC.
    longitude_deg : float or str
        Longitude of the observatory, degrees, east positive, or a name of `SITE_LONGITUDES`.

    Returns
    -------
    str or ndarray of str
        ``YYYYMMDD``, of the shape of ``time``; empty where the time is NaN.

    Raises
    ------
    ConfigurationError
        If the longitude is out of -360..360 or the site is unknown.

    Examples
    --------
    >>> observing_night("2019-02-15T04:00:00", "Palomar"), observing_night("2019-02-15T13:00:00", -116.86)
    ('20190214', '20190214')
    >>> observing_night([58529.0, 58529.9], "La Silla").tolist()
    ['20190214', '20190215']
    """
    mjd = to_mjd(time)
    local = mjd + longitude_of(longitude_deg) / 360.0
    days = np.floor(local - 0.5)
    known = np.isfinite(days)
    dates = (np.where(known, days, 0).astype(np.int64) - _MJD_OF_UNIX_ZERO).astype("datetime64[D]")
    names = np.char.replace(dates.astype("U10"), "-", "")
    named = np.where(known, names, "")
    return str(named) if named.ndim == 0 else named


def to_mjd(time: ArrayLike) -> NDArray[np.float64]:
    """Return MJD, JD (above 2,000,000) or ISO 8601 times as MJD.

    Examples
    --------
    >>> to_mjd(["2019-02-15T12:00:00Z"]).tolist(), to_mjd(2458529.5).tolist()
    ([58529.5], 58529.0)
    """
    values = np.asarray(time)
    if values.dtype.kind in "UMO" and values.dtype.kind != "M" and values.size:
        values = np.char.rstrip(values.astype(np.str_), "Z").astype("datetime64[ns]")
    if values.dtype.kind == "M":
        nanoseconds = values.astype("datetime64[ns]").astype(np.int64)
        # Whole days apart from the rest, so that no digit of the time is lost.
        days, rest = np.divmod(nanoseconds, 86_400 * 10**9)
        mjd = days + _MJD_OF_UNIX_ZERO + rest / (86_400 * 1e9)
        return np.asarray(np.where(np.isnat(values), np.nan, mjd))
    numbers = values.astype(np.float64)
    return np.asarray(np.where(numbers > 2_000_000, numbers - JD_OF_MJD_ZERO, numbers))


def longitude_of(given: float | str) -> float:
    """Return the longitude of a site in -180..180 degrees, east positive.

    Parameters
    ----------
    given : float or str
        A longitude in degrees, as a number or in words, or a name of `SITE_LONGITUDES`.

    Raises
    ------
    ConfigurationError
        If the longitude is out of -360..360 or the site is unknown.

    Examples
    --------
    >>> longitude_of("Siding Spring"), longitude_of("-60"), longitude_of(300.0)
    (149.0612, -60.0, -60.0)
    """
    if isinstance(given, str):
        sites = {name.casefold(): longitude for name, longitude in SITE_LONGITUDES.items()}
        if given.casefold() in sites:
            return sites[given.casefold()]
        try:
            given = float(given)
        except ValueError:
            raise ConfigurationError(
                f"the site {given!r} is unknown; known are {', '.join(SITE_LONGITUDES)}; or give its "
                "longitude in degrees, east positive"
            ) from None
    if not -360.0 <= given <= 360.0:
        raise ConfigurationError(f"the longitude {given} lies outside -360..360 degrees (east positive)")
    # East of Greenwich beyond the date line and west of it are the same places: one date for each.
    return (given + 180.0) % 360.0 - 180.0
