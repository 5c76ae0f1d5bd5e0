"""A database that does not answer yet is waited for; what waiting does not mend is told at once."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy.exc import DBAPIError, OperationalError

from postgresql_server import PostgresqlServer
from skysieve.errors import ServiceError
from skysieve.service.database.database import Database, is_passing
from skysieve.service.database.migrate import is_empty
from skysieve.service.database.patience import once_it_answers


def away() -> None:
    raise OperationalError("SELECT 1", {}, Exception("connection failed: Connection refused"))


def test_a_server_that_starts_later_is_waited_for(postgresql_server: PostgresqlServer) -> None:
    address = postgresql_server.create_database()
    lines: list[str] = []
    postgresql_server.stop()
    starter = threading.Timer(1.0, postgresql_server.start)
    starter.start()
    database = Database(address)
    try:
        assert once_it_answers(lambda: is_empty(database), patience_s=30, tell=lines.append) is True
    finally:
        starter.join()
        database.close()
    assert len(lines) == 1
    assert lines[0].startswith("the database does not answer: ")


def test_a_restart_under_open_connections_is_waited_for(postgresql_server: PostgresqlServer) -> None:
    database = Database(postgresql_server.create_database())
    assert is_empty(database)
    postgresql_server.restart()
    assert once_it_answers(lambda: is_empty(database), patience_s=30, tell=print) is True
    database.close()


def test_the_wait_has_an_end_and_says_so() -> None:
    with pytest.raises(ServiceError, match=r"did not for \d s: connection failed: .*SKYSIEVE_DATABASE_URL"):
        once_it_answers(away, patience_s=0.3, tell=lambda line: None)


def test_told_to_stop_it_waits_no_longer() -> None:
    stop = threading.Event()
    assert once_it_answers(away, stop=stop, tell=lambda line: stop.set()) is None


def test_what_waiting_does_not_mend_is_raised_at_once(postgresql_server: PostgresqlServer) -> None:
    missing = Database(postgresql_server.address("no_such_database"))
    with pytest.raises(DBAPIError, match="does not exist") as raised:
        once_it_answers(lambda: is_empty(missing), tell=lambda line: pytest.fail(line))
    assert not is_passing(raised.value)
    missing.close()

    def wrong() -> None:
        raise ServiceError("the database is at revision 0000")

    with pytest.raises(ServiceError, match="revision"):
        once_it_answers(wrong, tell=lambda line: pytest.fail(line))
