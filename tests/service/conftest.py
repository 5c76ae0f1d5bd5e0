"""A service for each test, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from browser import browser, live_server, open_page, page
from mock_cluster import MockCluster
from postgresql_server import PostgresqlServer
from skysieve.service.database.database import Database
from skysieve.service.database.migrate import upgrade
from skysieve.service.files.content_store import ContentStore
from skysieve.service.home import Home
from skysieve.service.service import Service
from skysieve.service.settings import ServiceSettings
from web_client import (
    _portal,
    application,
    client,
    client_of,
    make_token,
    make_user,
    new_client,
    quick_passwords,
    sign_in,
)

#: Fixtures for every test below this folder.
__all__ = [
    "_portal",
    "application",
    "browser",
    "client",
    "client_of",
    "live_server",
    "make_token",
    "make_user",
    "new_client",
    "open_page",
    "page",
    "quick_passwords",
    "sign_in",
]


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[object]:
    """Yield a running server of this test process (`PostgresqlServer`)."""
    server = PostgresqlServer()
    yield server
    server.close()


@pytest.fixture(scope="session")
def postgresql_template(postgresql_server) -> str:
    """Return the name of a database with all tables, to copy."""
    address = postgresql_server.create_database()
    database = Database(address)
    upgrade(database)
    database.close()
    return address.split("?")[0].rsplit("/", 1)[-1]


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return an SQLite database with all tables, to copy."""
    path = tmp_path_factory.mktemp("sqlite") / "empty.sqlite"
    database = Database(f"sqlite:///{path}")
    upgrade(database)
    database.close()
    return path.read_bytes()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Yield the address of a fresh database with all tables: every test that asks runs on both."""
    if request.param == "sqlite":
        path = tmp_path / "home" / "service.sqlite"
        path.parent.mkdir()
        path.write_bytes(request.getfixturevalue("sqlite_template"))
        yield f"sqlite:///{path}"
        return
    server = request.getfixturevalue("postgresql_server")
    address = server.create_database(request.getfixturevalue("postgresql_template"))
    yield address
    server.drop_database(address)


@pytest.fixture
def service(database_address: str, tmp_path: Path) -> Iterator[Service]:
    """Yield an empty service."""
    yield from _open(database_address, tmp_path)


@pytest.fixture
def sqlite_service(tmp_path: Path, sqlite_template: bytes) -> Iterator[Service]:
    """Yield an empty service on SQLite, for tests of what no database has to do with."""
    path = tmp_path / "home" / "service.sqlite"
    path.parent.mkdir()
    path.write_bytes(sqlite_template)
    yield from _open(f"sqlite:///{path}", tmp_path)


def _open(address: str, tmp_path: Path) -> Iterator[Service]:
    home = Home(tmp_path / "home")
    home.create()
    settings = ServiceSettings(database_url=address)
    opened = Service(home, settings, Database(address), ContentStore(home.files))
    yield opened
    opened.close()


@pytest.fixture
def cluster() -> Iterator[MockCluster]:
    """Yield a running Kafka cluster."""
    running = MockCluster()
    yield running
    running.close()
