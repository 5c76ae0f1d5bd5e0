"""``skysieve recipes``: which experiments there are, and what can be set in them."""

from __future__ import annotations

from typing import Annotated

import typer

from skysieve.cli.output import as_setting, examples, say, say_table

__all__ = ["add_to"]


def add_to(application: typer.Typer) -> None:
    """Add the verb."""
    application.command(
        "recipes",
        epilog=examples("skysieve recipes", "skysieve recipes braai", "skysieve recipes deepstreaks"),
    )(recipes)


def recipes(
    name: Annotated[str, typer.Argument(help="A recipe, to see its settings; all recipes if left out.")] = "",
) -> None:
    """List the recipes, or the settings of one."""
    from skysieve.configuration import flatten
    from skysieve.recipes.find_recipe import all_recipes, find_recipe

    if not name:
        say_table({known: f"{recipe.title}; {recipe.paper}" for known, recipe in all_recipes().items()})
        return
    recipe = find_recipe(name)
    say(f"{recipe.name}: {recipe.title}\n{recipe.paper}\n")
    settings = flatten(recipe.configuration)
    say_table(
        {key: as_setting(value) for key, value in settings.items()}, title="Settings (--set KEY=VALUE):"
    )
