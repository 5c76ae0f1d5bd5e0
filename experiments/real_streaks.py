"""What the 24 real cutouts of streaks look like: sky, noise, masks, and fits to their trails.

Run by ``make experiments``; the simulator of streaks takes its ranges from these figures, and the
documentation reads ``experiments/results/real_streaks.json``. The cutouts are those that DeepStreaks
shows on Zooniverse (github.com/dmitryduev/DeepStreaks): three equal channels up to the rounding of their
JPEG, of which the second is looked at.

A trail is searched by the filters of the detector and fitted by a trailed Moffat, cut off where the stretch
cuts off: a black pixel holds ten sigma or any more. S/N and ridge are those of the fitted trail on sky noise.
"""

from __future__ import annotations

import json
import math
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import least_squares

from skysieve.detection.candidates import measure_peaks
from skysieve.detection.fit import TrailFit, fit_trail
from skysieve.detection.line_filters import make_bank, search
from skysieve.detection.noise import Whitened
from skysieve.detection.options import DetectionOptions
from skysieve.detection.trail_model import CORE_PER_FWHM, Trail, noise_pixels, trail_image
from skysieve.sources.simulators.streaks.stretch import BLACK, SKY, WHITE
from skysieve.sources.simulators.streaks.trail import trail_peak

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("SKYSIEVE_DATA", ROOT.parent / "shared" / "data"))
CUTOUTS = Path("deepstreaks") / "reals_zoo_24_tiles.npz"
RESULT = Path(__file__).parent / "results" / "real_streaks.json"

#: Grey levels of one sigma; FWHM in pixels that fits begin with; farthest middle of a trail; what is fitted.
SIGMA, FWHM, NEAR, REACH = 255.0 / (BLACK - WHITE), 2.0, 20.0, 10.0


def statistics(grey: np.ndarray, fitted: TrailFit | None) -> dict[str, float]:
    """Return what sky and stretch of a cutout are, shape (height, width); correlations beside the trail."""
    low, middle, high = np.quantile(grey, (0.1587, 0.5, 0.8413))
    sigma = 0.5 * (high - low)
    return {
        "median_grey": float(middle),
        "sigma_grey": float(sigma),
        "neighbour_correlation": correlation((grey - middle) / sigma, is_sky(grey, fitted)),
        "white_share": float((grey == 255).mean()),
        "black_share": float((grey == 0).mean()),
        "flat_share": flat_share(grey),
    }


def is_sky(grey: np.ndarray, fitted: TrailFit | None) -> np.ndarray:
    """Return what is farther than `NEAR` pixels from a trail, or else from the centre."""
    rows, columns = np.mgrid[: grey.shape[0], : grey.shape[1]].astype(np.float64)
    if fitted is None:
        return np.hypot(rows - rows.mean(), columns - columns.mean()) > 2.0 * NEAR
    along, beside = fitted.trail.frame(columns, rows)
    return np.hypot(np.maximum(np.abs(along) - fitted.trail.half, 0.0), beside) > NEAR


def correlation(sigmas: np.ndarray, sky: np.ndarray) -> float:
    """Return the correlation of neighbours, of those within 2.5 sigma."""
    sky = sky & (np.abs(sigmas) < 2.5)
    pairs = [
        (sigmas[:, 1:], sigmas[:, :-1], sky[:, 1:] & sky[:, :-1]),
        (sigmas[1:], sigmas[:-1], sky[1:] & sky[:-1]),
    ]
    return float(np.mean([np.corrcoef(a[both], b[both])[0, 1] for a, b, both in pairs]))


def flat_share(grey: np.ndarray) -> float:
    """Return the share of pixels whose neighbours to the right and below hold the same level: masks."""
    here = grey[:-1, :-1]
    return float(((here == grey[:-1, 1:]) & (here == grey[1:, :-1])).mean())


def fit(grey: np.ndarray) -> TrailFit | None:
    """Fit the trail of highest S/N near the centre; None if there is none."""
    difference = (SKY - grey.astype(np.float32)) / np.float32(SIGMA)
    options = DetectionOptions(threshold=5.0)
    bank = make_bank(FWHM, options)
    whole = frame_of(difference, np.ones(grey.shape, dtype=bool))
    found = measure_peaks(whole, search(whole.signal, bank, options), bank, FWHM, options.threshold)
    height, width = grey.shape
    near = [
        each.fit
        for each in found
        if math.hypot(each.fit.trail.x - 0.5 * (width - 1), each.fit.trail.y - 0.5 * (height - 1)) < NEAR
    ]
    if not near:
        return None
    trail = max(near, key=lambda each: each.snr).trail
    start = Trail(trail.x, trail.y, trail.angle, trail.half, FWHM * CORE_PER_FWHM)
    fitted = fit_trail(frame_of(difference, grey > 0), start)
    return None if fitted is None or not fitted.converged else fit_cut_off(difference, fitted)


