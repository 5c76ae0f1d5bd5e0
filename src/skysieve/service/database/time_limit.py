"""How long a question of somebody else may take: then the database breaks it off, whatever it asks for."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from skysieve.errors import InputError

__all__ = ["time_limit"]

#: Steps of SQLite's machine between two looks at the clock: some microseconds.
_STEPS = 10_000
#: SQLSTATE of a statement that PostgreSQL has broken off.
_CANCELLED = "57014"


@contextlib.contextmanager
def time_limit(session: Session, seconds: float) -> Iterator[None]:
    """Break off statements within the block that take too long.

    Parameters
    ----------
    session : Session
        Of `Database.reading`: nothing is lost by breaking off.
    seconds : float
        Of all statements together on SQLite, of each on PostgreSQL.

    Raises
    ------
    InputError
        ``slow-search``, once the time has passed.

    Examples
    --------
    >>> from skysieve.service.database.database import Database
    >>> with Database("sqlite://").reading() as session, time_limit(session, 5.0):
    ...     session.scalar(text("SELECT 1"))
    1
    """
    limit = _on_sqlite if session.get_bind().dialect.name == "sqlite" else _on_postgresql
    try:
        with limit(session, seconds):
            yield
    except OperationalError as error:
        if not _was_broken_off(error):
            raise
        reason = (
            f"takes longer than {seconds:g} s; ask for a night, a position or a narrower range, too, or ask "
            "whoever runs the service for an index"
        )
        raise InputError("search", "slow-search", reason) from error


@contextlib.contextmanager
def _on_sqlite(session: Session, seconds: float) -> Iterator[None]:
    connection = session.connection().connection.driver_connection
    assert connection is not None  # it has just been taken from the pool
    deadline = time.monotonic() + seconds
    connection.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS)
    try:
        yield
    finally:
        connection.set_progress_handler(None, 0)


@contextlib.contextmanager
def _on_postgresql(session: Session, seconds: float) -> Iterator[None]:
    # Of this transaction only. The statement takes no parameters; what is written into it is a whole number.
    session.execute(text(f"SET LOCAL statement_timeout = {max(1, round(seconds * 1000)):d}"))
    yield
    session.execute(text("SET LOCAL statement_timeout = 0"))


def _was_broken_off(error: OperationalError) -> bool:
    return getattr(error.orig, "sqlstate", None) == _CANCELLED or str(error.orig) == "interrupted"
