"""Users of tests, with passwords that are hashed with the least work."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from argon2 import PasswordHasher

from skysieve.service.accounts import passwords
from skysieve.service.accounts.roles import Role
from skysieve.service.accounts.users import add_user
from skysieve.service.service import Service


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash with the least work that Argon2 knows."""
    monkeypatch.setattr(passwords, "HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
def make_user(service: Service, quick: None) -> Callable[..., int]:
    """Return a function that adds a user and returns the id."""

    def make(name: str, role: Role = Role.SCANNER, password: str = "copper kettle 81 moons") -> int:
        return add_user(service.database, name, role, password, actor="test")

    return make
