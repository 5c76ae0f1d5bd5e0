"""A candidate as the service tells of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

__all__ = ["Candidate"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A candidate with what counts at present.

    Parameters
    ----------
    id : int
        Its number in the service.
    kind : str
        ``alert`` or ``streak``.
    survey, name, object_id : str
        Who it is in the words of the survey.
    night : str
        ``YYYYMMDD``, or ``unknown``.
    jd : float or None
        Julian date, UTC.
    ra, dec : float or None
        Degrees.
    band : str
        Passband.
    mag : float or None
        Magnitude.
    score : float or None
        Of the scorer on duty.
    passes : bool or None
        Whether its rule lets it pass.
    label : str
        What most people say; empty: nobody, or as many say something else.
    label_count : int
        How many have said something.
    first_seen, updated_at : datetime
        In UTC.
    metadata : mapping
        Everything else that the survey says.

    Examples
    --------
    >>> values = dict.fromkeys(("jd", "ra", "dec", "mag", "score", "passes"))
    >>> values |= dict.fromkeys(("kind", "survey", "name", "object_id", "night", "band", "label"), "")
    >>> moment = "2026-11-21T03:00:00Z"
    >>> told = {**values, "id": 7, "label_count": 0, "first_seen": moment, "updated_at": moment, "later": 1}
    >>> Candidate.of_body(told).first_seen.hour
    3
    """

    id: int
    kind: str
    survey: str
    name: str
    object_id: str
    night: str
    jd: float | None
    ra: float | None
    dec: float | None
    band: str
    mag: float | None
    score: float | None
    passes: bool | None
    label: str
    label_count: int
    first_seen: datetime
    updated_at: datetime
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of_body(cls, body: Mapping[str, Any]) -> Candidate:
        """Return the candidate that a body of the API describes; fields of a later service are left out."""
        known = {each.name for each in dataclasses.fields(cls)}
        values = {name: value for name, value in body.items() if name in known}
        for name in ("first_seen", "updated_at"):
            values[name] = datetime.fromisoformat(values[name])
        return cls(**values)
