"""Detection and aperture photometry of the object in the middle of one cutout, by SEP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from skysieve.extras import require

if TYPE_CHECKING:
    from skysieve.preprocess.catalogue_features import CatalogueOptions

__all__ = ["measure_object"]

#: Kron's radius is measured within so many axes of the isophote, and the aperture is so many times as large;
#: nothing is measured within a smaller radius, in pixels: the defaults of SourceExtractor.
KRON_REACH, KRON_FACTOR, SMALLEST_RADIUS = 6.0, 2.5, 1.75

#: The effective surface brightness is that of a ring of these radii, in half-light radii.
RING = (0.8, 1.25)

Float = NDArray[np.float64]


def measure_object(image: NDArray[Any], options: CatalogueOptions) -> tuple[dict[str, Float], str]:
    """Measure the object in the middle of a cutout.

    Parameters
    ----------
    image : ndarray, shape (C, H, W)
        One channel a band; NaN was not measured.
    options : CatalogueOptions
        Thresholds, scale, zero point.

    Returns
    -------
    measured : dict of ndarray
        ``ellipticity`` of shape (1,), the rest of shape (C,); empty if there is nothing.
    reason : str
        Why something is missing; empty if nothing is.
    """
    pixels = np.ascontiguousarray(image, dtype=np.float64)
    bad = np.asarray(~np.isfinite(pixels).all(0), dtype=np.bool_)
    if bad.all():
        return {}, "no-pixels"
    pixels = np.where(bad, 0.0, pixels)
    try:
        bands, objects, segments, chosen = _detect(pixels, bad, options)
    except Exception as error:  # SEP raises plain Exception when its buffers overflow
        return {}, f"too-crowded: {error}"
    if chosen is None:
        return {}, "nothing-detected"
    others = bad | ((segments > 0) & (segments != chosen + 1))
    measured = _photometry(bands, objects[chosen], segments == chosen + 1, others, options)
    without = [
        band for band, value in zip(options.bands, measured["mag"], strict=True) if not np.isfinite(value)
    ]
    return measured, f"no-flux: {', '.join(without)}" if without else ""


def _detect(
    pixels: Float, bad: NDArray[np.bool_], options: CatalogueOptions
) -> tuple[Float, Any, NDArray[np.int32], int | None]:
    """Return bands without background, all objects, their segments, the number of the one in the middle."""
    found: NDArray[np.bool_] = np.zeros_like(bad)
    for _ in range(2):  # the light of what is found does not belong to the background
        mask = bad | found if (~(bad | found)).mean() > 0.1 else bad
        flat = [_background(band, mask) for band in pixels]
        bands = np.stack([band for band, _ in flat])
        mean = np.mean([band / noise for band, noise in flat], axis=0) * np.sqrt(len(bands))
        objects, segments = _sep().extract(
            mean, options.threshold, err=1.0, mask=bad, minarea=options.min_area, segmentation_map=True
        )
        found = segments > 0
    return bands, objects, segments, _in_the_middle(objects, segments, options.reach)


def _background(band: Float, mask: NDArray[np.bool_]) -> tuple[Float, float]:
    """Return a band without its background, and its noise."""
    background = _sep().Background(band, mask=mask, bw=band.shape[1], bh=band.shape[0])
    # A black sky of a picture has no noise; then any light is a detection.
    noise = max(float(background.globalrms), 1e-6 * float(np.ptp(band)), 1e-30)
    return band - float(background.globalback), noise


def _in_the_middle(objects: Any, segments: NDArray[np.int32], reach: float) -> int | None:
    """Return the number of the object over the middle, or else the nearest within reach."""
    rows, columns = segments.shape
    middle = segments[rows // 2, columns // 2]
    if middle > 0:
        return int(middle) - 1
    if not len(objects):
        return None
    distance = np.hypot(objects["y"] - (rows - 1) / 2, objects["x"] - (columns - 1) / 2)
    nearest = int(distance.argmin())
    return nearest if distance[nearest] <= reach * min(rows, columns) else None


def _photometry(
    bands: Float,
    found: Any,
    segment: NDArray[np.bool_],
    others: NDArray[np.bool_],
    options: CatalogueOptions,
) -> dict[str, Float]:
    """Measure every band in the aperture that the detection gave."""
    x, y, a, b, theta = (np.array([found[name]], dtype=np.float64) for name in ("x", "y", "a", "b", "theta"))
    kron = np.nan_to_num(_sep().kron_radius(bands.mean(0), x, y, a, b, theta, KRON_REACH, mask=others)[0])
    round_one = (kron * np.sqrt(a * b))[0] < SMALLEST_RADIUS
    measured: dict[str, list[float]] = {
        name: [] for name in ("mag", "mu_mean", "mu_central", "mu_effective", "flux_radius")
    }
    for band in bands:
        if round_one:
            flux, _, _ = _sep().sum_circle(band, x, y, KRON_FACTOR * SMALLEST_RADIUS, mask=others)
        else:
            flux, _, _ = _sep().sum_ellipse(band, x, y, a, b, theta, KRON_FACTOR * kron, mask=others)
        _add_band(measured, band, float(flux[0]), (x, y, a), segment, others, options)
    return {"ellipticity": 1 - b / a} | {name: np.array(each) for name, each in measured.items()}


def _add_band(
    measured: dict[str, list[float]],
    band: Float,
    flux: float,
    place: tuple[Float, Float, Float],
    segment: NDArray[np.bool_],
    others: NDArray[np.bool_],
    options: CatalogueOptions,
) -> None:
    x, y, _ = place
    area = options.pixel_scale**2
    measured["mag"].append(_magnitude(flux, options))
    measured["mu_central"].append(_magnitude(float(band[segment].max()) / area, options))
    half = _half_light_radius(band, flux, place, others)
    measured["flux_radius"].append(half)
    measured["mu_mean"].append(_magnitude(0.5 * flux / (np.pi * half**2 * area), options))
    ring = np.nan
    if np.isfinite(half):
        inner, outer = half * RING[0], half * RING[1]
        light, _, _ = _sep().sum_circann(band, x, y, inner, outer, mask=others)
        ring = float(light[0]) / (np.pi * (outer**2 - inner**2) * area)
    measured["mu_effective"].append(_magnitude(ring, options))


def _half_light_radius(
    band: Float, flux: float, place: tuple[Float, Float, Float], others: NDArray[np.bool_]
) -> float:
    """Return the radius in pixels of the circle with half of the flux; NaN where there is none."""
    if not flux > 0:
        return float("nan")
    x, y, a = place
    half, flag = _sep().flux_radius(
        band, x, y, KRON_REACH * a, 0.5, normflux=np.array([flux]), mask=others, subpix=5
    )
    return float(half[0]) if flag[0] == 0 and half[0] > 0 else float("nan")


def _magnitude(flux: float, options: CatalogueOptions) -> float:
    return float(options.zero_point - 2.5 * np.log10(flux)) if flux > 0 else float("nan")


def _sep() -> Any:
    # Not at the top: all modules of this folder are imported when a step is looked up.
    return require("sep", extra="catalogue", purpose="measure catalogue features")
