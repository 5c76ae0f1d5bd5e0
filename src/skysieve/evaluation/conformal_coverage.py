"""What conformal sets do on samples that did not make them: how often they hold the truth, how large."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from skysieve.errors import SampleSetError
from skysieve.evaluation.arrays import FloatArray, IntArray, check_groups, check_labels
from skysieve.evaluation.intervals import Interval, bootstrap_intervals, wilson_interval

__all__ = ["ConformalCoverage", "conformal_coverage"]


@dataclass(frozen=True, slots=True)
class ConformalCoverage:
    """Figures of conformal sets, each with an interval by bootstrap over groups.

    Parameters
    ----------
    coverage : Interval
        Share of the groups that is covered: the mean over groups of the share of a group's samples
        whose set holds the truth. This is what the guarantee is about.
    by_sample : Interval
        Share of the samples whose set holds the truth.
    by_class : dict of str to Interval
        The same for the samples of each class.
    mean_size : Interval
        Mean number of classes in a set.
    sizes : tuple of int
        How many sets hold 0, 1, ... K classes.
    """

    coverage: Interval
    by_sample: Interval
    by_class: dict[str, Interval]
    mean_size: Interval
    sizes: tuple[int, ...]

    def to_json(self) -> dict[str, object]:
        """Return the fields as nested dictionaries."""
        return asdict(self)


def conformal_coverage(
    labels: npt.ArrayLike,
    sets: npt.NDArray[np.bool_],
    groups: npt.ArrayLike,
    *,
    classes: Sequence[str],
    seed: int,
    level: float = 0.95,
    replicates: int = 1000,
) -> ConformalCoverage:
    """Judge conformal sets on samples that chose nothing about them.

    Parameters
    ----------
    labels : array_like of int, shape (N,)
        True classes.
    sets : ndarray of bool, shape (N, K)
        Which classes are in the set of each sample.
    groups : array_like, shape (N,)
        What must not be resampled apart.
    classes : sequence of str
        Names of the K classes.
    seed, level, replicates
        Of the bootstrap. A share of exactly 0 or 1 gets Wilson's interval, with groups as trials.

    Raises
    ------
    SampleSetError
        If the arrays do not fit together.

    Examples
    --------
    >>> labels, sets = np.array([0, 1, 1, 0]), np.array([[1, 0], [1, 1], [1, 0], [1, 1]], dtype=bool)
    >>> found = conformal_coverage(labels, sets, np.arange(4), classes=("bogus", "real"), seed=1)
    >>> found.by_sample.value, found.mean_size.value, found.sizes
    (0.75, 1.5, (0, 2, 2))
    """
    known = check_labels(labels, classes=len(classes))
    codes = check_groups(groups, known.size)
    if sets.shape != (known.size, len(classes)):
        raise SampleSetError(f"sets of shape {sets.shape}; expected {(known.size, len(classes))}")
    covered = sets[np.arange(known.size), known]
    size = sets.sum(axis=1)

    def figures(
        known: IntArray, covered: FloatArray, size: FloatArray, share: FloatArray
    ) -> dict[str, float]:
        by_class = {
            f"class {number}": float(covered[known == number].mean()) if (known == number).any() else np.nan
            for number in range(len(classes))
        }
        by_group = float((covered * share).sum() / share.sum())
        return {"group": by_group, "sample": covered.mean(), "size": size.mean()} | by_class

    share = 1 / np.bincount(codes)[codes]
    found = bootstrap_intervals(
        figures, known, covered, size, share, groups=codes, replicates=replicates, level=level, seed=seed
    )
    trials = {"group": codes, "sample": codes}
    trials |= {f"class {number}": codes[known == number] for number in range(len(classes))}
    for name, of_groups in trials.items():
        if found[name].value in (0.0, 1.0):
            count = np.unique(of_groups).size
            found[name] = wilson_interval(round(found[name].value * count), count, level=level)
    return ConformalCoverage(
        coverage=found["group"],
        by_sample=found["sample"],
        by_class={name: found[f"class {number}"] for number, name in enumerate(classes)},
        mean_size=found["size"],
        sizes=tuple(np.bincount(size, minlength=len(classes) + 1).tolist()),
    )
