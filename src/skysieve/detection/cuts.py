"""Fixed cuts on candidates: what a detector can do without a classifier."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from skysieve.detection.features import FEATURES

__all__ = ["passes_cuts"]

#: Lowest and highest value of each feature that a streak may have.
_LIMITS = {
    "width": (0.6, 1.6),
    "length_snr": (4.0, np.inf),
    "gain": (0.03, np.inf),
    "search_ratio": (0.6, np.inf),
    "chi2": (0.0, 3.5),
    "weight": (0.45, np.inf),
    "masked": (0.0, 0.5),
    "light_ratio": (0.0, 1.5),
    "flank_low": (-6.0, np.inf),
    "dimmest_piece": (0.2, np.inf),
    "beyond_ends": (-0.5, 0.5),
    "converged": (0.5, np.inf),
}


def passes_cuts(features: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return which candidates lie within the limits of every feature, shape (n,)."""
    passes = np.ones(len(features), dtype=bool)
    for name, (low, high) in _LIMITS.items():
        column = features[:, FEATURES.index(name)]
        passes &= (column >= low) & (column <= high)
    return passes
