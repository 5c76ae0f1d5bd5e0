"""The features of the set ``light-curve`` by a kernel of our own, without a package under the GPL."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skysieve.extras import require
from skysieve.preprocess.curve_features.configuration import FeatureConfiguration
from skysieve.preprocess.curve_features.feature_sets import FEATURE_SETS
from skysieve.samples.light_curves import LightCurves

__all__ = ["Malanchev2021"]


@dataclass(frozen=True)
class Malanchev2021:
    """32 features, as Malanchev et al. 2021 (MNRAS 502, 5147) and others use on ZTF."""

    joint: bool = False
    minimum_points: int = 4

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the features: those of the set ``light-curve``, since the numbers are the same."""
        require("numba", extra="lightcurves", purpose="measure features of light curves")
        from skysieve.preprocess.curve_features.malanchev_kernel import NAMES

        return tuple(f"lc_{name}" for name in NAMES)

    def measure(self, curves: LightCurves) -> NDArray[np.float64]:
        """Return the features, shape (N, F)."""
        made = np.full((len(curves), len(self.names)), np.nan)
        from skysieve.preprocess.curve_features.malanchev_kernel import features
        from skysieve.preprocess.curve_features.ordered_values import ordered_values

        ordered = ordered_values(curves.offsets, curves.value)
        features(curves.offsets, curves.time, curves.value, curves.error, ordered, made)
        return made


@FEATURE_SETS.register("malanchev2021")
def malanchev2021(_: FeatureConfiguration) -> Malanchev2021:
    """32 features of Malanchev et al. 2021, those of ``light-curve`` by a kernel of our own, no period."""
    return Malanchev2021()
