"""``skysieve health``: whether a service is well, part by part."""

from __future__ import annotations

from typing import Annotated

import typer

from skysieve.cli.output import examples, say, say_table
from skysieve.cli.service_home import HomeOption
from skysieve.errors import ConfigurationError

__all__ = ["add_to"]


def add_to(application: typer.Typer) -> None:
    """Add the verb."""
    application.command(
        "health",
        epilog=examples("skysieve health --home service", "skysieve health database --home service"),
    )(health)


def health(
    part: Annotated[
        str,
        typer.Argument(
            help="database, worker, scoring, disk or a feed: fail where it is not well. All if left out."
        ),
    ] = "",
    home: HomeOption = None,
) -> None:
    """Say how each part of a service is, and what to do where one is not well.

    The exit code is 1 where the service is down, or where the part that was asked for is not well.
    """
    from skysieve.service.operation.existing import existing_service
    from skysieve.service.operation.health import State, check_health

    with existing_service(home) as service:
        found = check_health(service)
    checks = [check for check in found.checks if part in ("", check.name, check.name.removeprefix("feed "))]
    if not checks:
        known = ", ".join(check.name.removeprefix("feed ") for check in found.checks)
        raise ConfigurationError(f"the service has no part {part!r}; known are {known}")
    say_table({check.name: f"{check.state.label:<8}  {check.message}" for check in checks})
    if part:
        well = bool(checks) and all(check.state is State.OK for check in checks)
    else:
        well = found.state is not State.DOWN
        say(found.state.label)
    if not well:
        raise typer.Exit(1)