def fit_cut_off(difference: np.ndarray, first: TrailFit) -> TrailFit:
    """Fit a trail that is cut off at white and black, beginning with another fit."""
    rows, columns = (
        each.astype(np.float64).ravel() for each in np.mgrid[tuple(map(slice, difference.shape))]
    )
    along, beside = first.trail.frame(columns, rows)
    band = np.hypot(np.maximum(np.abs(along) - first.trail.half, 0.0), beside) < REACH
    x, y, data = columns[band], rows[band], difference.ravel()[band].astype(np.float64)

    def trail_of(values: np.ndarray) -> Trail:
        return Trail(*values[:3].tolist(), *np.exp(values[3:5]).tolist())

    def residuals(values: np.ndarray) -> np.ndarray:
        model = math.exp(values[5]) * trail_image(trail_of(values), x, y) + values[6]
        return np.clip(model, WHITE, BLACK) - data

    trail = first.trail
    logarithms = [math.log(each) for each in (trail.half, trail.core, max(first.flux, 1.0))]
    found = least_squares(
        residuals, [trail.x, trail.y, trail.angle, *logarithms, first.background], loss="soft_l1", f_scale=3.0
    )
    chi2 = float((residuals(found.x) ** 2).mean())
    return replace(first, trail=trail_of(found.x), flux=math.exp(found.x[5]), chi2=chi2)


def frame_of(difference: np.ndarray, valid: np.ndarray) -> Whitened:
    """Return a cutout in sigma as the detector takes it."""
    weight = valid.astype(np.float32)
    nothing = np.zeros_like(difference)
    return Whitened(difference * weight, np.ones_like(difference), weight, np.minimum(difference, 8), nothing)


def describe(fitted: TrailFit, shape: tuple[int, int]) -> dict[str, float]:
    """Return what is measured of a trail."""
    trail = fitted.trail
    return {
        "length": trail.length,
        "fwhm": trail.fwhm,
        "snr": fitted.flux / math.sqrt(noise_pixels(trail.length, trail.fwhm)),
        "ridge_sigma": fitted.flux * trail_peak(trail.length, trail.fwhm),
        "offset": math.hypot(trail.x - 0.5 * (shape[1] - 1), trail.y - 0.5 * (shape[0] - 1)),
        "chi2": fitted.chi2,
    }


def summary(rows: list[dict[str, float]]) -> dict[str, dict[str, float]]:
    """Return least, quartiles and largest of every column."""
    names = ("least", "lower_quartile", "median", "upper_quartile", "largest")
    return {
        name: dict(zip(names, np.quantile([row[name] for row in rows], (0, 0.25, 0.5, 0.75, 1)), strict=True))
        for name in (rows[0] if rows else {})
    }


def measure(tiles: np.ndarray) -> dict[str, Any]:
    """Return the figures of cutouts, shape (N, height, width), grey levels."""
    fits = [fit(grey) for grey in tiles]
    sky = [statistics(grey, each) for grey, each in zip(tiles.astype(np.float64), fits, strict=True)]
    trails = [describe(each, tiles.shape[1:]) for each in fits if each is not None]
    return {
        "cutouts": len(tiles),
        "pixels": list(tiles.shape[1:]),
        "sky": summary(sky),
        "fitted": len(trails),
        "trails": summary(trails),
        "each": [
            of_sky | {"trail": None if each is None else describe(each, tiles.shape[1:])}
            for of_sky, each in zip(sky, fits, strict=True)
        ],
    }


def main() -> None:
    """Measure the cutouts, and print and write the table."""
    path = DATA / CUTOUTS
    if not path.is_file():
        sys.exit(f"{path}: not found; set SKYSIEVE_DATA to the folder of the real data")
    with np.load(path) as file:
        content = measure(file["tiles"][..., 1])
    content["data"] = "24 real cutouts of ZTF's DeepStreaks, all asteroids"
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n")
    for part in ("sky", "trails"):
        for name, row in content[part].items():
            print(f"{name:22s}", *(f"{key} {value:.4g}" for key, value in row.items()))
    print(f"{content['fitted']} of {content['cutouts']} trails fitted; table: {RESULT}")


if __name__ == "__main__":
    main()
