"""The width of the PSF, from the stars of a frame."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from skysieve.detection.noise import tile_statistics
from skysieve.detection.trail_model import CORE_PER_FWHM
from skysieve.errors import InputError

__all__ = ["estimate_fwhm"]

#: Half side of the patch that a star is fitted on, in pixels.
_HALF = 7
_ENOUGH, _FEWEST = 80, 5
#: S/N of the brightest pixel of a star that is used, and where brightness comes close to saturation.
_FAINTEST, _SATURATED = 30.0, 0.5
_MOST_STEPS = 30

Frame = NDArray[np.float32]


def estimate_fwhm(science: Frame, valid: NDArray[np.bool_], *, item: str = "science frame") -> float:
    """Fit isolated stars by a round Moffat of exponent 5/2 and return their median FWHM in pixels.

    Parameters
    ----------
    science : ndarray, shape (height, width), float32
        With its sky or without.
    valid : ndarray, shape (height, width), bool
        Where it holds data.
    item : str
        Name of the frame, for the message.

    Raises
    ------
    InputError
        ``no-stars`` if fewer than five stars can be fitted.
    """
    sky, sigma = (float(np.nanmedian(each)) for each in tile_statistics(science, valid, 64))
    above = np.where(valid, science - sky, np.float32(0.0))
    ceiling = _SATURATED * float(above.max())
    rows, columns = np.nonzero((above > _FAINTEST * sigma) & (above < ceiling))
    order = np.argsort(-above[rows, columns], kind="stable")
    widths: list[float] = []
    used = np.zeros(science.shape, dtype=bool)
    for row, column in zip(rows[order].tolist(), columns[order].tolist(), strict=True):
        box = (slice(row - _HALF, row + _HALF + 1), slice(column - _HALF, column + _HALF + 1))
        inside = _HALF <= row < science.shape[0] - _HALF and _HALF <= column < science.shape[1] - _HALF
        if not inside or used[row, column]:
            continue
        used[box] = True
        if valid[box].all() and above[box].max() == above[row, column]:
            width = _fit_star(above[box].astype(np.float64))
            if width is not None:
                widths.append(width)
        if len(widths) == _ENOUGH:
            break
    if len(widths) < _FEWEST:
        reason = (
            f"{len(widths)} isolated stars could be fitted, {_FEWEST} are needed; give the FWHM of the PSF"
        )
        raise InputError(item, "no-stars", reason)
    return float(np.median(widths))


def _fit_star(patch: NDArray[np.float64]) -> float | None:
    """Return the FWHM of one star, None where it is no star: sharper than a pixel, blended, extended."""
    y, x = np.mgrid[-_HALF : _HALF + 1, -_HALF : _HALF + 1].reshape(2, -1).astype(np.float64)
    value = patch.ravel()
    parameters = np.array([0.0, 0.0, np.log(2.0), value.max(), 0.0])
    for _ in range(_MOST_STEPS):
        model, slopes = _star(parameters, x, y)
        step = np.linalg.lstsq(slopes, value - model, rcond=None)[0]
        step[:3] = np.clip(step[:3], -0.5, 0.5)
        parameters += step
        if np.abs(step[:3]).max() < 1e-3:
            break
    fwhm = float(np.exp(parameters[2]) / CORE_PER_FWHM)
    residual = value - _star(parameters, x, y)[0]
    clean = float(np.abs(residual).max()) < 0.15 * parameters[3]
    return fwhm if clean and 0.8 < fwhm < _HALF and np.abs(parameters[:2]).max() < 1.5 else None


def _star(
    parameters: NDArray[np.float64], x: NDArray[np.float64], y: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return a star and its derivatives by x, y, logarithm of the core, height, background."""
    x0, y0, log_core, height, background = parameters
    core2 = np.exp(2.0 * log_core)
    dx, dy = x - x0, y - y0
    r2 = (dx * dx + dy * dy) / core2
    profile = (1.0 + r2) ** -2.5
    common = 5.0 * height * profile / (1.0 + r2)
    slopes = np.stack(
        [common * dx / core2, common * dy / core2, common * r2, profile, np.ones_like(x)], axis=1
    )
    return height * profile + background, slopes
