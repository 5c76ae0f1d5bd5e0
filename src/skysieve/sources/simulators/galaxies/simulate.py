"""Cutouts of galaxies and of what is mistaken for them, in three bands, with their truth and masks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import ConfigurationError
from skysieve.sources.simulators import SIMULATORS

# Importing the families registers their kinds.
from skysieve.sources.simulators.galaxies import (
    arm_knots,  # noqa: F401
    bright_light,  # noqa: F401
    cirrus,  # noqa: F401
    compact_groups,  # noqa: F401
    edge_on,
    ellipticals,  # noqa: F401
    ghosts,  # noqa: F401
    lsbg,  # noqa: F401
    mergers,  # noqa: F401
    spirals,  # noqa: F401
)
from skysieve.sources.simulators.galaxies.canvas import Image, draw_canvas
from skysieve.sources.simulators.galaxies.kinds import (
    CLASSES,
    GALAXY_KINDS,
    TRUTH,
    GalaxyKind,
    Truth,
    chosen_kinds,
    painter_of,
)
from skysieve.sources.simulators.galaxies.look import MASK_SIGMA, Look
from skysieve.sources.simulators.galaxies.picture import to_picture
from skysieve.sources.simulators.galaxies.survey import BANDS, Survey

__all__ = [
    "GALAXY_WIDTH",
    "LSBG_WIDTH",
    "Galaxies",
    "Kinds",
    "as_shares",
    "simulate_collection",
    "simulate_galaxies",
    "simulate_lsbg",
]

#: Sides of the cutouts, in arcsec: 64 pixels of 0.4" as of Night Sky Net, and those of DeepShadows.
GALAXY_WIDTH, LSBG_WIDTH = 25.6, 30.0
#: Smallest side of a cutout, in pixels.
_SMALLEST = 16

#: Names of kinds, or names with shares.
Kinds = Iterable[str] | Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class Galaxies:
    """Simulated cutouts and their truth; every array has one entry a sample.

    Parameters
    ----------
    cutouts : ndarray, shape (n, 3, size, size), uint8 or float32
        Red, green and blue of a picture; or fluxes in g, r and z above the sky.
    mask : ndarray, shape (n, 1, size, size), uint8
        1 where the subject, free of noise, is brighter than a share of the sky noise.
    kind : ndarray, shape (n,), str
        A key of `GALAXY_KINDS`.
    label : ndarray, shape (n,), int64
        Number of its class in ``classes``.
    artifact_type : ndarray, shape (n,), int64
        1 or 2 for artefacts (see `GalaxyKind`), 0 for galaxies.
    snr : ndarray, shape (n,), float64
        Signal-to-noise ratio of the subject's light on the cutout, in all bands together, if its shape were
        known: the root of the sum of the squares over the pixels.
    seeing : ndarray, shape (n,), float64
        FWHM of the PSF in r before integration over the pixel, in arcsec.
    truth : dict of ndarray, shape (n,), float64
        The numbers of `Truth` by name, NaN where there is no such thing.
    classes : tuple of str
        Names of the classes.
    pixel : float
        Side of a pixel, in arcsec.
    """

    cutouts: NDArray[np.uint8] | NDArray[np.float32]
    mask: NDArray[np.uint8]
    kind: NDArray[np.str_]
    label: NDArray[np.int64]
    artifact_type: NDArray[np.int64]
    snr: NDArray[np.float64]
    seeing: NDArray[np.float64]
    truth: dict[str, NDArray[np.float64]]
    classes: tuple[str, ...]
    pixel: float

    def __len__(self) -> int:
        return len(self.kind)

    def columns(self) -> dict[str, NDArray[np.generic]]:
        """Return everything but the images, by name."""
        named = ("label", "kind", "artifact_type", "snr", "seeing")
        return {name: getattr(self, name) for name in named} | dict(self.truth)


@dataclass(frozen=True, slots=True)
class _Sample:
    """One cutout: the kind, its truth, the image, the mask and two numbers."""

    kind: GalaxyKind
    truth: Truth
    cutout: NDArray[np.uint8] | Image
    mask: NDArray[np.bool_]
    snr: float
    seeing: float


@SIMULATORS.register("galaxies")
def simulate_galaxies(
    n: int,
    *,
    seed: int,
    kinds: Kinds | None = None,
    survey: Survey | None = None,
    size: int = 64,
    width: float | None = GALAXY_WIDTH,
    pictures: bool = True,
    mask_sigma: float = MASK_SIGMA,
    start: int = 0,
) -> Galaxies:
    """Simulate ``n`` galaxies of four classes: edge-on discs, ellipticals, face-on spirals and mergers.

    A sample depends on ``seed``, on its number and on the settings only: ``n=5, start=10`` gives the last
    five of ``n=15``.

    Parameters
    ----------
    n : int
        Number of samples.
    seed : int
        Seed, 0 or more.
    kinds : iterable of str or mapping from str to float, optional
        Kinds to draw from, or their shares; all if not given.
    survey : Survey, optional
        The survey; DES by default. See `SURVEYS`.
    size : int
        Side of a cutout, in pixels.
    width : float or None
        Side of a cutout, in arcsec. None is ``size`` of the survey's own pixels. Pixels of another size
        than the survey's are as if the images had been binned: their noise is not correlated.
    pictures : bool
        Return colour pictures in the survey's stretch rather than fluxes.
    mask_sigma : float
        Light of the subject, in sigma of the sky noise, from which a pixel is in its mask.
    start : int
        Number of the first sample.

    Returns
    -------
    Galaxies
        Cutouts, masks, labels and truth.

    Raises
    ------
    ConfigurationError
        If a number is out of its range.
    UnknownNameError
        If there is no such kind.
    MissingExtraError
        If GalSim is not installed.

    Examples
    --------
    >>> galaxies = simulate_galaxies(4, seed=1, kinds=["elliptical", "merger"])
    >>> galaxies.cutouts.shape, galaxies.mask.shape
    ((4, 3, 64, 64), (4, 1, 64, 64))
    >>> set(galaxies.kind.tolist()) <= {"elliptical", "merger"}
    True
    """
    look = Look(survey or Survey(), size, width, pictures, mask_sigma)
    return simulate_collection("morphology", n, seed=seed, kinds=kinds, look=look, start=start)


@SIMULATORS.register("lsbg")
def simulate_lsbg(
    n: int,
    *,
    seed: int,
    kinds: Kinds | None = None,
    survey: Survey | None = None,
    size: int = 64,
    width: float | None = LSBG_WIDTH,
    pictures: bool = True,
    mask_sigma: float = MASK_SIGMA,
    start: int = 0,
) -> Galaxies:
    """Simulate ``n`` low-surface-brightness galaxies and artefacts that a search for them finds.

    The parameters are those of `simulate_galaxies`.

    Examples
    --------
    >>> found = simulate_lsbg(3, seed=1, kinds={"lsbg": 0.1, "cirrus": 0.9}, pictures=False)
    >>> found.cutouts.dtype.name, found.classes
    ('float32', ('artifact', 'lsbg'))
    """
    look = Look(survey or Survey(), size, width, pictures, mask_sigma)
    return simulate_collection("lsbg", n, seed=seed, kinds=kinds, look=look, start=start)


def simulate_collection(
    collection: str, n: int, *, seed: int, kinds: Kinds | None, look: Look, start: int = 0
) -> Galaxies:
    """Simulate ``n`` cutouts of a set of kinds.

    Parameters
    ----------
    collection : str
        The set, a key of `CLASSES`.
    n, seed, kinds, start
        As of `simulate_galaxies`.
    look : Look
        How they are looked at.

    Returns
    -------
    Galaxies
        Cutouts, masks, labels and truth.
    """
    _check(n=n, seed=seed, start=start, look=look)
    shares = chosen_kinds(collection, None if kinds is None else as_shares(kinds))
    if "edge-on-disc" in shares:
        # Found missing now rather than at the first of them.
        edge_on.require_galsim()
    samples = [_draw(shares, seed, start + index, look) for index in range(n)]
    return _collect(collection, samples, look)


def as_shares(kinds: Kinds) -> dict[str, float | None]:
    """Return kinds as a mapping to their shares; None is for that of the table."""
    return dict(kinds) if isinstance(kinds, Mapping) else dict.fromkeys(kinds)


def _check(*, n: int, seed: int, start: int, look: Look) -> None:
    numbers = (("n", n, 0), ("seed", seed, 0), ("start", start, 0), ("size", look.size, _SMALLEST))
    for name, value, least in numbers:
        if value < least:
            raise ConfigurationError(f"{name} is {value}; give {least} or more")
    for name, number in (("width", look.pixel), ("mask_sigma", look.mask_sigma)):
        if not 0.0 < number < float("inf"):
            raise ConfigurationError(f"{name} is {getattr(look, name)}; give a number above 0")


def _draw(shares: dict[str, float], seed: int, number: int, look: Look) -> _Sample:
    rng = np.random.Generator(np.random.SFC64(np.random.SeedSequence((seed, number))))
    name = str(rng.choice(list(shares), p=list(shares.values())))
    canvas = draw_canvas(look.survey, rng, look.size, look.pixel)
    truth = painter_of(name)(canvas)
    subject = canvas.observe_subject()
    fluxes = canvas.expose(subject + canvas.observe(canvas.field))
    signal = subject / look.survey.noise(look.pixel).astype(np.float32)[:, None, None]
    significance = np.square(signal).sum(axis=0)
    return _Sample(
        kind=GALAXY_KINDS[name],
        truth=truth,
        cutout=to_picture(fluxes, look.survey, look.pixel) if look.pictures else fluxes,
        mask=significance > np.float32(look.mask_sigma**2),
        snr=float(np.sqrt(significance.sum(dtype=np.float64))),
        seeing=canvas.psfs[1].fwhm * look.pixel,
    )


def _collect(collection: str, samples: list[_Sample], look: Look) -> Galaxies:
    size, count, classes = look.size, len(samples), CLASSES[collection]
    cutouts = np.empty((count, len(BANDS), size, size), np.uint8 if look.pictures else np.float32)
    mask = np.empty((count, 1, size, size), np.uint8)
    for index, sample in enumerate(samples):
        cutouts[index], mask[index, 0] = sample.cutout, sample.mask
    return Galaxies(
        cutouts=cutouts,
        mask=mask,
        kind=np.array([sample.kind.name for sample in samples], dtype=np.str_),
        label=np.array([classes.index(sample.kind.class_name) for sample in samples], np.int64),
        artifact_type=np.array([sample.kind.artifact_type for sample in samples], np.int64),
        snr=np.array([sample.snr for sample in samples], np.float64),
        seeing=np.array([sample.seeing for sample in samples], np.float64),
        truth={
            name: np.array([getattr(sample.truth, name) for sample in samples], np.float64) for name in TRUTH
        },
        classes=classes,
        pixel=look.pixel,
    )
