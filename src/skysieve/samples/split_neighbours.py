"""Samples of a held-out part that lie on the sky beside what is learned from.

A cutout of one galaxy holds its neighbours too: a test sample within the size of a cutout of a training
sample shows pixels that were learned. Of the published split of DeepShadows (Tanoglidis et al. 2021, A&C
35, 100469) that is one test object in eight.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skysieve.errors import MissingExtraError, SampleSetError
from skysieve.extras import require
from skysieve.samples.findings import Finding
from skysieve.samples.sample_set import SampleSet
from skysieve.samples.sky_cells import unit_vectors

__all__ = ["NearPair", "SkyCheck", "SplitNeighbours", "check_sky", "cutout_width", "split_neighbours"]

_ARCSEC = np.pi / 180 / 3600
#: Two samples that are no further apart, in arcsec, stand at the same place: catalogues repeat rows.
_SAME_PLACE = 0.01
#: Pairs that are named.
_NAMED = 5


@dataclass(frozen=True, slots=True)
class NearPair:
    """A sample and the nearest one of another part.

    Parameters
    ----------
    sample, neighbour : str
        Their ids.
    arcsec : float
        Distance.
    """

    sample: str
    neighbour: str
    arcsec: float


@dataclass(frozen=True, slots=True)
class SplitNeighbours:
    """How many samples of one part lie close to those of another.

    Parameters
    ----------
    part, other : str
        The part that judges, and what it is compared with: ``test`` and ``train``.
    radius : float
        What counts as close, arcsec.
    samples : int
        Samples of ``part`` with a place on the sky.
    close : int
        Those with a sample of ``other`` within the radius.
    same_place : int
        Those with one within 0.01 arcsec.
    pairs : int
        All close pairs.
    nearest : tuple of NearPair
        The worst of them, the closest first.
    """

    part: str
    other: str
    radius: float
    samples: int
    close: int
    same_place: int
    pairs: int
    nearest: tuple[NearPair, ...]

    def finding(self) -> Finding:
        """Return the finding that names the worst pairs and says what to do."""
        worst = ", ".join(
            f"{pair.sample} and {pair.neighbour} ({pair.arcsec:.3g} arcsec)" for pair in self.nearest
        )
        reason = (
            f"{self.close:,} of {self.samples:,} samples ({self.close / self.samples:.1%}) lie within "
            f"{self.radius:g} arcsec of a sample of {self.other}, {self.same_place:,} at the same place; "
            f"{self.pairs:,} pairs, the closest {worst}. Their cutouts show what was learned: regroup by sky "
            f"cells (`skysieve samples split --sky-radius {self.radius * np.sqrt(2):.3g}`)"
        )
        return Finding(self.part, "neighbours-across-splits", reason, "warning")


@dataclass(frozen=True, slots=True)
class SkyCheck:
    """Whether parts of a split share sky.

    Parameters
    ----------
    not_checked : str
        Why that was not looked at; empty if it was.
    radius : float or None
        Arcsec.
    positions : int
        Samples with a place on the sky.
    neighbours : tuple of SplitNeighbours
        An entry for every two parts.
    """

    not_checked: str = ""
    radius: float | None = None
    positions: int = 0
    neighbours: tuple[SplitNeighbours, ...] = ()

    def findings(self) -> list[Finding]:
        """Return a warning for every two parts that share sky."""
        return [each.finding() for each in self.neighbours if each.close]

    def as_dict(self) -> dict[str, Any]:
        """Return everything as a JSON-ready dictionary."""
        return asdict(self)

    def __str__(self) -> str:
        if self.not_checked:
            return f"not checked whether splits share sky: {self.not_checked}"
        told = "; ".join(
            f"{each.close:,} of {each.samples:,} in {each.part} lie within {each.radius:g} arcsec "
            f"of {each.other}"
            for each in self.neighbours
        )
        return f"sky: {told}"


def check_sky(samples: SampleSet, closer_than: float | None = None) -> SkyCheck:
    """Compare the places of the parts of a split, or of folds.

    Parameters
    ----------
    samples : SampleSet
        With columns ``ra`` and ``dec`` in degrees and a split or folds; else the answer says what is missing.
        Samples without a place are left out.
    closer_than : float, optional
        What counts as close, arcsec; the width of a cutout if the set says it.

    Raises
    ------
    SampleSetError
        If ``closer_than`` is not positive.
    """
    if closer_than is not None and not 0 < closer_than < np.inf:
        raise SampleSetError(f"closer_than is {closer_than} arcsec; a positive number is expected")
    names = samples.column_names
    column = next((name for name in ("split", "fold") if name in names), None)
    if column is None:
        return SkyCheck("the set has no split")
    if not {"ra", "dec"} <= set(names):
        return SkyCheck("the set has no columns ra and dec")
    ra, dec = (samples.scalar(name).astype(np.float64) for name in ("ra", "dec"))
    known = np.isfinite(ra) & (np.abs(dec) <= 90)
    if not known.any():
        return SkyCheck("no sample has a place (ra, dec in degrees)")
    radius = closer_than if closer_than is not None else cutout_width(samples.description.origin)
    if radius is None:
        return SkyCheck(
            "the set does not say how much of the sky a cutout shows; give it in arcsec (--closer-than)",
            positions=int(known.sum()),
        )
    parts = samples.scalar(column)[known]
    try:
        found = split_neighbours(ra[known], dec[known], parts, radius, samples.ids[known])
    except MissingExtraError as error:
        return SkyCheck(str(error), positions=int(known.sum()))
    return SkyCheck(radius=float(radius), positions=int(known.sum()), neighbours=found)


def split_neighbours(
    ra: ArrayLike, dec: ArrayLike, parts: ArrayLike, radius: float, ids: ArrayLike | None = None
) -> tuple[SplitNeighbours, ...]:
    """Count the samples of each held-out part that lie close to a sample of another.

    Parameters
    ----------
    ra, dec : array-like of float, shape (N,)
        Degrees.
    parts : array-like, shape (N,)
        ``train``, ``validation`` and ``test``; or numbers of folds, each of which is compared with all
        others.
    radius : float
        Arcsec; a pair at the radius itself is close.
    ids : array-like, shape (N,), optional
        Names of the samples; their numbers if not given.

    Returns
    -------
    tuple of SplitNeighbours
        Test against training, validation against training, test against validation, as far as there
        are such; or a fold each.

    Raises
    ------
    MissingExtraError
        If scipy is not installed.

    Examples
    --------
    >>> (found,) = split_neighbours([10, 10, 50], [0, 0.002, 0], ["train", "test", "test"], radius=30)
    >>> found.close, found.samples, found.nearest
    (1, 2, (NearPair(sample='1', neighbour='0', arcsec=7.2),))
    """
    vectors = unit_vectors(ra, dec)
    places = np.asarray(parts)
    names = np.arange(len(vectors)) if ids is None else np.asarray(ids)
    return tuple(
        _compare(vectors, names, part, other, radius, titles) for titles, part, other in _pairs(places)
    )


def cutout_width(origin: Mapping[str, Any]) -> float | None:
    """Return how much of the sky a cutout shows, arcsec, if the origin of a set says it.

    Read are ``field_of_view``, or ``size`` in pixels and ``pixel_scale``, wherever they stand together.

    Examples
    --------
    >>> cutout_width({"service": "sdss", "settings": {"size": 120, "pixel_scale": 0.4}})
    48.0
    >>> cutout_width({"simulator": "night"}) is None
    True
    """
    width = origin.get("field_of_view")
    if width is None and {"size", "pixel_scale"} <= set(origin):
        size, scale = origin["size"], origin["pixel_scale"]
        width = size * scale if isinstance(size, int | float) and isinstance(scale, int | float) else None
    if isinstance(width, int | float) and 0 < width < np.inf:
        return float(width)
    inner = (cutout_width(each) for each in origin.values() if isinstance(each, Mapping))
    return next((each for each in inner if each is not None), None)


def _pairs(
    parts: NDArray[Any],
) -> Iterator[tuple[tuple[str, str], NDArray[np.bool_], NDArray[np.bool_]]]:
    """Yield the titles and the rows of what is compared."""
    if parts.dtype.kind in "iuf":
        for number in np.unique(parts):
            yield (f"fold {number:g}", "the other folds"), parts == number, parts != number
        return
    for titles in (("test", "train"), ("validation", "train"), ("test", "validation")):
        part, other = (parts == title for title in titles)
        if part.any() and other.any():
            yield titles, part, other


def _compare(
    vectors: NDArray[np.float64],
    names: NDArray[Any],
    part: NDArray[np.bool_],
    other: NDArray[np.bool_],
    radius: float,
    titles: tuple[str, str],
) -> SplitNeighbours:
    spatial = require("scipy.spatial", extra="archives", purpose="find neighbours on the sky")
    # As in `close_pairs`: vectors are rounded, and a pair at the radius itself is close.
    reach = 2 * np.sin(radius * _ARCSEC / 2) * (1 + 1e-9) + 1e-15
    tree, theirs = spatial.cKDTree(vectors[other]), spatial.cKDTree(vectors[part])
    chord, nearest = tree.query(vectors[part], distance_upper_bound=np.nextafter(reach, np.inf))
    arcsec = 2 * np.arcsin(np.minimum(chord / 2, 1)) / _ARCSEC
    close = np.flatnonzero(np.isfinite(chord))
    worst = close[np.argsort(arcsec[close], kind="stable")][:_NAMED]
    own, others = names[part], names[other]
    return SplitNeighbours(
        *titles,
        radius=float(radius),
        samples=int(part.sum()),
        close=len(close),
        same_place=int((arcsec[close] <= _SAME_PLACE).sum()),
        pairs=int(theirs.count_neighbors(tree, reach)),
        nearest=tuple(
            NearPair(str(own[at]), str(others[nearest[at]]), round(float(arcsec[at]), 4)) for at in worst
        ),
    )
