"""Light curves as a model may read them: in its unit, in its bands, finite and in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from skysieve.errors import ContractError, SampleSetError
from skysieve.preprocess.dmdt.images import require_ordered
from skysieve.samples.light_curves import LightCurves
from skysieve.samples.sample_set import SampleSet

__all__ = ["readable_curves"]

#: Bands of curves whose bands have no names.
_UNTOLD = ("",)


def readable_curves(
    samples: SampleSet, *, unit: str | None = None, bands: Sequence[str] | None = None
) -> LightCurves:
    """Return the light curves of a set, the points that a model knows; refuse what it would misread.

    Parameters
    ----------
    samples : SampleSet
        With light curves.
    unit : str, optional
        Unit of the values that the model learned from; any if not given.
    bands : sequence of str, optional
        The bands that it learned from, one empty name where they were not told apart; any if not given.
        Points in other bands are left out. Where one side names no bands, curves of one band fit a model of
        one band.

    Raises
    ------
    ContractError
        If the values have another unit, or the set does not tell the bands that the model tells apart.
    SampleSetError
        If a curve has no point in a band of the model, has several where the model tells none apart, is
        not in the order of time, or has a value that is not finite; the message names it.

    Examples
    --------
    >>> curves = LightCurves.from_lists([[1.0, 2.0], [3.0]], [[15.1, 15.3], [17.0]])
    >>> readable_curves(curves.samples(), unit="nJy")
    Traceback (most recent call last):
        ...
    skysieve.errors.ContractError: the values of the light curves are in mag, the model learned from values \
in nJy; convert them
    """
    curves = LightCurves.of(samples)
    if unit and curves.unit != unit:
        raise ContractError(
            f"the values of the light curves are in {curves.unit}, the model learned from values in {unit}; "
            "convert them"
        )
    require_ordered(curves)
    return curves if bands is None else _in_bands(curves, tuple(bands))


def _in_bands(curves: LightCurves, known: tuple[str, ...]) -> LightCurves:
    if curves.bands == known:
        return curves
    if curves.bands == _UNTOLD:
        if len(known) > 1:
            raise ContractError(
                f"the light curves tell of no bands, the model learned from {', '.join(known)}; name the "
                "column of the bands (--set columns.band=... of `skysieve samples curves`)"
            )
        return replace(curves, bands=known)
    if known == _UNTOLD:
        return _of_one_band(curves)
    inside = np.isin(curves.band, [at for at, name in enumerate(curves.bands) if name in known])
    if inside.all():
        return curves
    kept = curves.keep(inside)
    gone = np.flatnonzero((kept.counts == 0) & (curves.counts > 0))
    if len(gone):
        raise SampleSetError(
            f"light curve {curves.ids[gone[0]]} has no point in a band of the model ({', '.join(known)}), "
            f"found {_bands_in(curves, gone[0])}"
        )
    return kept


def _of_one_band(curves: LightCurves) -> LightCurves:
    """Return curves without the name of their band, for a model that has not learned to tell bands apart."""
    # What a curve has is asked, not what the set has: the answer must not depend on its neighbours.
    first = np.repeat(curves.offsets[:-1], curves.counts)
    mixed = np.flatnonzero(curves.band != curves.band[first])
    if len(mixed):
        number = int(np.searchsorted(curves.offsets, mixed[0], side="right")) - 1
        raise SampleSetError(
            f"light curve {curves.ids[number]} has points in {_bands_in(curves, number)}, and the model does "
            "not tell bands apart; give curves of one band"
        )
    return replace(curves, band=np.zeros_like(curves.band), bands=_UNTOLD)


def _bands_in(curves: LightCurves, number: Any) -> str:
    return ", ".join(sorted({curves.bands[band] for band in curves.curve(int(number)).band}))
