"""The recipe: a published experiment as one value, registered by its name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

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
        Class names; of two, the second is the one that scores are probabilities of.
    contract : InputContract
        What goes into the model.
    configuration : Configuration
        The settings of the recipe.
    prepare : callable
        ``prepare(inputs, configuration)`` makes the sample set from what a user has.
    published : tuple of PublishedFigure
        Figures to stand beside ours.
    """

    name: str
    title: str
    paper: str
    summary: str
    limits: str
    classes: tuple[str, ...]
    contract: InputContract
    configuration: Configuration
    prepare: Callable[[Sequence[str | Path], Configuration], SampleSet]
    published: tuple[PublishedFigure, ...] = ()

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
