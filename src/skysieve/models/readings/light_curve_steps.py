"""Light curves read as sequences of their points."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.configuration import from_dict
from skysieve.errors import SampleSetError
from skysieve.models.readings import READINGS
from skysieve.models.readings.readable_curves import readable_curves
from skysieve.preprocess.curve_features.configuration import FeatureConfiguration, PeriodOptions
from skysieve.samples.light_curves import LightCurves
from skysieve.samples.sample_set import SampleSet
from skysieve.training.light_curve_sequences import light_curve_sequences
from skysieve.training.ragged import RaggedSequences

__all__ = ["PERIOD", "SEARCH", "folding_periods", "read_light_curve_steps", "searched_periods"]

#: Name of the last feature of curves that are folded.
PERIOD = "log10 of the period"

#: Value of ``fold`` that has the period searched for; any other names a column of periods.
SEARCH = "search"


@READINGS.register("light-curve-steps")
def read_light_curve_steps(settings: Mapping[str, Any], samples: SampleSet) -> RaggedSequences:
    """Return the points of light curves: time or phase, value, (error,) (bands,) (logarithm of the period).

    Parameters
    ----------
    settings : mapping
        ``errors``, ``bands`` (how they are told) and ``band_names`` as of
        `skysieve.training.light_curve_sequences.light_curve_sequences`; ``fold`` is the column with the
        period in days, ``search`` to look for it, or empty; ``search`` tells how, as of
        `skysieve.preprocess.curve_features.PeriodOptions`; ``fold_factor`` multiplies the period;
        ``batch_tokens`` limits a batch; ``unit`` is that of the values.
    samples : SampleSet
        Light curves.

    Raises
    ------
    ContractError
        If the curves are none that the model may read.
    SampleSetError
        If the set holds no light curves, one cannot be read, or a period is missing.
    """
    names = tuple(settings.get("band_names") or ()) or None
    curves = readable_curves(samples, unit=settings.get("unit"), bands=names)
    fold = settings.get("fold", "")
    periods = None
    if fold:
        options = from_dict(PeriodOptions, settings.get("search", {}))
        found = folding_periods(curves, options) if fold == SEARCH else _column(samples, fold)
        periods = found * settings.get("fold_factor", 1.0)
    made = light_curve_sequences(
        curves,
        errors=settings.get("errors", False),
        bands=settings.get("bands", "one-hot"),
        band_names=names,
        periods=periods,
        batch_tokens=settings.get("batch_tokens"),
    )
    return made if periods is None else _with_periods(made, periods)


def searched_periods(curves: LightCurves, options: PeriodOptions | None = None) -> NDArray[np.float64]:
    """Return the period in days at which each curve folds best, shape (N,), among its best peaks.

    NaN for a curve with too few points. Eclipsing binaries mostly fold best at half their period.
    """
    from skysieve.preprocess.curve_features import measure_features

    configuration = FeatureConfiguration(sets=("folded-shape",), periods=options or PeriodOptions())
    found = measure_features(curves, configuration)
    return np.asarray(found.columns()["fold_period"])


def folding_periods(curves: LightCurves, options: PeriodOptions | None = None) -> NDArray[np.float64]:
    """Return the period that each curve is folded at, shape (N,): the one at which it folds best.

    A curve with too few points for a search has a little more than its baseline as period: it stays unfolded.
    """
    period = searched_periods(curves, options)
    baseline = curves.time[curves.offsets[1:] - 1] - curves.time[curves.offsets[:-1]]
    # A period of the baseline itself would put the last point beside the first.
    return np.where(np.isfinite(period), period, np.maximum(1.001 * baseline, 1.0))


def _with_periods(sequences: RaggedSequences, periods: NDArray[np.float64]) -> RaggedSequences:
    """Add the logarithm of the period as a last feature of every step: phases do not tell it."""
    told = np.repeat(np.log10(periods), sequences.lengths).astype(np.float32)
    return replace(sequences, steps=np.concatenate([sequences.steps, told[:, None]], axis=1))


def _column(samples: SampleSet, name: str) -> NDArray[np.float64]:
    if name not in samples.column_names:
        raise SampleSetError(
            f"the samples have no column {name!r} with the period that curves are folded by; add it, or "
            f"train with sequence.fold={SEARCH!r}"
        )
    periods = samples.scalar(name).astype(np.float64)
    wrong = np.flatnonzero(~(np.isfinite(periods) & (periods > 0)))
    if len(wrong):
        raise SampleSetError(
            f"the period of id {samples.ids[wrong[0]]} is {periods[wrong[0]]} ({len(wrong)} like it); give "
            "each curve a positive period in days, or leave these curves out"
        )
    return periods
