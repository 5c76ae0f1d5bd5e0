"""From a sample set of light curves to what a classifier learns from: labelled, without empty curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.configuration import as_dict
from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.recipes.alert_samples import is_sample_set
from skysieve.recipes.configuration import LabelConfig
from skysieve.recipes.renamed_classes import with_present_classes
from skysieve.samples.findings import Finding
from skysieve.samples.light_curves import BANDS, TIME, VALUE, LightCurves
from skysieve.samples.sample_set import SampleSet
from skysieve.samples.table import encode_labels

__all__ = ["bands_of", "check_made_alike", "prepare_light_curves", "unit_of", "with_periods"]


def prepare_light_curves(
    inputs: Sequence[str | Path], labels: LabelConfig, *, instead: str = ""
) -> SampleSet:
    """Open a sample set of light curves for a classifier.

    Parameters
    ----------
    inputs : sequence of path
        One sample set.
    labels : LabelConfig
        ``column`` names the labels, if the set has none of its own.
    instead : str
        A tensor column, or the origin that a set of features tells, that stands in for the light curves.

    Returns
    -------
    SampleSet
        Without curves that have no points: these are in ``findings``.

    Raises
    ------
    ConfigurationError
        If the input is no sample set.
    SampleSetError
        If it holds no light curves, or no labels.
    """
    if len(inputs) != 1 or not is_sample_set(inputs[0]):
        raise ConfigurationError(
            f"found {len(inputs)} inputs, the first {inputs[0]}; give one sample set of light curves: "
            "`skysieve samples curves` makes one of your tables"
        )
    samples = SampleSet.open(inputs[0])
    described = samples.description
    if {TIME, VALUE} <= set(described.tensors):
        samples = _without_empty(samples)
    elif not instead or not (instead in described.tensors or instead in described.origin):
        found = ", ".join(described.tensors) or "no tensor column"
        raise SampleSetError(
            f"{inputs[0]}: holds no light curves ({found}); make such a set with `skysieve samples curves`"
        )
    if not (samples.labels >= 0).any() and labels.column:
        samples = _labelled(samples, labels.column)
    if not (samples.labels >= 0).any():
        raise SampleSetError(
            f"{inputs[0]}: none of {len(samples)} light curves has a label; name the column that holds it "
            "(--set labels.column=...)"
        )
    return with_present_classes(samples)


def bands_of(samples: SampleSet) -> tuple[str, ...]:
    """Return the bands of light curves by name; one empty name where they are not told apart."""
    if BANDS not in samples.description.tensors:
        return ("",)
    found: set[str] = set()
    for part in samples.batches(4096):
        found.update(LightCurves.of(part).bands)
    return tuple(sorted(found))


def unit_of(samples: SampleSet) -> str:
    """Return the unit of the values of light curves, ``mag`` for magnitudes."""
    layout = samples.description.tensors.get(VALUE)
    return "" if layout is None else layout.unit or "mag"


def check_made_alike(settings: Any, default: Any, told: Mapping[str, Any], prefix: str) -> None:
    """Check that settings do not ask for what a set that was made before does not hold.

    Parameters
    ----------
    settings, default : dataclass
        Of images or features, as asked for and as in the recipe: what is left as it was asks for nothing.
    told : mapping
        The settings that the set was made with.
    prefix : str
        Of the settings, for the message.

    Raises
    ------
    ConfigurationError
        If a setting was changed, and the set was made with another.
    """
    usual = as_dict(default)
    for name, value in as_dict(settings).items():
        if value != usual[name] and name in told and told[name] != value:
            raise ConfigurationError(
                f"{prefix}.{name} is {value}, and the samples were made with {told[name]}; leave the setting "
                "out, or give the light curves themselves"
            )


def with_periods(samples: SampleSet, column: str) -> SampleSet:
    """Return those light curves that have a period to be folded at; the others are in ``findings``.

    Parameters
    ----------
    samples : SampleSet
        Light curves.
    column : str
        The column of periods in days; without such a column nothing is left out.

    Raises
    ------
    SampleSetError
        If none has a period, or the column holds no numbers.
    """
    if column not in samples.column_names:
        return samples
    periods = samples.scalar(column)
    if not np.issubdtype(periods.dtype, np.number):
        raise SampleSetError(
            f"the column {column!r} holds {periods.dtype} values, the first {periods[0]!r}; the periods that "
            "curves are folded by are numbers, in days"
        )
    return _kept(samples, np.isfinite(periods) & (periods > 0), "no-period", f"has no period in {column!r}")


def _without_empty(samples: SampleSet) -> SampleSet:
    offsets, _ = samples.ragged_flat(TIME)
    return _kept(samples, np.diff(offsets) > 0, "no-points", "has no points")


def _kept(samples: SampleSet, good: NDArray[np.bool_], kind: str, what: str) -> SampleSet:
    """Return the good ones, and a finding for each of the others."""
    if good.all():
        return samples
    if not good.any():
        raise SampleSetError(f"each of {len(samples)} light curves {what}; check the input")
    kept = samples.select(good)
    reason = f"the light curve {what}; it is left out"
    kept.findings = (
        *samples.findings,
        *(Finding(str(name), kind, reason, "warning") for name in samples.ids[~good]),
    )
    return kept


def _labelled(samples: SampleSet, column: str) -> SampleSet:
    values = [None if value == "" else value for value in samples.scalar(column).tolist()]
    encoded, classes = encode_labels(values, None)
    label: dict[str, Any] = {"label": encoded}
    return samples.with_columns(label, classes=classes, label_origin=f"Labels of the column {column}.")
