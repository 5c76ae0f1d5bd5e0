"""``skysieve serve``: the night service, in one command."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from skysieve.cli.output import examples, say
from skysieve.cli.service_home import MadeHomeOption

if TYPE_CHECKING:
    from skysieve.service.home import Home
    from skysieve.service.serve import ServeOptions

__all__ = ["add_to"]


def add_to(application: typer.Typer) -> None:
    """Add the verb."""
    application.command(
        "serve",
        epilog=examples(
            "skysieve serve --home service --first-admin ana --port 0 --detach",
            "skysieve serve --home service --stop",
        ),
    )(serve)


def serve(
    home: MadeHomeOption = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "",
    port: Annotated[int | None, typer.Option(help="Port; 0: any that is free.")] = None,
    first_admin: Annotated[
        str,
        typer.Option(help="Where there is no user yet: make an admin of this name, and show the password."),
    ] = "",
    detach: Annotated[bool, typer.Option("--detach", help="Go on in the background.")] = False,
    stop: Annotated[bool, typer.Option("--stop", help="Stop the service of the folder.")] = False,
    worker: Annotated[
        bool, typer.Option(help="Whether a worker takes items in and scores them, too.")
    ] = True,
    processes: Annotated[int, typer.Option(help="Web processes; more than one needs PostgreSQL.")] = 1,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Listen to other machines without TLS.")
    ] = False,
) -> None:
    """Take candidates in, score them, and show them to people in their browsers.

    Everything is kept in one folder; its settings are in service.toml there. Ctrl-C stops it in good order.
    """
    from skysieve.service.home import find_home
    from skysieve.service.operation.logs import configure_logs
    from skysieve.service.serve import ServeOptions, stop_on_signals
    from skysieve.service.serve import serve as serve_folder

    place = find_home(home)
    if stop:
        _stop(place)
        return
    overrides: dict[str, Any] = {"web.host": host} if host else {}
    overrides |= {"web.port": port} if port is not None else {}
    options = ServeOptions(overrides, worker, processes, insecure, first_admin)
    if detach:
        _detach(place, options)
        return
    configure_logs(process="serve")
    with stop_on_signals() as stopping:
        serve_folder(place.folder, options, stop=stopping, tell=_say_now)
    say("stopped")


def _stop(home: Home) -> None:
    from skysieve.service.operation.instance import stop_instance

    stopped = stop_instance(home)
    say(f"stopped: {stopped.address}" if stopped else f"no service runs in {home.folder}")


def _detach(home: Home, options: ServeOptions) -> None:
    from skysieve.service.operation.background import log_file
    from skysieve.service.serve import serve_in_background

    command = [sys.executable, "-m", "skysieve", "serve", "--home", str(home.folder)]
    for option, setting in (("--host", "web.host"), ("--port", "web.port")):
        if setting in options.overrides:
            command += [option, str(options.overrides[setting])]
    command += ["--processes", str(options.processes), "--worker" if options.worker else "--no-worker"]
    command += ["--insecure"] if options.insecure else []
    instance = serve_in_background(home.folder, options, command, tell=say)
    say(f"skysieve answers at {instance.address} and keeps everything in {home.folder}")
    say(f"log: {log_file(home)}; stop it with `skysieve serve --stop --home {home.folder}`")


def _say_now(line: str) -> None:
    say(line)
    sys.stdout.flush()
