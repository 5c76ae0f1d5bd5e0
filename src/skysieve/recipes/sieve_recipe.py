"""The sieve recipe: several families of classifiers of the same samples, and the rule that joins them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from skysieve.errors import ConfigurationError
from skysieve.evaluation.report_content import PublishedFigure
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
    truth : str
        Column with the truth of the joint verdict: 1 where a sample ought to pass.
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
    truth: str
    configuration: SieveConfiguration
    pretraining: str = ""
    published: tuple[PublishedFigure, ...] = ()

    @property
    def questions(self) -> tuple[str, ...]:
        """The families of the sieve, without the pretraining."""
        return tuple(family for family in self.families if family != self.pretraining)


#: Every sieve recipe by its name.
SIEVE_RECIPES: Registry[SieveRecipe] = Registry("sieve recipe", package="skysieve.recipes")
