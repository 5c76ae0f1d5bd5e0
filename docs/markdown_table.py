"""Markdown of values: tables and cells."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

__all__ = ["cell", "code", "table"]


def cell(text: Any) -> str:
    """Return text that cannot break out of a cell."""
    return " ".join(str(text).split()).replace("|", "\\|")


def code(text: Any) -> str:
    """Return a cell of code; empty for nothing."""
    shown = " ".join(str(text).split())
    fence = "``" if "`" in shown else "`"
    return f"{fence}{shown}{fence}".replace("|", "\\|") if shown else ""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of cells that are Markdown already."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"
