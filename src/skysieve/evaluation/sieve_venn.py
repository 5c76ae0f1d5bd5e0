"""What the sub-filters of a sieve let pass, alone and together: the regions of a Venn diagram."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from skysieve.errors import ConfigurationError
from skysieve.evaluation.arrays import IntArray
from skysieve.evaluation.sieve_scores import SieveScores

__all__ = ["VennCounts", "VennRegion", "count_regions", "venn_counts"]


@dataclass(frozen=True, slots=True)
class VennRegion:
    """Streaks that pass exactly the filters named.

    ``plausible`` and ``other`` count them by truth; what is neither has none.
    """

    passed: tuple[str, ...]
    total: int
    plausible: int
    other: int


@dataclass(frozen=True, slots=True)
class VennCounts:
    """All regions of some filters.

    Parameters
    ----------
    filters : tuple of str
        The filters.
    regions : tuple of VennRegion
        One for each subset of them, 2^k, every streak in exactly one; the last passes all.
    """

    filters: tuple[str, ...]
    regions: tuple[VennRegion, ...]

    @property
    def total(self) -> int:
        """Number of streaks."""
        return sum(region.total for region in self.regions)

    def exactly(self, *filters: str) -> VennRegion:
        """Return the region of those that pass these filters and no other."""
        return next(region for region in self.regions if set(region.passed) == set(filters))

    def passing(self, *filters: str) -> VennRegion:
        """Return the sum of the regions that pass at least these filters."""
        held = [region for region in self.regions if set(filters) <= set(region.passed)]
        return VennRegion(
            tuple(filters),
            sum(region.total for region in held),
            sum(region.plausible for region in held),
            sum(region.other for region in held),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the regions by their names, ``rb & kd``, and ``none``."""
        return {
            " & ".join(region.passed) or "none": {
                "total": region.total,
                "plausible": region.plausible,
                "other": region.other,
            }
            for region in self.regions
        }


def venn_counts(sieve: SieveScores, filters: Sequence[str] | None = None) -> VennCounts:
    """Count what the families of a sieve let pass; a family passes what some member passes.

    Parameters
    ----------
    sieve : SieveScores
        The scores.
    filters : sequence of str, optional
        The families; the stages of the sieve if left out.
    """
    passes = {name: sieve.family_passes(name) for name in filters or sieve.stages}
    return count_regions(passes, sieve.plausible)


def count_regions(passes: dict[str, npt.NDArray[np.bool_]], truth: IntArray) -> VennCounts:
    """Count the streaks in every region.

    Parameters
    ----------
    passes : dict of str to ndarray of bool, shape (N,)
        Filter to what it lets pass.
    truth : ndarray of int, shape (N,)
        1 plausible, 0 other, -1 unknown.

    Raises
    ------
    ConfigurationError
        If there is no filter.

    Examples
    --------
    >>> counts = count_regions({"a": np.array([True, True]), "b": np.array([True, False])}, np.array([1, 0]))
    >>> [(region.passed, region.total) for region in counts.regions]
    [((), 0), (('b',), 0), (('a',), 1), (('a', 'b'), 1)]
    """
    if not passes:
        raise ConfigurationError("no filter to count; expected at least one")
    names = tuple(passes)
    code = np.zeros(truth.shape, dtype=np.int64)
    for name in names:
        code = 2 * code + passes[name]
    size = 2 ** len(names)
    total, plausible, other = (
        np.bincount(code[rows], minlength=size)
        for rows in (np.ones(truth.shape, dtype=bool), truth == 1, truth == 0)
    )
    subsets = product((False, True), repeat=len(names))
    regions = tuple(
        VennRegion(
            tuple(name for name, inside in zip(names, subset, strict=True) if inside),
            int(total[i]), int(plausible[i]), int(other[i]),
        )
        for i, subset in enumerate(subsets)
    )  # fmt: skip
    return VennCounts(names, regions)
