"""What a set of features is, and the registry of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from skysieve.preprocess.curve_features.configuration import FeatureConfiguration
from skysieve.registry import Registry
from skysieve.samples.light_curves import LightCurves

__all__ = ["FEATURE_SETS", "FeatureSet"]


class FeatureSet(Protocol):
    """Features that are measured together.

    One that is ``joint`` is given all bands of a curve; otherwise each band is measured by itself.
    """

    @property
    def names(self) -> tuple[str, ...]:
        """Of the features, in their order."""
        ...

    @property
    def joint(self) -> bool:
        """Whether the bands of a curve are measured together."""
        ...

    @property
    def minimum_points(self) -> int:
        """Points of a curve below which nothing can be measured."""
        ...

    def measure(self, curves: LightCurves) -> NDArray[np.float64]:
        """Return features, shape (N, F); NaN where they cannot be measured."""
        ...


#: Makers of feature sets by name. One file in the folder ``sets`` each, or an entry point.
FEATURE_SETS: Registry[Callable[[FeatureConfiguration], FeatureSet]] = Registry(
    "feature set", package="skysieve.preprocess.curve_features.sets"
)
