"""The tables are upgraded from any earlier revision, and left alone where they are of a later skysieve."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest

from skysieve.errors import ServiceError
from skysieve.service.database.migrate import latest_revision
from skysieve.service.operation.revisions import revisions, upgrade_tables
from skysieve.service.service import open_service


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the folder of a closed service."""
    open_service(tmp_path / "service").close()
    return tmp_path / "service"


def test_tables_of_this_skysieve_stay_as_they_are(folder: Path) -> None:
    assert upgrade_tables(folder) == revisions(folder) == (latest_revision(), latest_revision())


def test_a_database_without_tables_gets_them(folder: Path) -> None:
    (folder / "service.sqlite").unlink()
    assert revisions(folder) == ("none", latest_revision())
    assert upgrade_tables(folder) == ("none", latest_revision())
    open_service(folder).close()


def test_tables_of_a_later_skysieve_are_left_alone(folder: Path) -> None:
    with contextlib.closing(sqlite3.connect(folder / "service.sqlite")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    assert revisions(folder) == ("9999", latest_revision())
    with pytest.raises(ServiceError, match=r"revision 9999, this skysieve works with \d+ and earlier"):
        upgrade_tables(folder)
    assert revisions(folder)[0] == "9999"


def test_a_folder_without_a_service_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match="is not the folder of a service"):
        upgrade_tables(tmp_path / "none")
