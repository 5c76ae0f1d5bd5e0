"""SQLite as the service uses it: durable, one writer after another, with the functions of searches."""

from __future__ import annotations

import contextlib
import math
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event

__all__ = ["WriteTurns", "is_in_memory", "sqlite_engine"]

#: Seconds that a writer waits for another.
BUSY_S = 30
#: Seconds between two looks whether the other has finished.
LOOK_S = 0.002
#: After a transaction that took longer than this a process lets others in, for twice the time between looks.
LONG_S, LETS_IN_S = 0.02, 2 * LOOK_S
#: What a SQLite without mathematical functions is given; null of null, as by itself.
FUNCTIONS: dict[str, Callable[[float], float]] = {
    "sin": math.sin,
    "cos": math.cos,
    "radians": math.radians,
}


class WriteTurns:
    """Lets the writers of one process go one after the other, and other processes in between.

    SQLite has no queue: whoever looks first when the lock is free gets it. A worker that stores one batch
    after another would keep the labels of people out for seconds.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._free_at = 0.0

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for one's turn; who has waited too long goes on and leaves it to SQLite to say so."""
        taken = self._lock.acquire(timeout=BUSY_S)
        try:
            time.sleep(max(0.0, self._free_at - time.monotonic()))
            began = time.monotonic()
            try:
                yield
            finally:
                ended = time.monotonic()
                if ended - began > LONG_S:
                    self._free_at = ended + LETS_IN_S
        finally:
            if taken:
                self._lock.release()


def is_in_memory(address: str) -> bool:
    """Say whether an address is that of a database without a file."""
    return address in ("sqlite://", "sqlite:///:memory:")


def sqlite_engine(address: str) -> Engine:
    """Return the engine of a database.

    A connection with the option ``immediate`` holds the write lock from the beginning of its transactions.

    Parameters
    ----------
    address : str
        In the words of SQLAlchemy.
    """
    arguments: dict[str, Any] = {
        "connect_args": {"timeout": BUSY_S, "check_same_thread": False},
        # Errors are logged, and parameters may be hashes of passwords.
        "hide_parameters": True,
    }
    if is_in_memory(address):
        from sqlalchemy.pool import StaticPool

        arguments["poolclass"] = StaticPool
    else:
        arguments |= {"pool_size": 16, "max_overflow": 32}
    engine = create_engine(address, **arguments)
    event.listen(engine, "do_connect", _make_private)
    event.listen(engine, "connect", _set_up)
    event.listen(engine, "begin", _begin)
    return engine


def _make_private(_: Any, __: Any, arguments: list[Any], ___: Any) -> None:
    """Make a new file that its owner alone may read: it will hold hashes of passwords.

    What SQLite lays beside it, it makes of the same mode.
    """
    path = str(arguments[0])
    if path != ":memory:":
        # It is there, or its folder is not, which SQLite says in its own words.
        with contextlib.suppress(OSError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _set_up(connection: Any, _: Any) -> None:
    # SQLAlchemy, not the driver, begins transactions: see _begin.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "journal_mode = WAL",
        # FULL: a commit that was told to a feed must outlive a power cut.
        "synchronous = FULL",
        "foreign_keys = ON",
        f"busy_timeout = {BUSY_S * 1000}",
        "cache_size = -32768",
        "temp_store = MEMORY",
        "mmap_size = 268435456",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
    _add_functions(connection)


def _add_functions(connection: Any) -> None:
    """Give a SQLite that was built without mathematical functions those that searches use."""
    try:
        connection.execute("SELECT sin(0), cos(0), radians(0)").close()
    except sqlite3.OperationalError:
        for name, function in FUNCTIONS.items():
            connection.create_function(name, 1, _or_null(function), deterministic=True)


def _or_null(function: Callable[[float], float]) -> Callable[[Any], float | None]:
    def answer(value: Any) -> float | None:
        try:
            return function(value) if isinstance(value, int | float) else None
        except ValueError:  # the sine of what is infinite
            return None

    return answer


def _begin(connection: Connection) -> None:
    if not connection.get_execution_options().get("immediate", False):
        connection.exec_driver_sql("BEGIN")
    elif not _begins_to_write(connection.connection):
        # Its turn to fail, in the words of SQLAlchemy.
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begins_to_write(connection: Any) -> bool:
    """Begin a transaction with the write lock; say whether it was to be had in time.

    SQLite's own waiting looks less and less often, at last ten times a second, and rarely at the right time.
    """
    deadline = time.monotonic() + BUSY_S
    cursor = connection.cursor()
    cursor.execute("PRAGMA busy_timeout = 0")
    try:
        while time.monotonic() < deadline:
            try:
                cursor.execute("BEGIN IMMEDIATE")
                return True
            except sqlite3.OperationalError as error:
                if "locked" not in str(error):
                    raise
            time.sleep(LOOK_S)
        return False
    finally:
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_S * 1000}")
        cursor.close()
