"""The application that all verbs hang on, and how its errors look."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from typing import Annotated, Any

import typer

import skysieve
from skysieve.cli.output import say_error
from skysieve.errors import SkysieveError

__all__ = ["application", "run"]

INTERRUPTED = 130
"""Exit code of a program that SIGINT ended."""

RESUMED = ("features", "fetch", "finetune", "score", "train", "transfer", "uncertainty")
"""Verbs that go on where they stopped."""

SERVING = (
    "alembic",
    "argon2",
    "astropy_healpix",
    "fastapi",
    "jinja2",
    "prometheus_client",
    "sqlalchemy",
    "structlog",
    "uvicorn",
    "watchfiles",
)
"""Libraries of the extra ``serve``, on which every command about a service rests."""

# Typer exports this one class of its usage errors only; the class above is that of all of them.
_UsageError: Any = typer.BadParameter.__mro__[1]

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
    """Run the application; whatever goes wrong ends as one line and an exit code.

    The code is 1 for errors of skysieve and of the system, 2 for a wrong call, 130 for Ctrl-C.
    """
    try:
        status = application(prog_name="skysieve", standalone_mode=False)
    except SkysieveError as error:
        say_error(str(error))
        status = 1
    except ModuleNotFoundError as error:
        if error.name not in SERVING:
            raise
        say_error(
            f"{error.name!r} is needed for the night service and is not installed: "
            "pip install 'skysieve[serve]'"
        )
        status = 1
    except OSError as error:
        # A full disk, a folder that may not be written: the system says it best, in one line.
        say_error(f"{error.filename or 'input or output'}: {error.strerror or error}")
        status = 1
    except _UsageError as error:
        status = _say_usage_error(error)
    except (KeyboardInterrupt, typer.Abort):
        status = INTERRUPTED
    if status == INTERRUPTED:
        resumed = sys.argv[1:2] and sys.argv[1] in RESUMED
        say_error("interrupted" + ("; the same command goes on where it stopped" if resumed else ""))
    sys.exit(status)


def _say_usage_error(error: Any) -> int:
    # Without arguments the help was printed, and nothing is left to say.
    if text := error.format_message():
        command = error.ctx.command_path if error.ctx else "skysieve"
        say_error(f"{text[0].lower()}{text[1:].rstrip('.')}; see `{command} --help`")
    return int(error.exit_code)
