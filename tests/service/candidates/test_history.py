"""The light curve of an object: what is here, what the packet brought along, each exposure once."""

from __future__ import annotations

import io
import math

import fastavro
import pytest

from skysieve.service.candidates.history import history
from skysieve.service.database.tables import Candidate, Cutouts, Night
from skysieve.service.service import Service

JD = 2_461_365.75
TAI_AHEAD_D = 37 / 86_400
ZTF = {"jd": "double", "fid": "int", "magpsf": "double", "sigmapsf": "double", "diffmaglim": "double"}
LSST = {"midpointMjdTai": "double", "psfFlux": "double", "psfFluxErr": "double", "band": "string"}


def packet(list_name: str, types: dict[str, str], earlier: list[dict[str, object]]) -> bytes:
    fields = [{"name": name, "type": ["null", kind]} for name, kind in types.items()]
    point = {"type": "record", "name": "point", "fields": fields}
    points = {"name": list_name, "type": {"type": "array", "items": point}}
    file = io.BytesIO()
    fastavro.writer(file, {"type": "record", "name": "alert", "fields": [points]}, [{list_name: earlier}])
    return file.getvalue()


def add(service: Service, survey: str, data: bytes, **more: object) -> int:
    sha256 = service.files.put(data)
    with service.database.writing() as session:
        night = Night(name="20261120")
        columns = {"jd": JD, "mag": 18.0, "band": "r", "object_id": "one"} | more
        candidate = Candidate(kind="alert", survey=survey, name="1", night=night, **columns)
        session.add(candidate)
        session.flush()
        given = {"sha256": sha256, "packet_sha256": sha256, "media_type": "application/fits+gzip"}
        session.add(Cutouts(candidate_id=candidate.id, channels=[], **given))
        return candidate.id


def points_of(service: Service, number: int) -> list[tuple[float, float, bool, int | None]]:
    with service.database.reading() as session:
        found = history(service, session, session.get_one(Candidate, number))
    return [(point.jd, point.mag, point.detected, point.candidate_id) for point in found]


def test_detections_and_limits_of_the_packet_come_before_what_is_here(sqlite_service: Service) -> None:
    earlier = [
        {"jd": JD - 2, "fid": 2, "magpsf": 18.5, "sigmapsf": 0.1, "diffmaglim": 20.0},
        {"jd": JD - 1, "fid": 2, "magpsf": None, "sigmapsf": None, "diffmaglim": 20.5},
        {"jd": None, "fid": 2, "magpsf": 18.0, "sigmapsf": 0.1, "diffmaglim": 20.0},
        {"jd": JD, "fid": 2, "magpsf": 18.0, "sigmapsf": 0.1, "diffmaglim": 20.0},
    ]
    number = add(sqlite_service, "ZTF", packet("prv_candidates", ZTF, earlier))
    assert points_of(sqlite_service, number) == [
        (JD - 2, 18.5, True, None),
        (JD - 1, 20.5, False, None),
        (JD, 18.0, True, number),
    ]


def test_an_exposure_that_the_packet_tells_in_atomic_time_stands_once(sqlite_service: Service) -> None:
    mjd = JD - 2_400_000.5 + TAI_AHEAD_D
    earlier = [
        {"midpointMjdTai": mjd, "psfFlux": 1000.0, "psfFluxErr": 10.0, "band": "r"},
        {"midpointMjdTai": mjd - 1, "psfFlux": 1000.0, "psfFluxErr": 10.0, "band": "r"},
        {"midpointMjdTai": mjd - 2, "psfFlux": -5.0, "psfFluxErr": 10.0, "band": "r"},
    ]
    number = add(sqlite_service, "LSST", packet("prvDiaSources", LSST, earlier), mag=23.9)
    (first, second) = points_of(sqlite_service, number)
    assert first[0] == pytest.approx(JD - 1, abs=1e-6)
    assert math.isclose(first[1], 23.9)
    assert second == (JD, 23.9, True, number)


def test_a_packet_that_cannot_be_read_costs_its_points_only(sqlite_service: Service) -> None:
    number = add(sqlite_service, "ZTF", b"Obj\x01 and nothing that follows")
    assert points_of(sqlite_service, number) == [(JD, 18.0, True, number)]
