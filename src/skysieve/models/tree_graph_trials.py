"""Batches of features on which a graph of trees is compared with scikit-learn."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from skysieve.models.tree_graph_ensemble import TreeEnsemble

__all__ = ["trial_batches"]


def trial_batches(ensemble: TreeEnsemble) -> Iterator[NDArray[np.float32]]:
    """Yield seeded batches of 1, 3 and 200 samples, each once as it is and once with features missing.

    Their values are at the thresholds or next to them, or anywhere. Of those with features missing, the last
    sample has none at all.
    """
    generator = np.random.default_rng(0)
    for size in (1, 3, 200):
        shape = (size, ensemble.features)
        near = np.stack([_near(each, size, generator) for each in ensemble.thresholds()], axis=1)
        for rows in (near, generator.standard_normal(shape), 1000 * generator.standard_normal(shape)):
            yield rows.astype(np.float32)
            with_nan = np.where(generator.random(shape) < 0.2, np.nan, rows).astype(np.float32)
            with_nan[-1] = np.nan
            yield with_nan


def _near(thresholds: NDArray[np.float64], size: int, generator: np.random.Generator) -> NDArray[np.float32]:
    """Return numbers at thresholds and the next ones on both sides; normal ones where there are none."""
    if not len(thresholds):
        return generator.standard_normal(size).astype(np.float32)
    with np.errstate(over="ignore"):
        chosen = generator.choice(thresholds, size).astype(np.float32)
        towards = generator.choice(np.array([-np.inf, 0.0, np.inf], dtype=np.float32), size)
        moved = np.where(towards == 0, chosen, np.nextafter(chosen, towards))
    limit = np.finfo(np.float32).max
    return np.clip(moved, -limit, limit)
