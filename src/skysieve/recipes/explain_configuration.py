"""The settings of explaining, but for those of the method."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import ConfigurationError
from skysieve.recipes.explained_panels import Order

__all__ = ["PREDICTED", "ExplainConfig", "SanityConfig", "target_classes"]

#: The class to explain: that which the model prefers.
PREDICTED = "predicted"


@dataclass(frozen=True)
class SanityConfig:
    """How the comparison with randomised networks is made.

    Parameters
    ----------
    networks : int
        How many networks, each with another order of the weights.
    samples : int
        How many samples, drawn at random, they explain.
    """

    networks: int = 3
    samples: int = 256

    def __post_init__(self) -> None:
        if self.networks < 1 or self.samples < 2:
            raise ConfigurationError(
                f"sanity.networks is {self.networks} and sanity.samples {self.samples}; "
                "expected at least 1 and 2"
            )


@dataclass(frozen=True)
class ExplainConfig:
    """What is explained, and which samples are shown.

    Parameters
    ----------
    target : str
        The class that maps are about: ``predicted``, or the name of a class.
    label : str
        Column of labels; the set's own labels if empty.
    low, high : float
        Two classes: shown are samples whose probability of the second is below ``low`` or above ``high``;
        more: those whose probability of the preferred class is above ``high``.
    shown : int
        Samples in each panel.
    order : {"random", "surest"}
        Which of them. The surest are often much alike.
    limit : int
        Explain so many samples, drawn at random; 0 for all.
    batch : int
        Samples in memory at once.
    seed : int
        Of every draw.
    replicates : int
        Of the bootstrap.
    sanity : SanityConfig
        The comparison with randomised networks.
    """

    target: str = PREDICTED
    label: str = ""
    low: float = 0.2
    high: float = 0.8
    shown: int = 8
    order: Order = "random"
    limit: int = 0
    batch: int = 64
    seed: int = 1
    replicates: int = 1000
    sanity: SanityConfig = field(default_factory=SanityConfig)

    def __post_init__(self) -> None:
        if not 0 < self.low <= self.high < 1:
            raise ConfigurationError(f"low is {self.low} and high {self.high}; expected 0 < low <= high < 1")
        if self.shown < 0 or self.limit < 0 or self.batch < 1:
            raise ConfigurationError(
                f"shown is {self.shown}, limit {self.limit}, batch {self.batch}; expected 0, 0 and 1 or more"
            )


def target_classes(name: str, classes: Sequence[str], called: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the class to explain of each sample.

    Parameters
    ----------
    name : str
        As of `ExplainConfig.target`.
    classes : sequence of str
        Names of the model's classes.
    called : ndarray, shape (N,), int64
        What the model prefers.

    Raises
    ------
    ConfigurationError
        If it is no class of the model.
    """
    if name == PREDICTED:
        return called
    if name not in classes:
        raise ConfigurationError(
            f"target is {name!r}; expected {PREDICTED!r} or one of the classes {', '.join(classes)}"
        )
    return np.full(len(called), list(classes).index(name), dtype=np.int64)
