"""Groups of samples that lie so close on the sky that their cutouts share pixels.

A cutout of one galaxy holds its neighbours too. Where two such cutouts stand on either side of a
split, the test set holds pixels that were learned: in the published split of DeepShadows
(Tanoglidis et al. 2021, A&C 35, 100469) that is one test object in eight. Samples that are linked
by a chain of such neighbours therefore get one group.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skysieve.errors import SampleSetError
from skysieve.extras import require
from skysieve.samples.sample_set import SampleSet

__all__ = ["close_pairs", "merged_groups", "sky_groups", "unit_vectors", "with_sky_groups"]

_ARCSEC = np.pi / 180 / 3600


def sky_groups(ra: ArrayLike, dec: ArrayLike, radius: float) -> NDArray[np.str_]:
    """Name a group for every position, so that any two closer than a radius share theirs.

    Groups are the connected components of the graph of close pairs ("friends of friends"): two
    members of one group may lie further apart than the radius, but never a member of one from
    a member of another closer than it.

    Parameters
    ----------
    ra, dec : array-like of float, shape (N,)
        Right ascension and declination, degrees. Any right ascension is taken modulo 360.
    radius : float
        Linking length, arcsec. The diagonal of square cutouts keeps every pixel of the sky
        inside one group.

    Returns
    -------
    ndarray of str, shape (N,)
        Names such as ``J010.5000000+41.2000000``: the member of least right ascension. They
        do not depend on the order of the samples.

    Raises
    ------
    SampleSetError
        If a position is not finite or no place on the sky, or the radius is not positive.
    MissingExtraError
        If scipy is not installed.

    Examples
    --------
    >>> sky_groups([359.999, 0.001, 10.0], [0, 0, 0], radius=10).tolist()
    ['J000.0010000+00.0000000', 'J000.0010000+00.0000000', 'J010.0000000+00.0000000']
    """
    longitude, latitude = _positions(ra, dec)
    if not len(longitude):
        return np.empty(0, dtype=np.str_)
    # Repeated positions are frequent in catalogues, and N of them would make N**2 pairs.
    places, place_of = np.unique(np.stack([longitude, latitude], axis=1), axis=0, return_inverse=True)
    pairs = close_pairs(places[:, 0], places[:, 1], radius)
    sparse = require("scipy.sparse", extra="archives", purpose="group samples by their place on the sky")
    graphs = require("scipy.sparse.csgraph", extra="archives", purpose="group samples by place")
    size = len(places)
    links = sparse.coo_matrix((np.ones(len(pairs), dtype=bool), pairs.T), shape=(size, size))
    component = graphs.connected_components(links, directed=False)[1]
    # Places are sorted, hence the first of a component is that of least right ascension.
    first = np.unique(component, return_index=True)[1]
    names = np.array([f"J{alpha:011.7f}{delta:+011.7f}" for alpha, delta in places[first]])
    return np.asarray(names[component[place_of.reshape(-1)]])


def close_pairs(ra: ArrayLike, dec: ArrayLike, radius: float) -> NDArray[np.int64]:
    """Return all pairs of positions that are at most a radius apart.

    Parameters
    ----------
    ra, dec : array-like of float, shape (N,)
        Degrees.
    radius : float
        Arcsec.

    Returns
    -------
    ndarray of int64, shape (M, 2)
        Indices, the smaller first, sorted.

    Raises
    ------
    SampleSetError, MissingExtraError
        As of `sky_groups`.

    Examples
    --------
    >>> close_pairs([10, 10, 200], [89.9999, 89.9998, 89.9999], radius=1).tolist()
    [[0, 1], [0, 2]]
    """
    longitude, latitude = _positions(ra, dec)
    if not 0 < radius <= 180 * 3600:
        raise SampleSetError(f"the radius is {radius} arcsec; a positive one, up to 180 degrees, is expected")
    if len(longitude) < 2:
        return np.empty((0, 2), dtype=np.int64)
    spatial = require("scipy.spatial", extra="archives", purpose="find neighbours on the sky")
    tree: Any = spatial.cKDTree(unit_vectors(longitude, latitude))
    chord = 2 * np.sin(radius * _ARCSEC / 2)
    # Vectors are rounded to 1e-16 of a radian: a pair at the radius itself counts as close.
    found = tree.query_pairs(chord * (1 + 1e-9) + 1e-15, output_type="ndarray")
    pairs = np.sort(np.asarray(found, dtype=np.int64).reshape(-1, 2), axis=1)
    return pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]


def with_sky_groups(samples: SampleSet, radius: float) -> SampleSet:
    """Return the set regrouped, so that no two samples closer than a radius have different groups.

    Groups that are there stay together: groups that share sky become one. A sample without a place keeps
    the group that it has. A split that is there stays as it is and has to be made anew.

    Parameters
    ----------
    samples : SampleSet
        With columns ``ra`` and ``dec``, degrees.
    radius : float
        Linking length, arcsec; the diagonal of the cutouts keeps every pixel of the sky in one group.

    Raises
    ------
    SampleSetError
        If the set has no such columns, no sample has a place, or the radius is not positive.
    MissingExtraError
        If scipy is not installed.

    Examples
    --------
    >>> from skysieve.samples import Description
    >>> columns = {"id": [1, 2, 3], "group": ["a", "a", "b"], "ra": [10, 50, 50.001], "dec": [0, 0, 0]}
    >>> with_sky_groups(SampleSet.from_columns(columns, Description()), radius=30).groups.tolist()
    ['J010.0000000+00.0000000', 'J010.0000000+00.0000000', 'J010.0000000+00.0000000']
    """
    if missing := [name for name in ("ra", "dec") if name not in samples.column_names]:
        raise SampleSetError(
            f"the samples have no column {' and '.join(missing)}; "
            "positions in degrees are needed to group by sky"
        )
    ra, dec = (samples.scalar(name).astype(np.float64) for name in ("ra", "dec"))
    known = np.isfinite(ra) & np.isfinite(dec)
    if not known.any():
        raise SampleSetError("no sample has a place on the sky (ra, dec); there is nothing to group by")
    names = samples.groups.astype(np.str_).astype(object)
    merged = names.copy()
    merged[known] = sky_groups(ra[known], dec[known], radius)
    made = {"radius_arcsec": float(radius), "method": "neighbours on the sky, and what was one group before"}
    splits = {**samples.description.splits, "groups": made}
    return samples.with_columns({"group": merged_groups(merged, names)}, splits=splits)


def merged_groups(groups: ArrayLike, others: ArrayLike) -> NDArray[np.str_]:
    """Return groups that keep together what either of two groupings does, named by the first.

    Parameters
    ----------
    groups, others : array-like of str, shape (N,)
        Two groupings of the same samples.

    Returns
    -------
    ndarray of str, shape (N,)
        The first name, in order, of the groups that became one.

    Examples
    --------
    >>> merged_groups(["a", "b", "c"], ["x", "y", "y"]).tolist()
    ['a', 'b', 'b']
    """
    names, first = np.unique(np.asarray(groups, dtype=np.str_), return_inverse=True)
    size, second = len(names), np.unique(np.asarray(others, dtype=np.str_), return_inverse=True)[1]
    sparse = require("scipy.sparse", extra="archives", purpose="merge groups")
    graphs = require("scipy.sparse.csgraph", extra="archives", purpose="merge groups")
    nodes = size + int(second.max(initial=-1)) + 1
    links = (np.ones(len(first), dtype=bool), (first, size + second))
    component = graphs.connected_components(sparse.coo_matrix(links, shape=(nodes, nodes)), directed=False)[1]
    # Names are sorted, hence the first of a component is the least.
    found, least = np.unique(component[:size], return_index=True)
    return np.asarray(names[least[np.searchsorted(found, component[first])]])


def unit_vectors(ra: ArrayLike, dec: ArrayLike) -> NDArray[np.float64]:
    """Return directions as vectors of length one, shape (N, 3), of angles in degrees.

    Examples
    --------
    >>> unit_vectors([0, 90], [0, 0]).round(12).tolist()
    [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    """
    alpha, delta = np.deg2rad(np.asarray(ra, np.float64)), np.deg2rad(np.asarray(dec, np.float64))
    across = np.cos(delta)
    return np.stack([across * np.cos(alpha), across * np.sin(alpha), np.sin(delta)], axis=1)


def _positions(ra: ArrayLike, dec: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    alpha, delta = np.asarray(ra, np.float64), np.asarray(dec, np.float64)
    if alpha.ndim != 1 or alpha.shape != delta.shape:
        raise SampleSetError(
            f"ra and dec are lists of equal length, found shapes {alpha.shape}, {delta.shape}"
        )
    bad = ~(np.isfinite(alpha) & (np.abs(delta) <= 90))
    if bad.any():
        row = int(np.argmax(bad))
        raise SampleSetError(
            f"{int(bad.sum())} of {len(bad)} positions are no place on the sky, the first in row {row}: "
            f"ra {alpha[row]}, dec {delta[row]}; degrees with |dec| <= 90 are expected"
        )
    # -1e-20 modulo 360 is 360 itself.
    turned = alpha % 360.0
    return np.where(turned == 360.0, 0.0, turned), delta + 0.0
