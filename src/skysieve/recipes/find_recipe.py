"""Recipes of models and recipes of sieves, under one roof: a user need not know which is which."""

from __future__ import annotations

import difflib

from skysieve.errors import UnknownNameError
from skysieve.recipes.recipe import RECIPES, Recipe
from skysieve.recipes.sieve_recipe import SIEVE_RECIPES, SieveRecipe

__all__ = ["all_recipes", "find_recipe"]


def all_recipes() -> dict[str, Recipe | SieveRecipe]:
    """Return every recipe by its name, sorted.

    Examples
    --------
    >>> list(all_recipes())[:3]
    ['braai', 'deepshadows', 'deepshadows-three-classes']
    """
    found: dict[str, Recipe | SieveRecipe] = {name: RECIPES.get(name) for name in RECIPES}
    found |= {name: SIEVE_RECIPES.get(name) for name in SIEVE_RECIPES}
    return dict(sorted(found.items()))


def find_recipe(name: str) -> Recipe | SieveRecipe:
    """Return the recipe of that name, of a model or of a sieve.

    Raises
    ------
    UnknownNameError
        If there is none; the message lists near matches.
    """
    if name in SIEVE_RECIPES:
        return SIEVE_RECIPES.get(name)
    if name in RECIPES:
        return RECIPES.get(name)
    known = all_recipes()
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.4)
    hint = f"did you mean {' or '.join(map(repr, near))}?" if near else f"known are: {', '.join(known)}"
    raise UnknownNameError(f"no recipe is called {name!r}; {hint}")
