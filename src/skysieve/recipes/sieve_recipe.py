"""The sieve recipe: several families of classifiers of the same samples, and the rule that joins them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import ConfigurationError
from skysieve.evaluation.report_content import PublishedFigure
from skysieve.models.rules import FamilyCount, Joined, Rule, parse_rule
from skysieve.recipes.configuration import Configuration
from skysieve.recipes.recipe import Recipe
from skysieve.registry import Registry
from skysieve.samples.sample_set import SampleSet

__all__ = ["SIEVE_RECIPES", "SieveConfiguration", "SieveRecipe"]


@dataclass(frozen=True)
class SieveConfiguration:
    """Everything that can be set when a sieve is trained.

    Parameters
    ----------
    members : int
        Networks in each family; they differ in their seed.
    families : tuple of str
        The families to train; all of the recipe if empty. Rules that need another one are left out.
    max_fpr : float
        Joint false-positive rate within which the thresholds of the families are chosen, on the
        validation split.
    prevalence : float
        Share of reals in the stream, to state the purity there.
    night : int
        Streaks of a night, to state the cost in people's time.
    pretraining_epochs : int
        Epochs in which, before all else, a network for each number of a member learns the recipe's
        pretraining (for streaks: to tell the kinds apart). The members of that number start from it. 0:
        members start from random weights.
    model : Configuration
        Settings of every member.
    """

    members: int = 3
    families: tuple[str, ...] = ()
    max_fpr: float = 0.005
    prevalence: float = 1 / 200
    night: int = 33_000
    pretraining_epochs: int = 0
    model: Configuration = field(default_factory=Configuration)

    def __post_init__(self) -> None:
        if self.members < 1:
            raise ConfigurationError(f"members is 1 or more, found {self.members}")
        if not 0 < self.max_fpr < 1 or not 0 < self.prevalence < 1:
            raise ConfigurationError(
                f"max_fpr and prevalence lie between 0 and 1, found {self.max_fpr} and {self.prevalence}"
            )
        if self.pretraining_epochs < 0:
            raise ConfigurationError(f"pretraining_epochs is 0 or more, found {self.pretraining_epochs}")
        if self.night < 1:
            raise ConfigurationError(f"night is the number of streaks of a night, found {self.night}")


@dataclass(frozen=True)
class SieveRecipe:
    """A sieve to train, but for the data.

    Parameters
    ----------
    name, title, paper, summary : str
        As of `skysieve.recipes.recipe.Recipe`.
    families : mapping of str to Recipe
        The recipe of each family, and of the pretraining.
    samples : callable
        ``samples(inputs, configuration)`` makes the sample set with the labels of all families.
    family_samples : callable
        ``family_samples(samples, family)`` gives it the labels of one.
    rules : mapping of str to dict
        Rules by name, as `skysieve.models.rules` reads them; the first is the default one.
    truth : callable
        ``truth(samples)`` gives the truth of the joint verdict, shape (N,): 1 where a sample ought to pass,
        0 where not, -1 where that is not known.
    configuration : SieveConfiguration
        The settings.
    pretraining : str
        What the recipe can be trained on before all else, as ``family_samples`` and ``families`` call
        it; it is no family of the sieve. Empty: nothing.
    published : tuple of PublishedFigure
        Figures to stand beside ours.
    """

    name: str
    title: str
    paper: str
    summary: str
    families: Mapping[str, Recipe]
    samples: Callable[[Sequence[str | Path], Configuration], SampleSet]
    family_samples: Callable[[SampleSet, str], SampleSet]
    rules: Mapping[str, Mapping[str, Any]]
    truth: Callable[[SampleSet], NDArray[np.int64]]
    configuration: SieveConfiguration
    pretraining: str = ""
    published: tuple[PublishedFigure, ...] = ()

    def questions(self, settings: SieveConfiguration | None = None) -> tuple[str, ...]:
        """Return the families of the sieve, without the pretraining, as far as the settings want them.

        Raises
        ------
        ConfigurationError
            If the settings name a family that the recipe does not have.
        """
        known = tuple(family for family in self.families if family != self.pretraining)
        wanted = () if settings is None else settings.families
        if strange := set(wanted) - set(known):
            raise ConfigurationError(
                f"families: {', '.join(sorted(strange))} is not one of {', '.join(known)}"
            )
        return tuple(family for family in known if not wanted or family in wanted)

    def rules_of(self, families: Collection[str]) -> dict[str, tuple[str, ...]]:
        """Return the rules that need no other families, and which families each joins.

        Raises
        ------
        ConfigurationError
            If a rule is more than "any member of each of these families": its thresholds could not be
            chosen together; or if two rules share a family, or none is left.
        """
        joined = {name: _joined_families(parse_rule(dict(rule)), name) for name, rule in self.rules.items()}
        kept = {name: needs for name, needs in joined.items() if set(needs) <= set(families)}
        every = [family for needs in kept.values() for family in needs]
        if not kept or len(every) > len(set(every)):
            raise ConfigurationError(
                f"the rules {', '.join(self.rules)} of {self.name}: each family takes part in one rule, "
                f"and at least one rule needs no more than {', '.join(families)}"
            )
        return kept


def _joined_families(rule: Rule, name: str) -> tuple[str, ...]:
    if isinstance(rule, FamilyCount) and rule.at_least == "any":
        return (rule.family,)
    if isinstance(rule, Joined) and rule.how == "all":
        return tuple(family for part in rule.rules for family in _joined_families(part, name))
    raise ConfigurationError(
        f"the rule {name!r} asks for more than any member of each of some families; train with such a rule, "
        "and give the sieve another one afterwards (`skysieve sieve decide`)"
    )


#: Every sieve recipe by its name.
SIEVE_RECIPES: Registry[SieveRecipe] = Registry("sieve recipe", package="skysieve.recipes")
