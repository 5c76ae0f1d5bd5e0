"""Nights by their names, the latest first, and that without a date last."""

from __future__ import annotations

import pytest

from skysieve.errors import InputError
from skysieve.service.candidates.nights import find_night, latest_night, night_names
from skysieve.service.database.tables import Night
from skysieve.service.database.tables.candidates import UNKNOWN_NIGHT
from skysieve.service.service import Service


def add(service: Service, *names: str) -> None:
    with service.database.writing() as session:
        session.add_all(Night(name=name) for name in names)


def test_that_without_a_date_is_last(service: Service) -> None:
    add(service, "20261119", UNKNOWN_NIGHT, "20261121", "20261120")
    with service.database.reading() as session:
        assert night_names(session) == ["20261121", "20261120", "20261119", UNKNOWN_NIGHT]
        assert night_names(session, most=2) == ["20261121", "20261120"]
        latest = latest_night(session)
        assert latest is not None
        assert latest.name == "20261121"
        assert find_night(session, "20261119").name == "20261119"


def test_a_night_without_a_date_is_better_than_none(service: Service) -> None:
    with service.database.reading() as session:
        assert latest_night(session) is None
    add(service, UNKNOWN_NIGHT)
    with service.database.reading() as session:
        latest = latest_night(session)
        assert latest is not None
        assert latest.name == UNKNOWN_NIGHT


def test_a_night_that_is_not_there_is_told_with_those_that_are(service: Service) -> None:
    add(service, "20261119", "20261120")
    with (
        service.database.reading() as session,
        pytest.raises(InputError, match="20261120, 202611") as caught,
    ):
        find_night(session, "20261118")
    assert caught.value.kind == "no-such-night"
