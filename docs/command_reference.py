"""The reference of the command line, from the application itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import typer.main
from markdown_table import cell, code, table

from skysieve.cli.application import application

__all__ = ["commands", "leaves"]


def commands() -> str:
    """Return one section a command."""
    root = typer.main.get_command(application)
    return "\n".join(_section(" ".join(path), command) for path, command in leaves(root, ("skysieve",)))


def leaves(command: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every command that does something, with the words that call it."""
    if not hasattr(command, "commands"):
        yield path, command
        return
    for name, below in sorted(command.commands.items()):
        yield from leaves(below, (*path, name))


def _section(name: str, command: Any) -> str:
    context = command.context_class(command, info_name=name)
    usage = " ".join(command.get_usage(context).removeprefix("Usage: ").split())
    records = [
        (parameter.param_type_name, parameter.get_help_record(context))
        for parameter in command.get_params(context)
        if parameter.name != "help"
    ]
    pieces = [f"## {name}\n\n{command.help}", f"```text\n{usage}\n```"]
    for kind, title in (("argument", "argument"), ("option", "option")):
        rows = [[code(record[0]), cell(record[1])] for found, record in records if found == kind and record]
        if rows:
            pieces.append(table([title, "meaning"], rows))
    examples = re.findall(r"`([^`]+)`", command.epilog or "")
    pieces.append("```console\n" + "\n".join(examples) + "\n```")
    return "\n\n".join(pieces) + "\n"
