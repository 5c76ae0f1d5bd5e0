"""Connections to the database, the same on SQLite and PostgreSQL: read, or write and commit."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

from skysieve.errors import ConfigurationError, ServiceError
from skysieve.service.database.sqlite import WriteTurns, is_in_memory, sqlite_engine

__all__ = ["Database", "is_passing"]

T = TypeVar("T")

#: How often `Database.write` tries again, and for how long it waits at first.
TRIES, FIRST_WAIT_S = 8, 0.1
#: PostgreSQL's codes of what goes well when it is tried again: serialization failure, deadlock, shut down.
_AGAIN = frozenset({"40001", "40P01", "57P01", "57P02", "57P03", "08000", "08003", "08006"})
#: What PostgreSQL says to those whom it will never let in; such a refusal comes without a code.
_REFUSALS = ("authentication failed", "no pg_hba.conf entry", '" does not exist', "permission denied for")


class Database:
    """A database of the service.

    Parameters
    ----------
    address : str
        In the words of SQLAlchemy: ``sqlite:///file`` or ``postgresql+psycopg://...``.

    Raises
    ------
    ConfigurationError
        If the address is that of another kind of database.

    Examples
    --------
    >>> from skysieve.service.database.migrate import upgrade
    >>> from skysieve.service.database.tables import Night
    >>> database = Database("sqlite://")
    >>> upgrade(database)
    >>> with database.writing() as session:
    ...     session.add(Night(name="20261121"))
    >>> with database.reading() as session:
    ...     session.query(Night).one().name
    '20261121'
    """

    def __init__(self, address: str) -> None:
        self.address = address
        if address.startswith("sqlite"):
            self.engine = sqlite_engine(address)
        elif address.startswith("postgresql+psycopg:"):
            self.engine = _postgresql(address)
        else:
            scheme = address.partition(":")[0]
            raise ConfigurationError(
                f"the database address begins with {scheme!r}; expected sqlite:///... or postgresql://..."
            )
        self._immediate = self.engine.execution_options(immediate=True)
        self._turns = WriteTurns() if self.is_sqlite and not is_in_memory(address) else None

    @property
    def is_sqlite(self) -> bool:
        """Whether it is SQLite."""
        return self.engine.dialect.name == "sqlite"

    @contextlib.contextmanager
    def reading(self) -> Iterator[Session]:
        """Yield a session that sees one state of the database; what it changes is thrown away."""
        with Session(self.engine, expire_on_commit=False) as session:
            try:
                yield session
            finally:
                # What was read stays readable behind the block: a rollback would forget it.
                session.expunge_all()
                session.rollback()

    @contextlib.contextmanager
    def writing(self) -> Iterator[Session]:
        """Yield a session whose changes are committed at the end of the block, all or none.

        On SQLite it holds the write lock from its beginning: two writers queue and never fail half-way.
        """
        turn = contextlib.nullcontext() if self._turns is None else self._turns.turn()
        with turn, Session(self._immediate, expire_on_commit=False) as session, session.begin():
            yield session

    def write(self, work: Callable[[Session], T]) -> T:
        """Run work in a transaction, and again where the database was busy or restarted under it.

        Parameters
        ----------
        work : callable
            Takes a session; may be called more than once, each time in a new transaction.

        Raises
        ------
        ServiceError
            If the database cannot be reached after all tries.
        """
        wait = FIRST_WAIT_S
        for left in reversed(range(TRIES)):
            try:
                with self.writing() as session:
                    return work(session)
            except DBAPIError as error:
                if not is_passing(error):
                    raise
                if not left:
                    raise ServiceError(f"the database does not answer: {error.orig}") from error
            time.sleep(wait)
            wait *= 2
        raise AssertionError("unreachable")

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def is_passing(error: DBAPIError) -> bool:
    """Say whether a failure is one that passes: busy, deadlock, a server that starts again."""
    if error.connection_invalidated:
        return True
    if not isinstance(error, OperationalError):
        return False
    code = getattr(error.orig, "sqlstate", None)
    if code is None:
        text = str(error.orig).lower()
        if any(word in text for word in _REFUSALS):
            return False
        return any(word in text for word in ("locked", "busy", "connection", "server"))
    return code in _AGAIN


def _postgresql(address: str) -> Engine:
    from skysieve.extras import require

    require("psycopg", extra="postgresql", purpose="reach PostgreSQL")
    return create_engine(address, pool_pre_ping=True, pool_size=16, max_overflow=16, hide_parameters=True)
