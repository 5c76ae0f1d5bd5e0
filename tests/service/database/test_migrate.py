"""The migrations make the tables that the classes describe, on both databases."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from skysieve.errors import ServiceError
from skysieve.service.database.database import Database
from skysieve.service.database.migrate import check_revision, current_revision, latest_revision, upgrade
from skysieve.service.database.tables import Table
from skysieve.service.service import Service


def test_migrations_make_what_the_tables_say(service: Service) -> None:
    with service.database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Table.metadata) == []


def test_upgrade_of_the_present_revision_changes_nothing(service: Service) -> None:
    upgrade(service.database)
    assert current_revision(service.database) == latest_revision()
    check_revision(service.database)


def test_database_without_tables_is_refused() -> None:
    with pytest.raises(ServiceError, match=r"revision none, this skysieve works with .*database upgrade"):
        check_revision(Database("sqlite://"))


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_processes_that_start_at_once_on_an_empty_database_all_find_the_tables(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    address = f"sqlite:///{tmp_path / 'new.sqlite'}"
    if kind == "postgresql":
        address = request.getfixturevalue("postgresql_server").create_database()
    databases = [Database(address) for _ in range(3)]
    together, failures = threading.Barrier(len(databases)), []

    def start(database: Database) -> None:
        try:
            with database.engine.connect():
                together.wait(20)
            upgrade(database)
            check_revision(database)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=start, args=(database,)) for database in databases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    for database in databases:
        database.close()
    assert failures == []
