"""Measuring light curves: feature sets put side by side, and why numbers are missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.preprocess.curve_features.configuration import FeatureConfiguration
from skysieve.preprocess.curve_features.feature_sets import FEATURE_SETS, FeatureSet
from skysieve.samples.findings import Finding
from skysieve.samples.light_curves import LightCurves

__all__ = ["MISSING", "CurveFeatures", "Missing", "feature_names", "measure_features"]

#: Of a curve whose grid of frequencies ends early; nothing is missing, but periods may be.
GRID_CUT = "grid-cut"

#: Why features of a curve are missing, the first that holds; and what that means.
MISSING: Mapping[str, str] = {
    "few-points": "too few points",
    "no-baseline": "all points at one time",
    "short-baseline": "a baseline of less than one cycle of the highest frequency",
    "constant-values": "the same value at all points",
    "missing-errors": "no error at any point",
    "not-determined": "points that do not determine all features",
    GRID_CUT: "the highest frequencies are not searched, as the grid has periods.maximum_steps",
}


@dataclass(frozen=True)
class Missing:
    """Curves of one batch whose features are missing for one reason.

    Parameters
    ----------
    kind : str
        Of `MISSING`.
    curves : int
        How many.
    first : str
        Name of the first.
    """

    kind: str
    curves: int
    first: str

    def __add__(self, later: Missing) -> Missing:
        """Add those of a later batch."""
        return Missing(self.kind, self.curves + later.curves, self.first)

    def finding(self, total: int) -> Finding:
        """Return the finding, of so many curves in all."""
        missing = "" if self.kind == GRID_CUT else " have features missing (NaN)"
        reason = f"{self.curves:,} of {total:,} curves{missing}, this one the first: {MISSING[self.kind]}"
        return Finding(self.first, self.kind, reason, "note")


@dataclass(frozen=True, eq=False)
class CurveFeatures:
    """Measured features.

    Parameters
    ----------
    names : tuple of str
        Of the features.
    values : ndarray, shape (N, F), float64
        NaN where a feature cannot be measured; never infinite.
    missing : tuple of Missing
        Why there is NaN, counted; each curve is counted once, for the first reason that holds.
    """

    names: tuple[str, ...]
    values: NDArray[np.float64]
    missing: tuple[Missing, ...]

    def __len__(self) -> int:
        return len(self.values)

    def columns(self) -> dict[str, NDArray[np.float64]]:
        """Return the features by name."""
        return {name: self.values[:, number] for number, name in enumerate(self.names)}

    def findings(self) -> tuple[Finding, ...]:
        """Return a note for each reason why features are missing."""
        return tuple(each.finding(len(self)) for each in self.missing)


def measure_features(
    curves: LightCurves,
    configuration: FeatureConfiguration | None = None,
    *,
    bands: Sequence[str] | None = None,
) -> CurveFeatures:
    """Measure features of light curves.

    Sets that look at one band measure each band by itself, and the band ends the name of the column:
    ``amplitude_r``. Without bands it is ``amplitude``. A feature that cannot be measured is NaN: of one
    point, of values that are all the same, of points without errors.

    Parameters
    ----------
    curves : LightCurves
        In the order of time, values finite.
    configuration : FeatureConfiguration, optional
        Feature sets and their settings.
    bands : sequence of str, optional
        The bands of the columns and their order, those of the curves if left out. Points in other bands
        are left out.

    Raises
    ------
    SampleSetError
        If a curve is not in the order of time, or has a value that is not finite.
    ConfigurationError
        If two sets have a feature of the same name.
    MissingExtraError
        If a set needs a package that is not installed.

    Examples
    --------
    >>> curves = LightCurves.from_lists([[1.0, 2.0, 4.0], [5.0]], [[15.1, 15.3, 15.5], [17.0]])
    >>> found = measure_features(curves, FeatureConfiguration(sets=("statistics",)))
    >>> found.columns()["amplitude"].round(3).tolist(), found.columns()["std"].round(3).tolist()
    ([0.2, 0.0], [0.163, nan])
    >>> [(each.kind, each.curves) for each in found.missing]
    [('no-baseline', 1), ('missing-errors', 1)]
    """
    configuration = configuration or FeatureConfiguration()
    sets = feature_sets(configuration)
    _check(curves)
    wanted = tuple(curves.bands if bands is None else bands)
    if set(curves.bands) - set(wanted):
        kept = np.isin(curves.band, [number for number, name in enumerate(curves.bands) if name in wanted])
        curves = curves.keep(kept)
    of_bands = {name: _of_band(curves, name) for name in wanted}
    parts = []
    for each in sets:
        for part in [curves] if each.joint else of_bands.values():
            empty = np.full((len(curves), len(each.names)), np.nan)
            parts.append(empty if part is None else each.measure(part))
    values = np.concatenate(parts, axis=1) if parts else np.empty((len(curves), 0))
    values[~np.isfinite(values)] = np.nan
    least = max(each.minimum_points for each in sets)
    searched = any(each.joint for each in sets)
    # A search for periods needs one cycle of the highest frequency.
    shortest = 1 / configuration.periods.maximum_frequency if searched else 0.0
    missing = _missing(curves, values, least, shortest)
    if searched:
        options = configuration.periods
        span = options.maximum_frequency - options.minimum_frequency
        cut = np.flatnonzero(
            _spread(curves, curves.time) * options.oversampling * span > options.maximum_steps
        )
        missing += (Missing(GRID_CUT, len(cut), str(curves.ids[cut[0]])),) if cut.size else ()
    return CurveFeatures(_names(sets, wanted, configuration), values, missing)


def feature_names(configuration: FeatureConfiguration, bands: Sequence[str] = ("",)) -> tuple[str, ...]:
    """Return the names of the features in their order.

    Raises
    ------
    UnknownNameError
        If there is no set of that name.
    ConfigurationError
        If two sets have a feature of the same name.

    Examples
    --------
    >>> feature_names(FeatureConfiguration(sets=("statistics",)), ("g", "r"))[:2]
    ('n_points_g', 'duration_g')
    """
    return _names(feature_sets(configuration), tuple(bands), configuration)


def feature_sets(configuration: FeatureConfiguration) -> tuple[FeatureSet, ...]:
    """Return the sets of a configuration."""
    return tuple(FEATURE_SETS.get(name)(configuration) for name in configuration.sets)


def _names(
    sets: Sequence[FeatureSet], bands: tuple[str, ...], configuration: FeatureConfiguration
) -> tuple[str, ...]:
    names = [
        f"{configuration.prefix}{name}" + (f"_{band}" if band else "")
        for each in sets
        for band in ([""] if each.joint else bands)
        for name in each.names
    ]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise ConfigurationError(
            f"the sets {', '.join(configuration.sets)} share {len(repeated)} features, such as "
            f"{repeated[0]!r}; choose one of them"
        )
    return tuple(names)


def _of_band(curves: LightCurves, name: str) -> LightCurves | None:
    if name not in curves.bands:
        return None
    return curves if len(curves.bands) == 1 else curves.of_band(name)


def _check(curves: LightCurves) -> None:
    starts = np.zeros(len(curves.time), dtype=np.bool_)
    starts[curves.offsets[:-1][curves.counts > 0]] = True
    backwards = np.zeros(len(curves.time), dtype=np.bool_)
    backwards[1:] = np.diff(curves.time) < 0
    wrong = np.flatnonzero((backwards & ~starts) | ~np.isfinite(curves.value) | ~np.isfinite(curves.time))
    if wrong.size:
        curve = int(np.searchsorted(curves.offsets, wrong[0], side="right")) - 1
        raise SampleSetError(
            f"the curve {curves.ids[curve]} is not in the order of time, or has a time or value that is "
            "not finite; read it with `skysieve samples curves`, which sorts and cleans"
        )


def _missing(
    curves: LightCurves, values: NDArray[np.float64], least: int, shortest: float
) -> tuple[Missing, ...]:
    """Count the curves with a NaN by the first reason that holds."""
    rows = np.flatnonzero(np.isnan(values).any(axis=1))
    if not rows.size:
        return ()
    reasons: dict[str, NDArray[np.bool_]] = {
        "few-points": curves.counts[rows] < least,
        "no-baseline": _spread(curves, curves.time)[rows] <= 0,
        "short-baseline": _spread(curves, curves.time)[rows] <= shortest,
        "constant-values": _spread(curves, curves.value)[rows] <= 0,
        "missing-errors": ~_any(curves, curves.error > 0)[rows],
        "not-determined": np.ones(len(rows), dtype=np.bool_),
    }
    left, found = np.ones(len(rows), dtype=np.bool_), []
    for kind, holds in reasons.items():
        chosen = rows[left & holds]
        left &= ~holds
        if chosen.size:
            found.append(Missing(kind, len(chosen), str(curves.ids[chosen[0]])))
    return tuple(found)


def _spread(curves: LightCurves, flat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the range of each curve's numbers, 0 without any, shape (N,)."""
    full = curves.counts > 0
    made = np.zeros(len(curves))
    if full.any():
        starts = curves.offsets[:-1][full]
        made[full] = np.maximum.reduceat(flat, starts) - np.minimum.reduceat(flat, starts)
    return made


def _any(curves: LightCurves, flat: NDArray[np.bool_]) -> NDArray[Any]:
    """Return whether something holds for any point of each curve, shape (N,)."""
    total = np.concatenate([[0], np.cumsum(flat)])
    return np.asarray(total[curves.offsets[1:]] > total[curves.offsets[:-1]])
