"""``skysieve users``: refusals, and that passwords are taken from the environment."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from skysieve.service.accounts import passwords
from skysieve.service.accounts.sign_in import sign_in
from skysieve.service.database.tables import AuditEntry
from skysieve.service.service import open_service


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(passwords, "HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    return str(tmp_path / "observatory")


def test_the_first_admin_comes_from_a_command_and_can_sign_in(call, home: str, monkeypatch) -> None:
    monkeypatch.setenv("ADMIN_PASSWORD", "copper kettle 81 moons")
    said, error = call(
        ["users", "add", "Ana", "--role", "admin", "--password-env", "ADMIN_PASSWORD", "--home", home]
    )
    assert (said, error) == ("ana is admin\n", "")
    service = open_service(home)
    assert sign_in(service.database, "ana", "copper kettle 81 moons", address="127.0.0.1").secret
    with service.database.reading() as session:
        first = session.query(AuditEntry).order_by(AuditEntry.id).first()
        assert first is not None
        assert (first.actor, first.user_id, first.action, first.target) == (
            "command",
            None,
            "user.create",
            "ana",
        )
    service.close()


def test_a_password_that_was_made_is_that_of_the_user(call, home: str) -> None:
    said, _ = call(["users", "add", "ana", "--role", "admin", "--home", home])
    made = said.splitlines()[1].removeprefix("password: ")
    service = open_service(home)
    assert sign_in(service.database, "ana", made, address="127.0.0.1").secret
    service.close()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["set-role", "ana", "--role", "viewer"], "last admin"),
        (["disable", "ana"], "last admin"),
        (["add", "ana"], "already|is there"),
        (["add", "ben", "--role", "boss"], "'boss' is none; expected viewer, scanner, curator, admin"),
        (["add", "<b>"], "no user name"),
        (["disable", "nobody"], "is no user"),
        (["token", "ana", "--scope", "all"], "'all' is none; expected read"),
        (["token", "ana", "--scope", "read", "--days", "367"], "1 to 366 days"),
        (["password", "ana", "--password-env", "NOT_SET"], "NOT_SET, which is not set"),
    ],
)
def test_refusals_say_what_to_do(call, home: str, words: list[str], says: str) -> None:
    call(["users", "add", "ana", "--role", "admin", "--home", home])
    _, error = call(["users", *words, "--home", home])
    assert re.search(says, error), error


def test_a_weak_password_is_refused(call, home: str, monkeypatch) -> None:
    monkeypatch.setenv("WEAK", "Password123456")
    _, error = call(["users", "add", "ana", "--password-env", "WEAK", "--home", home])
    assert "easily guessed" in error
    assert "Password123456" not in error


def test_nothing_is_listed_where_there_is_no_service(call, tmp_path: Path) -> None:
    _, error = call(["users", "list", "--home", str(tmp_path / "nowhere")])
    assert "not the folder of a service" in error
    assert not (tmp_path / "nowhere").exists()
