"""Features of light curves: numbers that say how a curve varies, for classifiers that take tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skysieve.lazy_names import lazy_names

if TYPE_CHECKING:
    from skysieve.preprocess.curve_features.configuration import FeatureConfiguration, PeriodOptions
    from skysieve.preprocess.curve_features.feature_sets import FEATURE_SETS, FeatureSet
    from skysieve.preprocess.curve_features.measure import CurveFeatures, measure_features
    from skysieve.preprocess.curve_features.period_search import Periodogram, periodogram
    from skysieve.preprocess.curve_features.sample_set import feature_columns, write_features

# numba, nifty-ls and light-curve are in extras, and are loaded by the sets that need them.
_HOMES = {
    "FEATURE_SETS": "feature_sets",
    "CurveFeatures": "measure",
    "FeatureConfiguration": "configuration",
    "FeatureSet": "feature_sets",
    "PeriodOptions": "configuration",
    "Periodogram": "period_search",
    "feature_columns": "sample_set",
    "measure_features": "measure",
    "periodogram": "period_search",
    "write_features": "sample_set",
}

__all__ = [
    "FEATURE_SETS",
    "CurveFeatures",
    "FeatureConfiguration",
    "FeatureSet",
    "PeriodOptions",
    "Periodogram",
    "feature_columns",
    "measure_features",
    "periodogram",
    "write_features",
]

__getattr__ = lazy_names(__name__, _HOMES)
