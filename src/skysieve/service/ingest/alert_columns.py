"""From an alert to the columns of its candidate: time, place, brightness, and the rest by name."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from skysieve.errors import InputError
from skysieve.service.candidates.measured import measured
from skysieve.service.candidates.survey_units import ZTF_BANDS, jd_of_mjd_tai, magnitude_of_nanojansky
from skysieve.service.database.tables.candidates import ALERT, UNKNOWN_NIGHT
from skysieve.service.ingest.pieces import content_hash
from skysieve.sources.alerts.alert import Alert
from skysieve.sources.item_names import printable
from skysieve.sources.streaks.observing_night import observing_night

__all__ = ["alert_values", "clean_fields", "night_name", "position", "valid_jd"]


# Years 764 to 9999: dates beyond them are damaged, and no calendar here takes them.
_FIRST_JD, _LAST_JD = 2_000_000.0, 5_373_484.0
_LONGEST_OBJECT_ID, _LONGEST_BAND, _LONGEST_SURVEY = 80, 16, 32


class _Measured(NamedTuple):
    """What a survey says in words of its own; columns hold the fields ``unchanged`` as they came."""

    jd: float | None
    ra: float | None
    dec: float | None
    band: str
    mag: float | None
    unchanged: frozenset[str]


def alert_values(alert: Alert, *, site: str, source: str) -> dict[str, Any]:
    """Return the columns of the candidate of an alert.

    Parameters
    ----------
    alert : Alert
        As it was read.
    site : str
        The observatory, for the night.
    source : str
        Where it came from.

    Returns
    -------
    dict
        Columns by the attributes of `Candidate`, without ``cell`` and ``look``; ``night`` in the place of
        ``night_id``. What is not finite, or no place on the sky, is None.

    Raises
    ------
    InputError
        ``bad-id`` if the name of its object is too long to be one.
    """
    if len(alert.object_id) > _LONGEST_OBJECT_ID:
        reason = f"its object's id has {len(alert.object_id):,} letters, {_LONGEST_OBJECT_ID} are a name"
        raise InputError(alert.source, "bad-id", reason)
    measured = _SURVEYS.get(alert.survey, _measured_by_ztf)(alert.candidate)
    rest = {name: value for name, value in alert.candidate.items() if name not in measured.unchanged}
    return {
        "kind": ALERT,
        "survey": alert.survey[:_LONGEST_SURVEY],
        "name": str(alert.candid),
        "object_id": _clean(alert.object_id),
        "night": night_name(measured.jd, site),
        "jd": measured.jd,
        "ra": measured.ra,
        "dec": measured.dec,
        "band": measured.band,
        "mag": measured.mag,
        "fields": clean_fields(rest),
        "stamp": _stamp(alert),
        "source": source,
    }


def night_name(jd: float | None, site: str) -> str:
    """Return the name of the night of a time.

    Examples
    --------
    >>> night_name(2458529.7, "Palomar"), night_name(None, "Palomar")
    ('20190214', 'unknown')
    """
    return UNKNOWN_NIGHT if jd is None else observing_night(jd, site)


def position(ra: Any, dec: Any) -> tuple[float | None, float | None]:
    """Return a place on the sky, None and None where it is none.

    Examples
    --------
    >>> position(370.0, -3.0), position(10.0, -95.0)
    ((10.0, -3.0), (None, None))
    """
    ra, dec = measured(ra), measured(dec)
    if ra is None or dec is None or not (-360 <= ra <= 720 and -90 <= dec <= 90):
        return None, None
    # Twice, since the remainder of a tiny negative number is 360 itself.
    return (ra if 0 <= ra < 360 else ra % 360.0 % 360.0), dec


def clean_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that JSON and both databases can hold: what is missing or not finite is left out.

    Examples
    --------
    >>> clean_fields({"rb": 0.9, "drb": float("nan"), "ssnamenr": None, "tooflag": True})
    {'rb': 0.9, 'tooflag': True}
    """
    kept: dict[str, Any] = {}
    for name, value in fields.items():
        if value is None or (type(value) is float and not math.isfinite(value)):
            continue
        kept[_clean(name)] = _clean(value) if isinstance(value, str) else value
    return kept


def valid_jd(jd: float | None) -> float | None:
    """Return a Julian date, None where it is none that a calendar has."""
    return jd if jd is not None and _FIRST_JD < jd < _LAST_JD else None


def _measured_by_ztf(fields: Mapping[str, Any]) -> _Measured:
    jd = valid_jd(measured(fields.get("jd")))
    ra, dec = position(fields.get("ra"), fields.get("dec"))
    held = {"jd": jd, "ra": ra, "dec": dec}
    unchanged = frozenset(name for name, value in held.items() if value == fields.get(name))
    band = ZTF_BANDS.get(fields.get("fid"), "")  # type: ignore[arg-type]
    return _Measured(jd, ra, dec, band, measured(fields.get("magpsf")), unchanged)


def _measured_by_lsst(fields: Mapping[str, Any]) -> _Measured:
    mjd = measured(_first(fields, "midpointMjdTai", "midPointTai"))
    jd = None if mjd is None else valid_jd(jd_of_mjd_tai(mjd))
    ra, dec = position(fields.get("ra"), _first(fields, "dec", "decl"))
    band = _clean(str(_first(fields, "band", "filterName") or "")[:_LONGEST_BAND])
    mag = magnitude_of_nanojansky(measured(_first(fields, "psfFlux", "psFlux")))
    held = {"ra": ra, "dec": dec, "band": band}
    unchanged = frozenset(name for name, value in held.items() if value == fields.get(name))
    return _Measured(jd, ra, dec, band, mag, unchanged)


_SURVEYS: dict[str, Callable[[Mapping[str, Any]], _Measured]] = {
    "ZTF": _measured_by_ztf,
    "LSST": _measured_by_lsst,
}


def _first(fields: Mapping[str, Any], *names: str) -> Any:
    """Return the first of several fields that is there: schemas change their names over the years."""
    return next((fields[name] for name in names if fields.get(name) is not None), None)


def _clean(text: str) -> str:
    return text if text.isascii() and "\0" not in text else printable(text).replace("\0", "\\0")


def _stamp(alert: Alert) -> str:
    said = repr((alert.object_id, alert.schema, sorted(alert.candidate.items())))
    shapes = repr([cutout.shape for cutout in alert.cutouts])
    return content_hash(
        said.encode("utf-8", "backslashreplace"), shapes.encode(), *map(_bytes, alert.cutouts)
    )


def _bytes(pixels: Any) -> bytes:
    return pixels.tobytes()  # type: ignore[no-any-return]
