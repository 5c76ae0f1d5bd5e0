"""The points of a transfer curve: figures of every strategy at every number of samples, with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.evaluation.intervals import Interval, bootstrap_intervals
from skysieve.evaluation.thresholds import fixed
from skysieve.recipes.transfer_configuration import TransferConfig
from skysieve.recipes.transfer_draws import TargetSamples
from skysieve.recipes.transfer_runs import AS_IT_IS, SCRATCH, Transferred, probabilities
from skysieve.recipes.uncertainty.figures import figure_function

__all__ = ["TransferPoint", "transfer_points"]


@dataclass(frozen=True)
class TransferPoint:
    """One way to learn at one number of samples.

    Parameters
    ----------
    strategy : str
        ``as it is`` with no samples; a strategy; or ``scratch``.
    size : int
        Target samples.
    figures : dict of str to Interval
        Means over the draws; intervals by bootstrap over the groups that judge.
    change : dict of str to Interval
        Figure less that of the model as it is, on the same resampled groups.
    over_scratch : dict of str to Interval
        Figure less that of training from scratch on the same draws; empty without it.
    draws : dict of str to tuple of float
        The figures of every draw.
    epochs : tuple of (int, int)
        Best epoch and number of epochs of every draw.
    """

    strategy: str
    size: int
    figures: dict[str, Interval]
    change: dict[str, Interval]
    over_scratch: dict[str, Interval]
    draws: dict[str, tuple[float, ...]]
    epochs: tuple[tuple[int, ...], ...]

    def deviation(self, name: str) -> float:
        """Return the standard deviation of a figure over the draws; NaN for one draw."""
        values = self.draws[name]
        return float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")


def transfer_points(
    found: Mapping[tuple[str, int], Sequence[Transferred]], divided: TargetSamples, asked: TransferConfig
) -> tuple[TransferPoint, ...]:
    """Return the points of a curve, the model as it is first.

    Parameters
    ----------
    found : mapping
        What networks made of the samples that judge, one a draw, by strategy and number of samples.
    divided : TargetSamples
        The samples.
    asked : TransferConfig
        For the bootstrap.
    """
    classes = divided.samples.classes
    function = figure_function(classes, fixed(0.5) if len(classes) == 2 else None)
    before = [probabilities(each.test) for each in found[AS_IT_IS, 0]]
    points = []
    for (strategy, size), made in found.items():
        own = [probabilities(each.test) for each in made]
        beside = [probabilities(each.test) for each in found.get((SCRATCH, size), ())]
        intervals, values = _judged(function, own, before, beside, divided, asked)
        prefixed = {
            prefix: {
                name.removeprefix(prefix): each for name, each in intervals.items() if name.startswith(prefix)
            }
            for prefix in ("change of ", "over scratch of ")
        }
        points.append(
            TransferPoint(
                strategy,
                size,
                {name: intervals[name] for name in values},
                prefixed["change of "] if size else {},
                prefixed["over scratch of "] if strategy != SCRATCH else {},
                values,
                tuple(each.epochs for each in made),
            )
        )
    return tuple(points)


def _judged(
    function: Any,
    own: Sequence[NDArray[Any]],
    before: Sequence[NDArray[Any]],
    beside: Sequence[NDArray[Any]],
    divided: TargetSamples,
    asked: TransferConfig,
) -> tuple[dict[str, Interval], dict[str, tuple[float, ...]]]:
    """Return figures and differences with their intervals, and the figures of every draw."""
    labels, groups = divided.samples.labels[divided.test], divided.samples.groups[divided.test]
    ends = np.cumsum([len(own), len(before), len(beside)])

    def statistics(known: NDArray[Any], *scores: NDArray[Any]) -> dict[str, float]:
        each = [function(known, of) for of in scores]
        names = list(each[0])
        mean, less, scratch = (
            {name: float(np.mean([one[name] for one in part])) for name in names} if part else {}
            for part in (each[: ends[0]], each[ends[0] : ends[1]], each[ends[1] :])
        )
        told = mean | {f"change of {name}": mean[name] - less[name] for name in names}
        return told | {f"over scratch of {name}": mean[name] - scratch[name] for name in scratch}

    intervals = bootstrap_intervals(
        statistics,
        labels,
        *own,
        *before,
        *beside,
        groups=groups,
        replicates=asked.replicates,
        seed=asked.seed,
    )
    each = [function(labels, of) for of in own]
    return intervals, {name: tuple(float(one[name]) for one in each) for name in each[0]}
