"""Failed sign-ins by name and by address: a few are free, then waits grow; nobody slips through at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from skysieve.service.accounts.sign_in_limit import Attempt, forgive, reserve_attempt, subjects_of
from skysieve.service.database.columns import utc_now
from skysieve.service.database.tables import SignInAttempt

NOW = utc_now()


def attempt(service, name: str = "ana", address: str = "192.0.2.1", at: datetime = NOW) -> Attempt:
    return service.database.write(lambda session: reserve_attempt(session, name, address, at))


def test_waits_double_and_end_at_five_minutes(service) -> None:
    at, waits = NOW, []
    for _ in range(16):
        found = attempt(service, address="", at=at)
        if found.wait_s:
            waits.append(found.wait_s)
            at += timedelta(seconds=found.wait_s)
            assert attempt(service, address="", at=at).wait_s == 0
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]


def test_waiting_is_not_punished(service) -> None:
    for _ in range(5):
        assert attempt(service).wait_s == 0
    for seconds in (0.1, 0.5, 0.9):
        assert attempt(service, at=NOW + timedelta(seconds=seconds)).wait_s == pytest.approx(1 - seconds)
    assert attempt(service, at=NOW + timedelta(seconds=1)).wait_s == 0


def test_names_and_addresses_count_apart(service) -> None:
    for _ in range(5):
        attempt(service, "ana", "192.0.2.1")
    assert attempt(service, "ana", "192.0.2.2").wait_s > 0
    assert attempt(service, "ben", "192.0.2.1").wait_s == 0


def test_an_address_that_tries_many_names_must_wait(service) -> None:
    waits = [attempt(service, f"user{n}", "192.0.2.1").wait_s for n in range(21)]
    assert waits[:20] == [0.0] * 20
    assert waits[20] > 0


def test_a_network_of_ipv6_is_one_address(service) -> None:
    waits = [attempt(service, f"user{n}", f"2001:db8::{n:x}").wait_s for n in range(21)]
    assert waits[20] > 0
    assert attempt(service, "other", "2001:db8:0:1::1").wait_s == 0


@pytest.mark.parametrize(
    ("address", "subject"),
    [
        ("192.0.2.1", "address:192.0.2.1"),
        ("::ffff:192.0.2.1", "address:192.0.2.1"),
        ("not an address", "address:not an address"),
        ("x" * 500, "address:" + "x" * 64),
    ],
)
def test_addresses_are_counted_by_what_one_client_has(address: str, subject: str) -> None:
    assert subjects_of("ana", address)[1] == subject


def test_a_success_takes_back_only_itself(service) -> None:
    for _ in range(4):
        attempt(service)
    good = attempt(service)
    service.database.write(lambda session: forgive(session, good))
    assert attempt(service).wait_s == 0
    assert attempt(service).wait_s > 0


def test_failures_are_forgotten_after_an_hour(service) -> None:
    for _ in range(5):
        attempt(service)
    assert attempt(service, at=NOW + timedelta(hours=1, seconds=1)).wait_s == 0
    with service.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(SignInAttempt)) == 2


def test_of_many_at_once_only_the_free_ones_get_through(service) -> None:
    with ThreadPoolExecutor(16) as pool:
        waits = list(pool.map(lambda _: attempt(service).wait_s, range(32)))
    assert sum(wait == 0 for wait in waits) == 5


@pytest.mark.parametrize("name", ["Ω" * 64, "a" * 500, "\N{ZERO WIDTH SPACE}", "'; DROP TABLE users; --"])
def test_any_name_can_be_counted(service, name: str) -> None:
    assert attempt(service, name).wait_s == 0
