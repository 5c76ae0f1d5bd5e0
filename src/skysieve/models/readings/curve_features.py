"""Light curves read as features, or features read from the columns of a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.configuration import from_dict
from skysieve.errors import ContractError
from skysieve.models.readings import READINGS
from skysieve.samples.light_curves import TIME, VALUE, LightCurves
from skysieve.samples.sample_set import SampleSet

__all__ = ["read_curve_features"]


@READINGS.register("curve-features")
def read_curve_features(settings: Mapping[str, Any], samples: SampleSet) -> NDArray[np.float32]:
    """Return features (N, F), NaN where one cannot be measured.

    Features that stand in columns are taken from there; else they are measured from the light curves.

    Parameters
    ----------
    settings : mapping
        ``names`` of the features in their order; ``configuration``, as of
        `skysieve.preprocess.curve_features.FeatureConfiguration`, empty where they cannot be measured; and
        the ``bands`` of the curves.
    samples : SampleSet
        With columns of features, or light curves.

    Raises
    ------
    ContractError
        If a feature is missing, and there are no light curves to measure it from.
    """
    names = tuple(settings["names"])
    missing = [name for name in names if name not in samples.column_names]
    if not missing:
        columns = [samples.scalar(name).astype(np.float64) for name in names]
        return _as_float32(np.stack(columns, axis=1))
    holds_curves = {TIME, VALUE} <= set(samples.description.tensors)
    if not holds_curves or not settings.get("configuration"):
        raise ContractError(
            f"the samples lack {len(missing)} of the {len(names)} features of the model, the first is "
            f"{missing[0]!r}; measure them with `skysieve features`, or give the light curves"
        )
    from skysieve.preprocess.curve_features import FeatureConfiguration, measure_features

    configuration = from_dict(FeatureConfiguration, settings["configuration"])
    found = measure_features(LightCurves.of(samples), configuration, bands=tuple(settings["bands"])).columns()
    return _as_float32(np.stack([found[name] for name in names], axis=1))


def _as_float32(values: NDArray[np.float64]) -> NDArray[np.float32]:
    largest = np.finfo(np.float32).max
    return values.clip(-largest, largest).astype(np.float32)
