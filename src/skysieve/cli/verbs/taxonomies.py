"""``skysieve taxonomies``: the words that people may say of candidates, in versions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from skysieve.atomic_file import replacing
from skysieve.cli.output import examples, say, say_columns
from skysieve.cli.service_home import HomeOption
from skysieve.errors import InputError

__all__ = ["add_to"]

NameArgument = Annotated[str, typer.Argument(help="Name of the taxonomy.")]


def add_to(application: typer.Typer) -> None:
    """Add the verb."""
    verb = typer.Typer(
        help="Say which words people may say of candidates; a changed list is a new version.",
        no_args_is_help=True,
    )
    verb.command("list", epilog=examples("skysieve taxonomies list --home labelled-service"))(list_)
    verb.command(
        "show", epilog=examples("skysieve taxonomies show real-bogus -o words.json --home labelled-service")
    )(show)
    verb.command(
        "change",
        epilog=examples("skysieve taxonomies change real-bogus words.json --home labelled-service"),
    )(change)
    application.add_typer(verb, name="taxonomies")


def list_(home: HomeOption = None) -> None:
    """Print the newest version of every taxonomy with its classes."""
    from skysieve.service.labelling.taxonomies import ensure_taxonomies, taxonomies
    from skysieve.service.operation.existing import existing_service

    with existing_service(home) as service:
        service.database.write(ensure_taxonomies)
        with service.database.reading() as session:
            found = taxonomies(session)
    rows = [
        [each.name, each.version, each.kind or "any", ", ".join(cls["name"] for cls in each.classes)]
        for each in found
    ]
    say_columns(("name", "version", "for", "classes"), rows)


def show(
    name: NameArgument,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write a file, to be edited and given to `change`.")
    ] = None,
    home: HomeOption = None,
) -> None:
    """Print the classes of the newest version of a taxonomy as JSON."""
    from skysieve.service.labelling.taxonomies import ensure_taxonomies, newest_taxonomy
    from skysieve.service.operation.existing import existing_service

    with existing_service(home) as service:
        service.database.write(ensure_taxonomies)
        with service.database.reading() as session:
            found = newest_taxonomy(session, name)
    text = json.dumps(found.classes, indent=1, ensure_ascii=False)
    if output is None:
        say(text)
        return
    with replacing(output) as partial:
        partial.write_text(text + "\n", encoding="utf-8")
    say(f"{found.name}, version {found.version}: {output}")


def change(
    name: Annotated[str, typer.Argument(help="Name of the taxonomy; a new name begins a new one.")],
    classes: Annotated[
        Path,
        typer.Argument(
            help="JSON: a list of classes in their order, each with name, and if wanted key (of the "
            "keyboard), meaning (a sentence) and real (true, false or null)."
        ),
    ],
    kind: Annotated[
        str, typer.Option(help="Kind of candidates of a new taxonomy: alert or streak; any if left out.")
    ] = "",
    home: HomeOption = None,
) -> None:
    """Store a changed list of classes as the next version; what was said keeps the version it was said in."""
    from skysieve.service.accounts.audit import record
    from skysieve.service.labelling.taxonomies import ensure_taxonomies, new_version, newest_taxonomy
    from skysieve.service.operation.existing import existing_service

    given = _read(classes)
    with existing_service(home) as service, service.database.writing() as session:
        ensure_taxonomies(session)
        try:
            of_kind = newest_taxonomy(session, name).kind
        except InputError:
            of_kind = kind
        made = new_version(session, name, given, kind=kind or of_kind)
        record(session, "command", "taxonomy.change", made.name, {"version": made.version})
        version = made.version
    say(f"{name} is at version {version}")


def _read(path: Path) -> list[dict[str, Any]]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(
            str(path), "missing-path", "does not exist; `skysieve taxonomies show` prints one"
        ) from None
    except (OSError, ValueError) as error:
        raise InputError(str(path), "bad-taxonomy", f"cannot be read as JSON: {error}") from None
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise InputError(str(path), "bad-taxonomy", "expected a list of classes, each an object with a name")
    return found
