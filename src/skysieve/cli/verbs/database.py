"""``skysieve database``: the tables of a service: their revision, upgrades, indexes of metadata fields."""

from __future__ import annotations

from typing import Annotated

import typer

from skysieve.cli.output import examples, say
from skysieve.cli.service_home import HomeOption

__all__ = ["add_to"]


def add_to(application: typer.Typer) -> None:
    """Add the verb."""
    verb = typer.Typer(help="Look after the tables of a service.", no_args_is_help=True)
    verb.command("upgrade", epilog=examples("skysieve database upgrade --home service"))(upgrade)
    verb.command("revision", epilog=examples("skysieve database revision --home service"))(revision)
    verb.command("index", epilog=examples("skysieve database index rb --home service"))(index)
    application.add_typer(verb, name="database")


def upgrade(home: HomeOption = None) -> None:
    """Bring the tables of an earlier skysieve to those of this one. Stop the service and back it up first."""
    from skysieve.service.operation.revisions import upgrade_tables

    before, after = upgrade_tables(home)
    say(f"the database is at revision {after}" + (f", up from {before}" if before != after else " already"))


def revision(home: HomeOption = None) -> None:
    """Say at which revision the tables are, and which one this skysieve works with."""
    from skysieve.service.operation.revisions import revisions

    found, expected = revisions(home)
    say(f"the database is at revision {found}")
    fits = "this skysieve works with it" if found == expected else f"this skysieve works with {expected}"
    say(fits)


def index(
    field: Annotated[str, typer.Argument(help="A field of metadata that searches ask for often.")],
    home: HomeOption = None,
) -> None:
    """Make an index of a metadata field, so that searches for it are fast among millions of candidates."""
    from skysieve.service.filters.indexing import index_field
    from skysieve.service.operation.existing import existing_service

    with existing_service(home) as service:
        made = index_field(service.database, field)
    say(f"searches for meta.{field} " + ("now have an index" if made else "had an index already"))
