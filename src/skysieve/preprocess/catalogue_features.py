"""What a catalogue would say of the object in the middle of a cutout, measured as SourceExtractor does.

The object is detected on the mean of the bands, each in units of its noise, and measured in every band in the
same aperture (SourceExtractor's two-image mode): Kron magnitude, colours, ellipticity, surface brightness.
The work is done by SEP (Barbary 2016, JOSS 1, 58), which is SourceExtractor (Bertin & Arnouts 1996,
A&AS 117, 393) as a library.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import ConfigurationError, ContractError
from skysieve.progress import progress_bar
from skysieve.samples.findings import Finding
from skysieve.samples.sample_set import SampleSet

__all__ = [
    "CatalogueFeatures",
    "CatalogueOptions",
    "feature_names",
    "measure_catalogue_features",
    "with_catalogue_features",
]

#: Cutouts that a process is given at once.
BLOCK = 128


@dataclass(frozen=True)
class CatalogueOptions:
    """How cutouts are measured.

    Parameters
    ----------
    bands : tuple of str
        Names of the channels in their order; at least two, for a colour.
    pixel_scale : float
        Arcsec per pixel.
    zero_point : float
        Magnitude of a flux of 1. The default is that of nanomaggies; of pictures, whose levels are not
        fluxes, all magnitudes are relative.
    radius : bool
        Add the half-light radius in every band, in pixels: 19 features instead of 16.
    threshold : float
        Of the detection, in units of the noise of the mean of the bands.
    min_area : int
        Pixels above the threshold that make an object.
    reach : float
        How far from the middle the object may be, as a share of the side; a nearer one is another's.
    """

    bands: tuple[str, ...] = ("g", "r", "i")
    pixel_scale: float = 0.262
    zero_point: float = 22.5
    radius: bool = False
    threshold: float = 1.5
    min_area: int = 5
    reach: float = 0.25

    def __post_init__(self) -> None:
        if len(self.bands) < 2 or len(set(self.bands)) < len(self.bands):
            raise ConfigurationError(
                f"features need at least two bands of different names, found {self.bands}"
            )
        if min(self.pixel_scale, self.threshold, self.min_area, self.reach) <= 0:
            raise ConfigurationError(
                f"pixel_scale, threshold, min_area and reach are positive, found {self.pixel_scale}, "
                f"{self.threshold}, {self.min_area}, {self.reach}"
            )


def feature_names(options: CatalogueOptions) -> tuple[str, ...]:
    """Return the names of the features in their order, which is part of every classifier trained on them.

    Examples
    --------
    >>> names = feature_names(CatalogueOptions())
    >>> len(names), names[:7]
    (16, ('ellipticity', 'mag_g', 'mag_r', 'mag_i', 'g-i', 'g-r', 'r-i'))
    """
    magnitudes = [f"mag_{band}" for band in options.bands]
    colours = [
        f"{options.bands[first]}-{options.bands[second]}"
        for first, second in _colour_pairs(len(options.bands))
    ]
    rest = [f"{kind}_{band}" for kind in _kinds(options) for band in options.bands]
    return ("ellipticity", *magnitudes, *colours, *rest)


@dataclass(frozen=True, eq=False)
class CatalogueFeatures:
    """Measured features.

    Parameters
    ----------
    names : tuple of str
        Of the features.
    values : ndarray, shape (N, F), float64
        Ellipticity 1 - b/a; magnitudes and colours; surface brightness in magnitudes per square arcsec (mean
        within the half-light radius, of the brightest pixel, at the half-light radius); radii in pixels.
        NaN where nothing could be measured.
    reasons : tuple of str, N entries
        Why there is NaN in a row: ``no-pixels``, ``nothing-detected``, ``too-crowded``, or
        ``no-flux`` and the bands without any; empty where all is measured.
    """

    names: tuple[str, ...]
    values: NDArray[np.float64]
    reasons: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.values)

    def columns(self) -> dict[str, NDArray[np.float64]]:
        """Return the features by name."""
        return {name: self.values[:, number] for number, name in enumerate(self.names)}

    def findings(self, ids: NDArray[Any]) -> tuple[Finding, ...]:
        """Return a finding for every sample that could not be measured in full."""
        return tuple(
            Finding(str(name), reason.split(":")[0], f"features are missing ({reason})", "warning")
            for name, reason in zip(ids.tolist(), self.reasons, strict=True)
            if reason
        )


def measure_catalogue_features(
    images: NDArray[Any],
    options: CatalogueOptions | None = None,
    *,
    workers: int = 1,
    progress: bool = False,
) -> CatalogueFeatures:
    """Measure the object in the middle of every cutout.

    Parameters
    ----------
    images : ndarray, shape (N, C, H, W), any number type
        Cutouts, one channel a band; NaN was not measured and is left out.
    options : CatalogueOptions, optional
        Bands and thresholds.
    workers : int
        Processes.
    progress : bool
        Show progress.

    Raises
    ------
    ContractError
        If the images do not have a channel for each band.
    MissingExtraError
        If SEP is not installed.

    Examples
    --------
    >>> y, x = np.mgrid[:48, :48] - 23.5
    >>> galaxy = 50 * np.exp(-(x**2 + (y / 0.6) ** 2) / 50)
    >>> noise = np.random.default_rng(1).normal(size=(1, 3, 48, 48))
    >>> found = measure_catalogue_features(noise + galaxy * np.array([1, 2.5, 2.5])[:, None, None])
    >>> measured = dict(zip(found.names, found.values[0].round(1).tolist()))
    >>> measured["ellipticity"], measured["g-r"], measured["r-i"]
    (0.4, 1.0, 0.0)
    """
    options = options or CatalogueOptions()
    if images.ndim != 4 or images.shape[1] != len(options.bands):
        raise ContractError(
            f"found images of shape {images.shape}, expected (N, {len(options.bands)}, H, W) with the bands "
            f"{', '.join(options.bands)}; name the bands that the images have (bands=)"
        )
    if workers < 1:
        raise ConfigurationError(f"workers is {workers}; give 1 or more")
    names = feature_names(options)
    values = np.full((len(images), len(names)), np.nan)
    reasons: list[str] = []
    with progress_bar("measuring", len(images), enabled=progress) as bar:
        for block, told in _blocks(images, options, workers):
            values[len(reasons) : len(reasons) + len(block)] = block
            reasons.extend(told)
            bar.advance(len(block))
    return CatalogueFeatures(names, values, tuple(reasons))


def with_catalogue_features(
    samples: SampleSet,
    options: CatalogueOptions | None = None,
    *,
    column: str = "cutouts",
    workers: int = 1,
    progress: bool = False,
) -> SampleSet:
    """Return a sample set with the features of its cutouts as further columns.

    What could not be measured is null there, and named in the findings of the set. The images are
    read in pieces, so that the set may be larger than memory.

    Parameters
    ----------
    samples : SampleSet
        With a tensor column of images.
    options : CatalogueOptions, optional
        If not given, the bands are the channels of the column.
    column : str
        The tensor column.
    workers, progress
        As of `measure_catalogue_features`.
    """
    channels = samples.description.tensors[column].channels if column in samples.description.tensors else ()
    options = options or CatalogueOptions(bands=channels or CatalogueOptions.bands)
    step = 16 * BLOCK
    parts = [
        measure_catalogue_features(samples.tensor(column, rows), options, workers=workers)
        for rows in _pieces(len(samples), step, progress)
    ]
    found = CatalogueFeatures(
        feature_names(options),
        np.concatenate([part.values for part in parts]),
        tuple(reason for part in parts for reason in part.reasons),
    )
    columns: dict[str, Any] = {
        name: [None if math.isnan(value) else value for value in values.tolist()]
        for name, values in found.columns().items()
    }
    made = samples.with_columns(columns)
    made.findings += found.findings(samples.ids)
    return made


def _pieces(count: int, step: int, progress: bool) -> Iterator[NDArray[np.int64]]:
    with progress_bar("measuring", count, enabled=progress) as bar:
        for start in range(0, count, step):
            rows = np.arange(start, min(start + step, count))
            yield rows
            bar.advance(len(rows))


def _blocks(
    images: NDArray[Any], options: CatalogueOptions, workers: int
) -> Iterator[tuple[NDArray[np.float64], list[str]]]:
    """Yield the features of all blocks in their order."""
    starts = range(0, len(images), BLOCK)
    if workers == 1 or len(starts) <= 1:
        for start in starts:
            yield _measure_block(images[start : start + BLOCK], options)
        return
    with ProcessPoolExecutor(min(workers, len(starts)), mp_context=get_context("spawn")) as pool:
        pending: deque[Future[tuple[NDArray[np.float64], list[str]]]] = deque()
        for start in starts:
            if len(pending) >= 2 * workers:
                yield pending.popleft().result()
            pending.append(pool.submit(_measure_block, images[start : start + BLOCK], options))
        while pending:
            yield pending.popleft().result()


def _measure_block(images: NDArray[Any], options: CatalogueOptions) -> tuple[NDArray[np.float64], list[str]]:
    from skysieve.preprocess.catalogue_photometry import measure_object

    rows, reasons = [], []
    for image in images:
        measured, reason = measure_object(image, options)
        rows.append(_row(measured, options))
        reasons.append(reason)
    return np.array(rows).reshape(len(images), -1), reasons


def _row(measured: dict[str, NDArray[np.float64]], options: CatalogueOptions) -> NDArray[np.float64]:
    """Put what was measured of one object into the order of the names."""
    bands = len(options.bands)
    if not measured:
        return np.full(len(feature_names(options)), np.nan)
    magnitudes = measured["mag"]
    colours = [magnitudes[first] - magnitudes[second] for first, second in _colour_pairs(bands)]
    rest = [measured[kind] for kind in _kinds(options)]
    return np.concatenate([measured["ellipticity"], magnitudes, colours, *rest])


def _kinds(options: CatalogueOptions) -> tuple[str, ...]:
    """Return what is measured in every band beside the magnitude."""
    return ("mu_mean", "mu_central", "mu_effective", *(("flux_radius",) if options.radius else ()))


def _colour_pairs(bands: int) -> list[tuple[int, int]]:
    """Return pairs of bands in the published order: g-i, g-r, r-i."""
    return [(first, second) for first in range(bands) for second in range(bands - 1, first, -1)]
