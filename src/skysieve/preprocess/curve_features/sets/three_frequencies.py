"""Three frequencies of four harmonics (Debosscher et al. 2007; Richards et al. 2011, ApJ 733, 10)."""

from __future__ import annotations

import dataclasses

from skysieve.preprocess.curve_features.configuration import FeatureConfiguration
from skysieve.preprocess.curve_features.feature_sets import FEATURE_SETS
from skysieve.preprocess.curve_features.sets.periods import Periods

__all__ = ["three_frequencies"]

#: Frequencies that the papers fit and remove one after the other.
FREQUENCIES = 3


@FEATURE_SETS.register("three-frequencies")
def three_frequencies(configuration: FeatureConfiguration) -> Periods:
    """As ``periods``, with three frequencies fitted and removed one after the other; thrice the work."""
    return Periods(dataclasses.replace(configuration.periods, frequencies=FREQUENCIES))
