"""From light curves to dmdt images: which pairs, how they are weighed, how they are normalised."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import permutations
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.extras import require
from skysieve.preprocess.dmdt.bins import BINS, DmdtBins
from skysieve.samples.light_curves import LightCurves

__all__ = ["Normalisation", "dmdt_channels", "dmdt_images", "require_ordered"]

#: What the pixels of a channel mean.
Normalisation = Literal["published", "counts", "l2", "max", "dt"]

#: Curves that a thread takes at a time; enough to hide what the interpreter costs.
BLOCK = 512


def dmdt_channels(bands: Sequence[str], *, cross_bands: bool = False) -> tuple[str, ...]:
    """Name the channels of the images.

    Examples
    --------
    >>> dmdt_channels(["g", "r"]), dmdt_channels(["g", "r"], cross_bands=True)
    (('g', 'r'), ('g', 'r', 'g>r', 'r>g'))
    """
    crossed = [f"{earlier}>{later}" for earlier, later in permutations(bands, 2)] if cross_bands else []
    return (*bands, *crossed)


def dmdt_images(
    curves: LightCurves,
    bins: DmdtBins = BINS["mahabal2017"],
    *,
    normalisation: Normalisation = "published",
    smear: bool = False,
    bands: Sequence[str] | None = None,
    cross_bands: bool = False,
    workers: int = 1,
) -> NDArray[np.float32]:
    """Count the differences of all n(n - 1)/2 pairs of points of each curve.

    dm is the value of the later point minus that of the earlier, dt the time between them in days.
    Points of one instant are taken in the order in which they are stored.

    Parameters
    ----------
    curves : LightCurves
        Points in the order of time, values finite; equal times are allowed.
    bins : DmdtBins, optional
        R bins of dm, T bins of dt.
    normalisation : {"published", "counts", "l2", "max", "dt"}
        ``published``: 255 · count / pairs, where pairs are all of the channel, those outside of the
        bins, too (Mahabal+2017). ``counts``: as counted. ``l2``: unit Euclidean norm (SCoPe). ``max``:
        the largest pixel is 1. ``dt``: each column is divided by the pairs of its dt, so that it is the
        distribution of dm given dt. What has no pairs stays 0.
    smear : bool
        Spread each pair over dm by its Gaussian errors; pairs without an error stay points.
    bands : sequence of str, optional
        The bands of the channels and their order; those of the curves if left out. A band that a curve
        lacks is 0, points in other bands are left out.
    cross_bands : bool
        Further channels ``g>r``: pairs whose earlier point is in g and later in r. All channels together
        then hold each pair once.
    workers : int
        Threads; the result does not depend on it.

    Returns
    -------
    ndarray, shape (N, C, R, T), float32
        Channels as `dmdt_channels` names them; the first row is the lowest dm, the first column the
        shortest dt. Curves with less than two points are 0.

    Raises
    ------
    SampleSetError
        If a curve is not in the order of time, or has a value that is not finite.
    ConfigurationError
        If there is no such normalisation, or no such channel.

    References
    ----------
    Mahabal et al. 2017, arXiv:1709.06257; van Roestel et al. 2021 (SCoPe), arXiv:2102.11304.

    Examples
    --------
    >>> curves = LightCurves.from_lists([[0.0, 0.5, 20.0]], [[15.0, 15.4, 15.1]])
    >>> bins = DmdtBins(dm=(-1, 0, 1), dt=(0, 1, 100))
    >>> dmdt_images(curves, bins, normalisation="counts")[0, 0].tolist()
    [[0.0, 1.0], [1.0, 1.0]]
    """
    require("numba", extra="lightcurves", purpose="make dmdt images")
    from skysieve.preprocess.dmdt.kernel import edge_table

    if normalisation not in get_args(Normalisation):
        known = ", ".join(get_args(Normalisation))
        raise ConfigurationError(f"the normalisation is one of {known}; found {normalisation!r}")
    wanted = _wanted_bands(curves, bands, cross_bands)
    require_ordered(curves)
    edges = edge_table(bins)

    def made(first: int) -> NDArray[np.float32]:
        block = curves.span(first, min(first + BLOCK, len(curves)))
        channels = [
            _normalised(*_counted(block, earlier, later, edges, smear), normalisation)
            for earlier, later in _pairings(wanted, cross_bands)
        ]
        return np.stack(channels, axis=1) if len(channels) > 1 else channels[0][:, None]

    starts = range(0, len(curves), BLOCK)
    if workers > 1:
        with ThreadPoolExecutor(workers) as pool:
            blocks = list(pool.map(made, starts))
    else:
        blocks = [made(first) for first in starts]
    if len(blocks) == 1:
        return blocks[0]
    shape = (0, len(dmdt_channels(wanted, cross_bands=cross_bands)), *bins.shape)
    return np.concatenate([np.zeros(shape, np.float32), *blocks])


def require_ordered(curves: LightCurves) -> None:
    """Refuse curves that are not in the order of time, or have values that are not finite.

    Raises
    ------
    SampleSetError
        The message names the first such curve.
    """
    back = np.flatnonzero(np.diff(curves.time) < 0) + 1
    back = back[~np.isin(back, curves.offsets)]
    for points, found in (
        (back, "is not in the order of time; sort its points"),
        (np.flatnonzero(~np.isfinite(curves.value)), "has a value that is not finite; leave out that point"),
        (np.flatnonzero(~np.isfinite(curves.time)), "has a time that is not finite; leave out that point"),
    ):
        if points.size:
            curve = np.searchsorted(curves.offsets, points[0], "right") - 1
            raise SampleSetError(f"light curve {curves.ids[curve]} {found}")


def _wanted_bands(curves: LightCurves, bands: Sequence[str] | None, cross_bands: bool) -> tuple[str, ...]:
    wanted = curves.bands if bands is None else tuple(bands)
    if len(set(wanted)) < len(wanted) or not wanted:
        raise ConfigurationError(f"bands are given once each, and at least one; found {wanted}")
    if cross_bands and len(wanted) < 2:
        raise ConfigurationError(f"pairs across bands need two bands, found {', '.join(map(repr, wanted))}")
    return wanted


def _pairings(bands: Sequence[str], cross_bands: bool) -> list[tuple[str, str]]:
    return [(band, band) for band in bands] + (list(permutations(bands, 2)) if cross_bands else [])


def _counted(
    curves: LightCurves, earlier: str, later: str, edges: Any, smear: bool
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return counts (N, R + 2, T) and the number of all pairs (N,) of one channel."""
    from skysieve.preprocess.dmdt.kernel import PointPairs, count_pairs, smear_pairs

    first_points, first_curves = _points_of(curves, earlier)
    if earlier == later:
        points, of_later = first_points, first_curves
        first = np.arange(1, len(points) + 1)
        number = first_curves.counts * (first_curves.counts - 1) // 2
    else:
        points, of_later = _points_of(curves, later)
        first = np.searchsorted(points, first_points).astype(np.int64)
        ends = np.repeat(of_later.offsets[1:], first_curves.counts)
        number = np.diff(np.concatenate([[0], np.cumsum(ends - first)])[first_curves.offsets])
    pairs = PointPairs(
        first_curves.offsets, first_curves.time, first_curves.value,
        of_later.offsets, of_later.time, of_later.value, first,
    )  # fmt: skip
    if smear:
        return smear_pairs(pairs, first_curves.error, of_later.error, edges), number
    return count_pairs(pairs, edges), number


def _points_of(curves: LightCurves, band: str) -> tuple[NDArray[np.int64], LightCurves]:
    """Return the places of the points in a band, and the curves that are left of them."""
    if curves.bands == (band,):
        return np.arange(len(curves.time)), curves
    inside = (
        curves.band == curves.bands.index(band)
        if band in curves.bands
        else np.zeros(len(curves.time), dtype=bool)
    )
    return np.flatnonzero(inside), curves.keep(inside)


def _normalised(
    counts: NDArray[Any], pairs: NDArray[np.int64], normalisation: Normalisation
) -> NDArray[np.float32]:
    if normalisation == "counts":
        return counts[:, 1:-1].astype(np.float32)
    inside = counts[:, 1:-1].astype(np.float64)
    scale: NDArray[Any]
    if normalisation == "published":
        inside, scale = 255 * inside, pairs[:, None, None]
    elif normalisation == "l2":
        scale = np.sqrt(np.square(inside).sum(axis=(1, 2), keepdims=True))
    elif normalisation == "max":
        scale = inside.max(axis=(1, 2), keepdims=True)
    else:
        scale = counts.sum(axis=1, keepdims=True)
    return np.divide(inside, scale, out=np.zeros_like(inside), where=scale > 0).astype(np.float32)
