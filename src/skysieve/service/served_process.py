"""A process of `skysieve serve`: one that answers requests, or the worker.

Run as ``python -m skysieve.service.served_process SPECIFICATION``, the specification in JSON.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import structlog

from skysieve.errors import SkysieveError
from skysieve.service.operation.existing import awaited_service
from skysieve.service.operation.logs import configure_logs
from skysieve.service.operation.supervision import end_with_parent
from skysieve.service.service import Service

__all__ = ["ProcessSpecification", "answer_requests", "main"]

#: Seconds that running requests have to finish when the process is asked to stop.
FINISH_S = 20
#: Seconds after which a thread that computes lets others go on; ten times as often as Python does by itself.
SWITCH_S = 0.0005
#: By how much a worker stands back for those who answer people, of the 19 that there are.
NICENESS = 5
#: What the first pages would otherwise wait for: libraries that load slowly.
_SLOW_TO_LOAD = ("astropy.units", "astropy_healpix.core", "skysieve.evaluation.intervals")
_log: structlog.stdlib.BoundLogger = structlog.get_logger("skysieve.serve")


@dataclass(frozen=True, slots=True)
class ProcessSpecification:
    """What a process is to be.

    Parameters
    ----------
    role : {"web", "worker"}
        What it does.
    folder : str
        Of the service.
    overrides : mapping
        Settings that count more than those of the folder.
    descriptor : int
        The socket that a web process answers on.
    """

    role: Literal["web", "worker"]
    folder: str
    overrides: Mapping[str, Any] = field(default_factory=dict)
    descriptor: int = -1

    def command(self) -> list[str]:
        """Return the command that runs it."""
        return [sys.executable, "-m", "skysieve.service.served_process", json.dumps(asdict(self))]


def main() -> None:
    """Be the process that the first argument specifies."""
    specification = ProcessSpecification(**json.loads(sys.argv[1]))
    end_with_parent()
    configure_logs(process=specification.role)
    try:
        _be(specification)
    except (SkysieveError, OSError) as error:
        _log.error("cannot go on", reason=str(error))
        sys.exit(1)
    except Exception:
        _log.exception("failed")
        sys.exit(1)


def _be(specification: ProcessSpecification) -> None:
    # Nothing but the default handlers of signals ends the wait.
    service = awaited_service(Path(specification.folder), specification.overrides)
    assert service is not None
    try:
        if specification.role == "web":
            answer_requests(service, socket.socket(fileno=specification.descriptor))
        else:
            _work(service)
    finally:
        service.close()


def answer_requests(service: Service, listening: socket.socket) -> None:
    """Answer requests until SIGTERM; then take no new ones, and finish those that run.

    Parameters
    ----------
    service : Service
        The service.
    listening : socket
        Listens already.
    """
    import uvicorn

    from skysieve.service.application import create_application
    from skysieve.service.operation.metrics import count_request
    from skysieve.service.operation.request_log import log_request

    configuration = uvicorn.Config(
        create_application(service, observers=(log_request, count_request)),
        log_config=None,
        access_log=False,
        server_header=False,
        forwarded_allow_ips=list(service.settings.web.proxies),
        timeout_graceful_shutdown=FINISH_S,
    )
    # A thread that waited for the database goes on soon, and does not hold its lock meanwhile.
    sys.setswitchinterval(SWITCH_S)
    threading.Thread(target=_load_ahead, name="load-ahead", daemon=True).start()
    uvicorn.Server(configuration).run(sockets=[listening])


def _load_ahead() -> None:
    for name in _SLOW_TO_LOAD:
        importlib.import_module(name)
    _keep_what_is_loaded()


def _keep_what_is_loaded() -> None:
    """Tell the collector of garbage that what is there now stays, so that it need not look at it again."""
    gc.collect()
    gc.freeze()


def _work(service: Service) -> None:
    from skysieve.service.worker import run_worker

    if not service.database.is_sqlite:
        # Who holds the one write lock of SQLite must not be slow to let it go.
        os.nice(NICENESS)
    _keep_what_is_loaded()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    run_worker(service, stop)


if __name__ == "__main__":
    main()
