"""Tables of settings: of every recipe with its values, and of what may be set at all."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Iterator
from typing import Any

from docstrings import parameters, summary
from markdown_table import cell, code, table

from skysieve.recipes.configuration import Configuration
from skysieve.recipes.recipe import RECIPES, Recipe

__all__ = ["parts"]


def parts() -> dict[str, str]:
    """Return the parts by file name."""
    return {
        "recipes.md": "\n".join(_recipe(RECIPES.get(name)) for name in RECIPES),
        "recipe-list.md": table(
            ["recipe", "what it is", "cite"],
            ([f"[`{n}`](#{n})", cell(RECIPES.get(n).title), cell(RECIPES.get(n).paper)] for n in RECIPES),
        ),
        "settings.md": _all_settings(Configuration()),
    }


def _recipe(recipe: Recipe) -> str:
    module = inspect.getmodule(recipe.prepare)
    story = (inspect.getdoc(module) or "").split("\n\n", 1)[-1]
    contract = recipe.contract
    classes = ", ".join(map(code, recipe.classes))
    pieces = [
        f"## {recipe.name}\n\n{recipe.summary}",
        "\n\n".join(" ".join(paragraph.split()) for paragraph in story.split("\n\n")),
        f"**Limits.** {recipe.limits}",
        f"**Input.** `{contract.column}` {contract.shape}: {', '.join(contract.channels)}.",
        f"**Classes.** {classes}.",
        "### Settings\n\n" + table(["setting", "value", "meaning"], _rows(recipe.configuration)),
    ]
    if recipe.published:
        pieces.append("### Published figures\n\n" + _published(recipe))
    return "\n\n".join(pieces) + "\n"


def _published(recipe: Recipe) -> str:
    rows = (
        [
            cell(figure.quantity),
            f"{figure.published:.4g}" if isinstance(figure.published, float) else cell(figure.published),
            cell(figure.source),
            cell(figure.note),
        ]
        for figure in recipe.published
    )
    return table(["figure", "value", "source", "under which conditions"], rows)


def _all_settings(configuration: Configuration) -> str:
    pieces = []
    for field in dataclasses.fields(configuration):
        value = getattr(configuration, field.name)
        if dataclasses.is_dataclass(value):
            rows = _rows(value, f"{field.name}.")
            pieces.append(f"### {field.name}\n\n{summary(type(value))}\n\n" + _table(rows))
    return "\n".join(pieces)


def _table(rows: Iterator[list[str]]) -> str:
    return table(["setting", "default", "meaning"], rows)


def _rows(configuration: Any, prefix: str = "") -> Iterator[list[str]]:
    meanings = parameters(type(configuration))
    for field in dataclasses.fields(configuration):
        value = getattr(configuration, field.name)
        if dataclasses.is_dataclass(value):
            yield from _rows(value, f"{prefix}{field.name}.")
        else:
            yield [code(prefix + field.name), code(repr(value)), cell(meanings.get(field.name, ""))]
