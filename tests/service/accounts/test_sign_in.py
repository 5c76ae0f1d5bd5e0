"""Signing in: what changes meanwhile counts, and what is done is one transaction."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from skysieve.errors import ServiceError
from skysieve.service.accounts import sign_in as module
from skysieve.service.accounts.roles import Role
from skysieve.service.accounts.sign_in import sign_in
from skysieve.service.accounts.users import set_active, set_password
from skysieve.service.database.tables import SignInAttempt, User, UserSession

PASSWORD = "copper kettle 81 moons"


def test_a_sign_in_is_kept_with_its_place(service, make_user) -> None:
    ana = make_user("ana")
    agent = "Browser/1.0\r\nX: y" + "z" * 500
    found = sign_in(service.database, " Ana ", PASSWORD, address="192.0.2.1", agent=agent)
    assert len(found.secret) == 43
    with service.database.reading() as session:
        kept = session.scalars(select(UserSession)).one()
        assert (kept.user_id, kept.address, len(kept.agent)) == (ana, "192.0.2.1", 200)
        assert "\n" not in kept.agent
        assert session.get_one(User, ana).last_sign_in is not None
        assert session.scalars(select(SignInAttempt)).all() == []


@pytest.mark.parametrize("change", ["disable", "password"])
def test_what_changes_while_the_password_is_verified_counts(service, make_user, monkeypatch, change) -> None:
    ana = make_user("ana")

    def verify(password: str, stored: str) -> bool:
        if change == "disable":
            set_active(service.database, ana, False, actor="test")
        else:
            set_password(service.database, ana, "seven green lanterns", actor="test")
        return True

    monkeypatch.setattr(module, "verify_password", verify)
    assert sign_in(service.database, "ana", PASSWORD, address="").secret == ""
    with service.database.reading() as session:
        assert session.scalars(select(UserSession)).all() == []


def test_a_user_without_a_password_cannot_sign_in(service, make_user) -> None:
    make_user("robot", Role.CURATOR, "")
    for password in ("", "anything"):
        assert sign_in(service.database, "robot", password, address="").secret == ""


def test_a_flood_that_must_wait_writes_nothing(service, make_user, monkeypatch) -> None:
    make_user("ana")
    for _ in range(5):
        sign_in(service.database, "ana", "wrong", address="192.0.2.1")

    def write(work: object) -> None:
        raise AssertionError("SQLite has one writer: whoever floods the sign-in would keep it from the feeds")

    monkeypatch.setattr(service.database, "write", write)
    assert sign_in(service.database, "ana", PASSWORD, address="192.0.2.1").wait_s > 0


def test_who_is_turned_away_in_a_flood_is_not_made_to_wait_for_it(service, make_user, monkeypatch) -> None:
    make_user("ana")

    def busy(password: str, stored: str) -> bool:
        raise ServiceError("too many people sign in just now")

    with monkeypatch.context() as patch:
        patch.setattr(module, "verify_password", busy)
        for _ in range(6):
            with pytest.raises(ServiceError):
                sign_in(service.database, "ana", PASSWORD, address="192.0.2.1")
    assert sign_in(service.database, "ana", PASSWORD, address="192.0.2.1").secret
