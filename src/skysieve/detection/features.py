"""What tells a trail from everything else that is long: numbers for the classifier."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from skysieve.detection.candidates import Candidate
from skysieve.detection.fit import TrailFit, snr_of_beam
from skysieve.detection.line_scan import line_profile
from skysieve.detection.noise import Whitened
from skysieve.detection.trail_model import CORE_PER_FWHM, Trail, Values, trail_image

__all__ = ["FEATURES", "measure_features"]

#: Names of the features, in their order.
FEATURES = (
    "snr",
    "peak_snr",
    "search_ratio",
    "length",
    "length_snr",
    "width",
    "chi2",
    "gain",
    "background",
    "converged",
    "weight",
    "masked",
    "light",
    "light_ratio",
    "flank_low",
    "flank_high",
    "worst_residual",
    "uneven",
    "dimmest_piece",
    "brightest_piece",
    "beyond_ends",
    "masked_ahead",
    "masked_around",
    "light_around",
    "neighbours",
    "axis_angle",
)
#: Half side in pixels of what counts as around a trail.
_AROUND = 40
_MOST_PIECES = 8


def measure_features(frame: Whitened, candidates: Sequence[Candidate], fwhm: float) -> NDArray[np.float32]:
    """Return the features of every candidate, shape (n, len(FEATURES)).

    Parameters
    ----------
    frame : Whitened
        The frame.
    candidates : sequence of Candidate
        All that were found on it.
    fwhm : float
        FWHM of the PSF, in pixels.
    """
    rows = np.zeros((len(candidates), len(FEATURES)), dtype=np.float32)
    places = np.array([(each.fit.trail.x, each.fit.trail.y) for each in candidates]).reshape(-1, 2)
    for number, candidate in enumerate(candidates):
        found = _of_fit(candidate, fwhm)
        found |= _of_pixels(frame, candidate.fit, fwhm)
        found |= _of_line(frame, candidate.fit.trail, fwhm)
        found |= _of_surroundings(frame, candidate.fit.trail)
        distance = np.hypot(*(places - places[number]).T)
        found["neighbours"] = float((distance < 1.5 * _AROUND).sum() - 1)
        rows[number] = [found[name] for name in FEATURES]
    return np.nan_to_num(rows, nan=0.0, posinf=1e6, neginf=-1e6)


def _of_fit(candidate: Candidate, fwhm: float) -> dict[str, float]:
    fit, trail = candidate.fit, candidate.fit.trail
    degrees = math.degrees(trail.angle) % 90.0
    return {
        "snr": fit.snr,
        "peak_snr": snr_of_beam(fit.snr, trail.length, fwhm),
        "search_ratio": fit.snr / candidate.search_snr,
        "length": trail.length / fwhm,
        "length_snr": trail.half / max(fit.errors["half"], 1e-3),
        "width": trail.fwhm / fwhm,
        "chi2": fit.chi2,
        "gain": fit.gain / max(fit.snr, 1.0) ** 2,
        "converged": float(fit.converged),
        "axis_angle": min(degrees, 90.0 - degrees),
    }


def _of_pixels(frame: Whitened, fit: TrailFit, fwhm: float) -> dict[str, float]:
    trail = fit.trail
    x, y = trail.window(5.0 * fwhm, (frame.flat.shape[0], frame.flat.shape[1]))
    rows, columns = y.astype(np.intp), x.astype(np.intp)
    image = trail_image(trail, x, y)
    _, v = trail.frame(x, y)
    weight = frame.weight[rows, columns].astype(np.float64)
    sigma = frame.sky_sigma[rows, columns]
    residual = (frame.flat[rows, columns] - fit.flux * image - fit.background) / sigma * weight
    core = np.abs(v) <= fwhm
    share = image / max(float(image.sum()), 1e-12)
    light = float((share * frame.light[rows, columns]).sum())
    surface = fit.flux * float((share * image).sum()) / float(sigma.mean())
    flanks = [
        _mean_snr(residual[(side * v > 1.5 * fwhm) & (side * v < 4.0 * fwhm) & (weight > 0)])
        for side in (-1, 1)
    ]
    return {
        "background": fit.background / float(sigma.mean()),
        "weight": float((share * weight).sum()),
        "masked": float((weight[core] == 0).mean()) if core.any() else 1.0,
        "light": math.log1p(max(light, 0.0)),
        "light_ratio": math.log1p(max(light, 0.0) / max(surface, 1e-3)),
        "flank_low": min(flanks),
        "flank_high": max(flanks),
        "worst_residual": float(np.abs(residual[core]).max()) if core.any() else 0.0,
    }


def _mean_snr(values: Values) -> float:
    return float(values.sum()) / math.sqrt(values.size) if values.size else 0.0


def _of_line(frame: Whitened, trail: Trail, fwhm: float) -> dict[str, float]:
    """Measure how even a trail is, and whether it goes on beyond its ends."""
    core = fwhm * CORE_PER_FWHM
    line = Trail(trail.x, trail.y, trail.angle, trail.half, core)
    along, amplitude, information = line_profile(frame.signal, frame.weight, line, trail.half + 30.0)
    inside = np.abs(along) <= max(trail.half, 0.5)
    mean = amplitude[inside].sum() / max(information[inside].sum(), 1e-6)
    count = int(np.clip(trail.length / fwhm, 2, _MOST_PIECES))
    piece = np.clip((along[inside] / max(trail.half, 0.5) + 1.0) * 0.5 * count, 0, count - 1).astype(np.intp)
    known = np.maximum(np.bincount(piece, information[inside], count), 1e-6)
    level = np.bincount(piece, amplitude[inside], count) / known
    uneven = float((known * (level - mean) ** 2).sum() / (count - 1))
    outside = (np.abs(along) > trail.half + 1.5 * fwhm) & (np.abs(along) < trail.half + 5.0 * fwhm)
    beyond = amplitude[outside].sum() / max(information[outside].sum(), 1e-6)
    scale = mean if mean > 0 else 1e-6
    return {
        "uneven": uneven,
        "dimmest_piece": float(np.clip(level.min() / scale, -9.0, 9.0)),
        "brightest_piece": float(np.clip(level.max() / scale, -9.0, 9.0)),
        "beyond_ends": float(np.clip(beyond / scale, -9.0, 9.0)),
        "masked_ahead": float((information[~inside] <= 1e-6).mean()) if (~inside).any() else 0.0,
    }


def _of_surroundings(frame: Whitened, trail: Trail) -> dict[str, float]:
    height, width = frame.flat.shape
    row, column = int(np.clip(trail.y, 0, height - 1)), int(np.clip(trail.x, 0, width - 1))
    box = (
        slice(max(row - _AROUND, 0), row + _AROUND + 1),
        slice(max(column - _AROUND, 0), column + _AROUND + 1),
    )
    return {
        "masked_around": float((frame.weight[box] == 0).mean()),
        "light_around": math.log1p(float(frame.light[box].max())),
    }
