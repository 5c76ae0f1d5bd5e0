"""Tokens: what is stored, how long they last, whose they are."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from skysieve.errors import AccessError, InputError
from skysieve.service.accounts.caller import Caller
from skysieve.service.accounts.roles import Role, scopes_of
from skysieve.service.accounts.sessions import hash_of
from skysieve.service.accounts.tokens import (
    caller_of_token,
    create_token,
    find_token,
    revoke_token,
    tokens_of,
)
from skysieve.service.database.columns import utc_now
from skysieve.service.database.tables import AuditEntry, Token, User


def new(service, user_id: int, *scopes: str, days: int = 1, name: str = "of a test") -> str:
    with service.database.writing() as session:
        return create_token(session, session.get_one(User, user_id), name, scopes, days, actor="test")


def test_the_key_is_stored_nowhere(service, make_user) -> None:
    key = new(service, make_user("ana"), "label", "read", "read", days=30)
    assert key.startswith("sky_")
    assert len(key) == 47
    with service.database.reading() as session:
        row = session.scalars(select(Token)).one()
        assert (row.secret_sha256, row.prefix, row.scopes) == (hash_of(key), key[:10], ["read", "label"])
        assert timedelta(days=29, hours=23) < row.expires_at - utc_now() <= timedelta(days=30)
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "token.create")).one()
        assert entry.target == f"ana/{key[:10]}"
        assert key not in str(entry.details)


@pytest.mark.parametrize(
    ("role", "scopes", "days", "name", "says"),
    [
        (Role.VIEWER, ["label"], 1, "x", "label needs the role scanner"),
        (Role.SCANNER, ["ingest"], 1, "x", "ingest needs the role curator"),
        (Role.CURATOR, ["admin"], 1, "x", "admin needs the role admin"),
        (Role.ADMIN, ["everything"], 1, "x", "'everything' is none"),
        (Role.ADMIN, [], 1, "x", "choose one"),
        (Role.ADMIN, ["read"], 0, "x", "1 to 366"),
        (Role.ADMIN, ["read"], 367, "x", "1 to 366"),
        (Role.ADMIN, ["read"], 1, " ", "1 to 80"),
        (Role.ADMIN, ["read"], 1, "x" * 81, "1 to 80"),
        (Role.ADMIN, ["read"], 1, "a\0b", "1 to 80"),
    ],
)
def test_what_cannot_be_is_refused(service, make_user, role, scopes, days, name, says) -> None:
    user_id = make_user("ana", role)
    with pytest.raises(InputError, match=says):
        new(service, user_id, *scopes, days=days, name=name)


@pytest.mark.parametrize("role", Role)
def test_a_token_may_at_most_what_its_owner_may(service, make_user, role: Role) -> None:
    key = new(service, make_user("ana", role), *scopes_of(role))
    with service.database.reading() as session:
        found = find_token(session, key)
        assert found is not None
        caller = caller_of_token(found)
        assert (caller.scopes, caller.role, caller.session_id, caller.csrf) == (
            scopes_of(role),
            role,
            None,
            "",
        )


def test_a_token_ends_on_its_day(service, make_user) -> None:
    key = new(service, make_user("ana"), "read", days=2)
    with service.database.reading() as session:
        assert find_token(session, key, utc_now() + timedelta(days=2, seconds=-5)) is not None
        assert find_token(session, key, utc_now() + timedelta(days=2)) is None
        assert find_token(session, key.removeprefix("sky_")) is None


def test_only_the_owner_and_admins_revoke(service, make_user) -> None:
    ana, eve = make_user("ana"), make_user("eve", Role.CURATOR)
    new(service, ana, "read")
    everything = frozenset(("read", "label", "ingest", "curate", "admin"))

    def revoke(caller: Caller) -> None:
        with service.database.writing() as session:
            revoke_token(session, tokens_of(session, ana)[0].id, actor=caller)

    with pytest.raises(AccessError, match="somebody else"):
        revoke(Caller(eve, "eve", Role.CURATOR, everything))
    with pytest.raises(AccessError, match="somebody else"):
        revoke(Caller(eve, "eve", Role.ADMIN, frozenset(("read",))))
    for _ in range(2):  # the second time changes nothing
        revoke(Caller(ana, "ana", Role.SCANNER, everything))
    with service.database.reading() as session:
        rows = session.scalars(select(AuditEntry).where(AuditEntry.action == "token.revoke")).all()
        assert [row.user_id for row in rows] == [ana]
    with pytest.raises(InputError, match="token 987"), service.database.writing() as session:
        revoke_token(session, 987, actor=Caller(ana, "ana", Role.SCANNER, everything))
