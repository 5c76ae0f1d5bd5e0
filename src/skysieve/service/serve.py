"""Serve a folder: make what is missing, start web processes and a worker, watch them, stop them."""

from __future__ import annotations

import contextlib
import http.client
import shutil
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import select

from skysieve.errors import ConfigurationError, ServiceError
from skysieve.service.accounts.passwords import generate_password
from skysieve.service.accounts.roles import Role
from skysieve.service.accounts.users import add_user
from skysieve.service.database.tables import User
from skysieve.service.home import Home, find_home
from skysieve.service.ingest.feed import open_feeds
from skysieve.service.judging.scorers import ensure_default_scorers
from skysieve.service.labelling.taxonomies import ensure_taxonomies
from skysieve.service.operation.background import start_in_background
from skysieve.service.operation.existing import awaited_service
from skysieve.service.operation.instance import Instance, announce, hold
from skysieve.service.operation.listening import check_exposure, listen, local_address
from skysieve.service.operation.supervision import Child, Supervisor
from skysieve.service.outflow.sender import Sender
from skysieve.service.served_process import ProcessSpecification
from skysieve.service.service import Service
from skysieve.service.settings import ServiceSettings

__all__ = ["ServeOptions", "prepare", "serve", "serve_in_background", "stop_on_signals"]

#: Seconds until the first answer, and how often a process may end before it.
START_S, TRIES = 60.0, 3
_POLL_S = 0.1
#: As of `skysieve.service.operation.metrics.SHARED_VARIABLE`, which this process need not load.
_SHARED_METRICS = "PROMETHEUS_MULTIPROC_DIR"


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """How a folder is served.

    Parameters
    ----------
    overrides : mapping
        Settings that count more than those of the folder, under dotted names.
    worker : bool
        Whether a worker runs, too.
    processes : int
        Web processes; more than one needs PostgreSQL.
    insecure : bool
        Listen to other machines without TLS.
    first_admin : str
        Name of an admin to make where there is no user yet.
    """

    overrides: Mapping[str, Any] = field(default_factory=dict)
    worker: bool = True
    processes: int = 1
    insecure: bool = False
    first_admin: str = ""


def serve(
    folder: str | Path | None = None,
    options: ServeOptions | None = None,
    *,
    stop: threading.Event,
    tell: Callable[[str], None],
) -> None:
    """Serve a folder until ``stop`` is set; returns when all processes have ended.

    Parameters
    ----------
    folder : path, optional
        As of `skysieve.service.home.find_home`; a new one becomes a service.
    options : ServeOptions, optional
        How.
    stop : threading.Event
        Ends it in good order: no new requests, running ones finish, the worker finishes its batch.
    tell : callable
        Called with the lines that people should read.

    Raises
    ------
    ConfigurationError
        If a setting is wrong, or other machines would reach it without TLS.
    ServiceError
        If another serves the folder, the port is taken, or nothing answers after a while.
    """
    options = options or ServeOptions()
    home = find_home(folder)
    with hold(home):
        settings = prepare(home, options, tell, stop)
        with listen(settings.web.host, settings.web.port) as listening:
            address = local_address(listening)
            announce(home, address, ready=False)
            supervisor = Supervisor(_children(home, options, listening))
            with _running(supervisor, stop):
                _wait_for_answer(address, supervisor, stop)
                if stop.is_set():
                    return
                announce(home, address, ready=True)
                where = settings.web.public_url or address
                tell(f"{settings.name} answers at {where} and keeps everything in {home.folder}")
                tell(f"Ctrl-C stops it, or `skysieve serve --stop --home {home.folder}` from elsewhere")
                stop.wait()


def serve_in_background(
    folder: str | Path | None, options: ServeOptions, command: Sequence[str], *, tell: Callable[[str], None]
) -> Instance:
    """Start a command that serves a folder, and return when it answers.

    What people must be told once is told here, and never gets into a log.

    Parameters
    ----------
    folder, options, tell
        As of `serve`.
    command : sequence of str
        What calls `serve` with the same options, but for ``first_admin``.

    Raises
    ------
    ConfigurationError, ServiceError
        As of `serve`.
    """
    home = find_home(folder)
    with hold(home):
        settings = prepare(home, options, tell)
        # Only to say in plain words that the port is taken.
        listen(settings.web.host, settings.web.port).close()
    return start_in_background(home, command)


