"""From peaks of the search to fitted trails: one after the other, the brightest first.

What a fitted trail covers is taken out of the frame before the next peak is looked at, so that the
fan of filters that cross a bright trail, its pieces, and its copies from neighbouring tiles vanish
without any rule for merging them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skysieve.detection.fit import TrailFit, fit_trail
from skysieve.detection.line_filters import FilterBank, Peaks
from skysieve.detection.line_scan import brightest_stretch, line_profile
from skysieve.detection.noise import Whitened
from skysieve.detection.trail_model import CORE_PER_FWHM, Trail, trail_image

__all__ = ["Candidate", "measure_peaks"]

#: Half width of what is taken out around a trail, in FWHM.
_CLEARANCE = 2.0
#: Growth from one scan of a line to the next that ends the search for a trail's ends.
_SETTLED = 1.15
_MOST_SCANS = 8
#: Fitted width over that of the PSF from which a candidate is no line.
_DIFFUSE = 3.0

Frame = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A fitted trail and the response that led to it.

    Parameters
    ----------
    fit : TrailFit
        The trail.
    search_snr : float
        Response of the search filter.
    """

    fit: TrailFit
    search_snr: float


def measure_peaks(
    frame: Whitened,
    peaks: Peaks,
    bank: FilterBank,
    fwhm: float,
    threshold: float,
    *,
    advance: Callable[[], None] = lambda: None,
) -> list[Candidate]:
    """Fit a trail to every peak that is not explained by a brighter one.

    Parameters
    ----------
    frame : Whitened
        The frame; not changed.
    peaks : Peaks
        What the search found.
    bank : FilterBank
        Its filters.
    fwhm : float
        FWHM of the PSF, in pixels.
    threshold : float
        S/N that a peak must still have when the brighter ones are taken out.
    advance : callable
        Called after each peak.
    """
    core = fwhm * CORE_PER_FWHM
    left = frame.signal.copy()
    candidates = []
    for x, y, snr, number in zip(*(each.tolist() for each in _columns(peaks)), strict=True):
        start = Trail(x, y, float(bank.angles[number]), 0.5 * float(bank.lengths[number]), core)
        if _response(left, start) >= threshold:
            fit = _follow(frame, left, start)
            if fit is not None and fit.snr > 0:
                candidates.append(Candidate(fit, snr))
            # The fit of something diffuse says nothing about where it ends; that of a bad column does.
            _take_out(left, start if fit is None or fit.trail.fwhm > _DIFFUSE * fwhm else fit.trail, fwhm)
            # A fit that ran away leaves its peak behind, which must not come back.
            _take_out(left, Trail(x, y, start.angle, 0.5 * core, core), fwhm)
        advance()
    return candidates


def _columns(peaks: Peaks) -> tuple[NDArray[np.generic], ...]:
    return peaks.x, peaks.y, peaks.snr, peaks.filters


def _response(signal: Frame, trail: Trail) -> float:
    """Return the response of one filter at one place."""
    x, y = trail.window(2.5 * trail.fwhm, (signal.shape[0], signal.shape[1]))
    image = trail_image(trail, x, y)
    norm = math.sqrt(float((image * image).sum()))
    return float((image * signal[y.astype(np.intp), x.astype(np.intp)]).sum()) / norm if norm > 0 else 0.0


def _follow(frame: Whitened, signal: Frame, start: Trail) -> TrailFit | None:
    """Find the ends along the line, fit, and follow the better line further until it ends."""
    trail, fit = start, None
    for _ in range(_MOST_SCANS):
        reach = max(4.0 * trail.half, 30.0)
        profile = line_profile(
            signal, frame.weight, Trail(trail.x, trail.y, trail.angle, trail.half, start.core), reach
        )
        first, last = brightest_stretch(*profile, seed=(-trail.half, trail.half))
        middle, half = 0.5 * (first + last), max(0.5 * (last - first), 0.5)
        place = (trail.x + middle * math.cos(trail.angle), trail.y + middle * math.sin(trail.angle))
        fit = fit_trail(frame, Trail(*place, trail.angle, half, start.core))
        if fit is None or fit.trail.half < _SETTLED * trail.half + 1.0 or fit.flux <= 0:
            break
        trail = fit.trail
    return fit


def _take_out(signal: Frame, trail: Trail, fwhm: float) -> None:
    x, y = trail.window(
        _CLEARANCE * min(max(fwhm, trail.fwhm), 3.0 * fwhm), (signal.shape[0], signal.shape[1])
    )
    signal[y.astype(np.intp), x.astype(np.intp)] = 0.0
