"""From the parts of a streak to the columns of its candidate, whichever part comes first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from skysieve.service.candidates.survey_units import ZTF_BANDS
from skysieve.service.database.tables.candidates import STREAK, UNKNOWN_NIGHT
from skysieve.service.ingest.alert_columns import (
    clean_fields,
    night_name,
    position,
    valid_jd,
)
from skysieve.sources.streaks.ades import ADES_PREFIX
from skysieve.sources.streaks.observing_night import JD_OF_MJD_ZERO

__all__ = ["SURVEY", "PartStamps", "new_streak", "report_columns", "row_columns"]

#: The survey whose depot has streaks.
SURVEY = "ZTF"


@dataclass(frozen=True, slots=True)
class PartStamps:
    """Stamps of the three parts of a streak, which together are the stamp of its candidate.

    Examples
    --------
    >>> stamps = PartStamps.of("00ff.12ab.")
    >>> stamps.metadata, stamps.ades, str(stamps.with_part("ades", "77"))
    ('12ab', '', '00ff.12ab.77')
    """

    picture: str = ""
    metadata: str = ""
    ades: str = ""

    @classmethod
    def of(cls, stamp: str) -> PartStamps:
        """Read the stamp of a candidate."""
        return cls(*stamp.split(".")) if stamp.count(".") == 2 else cls()

    def with_part(self, part: str, stamp: str) -> PartStamps:
        """Return the stamps after one part has come."""
        return replace(self, **{part: stamp})

    def __str__(self) -> str:
        return f"{self.picture}.{self.metadata}.{self.ades}"


def new_streak(name: str, source: str) -> dict[str, Any]:
    """Return the columns of a streak of which only the name is known."""
    return {
        "kind": STREAK,
        "survey": SURVEY,
        "name": name,
        "object_id": "",
        "night": UNKNOWN_NIGHT,
        "jd": None,
        "ra": None,
        "dec": None,
        "band": "",
        "mag": None,
        "fields": {},
        "source": source,
    }


def row_columns(row: Mapping[str, Any], known: Mapping[str, Any], *, site: str) -> dict[str, Any]:
    """Return what the row of a nightly table sets.

    Parameters
    ----------
    row : mapping
        Columns of the row, derived ones included.
    known : mapping
        Fields of the candidate so far; those of a report are kept.
    site : str
        The observatory, for the night.
    """
    jd = valid_jd(row.get("jd"))
    middle = row.get("midpoint_mjd")
    if jd is None and middle is not None:
        jd = valid_jd(middle + JD_OF_MJD_ZERO)
    ra, dec = position(row.get("midpoint_ra"), row.get("midpoint_dec"))
    hidden = {"_id"} | ({"jd"} if jd == row.get("jd") else set())
    fields = clean_fields({name: value for name, value in row.items() if name not in hidden})
    reported = {name: value for name, value in known.items() if name.startswith(ADES_PREFIX)}
    return {
        "night": night_name(jd, site),
        "jd": jd,
        "ra": ra,
        "dec": dec,
        "band": ZTF_BANDS.get(row.get("fid"), ""),  # type: ignore[arg-type]
        "fields": fields | reported,
    }


def report_columns(report: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a report sets: its columns, ``ades_...``, beside those of the row, and the magnitude."""
    others = {name: value for name, value in known.items() if not name.startswith(ADES_PREFIX)}
    fields = clean_fields(report)
    return {"mag": fields.get(f"{ADES_PREFIX}mag"), "fields": others | fields}
