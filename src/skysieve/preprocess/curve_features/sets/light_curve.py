"""Features of the package ``light-curve`` (GPL-3), which is imported only where this set is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from skysieve.extras import require
from skysieve.preprocess.curve_features.configuration import FeatureConfiguration
from skysieve.preprocess.curve_features.feature_sets import FEATURE_SETS
from skysieve.samples.light_curves import LightCurves

__all__ = ["LightCurvePackage"]

_FIELDS = {"t": "time", "m": "value", "sigma": "error"}


@dataclass(frozen=True)
class LightCurvePackage:
    """28 extractors, 32 features, as Malanchev et al. 2021 (MNRAS 502, 5147) and others use on ZTF."""

    joint: bool = False
    minimum_points: int = 1

    @cached_property
    def extractor(self) -> Any:
        """The extractor of ``light-curve``.

        Raises
        ------
        MissingExtraError
            If the package is not installed.
        """
        package = require("light_curve", extra="curve-features", purpose="measure the set 'light-curve'")
        return package.Extractor(*_features(package))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the features: those of the package, behind ``lc_``."""
        return tuple(f"lc_{name.lower()}" for name in self.extractor.names)

    def measure(self, curves: LightCurves) -> NDArray[np.float64]:
        """Return the features, shape (N, F); without errors, those that need them are NaN."""
        made = np.full((len(curves), len(self.names)), np.nan)
        # The package panics where all points of a curve are of one time, which no except catches.
        spread = np.flatnonzero(curves.counts > 1)
        first, last = curves.offsets[spread], curves.offsets[spread + 1] - 1
        spread = spread[curves.time[last] > curves.time[first]]
        if not spread.size:
            return made
        found = self._found(curves if spread.size == len(curves) else curves.take(spread))
        # Points of one instant have an infinite slope.
        made[spread] = np.where(np.isfinite(found), found, np.nan)
        return made

    def _found(self, curves: LightCurves) -> NDArray[np.float64]:
        # Handed over as one Arrow array, so that nothing is done curve by curve in Python.
        points = pa.StructArray.from_arrays(
            [pa.array(curves.time), pa.array(curves.value), pa.array(curves.error)], list(_FIELDS.values())
        )
        rows = pa.LargeListArray.from_arrays(pa.array(curves.offsets), points)
        found = self.extractor.many(
            rows, arrow_fields=_FIELDS, n_jobs=1, sorted=True, check=False, fill_value=np.nan
        )
        return np.asarray(found, dtype=np.float64)


def _features(package: Any) -> list[Any]:
    return [
        package.Amplitude(),
        package.AndersonDarlingNormal(),
        package.BeyondNStd(1),
        package.BeyondNStd(2),
        package.Cusum(),
        package.Eta(),
        package.EtaE(),
        package.ExcessVariance(),
        package.InterPercentileRange(0.02),
        package.InterPercentileRange(0.1),
        package.InterPercentileRange(0.25),
        package.Kurtosis(),
        package.LinearFit(),
        package.LinearTrend(),
        package.MagnitudePercentageRatio(0.4, 0.05),
        package.MagnitudePercentageRatio(0.2, 0.05),
        package.MaximumSlope(),
        package.Mean(),
        package.Median(),
        package.MedianAbsoluteDeviation(),
        package.MedianBufferRangePercentage(0.1),
        package.PercentAmplitude(),
        package.PercentDifferenceMagnitudePercentile(0.05),
        package.ReducedChi2(),
        package.Skew(),
        package.StandardDeviation(),
        package.StetsonK(),
        package.WeightedMean(),
    ]


@FEATURE_SETS.register("light-curve")
def light_curve(_: FeatureConfiguration) -> LightCurvePackage:
    """32 features of the package light-curve (GPL-3, extra ``curve-features``), no period."""
    return LightCurvePackage()
