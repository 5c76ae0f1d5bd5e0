"""Tables of settings: of every recipe with its values, and of what may be set at all."""

from __future__ import annotations

import dataclasses
import inspect
import json
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from docstrings import parameters, summary
from markdown_table import cell, code, table

from skysieve.recipes.configuration import Configuration
from skysieve.recipes.find_recipe import all_recipes
from skysieve.recipes.light_curve_configuration import (
    CurveFeatureConfiguration,
    DmdtImageConfiguration,
    SequenceConfiguration,
)
from skysieve.recipes.recipe import RECIPES, Recipe
from skysieve.recipes.sieve_recipe import SIEVE_RECIPES, SieveConfiguration, SieveRecipe

__all__ = ["parts"]

#: Recipes of light curves have a group of settings more.
LIGHT_CURVES = (DmdtImageConfiguration(), CurveFeatureConfiguration(), SequenceConfiguration())


def parts() -> dict[str, str]:
    """Return the parts by file name."""
    return {
        "recipes.md": "\n".join(_recipe(RECIPES.get(name)) for name in RECIPES),
        "sieve-recipes.md": "\n".join(_sieve_recipe(SIEVE_RECIPES.get(name)) for name in SIEVE_RECIPES),
        "recipe-list.md": table(
            ["recipe", "what it is", "cite"],
            ([f"[`{n}`](#{n})", cell(each.title), cell(each.paper)] for n, each in all_recipes().items()),
        ),
        "settings.md": _all_settings(Configuration()),
        "sieve-settings.md": _table(_own(SieveConfiguration())),
    }


def _home(recipe: Recipe) -> ModuleType | None:
    """Return the file of a recipe: the one that names it, or that prepares its samples."""
    for name, module in sorted(sys.modules.items()):
        if name.startswith("skysieve.recipes.") and any(each is recipe for each in vars(module).values()):
            return module
    return inspect.getmodule(recipe.prepare)


def _recipe(recipe: Recipe) -> str:
    module = _home(recipe)
    story = (inspect.getdoc(module) or "").split("\n\n", 1)[-1]
    contract = recipe.contract
    classes = ", ".join(map(code, recipe.classes)) or "those of the samples"
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


def _sieve_recipe(recipe: SieveRecipe) -> str:
    module = inspect.getmodule(recipe.samples)
    story = (inspect.getdoc(module) or "").split("\n\n", 1)[-1]
    rules = ([code(name), code(json.dumps(rule))] for name, rule in recipe.rules.items())
    families = (
        [code(name), f"[`{recipe.families[name].name}`](#{recipe.families[name].name})"]
        for name in recipe.questions()
    )
    pieces = [
        f"## {recipe.name}\n\n{recipe.summary}",
        "\n\n".join(" ".join(paragraph.split()) for paragraph in story.split("\n\n")),
        table(["family", "recipe of its members"], families),
        table(["rule", "as JSON"], rules),
        "### Settings of a sieve\n\nThose of every member stand below `model.`: `model.training.epochs`.\n\n"
        + table(["setting", "value", "meaning"], _own(recipe.configuration)),
    ]
    if recipe.published:
        pieces.append("### Published figures of the sieve\n\n" + _published(recipe))
    return "\n\n".join(pieces) + "\n"


def _own(configuration: SieveConfiguration) -> Iterator[list[str]]:
    """Yield the settings of a sieve itself, without those of its members."""
    return (row for row in _rows(configuration) if not row[0].startswith("`model."))


def _published(recipe: Recipe | SieveRecipe) -> str:
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
    groups = {
        field.name: getattr(each, field.name)
        for each in (configuration, *LIGHT_CURVES)
        for field in dataclasses.fields(each)
    }
    for name, value in groups.items():
        if dataclasses.is_dataclass(value):
            rows = _rows(value, f"{name}.")
            pieces.append(f"### {name}\n\n{summary(type(value))}\n\n" + _table(rows))
    return "\n".join(pieces)


def _table(rows: Iterator[list[str]]) -> str:
    return table(["setting", "default", "meaning"], rows)


def _rows(configuration: Any, prefix: str = "") -> Iterator[list[str]]:
    # What a group of settings is in every recipe stands with all of them.
    meanings = {
        name: text
        for kind in type(configuration).__mro__
        if dataclasses.is_dataclass(kind)
        for name, text in parameters(kind).items()
    }
    for field in dataclasses.fields(configuration):
        value = getattr(configuration, field.name)
        if dataclasses.is_dataclass(value):
            yield from _rows(value, f"{prefix}{field.name}.")
        else:
            yield [code(prefix + field.name), code(repr(value)), cell(meanings.get(field.name, ""))]
