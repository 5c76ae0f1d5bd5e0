"""The light curve of a candidate: what its packet tells of earlier nights, and what came in here."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import fastavro
from sqlalchemy import select
from sqlalchemy.orm import Session

from skysieve.service.candidates.measured import measured
from skysieve.service.candidates.neighbours import neighbours
from skysieve.service.candidates.survey_units import ZTF_BANDS, jd_of_mjd_tai, magnitude_of_nanojansky
from skysieve.service.database.tables import Candidate
from skysieve.service.service import Service

__all__ = ["Point", "history"]

#: Detections closer than that are of the same object where the survey names none, arcsec.
SAME_OBJECT_ARCSEC = 1.5

#: Two points of one band closer than that in time are the same exposure, days.
_SAME_EXPOSURE_D = 1e-4


@dataclass(frozen=True, slots=True)
class Point:
    """A point of the light curve.

    Parameters
    ----------
    jd : float
        Julian date, UTC.
    mag : float
        Magnitude; of a non-detection the limit.
    mag_error : float or None
        Its standard error, where known.
    band : str
        Passband.
    detected : bool
        Whether it is a detection.
    candidate_id : int or None
        The candidate here, where it is one.
    """

    jd: float
    mag: float
    mag_error: float | None
    band: str
    detected: bool
    candidate_id: int | None = None


def history(service: Service, session: Session, candidate: Candidate) -> list[Point]:
    """Return the light curve of a candidate's object in order of time.

    Parameters
    ----------
    service : Service
        Whose files hold the packet.
    session : Session
        Of the database.
    candidate : Candidate
        One of its detections.

    Returns
    -------
    list of Point
        Candidates of the same object here (of the same place, where the survey names no object), and the
        detections and limits that the packet of this one brought along. A point that is told twice
        stands once, with its candidate.
    """
    here = [_point_of(each) for each in _same_object(session, candidate)]
    points = [point for point in here if point is not None]
    for told in _told_by_packet(service, candidate):
        if not any(_same_exposure(told, point) for point in points):
            points.append(told)
    return sorted(points, key=lambda point: (point.jd, point.band))


def _same_object(session: Session, candidate: Candidate) -> list[Candidate]:
    if candidate.object_id:
        same = select(Candidate).where(
            Candidate.survey == candidate.survey, Candidate.object_id == candidate.object_id
        )
        return list(session.scalars(same.order_by(Candidate.jd).limit(1000)).all())
    near = neighbours(session, candidate, SAME_OBJECT_ARCSEC, most=200)
    return [candidate, *(other for other, _ in near if other.kind == candidate.kind)]


def _point_of(candidate: Candidate) -> Point | None:
    if candidate.jd is None or candidate.mag is None:
        return None
    error = measured(candidate.fields.get("sigmapsf"))
    return Point(candidate.jd, candidate.mag, error, candidate.band, detected=True, candidate_id=candidate.id)


def _told_by_packet(service: Service, candidate: Candidate) -> list[Point]:
    cutouts = candidate.cutouts
    if cutouts is None or not cutouts.packet_sha256 or not service.files.has(cutouts.packet_sha256):
        return []
    record = _record(service.files.get(cutouts.packet_sha256), cutouts.packet_record)
    return [] if record is None else list(_points_of_record(record))


def _record(data: bytes, number: int) -> Mapping[str, Any] | None:
    """Return a record of an Avro container; None of what is no container, as a framed message."""
    if not data.startswith(b"Obj\x01"):
        return None
    try:
        for index, record in enumerate(fastavro.reader(io.BytesIO(data))):
            if index == number and isinstance(record, Mapping):
                return record
    # What a damaged packet raises is up to the decoder; the candidate is there all the same.
    except Exception:
        return None
    return None


def _points_of_record(record: Mapping[str, Any]) -> Iterator[Point]:
    for earlier in record.get("prv_candidates") or ():
        yield from _ztf_point(earlier)
    for earlier in record.get("prvDiaSources") or ():
        yield from _lsst_point(earlier)


def _ztf_point(earlier: Mapping[str, Any]) -> Iterator[Point]:
    jd, band = earlier.get("jd"), ZTF_BANDS.get(earlier.get("fid") or 0, "")
    mag, error, limit = (measured(earlier.get(name)) for name in ("magpsf", "sigmapsf", "diffmaglim"))
    if measured(jd) is None:
        return
    if mag is not None:
        yield Point(float(jd or 0), mag, error, band, detected=True)
    elif limit is not None:
        yield Point(float(jd or 0), limit, None, band, detected=False)


def _lsst_point(earlier: Mapping[str, Any]) -> Iterator[Point]:
    mjd, flux, error = (measured(earlier.get(name)) for name in ("midpointMjdTai", "psfFlux", "psfFluxErr"))
    mag = magnitude_of_nanojansky(flux)
    if mjd is None or mag is None or flux is None:
        return
    mag_error = None if error is None else 2.5 / math.log(10) * error / flux
    yield Point(jd_of_mjd_tai(mjd), mag, mag_error, str(earlier.get("band") or ""), detected=True)


def _same_exposure(one: Point, other: Point) -> bool:
    return abs(one.jd - other.jd) < _SAME_EXPOSURE_D and one.band == other.band and other.detected
