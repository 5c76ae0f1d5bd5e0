"""Angles as people write them: degrees, or hours and degrees with minutes and seconds."""

from __future__ import annotations

import math
import re

from skysieve.errors import InputError

__all__ = ["read_angle"]

_SEXAGESIMAL = re.compile(
    r"(?P<sign>[+\-\u2212]?)(?P<whole>\d{1,3})[:hd\s]\s*(?P<minutes>\d{1,2})"
    r"(?:[:m'\s]\s*(?P<seconds>\d{1,2}(?:\.\d*)?)[s\"]?)?"
)


def read_angle(text: str, *, hours: bool) -> float:
    """Return an angle in degrees.

    Parameters
    ----------
    text : str
        Degrees (``83.633``), or with colons, blanks or letters (``05:34:31.9``, ``+22 00 52``).
    hours : bool
        Whether the latter are hours, as of a right ascension.

    Raises
    ------
    InputError
        ``bad-angle`` if it is neither, or out of range: 0 to 360 of a right ascension, -90 to 90 of a
        declination.

    Examples
    --------
    >>> read_angle("05:34:31.94", hours=True), read_angle("-00 30 00", hours=False)
    (83.63308333333333, -0.5)
    """
    name = "right ascension" if hours else "declination"
    words = text.strip()
    value = _read(words, hours)
    low, high = (0.0, 360.0) if hours else (-90.0, 90.0)
    if value is None or not low <= value <= high:
        form = "83.633 or 05:34:31.9" if hours else "22.0145 or +22:00:52"
        raise InputError(name, "bad-angle", f"{words[:32]!r} is no {name}; expected {form}")
    return value


def _read(words: str, hours: bool) -> float | None:
    if match := _SEXAGESIMAL.fullmatch(words):
        minutes, seconds = float(match["minutes"]), float(match["seconds"] or 0)
        if minutes >= 60 or seconds >= 60:
            return None
        size = float(match["whole"]) + minutes / 60 + seconds / 3600
        return (-size if match["sign"] in ("-", "\u2212") else size) * (15 if hours else 1)
    try:
        value = float(words.replace("\u2212", "-"))
    except ValueError:
        return None
    return value if math.isfinite(value) else None
