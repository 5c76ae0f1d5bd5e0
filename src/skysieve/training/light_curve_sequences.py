"""From light curves to the sequences that networks read; no PyTorch is needed for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.samples.light_curves import LightCurves
from skysieve.training.ragged import RaggedSequences

__all__ = ["BandColumns", "light_curve_sequences"]

#: How bands are told: a column for each that is 1 at its points; a column of values for each, NaN at points
#: of other bands (for ``gru-d``); or not at all.
BandColumns = Literal["one-hot", "values", "none"]


def light_curve_sequences(
    curves: LightCurves,
    *,
    errors: bool = False,
    bands: BandColumns = "one-hot",
    band_names: Sequence[str] | None = None,
    periods: NDArray[np.float64] | None = None,
    batch_tokens: int | None = None,
) -> RaggedSequences:
    """Return the steps of light curves: time, value, (error,) (bands).

    Values stay as they are: the networks standardise each curve by the points that they are given.

    Parameters
    ----------
    curves : LightCurves
        Sorted by time.
    errors : bool
        Whether the third column is the error, NaN where it is not known.
    bands : {"one-hot", "values", "none"}
        How bands are told. A set of one band has no columns of bands, but for ``values``, which has the one.
    band_names : sequence of str, optional
        The bands, in the order of their columns; those of the curves if not given. State them where parts of
        a set are made into sequences one by one.
    periods : ndarray, shape (N,), optional
        Days. The first column is then the phase, from the first point on, and points are sorted by it.
        Without them it is days since the first point.
    batch_tokens : int, optional
        Of `RaggedSequences`.

    Returns
    -------
    RaggedSequences

    Raises
    ------
    SampleSetError
        If a curve has no points or is not sorted, a period is not positive, or a band has no name.
    ConfigurationError
        If the columns asked for cannot be.

    Examples
    --------
    >>> curves = LightCurves.from_lists([[58001.0, 58003.0], [58001.5]], [[15.0, 15.5], [17.0]])
    >>> light_curve_sequences(curves).steps.tolist()
    [[0.0, 15.0], [2.0, 15.5], [0.0, 17.0]]
    """
    if bands not in get_args(BandColumns) or (bands == "values" and errors):
        raise ConfigurationError(
            f"bands {bands!r} with errors={errors} cannot be made into columns; give 'one-hot', 'none', or "
            "'values' without errors"
        )
    _check(curves)
    order, first = _ordered(curves, periods)
    columns: list[NDArray[Any]] = [first[:, None]]
    value, which = curves.value[order], _columns_of_bands(curves, band_names)[curves.band[order]]
    count = len(curves.bands if band_names is None else band_names)
    of_band = which[:, None] == np.arange(count)
    if bands == "values":
        columns.append(np.where(of_band, value[:, None], np.nan))
    else:
        columns.append(value[:, None])
        if errors:
            columns.append(curves.error[order][:, None])
        if bands == "one-hot" and count > 1:
            columns.append(of_band)
    steps = np.concatenate([column.astype(np.float32) for column in columns], axis=1)
    return RaggedSequences(steps, curves.offsets, batch_tokens)


def _check(curves: LightCurves) -> None:
    empty = np.flatnonzero(curves.counts == 0)
    if len(empty):
        raise SampleSetError(
            f"{len(empty)} light curves have no points, first id {curves.ids[empty[0]]}; leave them out"
        )
    back = np.diff(curves.time) < 0
    # Where one curve ends and the next begins, times may go back.
    back[curves.offsets[1:-1] - 1] = False
    if back.any():
        number = int(np.searchsorted(curves.offsets, int(back.argmax()), side="right")) - 1
        raise SampleSetError(f"the times of light curve {curves.ids[number]} go back; sort them by time")


def _ordered(
    curves: LightCurves, periods: NDArray[np.float64] | None
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the order of the points, and the first column in that order."""
    counts = curves.counts
    days = curves.time - np.repeat(curves.time[curves.offsets[:-1]], counts)
    if periods is None:
        return np.arange(len(days)), days
    wrong = np.flatnonzero(~(np.isfinite(periods) & (periods > 0)))
    if periods.shape != (len(curves),) or len(wrong):
        found = f"of shape {periods.shape}" if not len(wrong) else f"{periods[wrong[0]]} of number {wrong[0]}"
        raise SampleSetError(f"{len(curves)} light curves need a positive period each; found periods {found}")
    phase = np.mod(days / np.repeat(periods, counts), 1.0)
    order = np.lexsort((phase, np.repeat(np.arange(len(curves)), counts)))
    return order, phase[order]


def _columns_of_bands(curves: LightCurves, names: Sequence[str] | None) -> NDArray[np.int64]:
    """Return the column of each band of the curves."""
    if names is None:
        return np.arange(len(curves.bands))
    used = np.unique(curves.band)
    unknown = [curves.bands[band] for band in used if curves.bands[band] not in names]
    if unknown:
        raise SampleSetError(f"points are of band {unknown[0]!r}, which is none of {', '.join(names)}")
    return np.array([names.index(band) if band in names else -1 for band in curves.bands], dtype=np.int64)
