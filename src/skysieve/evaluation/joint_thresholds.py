"""One threshold a family, chosen together for the false-positive rate of the joint verdict."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import ConfigurationError

__all__ = ["JointThresholds", "joint_thresholds"]

#: Shares of the reals that a single family may lose, from which the choice is made.
_LOSSES = (0.0, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1, 0.2, 0.4, 0.8)


@dataclass(frozen=True)
class JointThresholds:
    """Thresholds of families, and what they do together on the samples that chose them.

    Parameters
    ----------
    values : mapping of str to float
        Threshold of each family; a score at or above it passes.
    tpr, fpr : float
        Shares of the reals and of the bogus that pass all of them.
    within : bool
        Whether the false-positive rate is within the limit; no choice may have been.
    """

    values: Mapping[str, float]
    tpr: float
    fpr: float
    within: bool


def joint_thresholds(
    labels: NDArray[np.integer[Any]],
    scores: Mapping[str, NDArray[Any]],
    max_fpr: float,
    *,
    losses: Sequence[float] = _LOSSES,
) -> JointThresholds:
    """Choose a threshold for every family: the most complete joint verdict within a false-positive rate.

    A sample passes if the score of every family reaches the threshold of that family. Candidates for a
    threshold are the scores at which a family alone loses a given share of the reals; all their
    combinations are tried. Where several keep the same reals, the one with the fewest false positives is
    taken, then the one with the lowest thresholds. Where none stays within the rate, the one with the
    fewest false positives is.

    Parameters
    ----------
    labels : ndarray, shape (N,)
        1 real, 0 bogus; of a split that judges nothing.
    scores : mapping of str to ndarray, shape (N,)
        Score of each family: the largest of its members.
    max_fpr : float
        Largest share of bogus that may pass.
    losses : sequence of float
        Shares of reals that one family may lose.

    Returns
    -------
    JointThresholds
        The thresholds, and what they do.

    Raises
    ------
    ConfigurationError
        If there are no reals or no bogus to choose on.

    Examples
    --------
    >>> labels = np.array([1, 1, 1, 0, 0])
    >>> scores = {"rb": np.array([0.9, 0.8, 0.7, 0.8, 0.1]), "kd": np.array([0.9, 0.6, 0.7, 0.5, 0.9])}
    >>> joint_thresholds(labels, scores, max_fpr=0.0).values
    {'rb': 0.7, 'kd': 0.6}
    """
    real = np.asarray(labels) == 1
    if not real.any() or real.all():
        raise ConfigurationError(
            f"thresholds are chosen on reals and bogus, found {int(real.sum())} reals among "
            f"{len(real)} samples"
        )
    families = list(scores)
    candidates = [np.unique(np.quantile(scores[family][real], losses, method="lower")) for family in families]
    passes = [
        {float(value): scores[family] >= value for value in values}
        for family, values in zip(families, candidates, strict=True)
    ]
    best: tuple[tuple[bool, float, float], JointThresholds] | None = None
    # From the lowest thresholds up, so that the lowest of equals is met first.
    for chosen in itertools.product(*(sorted(each) for each in passes)):
        passed = np.logical_and.reduce([each[value] for each, value in zip(passes, chosen, strict=True)])
        fpr, tpr = float(passed[~real].mean()), float(passed[real].mean())
        within = fpr <= max_fpr
        merit = (within, tpr if within else -fpr, -fpr if within else tpr)
        if best is None or merit > best[0]:
            values = dict(zip(families, map(float, chosen), strict=True))
            best = merit, JointThresholds(values, tpr, fpr, within)
    assert best is not None
    return best[1]
