"""The migrations make the tables that the classes describe, on both databases."""

from __future__ import annotations

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
