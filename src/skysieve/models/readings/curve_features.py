"""Light curves read as features, or features read from the set that was measured before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.configuration import flatten, from_dict
from skysieve.errors import ContractError
from skysieve.models.readings import READINGS
from skysieve.models.readings.readable_curves import readable_curves
from skysieve.preprocess.curve_features.configuration import FeatureConfiguration
from skysieve.samples.light_curves import TIME, VALUE
from skysieve.samples.sample_set import SampleSet

__all__ = ["MEASURED", "read_curve_features"]


#: What the origin of a set of features tells.
MEASURED = "curve_features"


@READINGS.register("curve-features")
def read_curve_features(settings: Mapping[str, Any], samples: SampleSet) -> NDArray[np.float32]:
    """Return features (N, F), NaN where one cannot be measured.

    They are measured from the light curves, or taken from the columns of a set of features.

    Parameters
    ----------
    settings : mapping
        ``names`` of the features in their order; ``configuration``, as of
        `skysieve.preprocess.curve_features.FeatureConfiguration`; the ``bands`` of the curves, and the
        ``unit`` of their values.
    samples : SampleSet
        Light curves, or what `skysieve.preprocess.curve_features.sample_set.write_features` wrote.

    Raises
    ------
    ContractError
        If features were measured in another way, or curves are none that the model may read.
    SampleSetError
        If a curve cannot be read.
    """
    names = tuple(settings["names"])
    configuration = from_dict(FeatureConfiguration, settings["configuration"])
    bands = tuple(settings["bands"])
    # Curves first: a column such as the amplitude that a simulator drew may have the name of a feature.
    if {TIME, VALUE} <= set(samples.description.tensors):
        from skysieve.preprocess.curve_features import measure_features

        curves = readable_curves(samples, unit=settings.get("unit"), bands=bands)
        found = measure_features(curves, configuration, bands=bands).columns()
        return _as_float32(np.stack([found[name] for name in names], axis=1))
    _check_alike(names, configuration, bands, samples)
    columns = [samples.scalar(name).astype(np.float64) for name in names]
    return _as_float32(np.stack(columns, axis=1))


def _check_alike(
    names: tuple[str, ...], configuration: FeatureConfiguration, bands: tuple[str, ...], samples: SampleSet
) -> None:
    missing = [name for name in names if name not in samples.column_names]
    if missing:
        raise ContractError(
            f"the samples lack {len(missing)} of the {len(names)} features of the model, the first is "
            f"{missing[0]!r}; measure them with `skysieve features`, or give the light curves"
        )
    told = samples.description.origin.get(MEASURED)
    if told is None:
        raise ContractError(
            "the samples do not say how their features were measured; give the light curves themselves, or "
            "features of `skysieve features`"
        )
    theirs = from_dict(FeatureConfiguration, told["configuration"])
    expected = flatten(configuration) | {"bands": bands}
    found = flatten(theirs) | {"bands": tuple(told.get("bands", bands))}
    # A set may hold features beyond those of the model.
    if set(configuration.sets) <= set(theirs.sets):
        found["sets"] = configuration.sets
    for name, value in expected.items():
        if found[name] != value:
            raise ContractError(
                f"the features of the samples were measured with {name} {found[name]}, the model expects "
                f"{value}; measure them so, or give the light curves themselves"
            )


def _as_float32(values: NDArray[np.float64]) -> NDArray[np.float32]:
    # Trees sort what is beyond float32 with the largest; infinity would be refused by them.
    largest = np.finfo(np.float32).max
    return values.clip(-largest, largest).astype(np.float32)
