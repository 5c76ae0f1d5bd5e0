"""SQLite: writers take turns, and searches have their functions whatever it was built with."""

from __future__ import annotations

import math
import sqlite3
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import func, select

from skysieve.service.database import sqlite
from skysieve.service.database.database import Database
from skysieve.service.database.migrate import upgrade
from skysieve.service.database.tables import Night
from skysieve.service.service import open_service


class _WithoutFunctions(sqlite3.Connection):
    """A connection to a SQLite that was built without mathematical functions."""

    def execute(self, sql: str, *rest: object) -> sqlite3.Cursor:
        if "sin(" in sql and not self._given:
            raise sqlite3.OperationalError("no such function: sin")
        return super().execute(sql, *rest)

    _given = False


def test_sqlite_without_functions_is_given_them(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {name: (lambda value, told=name: told) for name in sqlite.FUNCTIONS}
    connection = sqlite3.connect(":memory:", factory=_WithoutFunctions)
    monkeypatch.setattr(sqlite, "FUNCTIONS", given)
    sqlite._add_functions(connection)
    cursor = connection.cursor()
    # Those of this build are replaced: their answers are those of the stand-ins.
    assert cursor.execute("SELECT sin(1), cos(1), radians(1)").fetchone() == ("sin", "cos", "radians")


@pytest.mark.parametrize("name", sorted(sqlite.FUNCTIONS))
def test_functions_given_say_what_those_of_sqlite_say(name: str) -> None:
    connection = sqlite3.connect(":memory:")
    try:
        connection.execute("SELECT sin(0)")
    except sqlite3.OperationalError:
        pytest.skip("this SQLite has none to compare with")
    connection.create_function("given", 1, sqlite._or_null(sqlite.FUNCTIONS[name]), deterministic=True)
    for value in (0, 1, -2.5, 359.999, 1e300, math.inf, None, "north"):
        own, given = connection.execute(f"SELECT {name}(?), given(?)", (value, value)).fetchone()
        assert given == (None if own is None else pytest.approx(own, rel=1e-12))


def test_searches_have_their_functions() -> None:
    with Database("sqlite://").reading() as session:
        assert session.scalar(select(func.sin(func.radians(30.0)))) == pytest.approx(0.5)


def test_many_writers_of_two_processes_all_write(tmp_path: Path) -> None:
    # Two databases of one file see no more of each other than two processes do.
    databases = [Database(f"sqlite:///{tmp_path / 'one.sqlite'}") for _ in range(2)]
    upgrade(databases[0])
    failures: list[BaseException] = []

    def write(number: int) -> None:
        try:
            for again in range(5):
                with databases[number % 2].writing() as session:
                    session.add(Night(name=f"{number}-{again}"))
                    session.flush()
                    time.sleep(0.001)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    with databases[0].reading() as session:
        assert session.scalar(select(func.count()).select_from(Night)) == 60
    assert not failures
    for database in databases:
        database.close()


def test_writer_that_is_kept_out_too_long_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "BUSY_S", 0.1)
    one, other = (Database(f"sqlite:///{tmp_path / 'one.sqlite'}") for _ in range(2))
    upgrade(one)
    with one.writing() as session:
        session.add(Night(name="first"))
        session.flush()
        with pytest.raises(Exception, match="locked"), other.writing() as late:
            late.add(Night(name="second"))
    with other.writing() as session:
        session.add(Night(name="third"))
    with one.reading() as session:
        assert set(session.scalars(select(Night.name))) == {"first", "third"}
    one.close()
    other.close()


def test_process_lets_others_in_after_a_long_transaction() -> None:
    turns = sqlite.WriteTurns()
    with turns.turn():
        time.sleep(2 * sqlite.LONG_S)
    ended = time.monotonic()
    with turns.turn():
        assert time.monotonic() - ended >= sqlite.LOOK_S


def test_what_is_kept_is_for_its_owner_only_even_in_a_folder_for_all(tmp_path: Path) -> None:
    folder = tmp_path / "service"
    folder.mkdir(mode=0o755)
    service = open_service(folder)
    try:
        with service.database.writing() as session:
            session.add(Night(name="20261121"))
        kept = [folder / "files", folder / "run", folder / "models", *folder.glob("service.sqlite*")]
        assert len(kept) >= 5
        assert {path.name: path.stat().st_mode & 0o077 for path in kept} == {path.name: 0 for path in kept}
    finally:
        service.close()
