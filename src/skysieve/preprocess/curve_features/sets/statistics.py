"""Features that need no period and no package under the GPL."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skysieve.extras import require
from skysieve.preprocess.curve_features.configuration import FeatureConfiguration
from skysieve.preprocess.curve_features.feature_sets import FEATURE_SETS
from skysieve.samples.light_curves import LightCurves

__all__ = ["Statistics"]


@dataclass(frozen=True)
class Statistics:
    """Moments, percentiles, trends and Stetson's indices: the list of Richards et al. 2011 and some more."""

    joint: bool = False
    minimum_points: int = 1

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the features."""
        require("numba", extra="lightcurves", purpose="measure features of light curves")
        from skysieve.preprocess.curve_features.statistics_kernel import NAMES

        return NAMES

    def measure(self, curves: LightCurves) -> NDArray[np.float64]:
        """Return the features, shape (N, F)."""
        made = np.full((len(curves), len(self.names)), np.nan)
        from skysieve.preprocess.curve_features.ordered_values import ordered_values
        from skysieve.preprocess.curve_features.statistics_kernel import statistics

        ordered, magnitudes = ordered_values(curves.offsets, curves.value), curves.quantity == "magnitude"
        statistics(curves.offsets, curves.time, curves.value, curves.error, ordered, magnitudes, made)
        return made


@FEATURE_SETS.register("statistics")
def statistics(_: FeatureConfiguration) -> Statistics:
    """Amplitude, moments, percentiles, trend, eta, Stetson's indices: 39 features, no period."""
    return Statistics()
