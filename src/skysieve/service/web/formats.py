"""Numbers, times and positions as people read them; what is not known is a dash, never an empty cell."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

__all__ = [
    "FILTERS",
    "UNKNOWN",
    "ago",
    "clock",
    "count",
    "date_of_night",
    "declination",
    "degrees",
    "moment",
    "moment_of_jd",
    "number",
    "right_ascension",
    "score",
    "size",
]

#: What stands where nothing is known.
UNKNOWN = "\N{EN DASH}"
#: Between thousands.
_THIN = "\N{NARROW NO-BREAK SPACE}"
#: Julian date of 1970-01-01T00:00.
_JD_OF_EPOCH = 2440587.5


def number(value: float | None, digits: int = 3) -> str:
    """Return a number with so many digits after the point; a whole one without any.

    Examples
    --------
    >>> number(0.98765), number(12), number(None), number(1.2e-7)
    ('0.988', '12', '–', '1.2e-07')
    """
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return UNKNOWN
    if isinstance(value, int) or (float(value).is_integer() and abs(value) < 1e15):
        return f"{value:.0f}".replace("-", "\N{MINUS SIGN}")
    if abs(value) < 10.0**-digits or abs(value) >= 1e9:
        return f"{value:.{digits}g}"
    return f"{value:.{digits}f}".replace("-", "\N{MINUS SIGN}")


def score(value: float | None) -> str:
    """Return a score between 0 and 1; what lies at an end is said to lie there.

    Examples
    --------
    >>> score(0.98765), score(3e-8), score(0.99999), score(None)
    ('0.988', '<0.001', '>0.999', '–')
    """
    if value is None or not math.isfinite(value):
        return UNKNOWN
    if value < 0.0005:
        return "<0.001"
    return ">0.999" if value > 0.9995 else f"{value:.3f}"


def count(value: int | None) -> str:
    """Return a count with its thousands apart.

    Examples
    --------
    >>> count(1234567).split()
    ['1', '234', '567']
    """
    return UNKNOWN if value is None else f"{value:,}".replace(",", _THIN)


def degrees(value: float | None) -> str:
    """Return an angle in degrees, to 4 milliarcseconds.

    Examples
    --------
    >>> degrees(122.0), degrees(-3.5)
    ('122.000000', '−3.500000')
    """
    if value is None or not math.isfinite(value):
        return UNKNOWN
    return f"{value:.6f}".replace("-", "\N{MINUS SIGN}")


def size(value: int | None) -> str:
    """Return a size in bytes in words.

    Examples
    --------
    >>> size(512), size(47_628), size(3 * 2**30)
    ('512 B', '46.5 KiB', '3.0 GiB')
    """
    if value is None:
        return UNKNOWN
    left = float(value)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if left < 1024:
            return f"{left:.0f} {unit}" if unit == "B" else f"{left:.1f} {unit}"
        left /= 1024
    return f"{left:.1f} TiB"


def moment(value: datetime | None) -> str:
    """Return a time to the second, UTC."""
    return UNKNOWN if value is None else f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def clock(value: datetime | None) -> str:
    """Return the time of the day, UTC."""
    return UNKNOWN if value is None else f"{value.astimezone(UTC):%H:%M}"


def moment_of_jd(jd: float | None) -> str:
    """Return the UTC time of a Julian date, to the second.

    Examples
    --------
    >>> moment_of_jd(2461366.75)
    '2026-11-22 06:00:00'
    """
    if jd is None or not math.isfinite(jd) or not 1721426 < jd < 5373484:
        return UNKNOWN
    when = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=jd - _JD_OF_EPOCH)
    return moment(when + timedelta(milliseconds=500))


def ago(value: datetime | None, now: datetime | None = None) -> str:
    """Return how long ago a time is, in one unit.

    Examples
    --------
    >>> then = datetime(2026, 11, 21, tzinfo=UTC)
    >>> ago(then, then + timedelta(seconds=5)), ago(then, then + timedelta(hours=30))
    ('5 s ago', '30 h ago')
    """
    if value is None:
        return "never"
    seconds = ((now or datetime.now(UTC)) - value).total_seconds()
    if seconds < 1:
        return "now"
    for unit, length, most in (("s", 1, 120), ("min", 60, 7200), ("h", 3600, 172800)):
        if seconds < most:
            return f"{seconds / length:.0f} {unit} ago"
    return f"{seconds / 86400:.0f} days ago"


def date_of_night(name: str) -> str:
    """Return the date of a night's evening.

    Examples
    --------
    >>> date_of_night("20261121"), date_of_night("unknown")
    ('2026-11-21', 'unknown')
    """
    return f"{name[:4]}-{name[4:6]}-{name[6:]}" if len(name) == 8 and name.isdigit() else name


def right_ascension(degrees: float | None) -> str:
    """Return a right ascension in hours, to 0.01 s.

    Examples
    --------
    >>> right_ascension(83.633083), right_ascension(359.9999999)
    ('05:34:31.94', '00:00:00.00')
    """
    if degrees is None or not math.isfinite(degrees):
        return UNKNOWN
    hundredths = round(degrees / 15 * 360_000) % (24 * 360_000)
    minutes, rest = divmod(hundredths, 6000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest / 100:05.2f}"


def declination(degrees: float | None) -> str:
    """Return a declination in degrees, to 0.1 arcsec, with its sign.

    Examples
    --------
    >>> declination(22.0145), declination(-0.00003)
    ('+22:00:52.2', '−00:00:00.1')
    """
    if degrees is None or not math.isfinite(degrees):
        return UNKNOWN
    tenths = round(abs(degrees) * 36_000)
    minutes, rest = divmod(tenths, 600)
    sign = "\N{MINUS SIGN}" if degrees < 0 else "+"
    return f"{sign}{minutes // 60:02d}:{minutes % 60:02d}:{rest / 10:04.1f}"


def _value(value: Any) -> str:
    """Return a value of metadata in full."""
    if value is None:
        return UNKNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    # Surveys send single precision; more digits are noise.
    return f"{value:.8g}" if isinstance(value, float) else str(value)


#: What templates may write behind a bar, under its name there.
FILTERS: dict[str, Any] = {
    "ago": ago,
    "clock": clock,
    "count": count,
    "date_of_night": date_of_night,
    "declination": declination,
    "degrees": degrees,
    "moment": moment,
    "moment_of_jd": moment_of_jd,
    "number": number,
    "right_ascension": right_ascension,
    "score": score,
    "size": size,
    "value": _value,
}
