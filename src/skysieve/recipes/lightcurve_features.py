"""lightcurve-features: which kind of variable a star is, from features of its light curve and boosted trees.

J. Richards and others 2011 (ApJ 733, 10), after J. Debosscher and others 2007 (A&A 475, 1159): amplitudes,
moments, percentiles, the period and the Fourier series at it are measured of every light curve, and an
ensemble of decision trees names the class. It is what most surveys run, and what a network has to beat.

Protocol: the statistics, the search for periods and the shape of the fold of this package (`skysieve
features`), at once or in a set of features that was written before; histogram gradient boosting in place of
the published random forest, since it takes features that are missing as they are and is a little better.
What cannot be measured, such as a period of five points, stays missing. The trees are written as a graph:
nothing is stored as a pickle.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from skysieve.configuration import as_dict
from skysieve.evaluation.report_content import PublishedFigure
from skysieve.models.contract import InputContract
from skysieve.models.readings.curve_features import MEASURED
from skysieve.preprocess.curve_features.configuration import FeatureConfiguration
from skysieve.preprocess.curve_features.measure import feature_names
from skysieve.preprocess.curve_features.sample_set import feature_columns
from skysieve.recipes.configuration import LabelConfig, NetworkConfig
from skysieve.recipes.light_curve_configuration import CurveFeatureConfiguration
from skysieve.recipes.light_curve_samples import (
    bands_of,
    check_made_alike,
    prepare_light_curves,
    unit_of,
)
from skysieve.recipes.recipe import RECIPES, Recipe
from skysieve.samples.sample_set import SampleSet

__all__ = ["LIGHTCURVE_FEATURES"]

CONFIGURATION = CurveFeatureConfiguration(
    preprocess=(),
    labels=LabelConfig(id="id"),
    network=NetworkConfig(name="boosting"),
    features=FeatureConfiguration(sets=("statistics", "periods", "folded-shape")),
)

_SET = "Hipparcos and OGLE, 1,542 stars, 10 folds"

PUBLISHED = (PublishedFigure("accuracy, 25 classes", 0.772, f"Richards et al. 2011, {_SET}", "accuracy"),)

#: Before the samples say more.
CONTRACT = InputContract(
    shape=(1,),
    channels=("amplitude",),
    column="features",
    unit="of each feature",
    nan="a feature that cannot be measured; the trees take it as it is",
    smaller="refuse",
)


def _prepare(inputs: Sequence[str | Path], configuration: CurveFeatureConfiguration) -> SampleSet:
    return prepare_light_curves(inputs, configuration.labels, instead=MEASURED)


def _read(samples: SampleSet, configuration: CurveFeatureConfiguration) -> InputContract:
    """Return the contract for the features: those of a set of features, or those of the settings."""
    told: dict[str, Any] | None = samples.description.origin.get(MEASURED)
    if told is not None:
        check_made_alike(configuration.features, CONFIGURATION.features, told["configuration"], "features")
        names, measured, bands = feature_columns(samples), told["configuration"], told.get("bands", [""])
    else:
        bands = list(bands_of(samples))
        names, measured = feature_names(configuration.features, bands), as_dict(configuration.features)
    unit = unit_of(samples)
    return InputContract(
        shape=(len(names),),
        channels=tuple(names),
        column=CONTRACT.column,
        unit=f"of each feature; light curves in {unit}" if unit else CONTRACT.unit,
        nan=CONTRACT.nan,
        smaller="refuse",
        reading={
            "kind": "curve-features",
            "names": list(names),
            "configuration": measured,
            "bands": list(bands),
            "unit": unit,
        },
    )


LIGHTCURVE_FEATURES = RECIPES.register("lightcurve-features")(
    Recipe(
        name="lightcurve-features",
        title="kinds of variable stars, from features and periods of their light curves",
        paper="Richards et al. 2011, ApJ 733, 10; Debosscher et al. 2007, A&A 475, 1159",
        summary="Names the kind of variable star that a light curve shows, from statistics, periods and the "
        "Fourier series of the curve.",
        limits="Knows the cadence, depth and classes of the survey that it was trained on. Periods are "
        "those of the best peaks, which for contact binaries mostly are half of the true one.",
        classes=(),
        contract=CONTRACT,
        configuration=CONFIGURATION,
        prepare=_prepare,
        published=PUBLISHED,
        read=_read,
    )
)
