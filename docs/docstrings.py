"""Read numpydoc docstrings: the summary, and what is said of each parameter."""

from __future__ import annotations

import inspect
import re
from typing import Any

__all__ = ["parameters", "summary"]

_NAMED = re.compile(r"^(\w[\w, *]*?)(?: : .*)?$")


def summary(item: Any) -> str:
    """Return the first paragraph of a docstring as Markdown."""
    text = inspect.getdoc(item) or ""
    return _as_markdown(text.split("\n\n")[0])


def parameters(item: Any) -> dict[str, str]:
    """Return the description of each parameter as Markdown."""
    found: dict[str, str] = {}
    names: list[str] = []
    lines: list[str] = []

    def close() -> None:
        for name in names:
            found[name] = _as_markdown("\n".join(lines))

    for line in _section(inspect.getdoc(item) or "", "Parameters"):
        if line and not line.startswith(" ") and (match := _NAMED.match(line)):
            close()
            names, lines = [name.strip(" *") for name in match[1].split(",")], []
        else:
            lines.append(line.strip())
    close()
    return found


def _section(text: str, title: str) -> list[str]:
    lines = text.splitlines()
    starts = [row for row in range(len(lines) - 1) if lines[row + 1] and set(lines[row + 1]) == {"-"}]
    for number, row in enumerate(starts):
        if lines[row] == title:
            end = starts[number + 1] if number + 1 < len(starts) else len(lines)
            return lines[row + 2 : end]
    return []


def _as_markdown(text: str) -> str:
    return re.sub(r"(?<!`)`?`([^`]+)``?", r"`\1`", " ".join(text.split()))
