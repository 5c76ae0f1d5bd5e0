"""The settings of a transfer curve."""

from __future__ import annotations

from dataclasses import dataclass

from skysieve.errors import ConfigurationError
from skysieve.evaluation.arrays import check_fraction
from skysieve.training.fine_tuning import FineTuningConfig

__all__ = ["TransferConfig"]


@dataclass(frozen=True)
class TransferConfig:
    """What a transfer curve is made of.

    Parameters
    ----------
    sizes : tuple of int
        Numbers of target samples, those that choose the epoch included; 0 is the model as it is, and is
        always told; with no other nothing is trained.
    strategies : tuple of str
        Ways to fine-tune, in the short form of `skysieve.training.fine_tuning.FineTuningConfig`.
    scratch : bool
        Train on the same draws from random weights, too.
    draws : int
        Draws of the samples, each with a seed of its own; nested over the sizes.
    test : float
        Share of the target samples that judges, where they have no split.
    validation : float
        Share of a draw that chooses the epoch.
    seed : int
        Of everything drawn.
    replicates : int
        Bootstrap replicates over the groups that judge.
    permutations : int
        Random changes of sides behind every distance between the surveys.
    """

    sizes: tuple[int, ...] = (0, 20, 80, 320)
    strategies: tuple[str, ...] = ("head", "whole")
    scratch: bool = True
    draws: int = 3
    test: float = 0.5
    validation: float = 0.25
    seed: int = 1
    replicates: int = 1000
    permutations: int = 100

    def __post_init__(self) -> None:
        if min(self.sizes, default=0) < 0:
            raise ConfigurationError(f"sizes are whole numbers from 0, found {self.sizes}")
        if self.draws < 1 or self.replicates < 2 or self.permutations < 1:
            raise ConfigurationError(
                f"draws ({self.draws}) and permutations ({self.permutations}) are 1 or more, "
                f"replicates ({self.replicates}) 2 or more"
            )
        check_fraction("the share of test samples", self.test)
        check_fraction("the share of a draw that chooses the epoch", self.validation)
        if not self.strategies and not self.scratch:
            raise ConfigurationError("there is nothing to train: name a strategy, or train from scratch")
        object.__setattr__(self, "sizes", tuple(sorted({0, *self.sizes})))
        short = (FineTuningConfig.of_text(text).text for text in self.strategies)
        object.__setattr__(self, "strategies", tuple(dict.fromkeys(short)))
