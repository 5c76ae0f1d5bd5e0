"""The maximum-likelihood fit of a trail: ends, flux, width and background, with their errors."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skysieve.detection.noise import Whitened
from skysieve.detection.trail_model import Trail, Values, noise_pixels, trail_derivatives, trail_image

__all__ = ["TrailFit", "fit_trail", "snr_of_beam"]

#: Half width of the band of pixels that is fitted, in FWHM, and at least in pixels.
_REACH, _LEAST_REACH = 3.5, 6.0
_MOST_STEPS, _TOLERANCE = 25, 1e-3
#: Limits of the fitted core over that of the PSF; beyond, it is no trail anyway.
_NARROWEST, _WIDEST = 0.25, 5.0
_SHORTEST = 0.1


@dataclass(frozen=True, slots=True)
class TrailFit:
    """A fitted trail.

    Parameters
    ----------
    trail : Trail
        Its best parameters.
    flux, background : float
        Flux of the whole trail, and level below it in counts per pixel.
    errors : dict of str to float
        Standard errors of x, y (of the middle), angle (radians), half, core, flux, background.
    end_errors : tuple of two floats
        Standard errors of either end, along the trail and across it.
    snr : float
        Flux over its error at fixed shape: the S/N of the matched filter.
    chi2 : float
        Reduced chi-square of the pixels within one FWHM.
    gain : float
        Chi-square of the best point source less that of the trail.
    converged : bool
        Whether the fit came to rest within its limits.
    """

    trail: Trail
    flux: float
    background: float
    errors: dict[str, float]
    end_errors: tuple[float, float]
    snr: float
    chi2: float
    gain: float
    converged: bool


@dataclass(frozen=True, slots=True)
class _Pixels:
    x: Values
    y: Values
    value: Values
    inverse: Values
    shape: tuple[int, int]


@dataclass(slots=True)
class _State:
    trail: Trail
    flux: float
    background: float
    chi2: float
    curvature: NDArray[np.float64]
    settled: bool


def fit_trail(frame: Whitened, start: Trail) -> TrailFit | None:
    """Fit a trail to a frame.

    Parameters
    ----------
    frame : Whitened
        Pixels without data have no weight.
    start : Trail
        Where to begin; its core is that of the PSF.

    Returns
    -------
    TrailFit or None
        None where too few pixels hold data.
    """
    state: _State | None = None
    # Off the frame nothing tells where a trail ends: it would grow without limit.
    trail, pixels = start.clipped((frame.flat.shape[0], frame.flat.shape[1])), None
    for _ in range(3):
        pixels = _pixels(frame, trail)
        if pixels.x.size < 12:
            return None
        state = _minimise(pixels, trail, start.core)
        grown = state.trail.half > 1.15 * trail.half + 1.0
        trail = state.trail
        if not grown:
            break
    if state is None or pixels is None or not np.isfinite(state.chi2):
        return None
    return _result(state, pixels, start.core)


def _pixels(frame: Whitened, trail: Trail) -> _Pixels:
    reach = max(_REACH * trail.fwhm, _LEAST_REACH)
    shape = (frame.flat.shape[0], frame.flat.shape[1])
    x, y = trail.window(min(reach, 40.0), shape)
    rows, columns = y.astype(np.intp), x.astype(np.intp)
    inverse = frame.weight[rows, columns] / frame.sky_sigma[rows, columns]
    good = inverse > 0
    return _Pixels(
        x[good],
        y[good],
        frame.flat[rows, columns][good].astype(np.float64),
        inverse[good].astype(np.float64),
        shape,
    )


def _minimise(pixels: _Pixels, trail: Trail, core: float, *, point: bool = False) -> _State:
    """Levenberg-Marquardt with analytic derivatives; a point keeps angle, half and core."""
    free = [0, 1, 5, 6] if point else [0, 1, 2, 3, 4, 5, 6]
    flux, background = _linear(pixels, trail)
    chi2, gradient, curvature = _expand(pixels, trail, flux, background)
    damping, settled = 1e-2, False
    for _ in range(_MOST_STEPS):
        part = curvature[np.ix_(free, free)]
        damped = part + damping * np.diag(np.maximum(np.diag(part), 1e-12))
        try:
            step = np.zeros(7)
            step[free] = np.linalg.solve(damped, gradient[free])
        except np.linalg.LinAlgError:
            break
        proposal = _move(trail, step, core).clipped(pixels.shape)
        trial_flux, trial_background = flux + step[5], background + step[6]
        trial, trial_gradient, trial_curvature = _expand(pixels, proposal, trial_flux, trial_background)
        if trial <= chi2:
            settled = chi2 - trial < _TOLERANCE * (1.0 + 1e-3 * chi2)
            trail, flux, background, chi2 = proposal, trial_flux, trial_background, trial
            gradient, curvature, damping = trial_gradient, trial_curvature, max(damping * 0.2, 1e-9)
            if settled:
                break
        else:
            damping *= 6.0
            if damping > 1e8:
                settled = True
                break
    return _State(trail, flux, background, chi2, curvature, settled)


def _linear(pixels: _Pixels, trail: Trail) -> tuple[float, float]:
    image = trail_image(trail, pixels.x, pixels.y)
    design = np.stack([image * pixels.inverse, pixels.inverse], axis=1)
    solution = np.linalg.lstsq(design, pixels.value * pixels.inverse, rcond=None)[0]
    return float(solution[0]), float(solution[1])


def _expand(
    pixels: _Pixels, trail: Trail, flux: float, background: float
) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
    """Return chi-square, half its downhill gradient, and half its curvature."""
    image, derivatives = trail_derivatives(trail, pixels.x, pixels.y)
    slopes = np.empty((7, pixels.x.size))
    slopes[:5] = flux * derivatives
    slopes[5], slopes[6] = image, 1.0
    slopes *= pixels.inverse
    residual = (pixels.value - flux * image - background) * pixels.inverse
    # Not `@`: BLAS hands vectors as long as a satellite to all threads, which takes longer than the sum.
    return (
        float(np.einsum("n,n", residual, residual)),
        np.einsum("in,n->i", slopes, residual),
        np.einsum("in,jn->ij", slopes, slopes),
    )


def _move(trail: Trail, step: NDArray[np.float64], core: float) -> Trail:
    # Steps longer than the PSF leave the region in which the expansion holds.
    limit = 3.0 * core + 0.3 * trail.half
    dx, dy, dhalf = np.clip(step[[0, 1, 3]], -limit, limit)
    return Trail(
        trail.x + float(dx),
        trail.y + float(dy),
        trail.angle + float(np.clip(step[2], -0.3, 0.3)),
        max(trail.half + float(dhalf), _SHORTEST),
        float(np.clip(trail.core + step[4], _NARROWEST * core, _WIDEST * core)),
    )


def _result(state: _State, pixels: _Pixels, core: float) -> TrailFit:
    trail = state.trail
    covariance = np.asarray(np.linalg.pinv(state.curvature, hermitian=True), dtype=np.float64)
    # Star residuals and the trail's own photons scatter by more than sky.
    excess = max(1.0, state.chi2 / max(pixels.x.size - 7, 1))
    variance = np.maximum(np.diag(covariance), 0.0) * excess
    names = ("x", "y", "angle", "half", "core", "flux", "background")
    errors = {name: math.sqrt(value) for name, value in zip(names, variance.tolist(), strict=True)}
    middle = Trail(trail.x, trail.y, trail.angle, _SHORTEST, core)
    point = _minimise(pixels, middle, core, point=True)
    _, v = trail.frame(pixels.x, pixels.y)
    image = trail_image(trail, pixels.x, pixels.y)
    near = np.abs(v) <= trail.fwhm
    residual = (pixels.value - state.flux * image - state.background) * pixels.inverse
    chi2 = float((residual[near] ** 2).sum()) / max(int(near.sum()) - 7, 1)
    snr = state.flux * math.sqrt(float(((image * pixels.inverse) ** 2).sum()))
    tidy = Trail(trail.x, trail.y, trail.angle % math.pi, trail.half, trail.core)
    inside = _NARROWEST * core < trail.core < _WIDEST * core
    ends = _end_errors(trail, covariance * excess)
    return TrailFit(
        tidy,
        state.flux,
        state.background,
        errors,
        ends,
        snr,
        chi2,
        point.chi2 - state.chi2,
        state.settled and inside,
    )


def _end_errors(trail: Trail, covariance: NDArray[np.float64]) -> tuple[float, float]:
    """Return the standard error of an end, along the trail and across it, mean of both ends."""
    cosine, sine = math.cos(trail.angle), math.sin(trail.angle)
    along = np.array([cosine, sine, 0.0, 1.0, 0.0, 0.0, 0.0])
    across = np.array([-sine, cosine, trail.half, 0.0, 0.0, 0.0, 0.0])
    return tuple(math.sqrt(max(float(each @ covariance @ each), 0.0)) for each in (along, across))  # type: ignore[return-value]


def snr_of_beam(snr: float, length: float, fwhm: float) -> float:
    """Return the S/N of one beam of a trail: its flux within one FWHM, seen through the PSF's footprint.

    The noise is that of a point source, ``sigma sqrt(noise_pixels(0, fwhm))``.
    """
    share = fwhm / math.hypot(length, fwhm)
    return snr * share * math.sqrt(noise_pixels(length, fwhm) / noise_pixels(0.0, fwhm))
