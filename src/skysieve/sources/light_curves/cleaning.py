"""The one policy by which points of light curves are kept, changed or dropped, each counted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from skysieve.samples.light_curves import LightCurves
from skysieve.sources.light_curves.tally import Tally

__all__ = ["ANY_FLAG", "PLACEHOLDERS", "Cleaning", "clean"]

#: Magnitudes that pipelines write where they measured none.
PLACEHOLDERS = (99.0, 99.9, 99.99, 99.999, 999.0, 9999.0, -99.0, -99.9, -99.99, -99.999, -999.0, -9999.0)
#: Between these numbers of days a time is a Julian date; no survey has MJDs of the year 8430.
_JULIAN = (2.4e6, 2.6e6)
_MJD_ZERO = 2_400_000.5
#: Magnitudes of real sources lie between.
_MAGNITUDES = (0.0, 40.0)
#: All bits, for surveys in which every flag is bad.
ANY_FLAG = -1


@dataclass(frozen=True)
class Cleaning:
    """How points are cleaned; the order of the fields is the order in which it is done.

    What nothing here speaks of is not a choice: points without a finite time or value are dropped,
    points are sorted by time, errors that are zero, negative or infinite become NaN (unknown).

    Parameters
    ----------
    reject_flags : int or None
        Bits of a point's flags that drop it; -1 for any. None is 32768 for the ``catflags`` of ZTF,
        which its data releases advise, and any bit for other flags.
    julian_dates : {"to-mjd", "keep"}
        What to do with times around 2.4 million days.
    placeholders : tuple of float
        Magnitudes that mean that there is none; their points are dropped. Fluxes have none.
    drop_duplicates : bool
        Drop points that repeat time, band and value of another; the smallest known error stays.
    same_time : {"keep", "average"}
        What to do with points of one time and band that differ in value. The average is weighted by
        the errors where all are known, and else has no error.
    min_points : int
        A curve with fewer points is kept aside.

    Examples
    --------
    >>> Cleaning(same_time="average").min_points
    1
    """

    reject_flags: int | None = None
    julian_dates: Literal["to-mjd", "keep"] = "to-mjd"
    placeholders: tuple[float, ...] = PLACEHOLDERS
    drop_duplicates: bool = True
    same_time: Literal["keep", "average"] = "keep"
    min_points: int = 1


def clean(
    curves: LightCurves,
    policy: Cleaning,
    tally: Tally,
    *,
    flags: NDArray[np.int64] | None = None,
) -> tuple[LightCurves, NDArray[np.int64]]:
    """Apply a policy to curves as they were read.

    Parameters
    ----------
    curves : LightCurves
        Points in any order, NaN and infinity allowed.
    policy : Cleaning
        The policy.
    tally : Tally
        Counts what is found.
    flags : ndarray, shape (P,), int64, optional
        Flags of the points; ``policy.reject_flags`` of None rejects any.

    Returns
    -------
    curves : LightCurves
        Sorted by time, all times and values finite, errors positive or NaN; the curves that are left.
    rows : ndarray of int64
        Which curves these are.

    Examples
    --------
    >>> curves = LightCurves.from_lists([[2.0, 1.0], [3.0]], [[15.0, np.nan], [np.inf]], ids=["a", "b"])
    >>> tally = Tally()
    >>> left, rows = clean(curves, Cleaning(), tally)
    >>> left.time.tolist(), rows.tolist()
    ([2.0], [0])
    >>> [finding.kind for finding in tally.findings("file")]
    ['no-points', 'not-finite', 'one-point']
    """
    if flags is not None:
        bits = ANY_FLAG if policy.reject_flags is None else policy.reject_flags
        curves = _drop(curves, flags & bits != 0, "flagged-point", tally)
    curves = _with_mjd(curves, policy, tally)
    if curves.quantity == "magnitude" and policy.placeholders:
        empty = np.isin(curves.value, policy.placeholders)
        curves = _drop(curves, empty, "placeholder-value", tally)
    curves = _drop(curves, ~(np.isfinite(curves.time) & np.isfinite(curves.value)), "not-finite", tally)
    curves = _with_known_errors(curves, tally)
    curves = _sorted(curves, tally)
    if policy.drop_duplicates:
        # The smallest known error of a duplicate comes first, as points were sorted.
        curves = _drop(curves, _repeats(curves, with_value=True), "duplicate-point", tally)
    curves = _one_value_a_time(curves, policy, tally)
    return _long_enough(curves, policy, tally)


def _count(curves: LightCurves, points: NDArray[np.bool_], kind: str, tally: Tally) -> None:
    total = np.concatenate([[0], np.cumsum(points)])
    inside = total[curves.offsets[1:]] - total[curves.offsets[:-1]]
    rows = np.flatnonzero(inside)
    tally.count(kind, curves.ids[rows], int(total[-1]))


def _drop(curves: LightCurves, points: NDArray[np.bool_], kind: str, tally: Tally) -> LightCurves:
    if not points.any():
        return curves
    _count(curves, points, kind, tally)
    return curves.keep(~points)


def _with_mjd(curves: LightCurves, policy: Cleaning, tally: Tally) -> LightCurves:
    julian = (curves.time > _JULIAN[0]) & (curves.time < _JULIAN[1])
    if not julian.any():
        return curves
    if policy.julian_dates == "keep":
        _count(curves, julian, "julian-date-kept", tally)
        return curves
    _count(curves, julian, "julian-date", tally)
    return replace(curves, time=np.where(julian, curves.time - _MJD_ZERO, curves.time))


def _with_known_errors(curves: LightCurves, tally: Tally) -> LightCurves:
    # Sets keep errors as float32: what is not positive there would not be when it is read again.
    with np.errstate(over="ignore", under="ignore"):
        stored = curves.error.astype(np.float32)
    bad = ~np.isnan(curves.error) & ~(np.isfinite(stored) & (stored > 0))
    if not bad.any():
        return curves
    _count(curves, bad, "bad-error", tally)
    return replace(curves, error=np.where(bad, np.nan, curves.error))


def _sorted(curves: LightCurves, tally: Tally) -> LightCurves:
    """Sort each curve by time, band, value and error, so that the order of the rows does not matter."""
    step = np.diff(curves.time)
    inside = np.ones(len(step), dtype=bool)
    ends = curves.offsets[1:-1]
    inside[ends[(ends > 0) & (ends < len(curves.time))] - 1] = False
    back = np.flatnonzero(inside & (step < 0))
    if back.size:
        rows = np.unique(np.searchsorted(curves.offsets, back, side="right") - 1)
        tally.count("unsorted", curves.ids[rows], 0)
    if not (inside & (step <= 0)).any():
        return curves
    owner = np.repeat(np.arange(len(curves)), curves.counts)
    order = np.lexsort((curves.error, curves.value, curves.band, curves.time, owner))
    arrays = {name: getattr(curves, name)[order] for name in ("time", "value", "error", "band")}
    return replace(curves, **arrays)


def _repeats(curves: LightCurves, *, with_value: bool) -> NDArray[np.bool_]:
    """Return which points repeat time and band (and value) of the one before in their curve."""
    same = np.zeros(len(curves.time), dtype=bool)
    for number, name in enumerate(("time", "band", "value") if with_value else ("time", "band")):
        values = getattr(curves, name)
        equal = values[1:] == values[:-1]
        same[1:] = equal if number == 0 else same[1:] & equal
    first = curves.offsets[:-1]
    same[first[first < len(same)]] = False
    return same


def _one_value_a_time(curves: LightCurves, policy: Cleaning, tally: Tally) -> LightCurves:
    again = _repeats(curves, with_value=False)
    if not again.any():
        return curves
    kind = "same-time" if policy.same_time == "keep" else "same-time-averaged"
    _count(curves, again, kind, tally)
    if policy.same_time == "keep":
        return curves
    run = np.cumsum(~again) - 1
    known = np.bincount(run, np.isnan(curves.error)) == 0
    weight = np.where(known[run], curves.error, 1.0) ** -2.0
    total = np.bincount(run, weight)
    value = np.bincount(run, weight * curves.value) / total
    # A point alone keeps its value to the last digit.
    alone = np.bincount(run) == 1
    first = np.flatnonzero(~again)
    value = np.where(alone, curves.value[first], value)
    error = np.where(alone, curves.error[first], np.where(known, total**-0.5, np.nan))
    return replace(curves.keep(~again), value=value, error=error)


def _long_enough(
    curves: LightCurves, policy: Cleaning, tally: Tally
) -> tuple[LightCurves, NDArray[np.int64]]:
    counts = curves.counts
    tally.lose("no-points", curves.ids[counts == 0])
    tally.lose("too-few-points", curves.ids[(counts > 0) & (counts < policy.min_points)])
    rows = np.flatnonzero(counts >= max(policy.min_points, 1))
    left = curves if len(rows) == len(curves) else curves.take(rows)
    tally.count("one-point", left.ids[left.counts == 1], 0)
    if left.quantity == "magnitude":
        possible = (left.value >= _MAGNITUDES[0]) & (left.value <= _MAGNITUDES[1])
        total = np.concatenate([[0], np.cumsum(possible)])
        none = total[left.offsets[1:]] == total[left.offsets[:-1]]
        tally.count("looks-like-flux", left.ids[none], 0)
    return left, rows
