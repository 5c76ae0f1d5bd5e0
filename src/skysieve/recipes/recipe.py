"""The recipe: a published experiment as one value, registered by its name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from skysieve.errors import SampleSetError
from skysieve.evaluation.report_content import PublishedFigure
from skysieve.models.contract import InputContract
from skysieve.recipes.configuration import Configuration
from skysieve.registry import Registry
from skysieve.samples.sample_set import SampleSet

__all__ = ["RECIPES", "Recipe"]


@dataclass(frozen=True)
class Recipe:
    """A whole experiment, but for the data.

    Parameters
    ----------
    name : str
        Name in the registry.
    title : str
        One line.
    paper : str
        What to cite.
    summary : str
        What the trained model tells from what, for its card.
    limits : str
        What a model of this recipe is not good for, for its card.
    classes : tuple of str
        Class names; of two, the second is the one that scores are probabilities of. Empty: those of the
        samples.
    contract : InputContract
        What goes into the model; ``read`` completes it.
    configuration : Configuration
        The settings of the recipe.
    prepare : callable
        ``prepare(inputs, configuration)`` makes the sample set from what a user has.
    published : tuple of PublishedFigure
        Figures to stand beside ours.
    read : callable, optional
        ``read(samples, configuration)`` returns the contract for these samples, where it depends on them:
        on the bands of light curves, say.
    """

    name: str
    title: str
    paper: str
    summary: str
    limits: str
    classes: tuple[str, ...]
    contract: InputContract
    configuration: Configuration
    prepare: Callable[[Sequence[str | Path], Any], SampleSet]
    published: tuple[PublishedFigure, ...] = ()
    read: Callable[[SampleSet, Any], InputContract] | None = None

    def of_samples(self, samples: SampleSet, configuration: Configuration) -> Recipe:
        """Return the recipe with the classes and the contract that these samples ask for.

        Raises
        ------
        SampleSetError
            If the samples have other classes than the recipe, or less than two.
        """
        classes = self.classes or samples.classes
        if len(classes) < 2:
            found = ", ".join(classes) or "no class"
            raise SampleSetError(
                f"the samples have {found}; a classifier needs two classes or more: name the column with "
                "the labels (--set labels.column=...), or label the samples"
            )
        contract = self.contract if self.read is None else self.read(samples, configuration)
        made = replace(self, classes=classes, contract=contract)
        made.check_classes(samples)
        return made

    def check_classes(self, samples: SampleSet) -> None:
        """Check that the classes of a set are those of the recipe, in its order.

        Labels are numbers of classes: the same two in the other order would train the opposite.

        Raises
        ------
        SampleSetError
            If they are not.
        """
        if samples.classes != self.classes:
            found, expected = (", ".join(names) or "none" for names in (samples.classes, self.classes))
            raise SampleSetError(
                f"the samples have the classes {found}; the recipe {self.name} expects {expected}, in this "
                "order; make the set again with its labels so named and the classes in this order "
                "(`--classes` of `skysieve samples`, `classes=` in Python)"
            )


#: Every recipe by its name.
RECIPES: Registry[Recipe] = Registry("recipe", package="skysieve.recipes")