def prepare(
    home: Home, options: ServeOptions, tell: Callable[[str], None], stop: threading.Event | None = None
) -> ServiceSettings:
    """Make what a service needs before it is served: database, words of labels, scorers, the first admin.

    Parameters
    ----------
    home : Home
        The folder; held by this process.
    options : ServeOptions
        What does not fit together is refused.
    tell : callable
        Told a password that was made, or how to make the first admin; also that the database does not
        answer and is waited for.
    stop : threading.Event, optional
        Ends that wait.

    Raises
    ------
    ConfigurationError
        As of `serve`.
    ServiceError
        If the database does not answer after some minutes, or it was told to stop before.
    """
    service = awaited_service(home.folder, options.overrides, stop=stop, tell=tell)
    if service is None:
        raise ServiceError("told to stop while it waited for the database; nothing was started")
    try:
        check_exposure(service.settings.web, insecure=options.insecure)
        if options.processes < 1 or (options.processes > 1 and service.database.is_sqlite):
            raise ConfigurationError(
                f"{options.processes} web processes were asked for; SQLite takes one, PostgreSQL any number"
            )
        if options.worker:
            # What is wrong is told here, and not by a worker that ends again and again, out of sight.
            open_feeds(service)
            Sender(service)
        service.database.write(ensure_taxonomies)
        ensure_default_scorers(service)
        _first_admin(service, options.first_admin, tell)
        return service.settings
    finally:
        service.close()


@contextlib.contextmanager
def stop_on_signals() -> Iterator[threading.Event]:
    """Yield an event that SIGTERM and Ctrl-C set."""
    stop = threading.Event()
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    for number in before:
        signal.signal(number, lambda *_: stop.set())
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _first_admin(service: Service, name: str, tell: Callable[[str], None]) -> None:
    with service.database.reading() as session:
        if session.scalar(select(User.id).limit(1)) is not None:
            if name:
                tell(f"there are users already: no admin {name} was made; see `skysieve users list`")
            return
    if name:
        password = generate_password()
        add_user(service.database, name, Role.ADMIN, password, actor="command")
        tell(f"the admin {name} signs in with the password {password} (shown this once)")
    else:
        command = f"skysieve users add NAME --role admin --home {service.home.folder}"
        tell(f"nobody can sign in yet; make the first admin with `{command}`")


def _children(home: Home, options: ServeOptions, listening: socket.socket) -> list[Child]:
    web = ProcessSpecification("web", str(home.folder), dict(options.overrides), listening.fileno())
    environment: dict[str, str] = {}
    if options.processes > 1:
        environment[_SHARED_METRICS] = str(_empty_folder(home.run / "metrics"))
    children = [
        Child("web", web.command(), (listening.fileno(),), environment) for _ in range(options.processes)
    ]
    if options.worker:
        worker = ProcessSpecification("worker", str(home.folder), dict(options.overrides))
        children.append(Child("worker", worker.command()))
    return children


def _empty_folder(folder: Path) -> Path:
    """Make a folder anew: what former processes counted is not added to what these count."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


@contextlib.contextmanager
def _running(supervisor: Supervisor, stop: threading.Event) -> Iterator[None]:
    thread = threading.Thread(target=supervisor.run, args=(stop,), name="supervisor")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _wait_for_answer(address: str, supervisor: Supervisor, stop: threading.Event) -> None:
    deadline = time.monotonic() + START_S
    while not _answers(address):
        if supervisor.failures("web") >= TRIES:
            raise ServiceError(
                f"the web process ended {TRIES} times at its start; what it said is in the log"
            )
        if time.monotonic() > deadline:
            raise ServiceError(f"nothing answers at {address} after {START_S:.0f} s; look at the log")
        if stop.wait(_POLL_S):
            return


def _answers(address: str) -> bool:
    """Say whether something answers: the listening socket takes connections before anybody reads them."""
    parts = urlsplit(address)
    assert parts.hostname is not None
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=2)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status in (200, 503)
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
