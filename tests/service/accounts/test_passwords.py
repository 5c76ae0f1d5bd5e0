"""Passwords are hashed by Argon2, and verified with the same work for everybody."""

from __future__ import annotations

import contextlib
import threading

import pytest
from argon2 import PasswordHasher
from hypothesis import given, settings
from hypothesis import strategies as st

from skysieve.errors import InputError, ServiceError
from skysieve.service.accounts import passwords
from skysieve.service.accounts.passwords import (
    check_password,
    generate_password,
    hash_password,
    needs_new_hash,
    verify_password,
)

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "HASHER", QUICK)


def test_what_is_stored_is_argon2id_with_memory() -> None:
    stored = hash_password("copper kettle 81")
    assert stored.startswith("$argon2id$v=19$m=65536,")
    assert verify_password("copper kettle 81", stored)
    assert not verify_password("copper kettle 82", stored)


@pytest.mark.usefixtures("_quick")
def test_the_same_password_is_stored_differently_each_time() -> None:
    assert hash_password("copper kettle 81") != hash_password("copper kettle 81")


@pytest.mark.usefixtures("_quick")
def test_another_keyboard_types_the_same_password() -> None:
    assert verify_password("cafe\u0301 au lait 9", hash_password("caf\u00e9 au lait 9"))


@pytest.mark.usefixtures("_quick")
def test_nobody_has_no_password_and_costs_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    verified = []

    class Counting:
        def hash(self, password: str) -> str:
            return QUICK.hash(password)

        def verify(self, stored: str, password: str) -> bool:
            verified.append(stored.split("$")[:4])
            return QUICK.verify(stored, password)

    counting = Counting()
    stored = hash_password("copper kettle 81")
    monkeypatch.setattr(passwords, "HASHER", counting)
    assert not verify_password("copper kettle 81", "")
    assert not verify_password("x" * 10_000, stored)
    assert not verify_password("wrong", stored)
    assert verified == [stored.split("$")[:4]] * 3


def test_a_damaged_hash_lets_nobody_in() -> None:
    assert not verify_password("copper kettle 81", "not a hash")


def test_a_hash_of_earlier_parameters_is_made_anew() -> None:
    assert needs_new_hash(QUICK.hash("copper kettle 81"))
    assert not needs_new_hash(hash_password("copper kettle 81"))


@pytest.mark.parametrize(
    "password",
    [
        "short",
        "eleven char",
        "passwordpassword",
        "Password123456",
        "P@ssw0rd2026!!",
        "qwertyuiop123",
        "aaaaaaaaaaaaaaaa",
        "abcabcabcabcabc",
        "123456789012345",
        "skysieve-2026!",
        "vera.rubin2026",
        "VeraRubinVera!",
        "!!!!!!!!!!!!!!!",
        "x" * 257,
    ],
)
def test_what_is_easily_guessed_is_refused_and_not_repeated(password: str) -> None:
    with pytest.raises(InputError) as raised:
        check_password(password, "vera.rubin")
    assert raised.value.kind == "weak-password"
    assert password not in str(raised.value)


@pytest.mark.parametrize("password", ["copper kettle 81 moons", "j4#Lq9!vTz0w", "правильная лошадь"])
def test_what_is_hard_to_guess_is_taken(password: str) -> None:
    check_password(password, "vera.rubin")


@given(st.text(max_size=300), st.text(max_size=64))
@settings(max_examples=200, deadline=None)
def test_the_check_ends_for_any_text(password: str, name: str) -> None:
    with contextlib.suppress(InputError):
        check_password(password, name)
        assert 12 <= len(password) <= 256


def test_generated_passwords_are_taken_and_differ() -> None:
    made = {generate_password() for _ in range(50)}
    assert len(made) == 50
    for password in made:
        check_password(password, "ana")


def test_a_flood_of_sign_ins_is_turned_away_instead_of_filling_memory(monkeypatch) -> None:
    monkeypatch.setattr(passwords, "HASHER", QUICK)
    monkeypatch.setattr(passwords, "_AT_ONCE", threading.BoundedSemaphore(1))
    monkeypatch.setattr(passwords, "WAIT_S", 0.01)
    with passwords._turn(), pytest.raises(ServiceError, match="try again"):
        verify_password("copper kettle 81", "")
    assert not verify_password("copper kettle 81", "")


def test_of_a_flood_of_sign_ins_few_wait_in_line(monkeypatch) -> None:
    # Each that waits holds a thread, and without threads nobody at all is answered.
    monkeypatch.setattr(passwords, "_IN_LINE", threading.BoundedSemaphore(1))
    monkeypatch.setattr(passwords, "WAIT_S", 60.0)
    with passwords._turn(), pytest.raises(ServiceError, match="try again"):
        verify_password("copper kettle 81 moons", "")
