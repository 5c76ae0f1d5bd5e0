"""How the command line speaks: tables, results, errors, and examples in the help."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

__all__ = ["examples", "say", "say_error", "say_findings", "say_table"]

_out = Console(highlight=False, soft_wrap=True)
_err = Console(stderr=True, highlight=False, soft_wrap=True)


def examples(*lines: str) -> str:
    """Return the examples of a command for its help; every one is run by a test."""
    return "Examples:\n\n" + "\n\n".join(f"`{line}`" for line in lines)


def say(text: str) -> None:
    """Print a line of result."""
    _out.print(escape(text))


def say_error(text: str) -> None:
    """Print an error to the error stream."""
    _err.print(f"[bold red]error:[/] {escape(text)}")


def say_table(rows: Mapping[str, Any], title: str = "") -> None:
    """Print names and values in two columns."""
    table = Table(title=title or None, show_header=False, box=None, pad_edge=False, title_justify="left")
    table.add_column(style="dim")
    table.add_column()
    for name, value in rows.items():
        table.add_row(escape(name), escape(str(value)))
    _out.print(table)


def say_findings(findings: Iterable[Any], limit: int = 10) -> None:
    """Print the first findings, and how many more there are."""
    listed = list(findings)
    for finding in listed[:limit]:
        _out.print(escape(str(finding)))
    if len(listed) > limit:
        _out.print(f"... and {len(listed) - limit} more")
