"""How the command line speaks: tables, results, errors, and examples in the help."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape

__all__ = [
    "as_setting",
    "examples",
    "in_words",
    "say",
    "say_columns",
    "say_counts",
    "say_error",
    "say_findings",
    "say_table",
]


def examples(*lines: str) -> str:
    """Return the examples of a command for its help; every one is run by a test."""
    return "Examples:\n\n" + "\n\n".join(f"`{line}`" for line in lines)


def say(text: str) -> None:
    """Print a line of result."""
    _print(escape(text))


def say_error(text: str) -> None:
    """Print an error as one line to the error stream; where its last line points at a place, as it is."""
    *lines, last = text.splitlines() or [""]
    shown = text if lines and last.strip() == "^" else " ".join(text.split())
    Console(stderr=True, highlight=False, soft_wrap=True).print(f"[bold red]error:[/] {escape(shown)}")


def say_table(rows: Mapping[str, Any], title: str = "") -> None:
    """Print names and values in two columns, below a title if there is one."""
    if title:
        say(title)
    indent = "  " if title else ""
    width = max(map(len, rows), default=0)
    for name, value in rows.items():
        _print(f"{indent}[dim]{escape(name.ljust(width))}[/]  {escape(str(value))}")


def say_counts(counts: Mapping[str, Mapping[str, int]]) -> None:
    """Print counts as a table with names above its columns and before its rows."""
    columns = list(dict.fromkeys(name for row in counts.values() for name in row))
    rows = [["", *columns]]
    rows += [[part, *(f"{row.get(name, 0):,}" for name in columns)] for part, row in counts.items()]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for part, *cells in rows:
        aligned = [cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True)]
        say("  ".join([part.ljust(widths[0]), *aligned]))


def say_columns(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print rows below the names of their columns; what is not text stands to the right."""
    words = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(names, *words, strict=True)]
    right = [
        bool(rows) and all(isinstance(cell, int | float) for cell in column)
        for column in zip(*rows, strict=True)
    ]
    right = right or [False] * len(names)
    for row in ([*names], *words):
        cells = zip(row, widths, right, strict=True)
        line = "  ".join(
            cell.rjust(width) if aligned else cell.ljust(width) for cell, width, aligned in cells
        )
        say(line.rstrip())


def say_findings(findings: Sequence[Any], limit: int = 10) -> None:
    """Print the first findings, and how many more there are."""
    if not findings:
        return
    say(f"{len(findings):,} findings:" if len(findings) > 1 else "1 finding:")
    shown = findings[:limit]
    width = max(len(finding.kind) for finding in shown)
    for finding in shown:
        say(f"  {finding.severity:<7}  {finding.kind:<{width}}  {finding.item}: {finding.reason}")
    if len(findings) > limit:
        say(f"  ... and {len(findings) - limit:,} more")


def as_setting(value: Any) -> str:
    """Write a value as ``--set`` takes it.

    Examples
    --------
    >>> as_setting(("fill-masked", "l2-per-cutout")), as_setting(True), as_setting(None)
    ('["fill-masked", "l2-per-cutout"]', 'true', 'none')
    >>> as_setting({"crop": 60})
    '{"crop" = 60}'
    """
    if isinstance(value, Mapping):
        inside = ", ".join(f"{json.dumps(key)} = {as_setting(of)}" for key, of in value.items())
        return f"{{{inside}}}"
    return "none" if value is None else json.dumps(value)


def in_words(value: Any) -> str:
    """Write nested names and values without brackets.

    Examples
    --------
    >>> in_words({"folds": {"folds": 3, "seed": 42}}), in_words([])
    ('folds: folds: 3, seed: 42', 'none')
    """
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {in_words(each)}" for name, each in value.items()) or "none"
    if isinstance(value, Iterable) and not isinstance(value, str):
        return ", ".join(map(in_words, value)) or "none"
    return str(value)


def _print(markup: str) -> None:
    # Made anew each time: standard output may have been redirected since the import.
    Console(highlight=False, soft_wrap=True).print(markup)
