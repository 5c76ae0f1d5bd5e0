"""The application that all verbs hang on, and how its errors look."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from typing import Annotated

import typer

import skysieve
from skysieve.cli.output import say_error
from skysieve.errors import SkysieveError

__all__ = ["application", "run"]

application = typer.Typer(
    name="skysieve",
    help="Tells what is real in a sky survey from what is not, and names what remains.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    add_completion=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"skysieve {skysieve.__version__}")
        raise typer.Exit


@application.callback()
def _options(
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None: ...


def _add_verbs() -> None:
    """Let every module of the folder ``verbs`` add its command; libraries load when one runs."""
    from skysieve.cli import verbs

    for module in sorted(pkgutil.iter_modules(verbs.__path__), key=lambda found: found.name):
        importlib.import_module(f"{verbs.__name__}.{module.name}").add_to(application)


_add_verbs()


def run() -> None:
    """Run the application and turn errors of skysieve into one line and exit code 1."""
    try:
        application()
    except SkysieveError as error:
        say_error(str(error))
        sys.exit(1)
    except KeyboardInterrupt:
        say_error("interrupted; the same command goes on where it stopped")
        sys.exit(130)
