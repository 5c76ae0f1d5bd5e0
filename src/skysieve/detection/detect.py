"""The detector: three frames in, streaks out."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skysieve.detection.boosted_trees import BoostedTrees, shipped_trees
from skysieve.detection.candidates import Candidate, measure_peaks
from skysieve.detection.cuts import passes_cuts
from skysieve.detection.features import FEATURES, measure_features
from skysieve.detection.fit import snr_of_beam
from skysieve.detection.line_filters import make_bank, search
from skysieve.detection.matching import on_one_line
from skysieve.detection.noise import Whitened, whiten
from skysieve.detection.options import DetectionOptions
from skysieve.detection.psf_width import estimate_fwhm
from skysieve.detection.streak import Streak
from skysieve.errors import ConfigurationError, InputError
from skysieve.extras import require
from skysieve.progress import progress_bar

__all__ = [
    "FoundCandidates",
    "describe",
    "detect_streaks",
    "find_candidates",
    "is_within_limits",
    "select_streaks",
]

#: A streak this near to the border of the data, in FWHM, is taken to go on beyond it.
_EDGE = 2.0
#: Length in pixels from which a streak is called long.
_LONG = 300.0
_MASKED, _ON_STAR = 0.2, 0.6
#: Share of masked pixels above which a candidate is taken for the mask's own border.
_MOSTLY_MASKED = 0.8
#: Rank correlation from pixel to pixel that a difference has with its science frame at least.
_LEAST_CORRELATION = 0.1

Frame = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class FoundCandidates:
    """Everything that the search came upon, before anything is judged.

    Parameters
    ----------
    candidates : tuple of Candidate
        Fitted trails.
    features : ndarray, shape (n, len(FEATURES)), float32
        What the classifier looks at.
    near_edge : ndarray, shape (n,), bool
        Whether an end lies at the border of the data.
    fwhm : float
        FWHM of the PSF, in pixels.
    pixel_scale : float
        In arcsec.
    """

    candidates: tuple[Candidate, ...]
    features: NDArray[np.float32]
    near_edge: NDArray[np.bool_]
    fwhm: float
    pixel_scale: float


def detect_streaks(
    science: ArrayLike,
    reference: ArrayLike,
    difference: ArrayLike,
    *,
    pixel_scale: float,
    psf_fwhm: float | None = None,
    options: DetectionOptions | None = None,
    workers: int = 1,
    progress: bool = False,
) -> tuple[Streak, ...]:
    """Find the streaks of a difference frame.

    Line-matched filters of four lengths search the difference, weighted by noise that is measured on the
    frame; what they find is fitted by a trailed Moffat (maximum likelihood) and judged by a classifier that
    was trained on simulated frames.

    Parameters
    ----------
    science, reference, difference : array_like, shape (height, width)
        Aligned frames; NaN where there is no data. The difference is science minus reference.
    pixel_scale : float
        Side of a pixel, in arcsec.
    psf_fwhm : float, optional
        FWHM of the PSF of the difference in pixels; measured on the science frame if not given.
    options : DetectionOptions, optional
        Settings.
    workers : int
        Threads of the search.
    progress : bool
        Show progress.

    Returns
    -------
    tuple of Streak
        The highest S/N first.

    Raises
    ------
    InputError
        ``shape-mismatch``, ``all-masked``, ``not-a-difference``, ``no-stars``.
    ConfigurationError
        If pixel scale, FWHM or workers make no sense.
    MissingExtraError
        If SciPy is not installed.

    Examples
    --------
    >>> from skysieve.sources.simulators.streak_frames import simulate_streak_frame
    >>> frame = simulate_streak_frame(1, seed=1, shape=(300, 300), lengths=(40, 40), peak_snrs=(15, 15),
    ...                               satellites=0)
    >>> found = detect_streaks(frame.science, frame.reference, frame.difference, pixel_scale=1.01,
    ...                        psf_fwhm=frame.fwhm)
    >>> [round(streak.length) for streak in found]
    [40]
    """
    options = options or DetectionOptions()
    found = find_candidates(
        science,
        reference,
        difference,
        pixel_scale=pixel_scale,
        psf_fwhm=psf_fwhm,
        options=options,
        workers=workers,
        progress=progress,
    )
    return select_streaks(found, options)


def find_candidates(
    science: ArrayLike,
    reference: ArrayLike,
    difference: ArrayLike,
    *,
    pixel_scale: float,
    psf_fwhm: float | None = None,
    options: DetectionOptions | None = None,
    workers: int = 1,
    progress: bool = False,
) -> FoundCandidates:
    """Search and fit without judging; parameters and errors as of `detect_streaks`."""
    options = options or DetectionOptions()
    _check_settings(pixel_scale, psf_fwhm, workers)
    frames = [np.asarray(each, dtype=np.float32) for each in (science, reference, difference)]
    valid = _check_frames(*frames)
    valid = _grow(valid, options.mask_growth)
    frame = whiten(frames[2], frames[1], valid, tile=options.background_tile)
    fwhm = estimate_fwhm(frames[0], valid) if psf_fwhm is None else float(psf_fwhm)
    bank = make_bank(fwhm, options)
    with progress_bar("searching", enabled=progress) as bar:
        peaks = search(frame.signal, bank, options, workers=workers, advance=bar.advance)
    with progress_bar("fitting", len(peaks.x), enabled=progress) as bar:
        candidates = measure_peaks(frame, peaks, bank, fwhm, options.threshold, advance=bar.advance)
    near_edge = np.array([_is_near_edge(frame, each, fwhm) for each in candidates], dtype=bool)
    features = measure_features(frame, candidates, fwhm)
    return FoundCandidates(tuple(candidates), features, near_edge, fwhm, float(pixel_scale))


def select_streaks(
    found: FoundCandidates, options: DetectionOptions, trees: BoostedTrees | None = None
) -> tuple[Streak, ...]:
    """Judge candidates, by boosted trees or by fixed cuts.

    Parameters
    ----------
    found : FoundCandidates
        What the search found.
    options : DetectionOptions
        Settings; ``classifier`` says which way.
    trees : BoostedTrees, optional
        The shipped ones if not given.
    """
    if not found.candidates:
        return ()
    if options.classifier:
        scores = (trees or shipped_trees()).predict(found.features)
        chosen = scores >= options.minimum_score
    else:
        scores = np.full(len(found.candidates), np.nan)
        chosen = passes_cuts(found.features)
    chosen &= is_within_limits(found, options)
    streaks = [describe(found, number, float(scores[number])) for number in np.flatnonzero(chosen).tolist()]
    streaks.sort(key=lambda streak: -streak.snr)
    ends = np.array([(each.x1, each.y1, each.x2, each.y2) for each in streaks]).reshape(-1, 4)
    aligned = on_one_line(ends, tolerance=1.5 * found.fwhm)
    return tuple(
        replace(streak, flags=("in-line", *streak.flags)) if shared else streak
        for streak, shared in zip(streaks, aligned.tolist(), strict=True)
    )


def is_within_limits(found: FoundCandidates, options: DetectionOptions) -> NDArray[np.bool_]:
    """Return which candidates are long, bright and open enough to be reported if they are streaks."""
    lengths = np.array([each.fit.trail.length for each in found.candidates])
    snrs = np.array([each.fit.snr for each in found.candidates])
    enough = (lengths >= options.minimum_length * found.fwhm) & (snrs >= options.minimum_snr)
    return np.asarray(enough & (found.features[:, FEATURES.index("masked")] <= _MOSTLY_MASKED))


def describe(found: FoundCandidates, number: int, score: float) -> Streak:
    """Return one candidate as a streak."""
    fit = found.candidates[number].fit
    trail, feature = fit.trail, dict(zip(FEATURES, found.features[number].tolist(), strict=True))
    ends = trail.ends()
    if ends[0] > ends[2]:
        ends = (*ends[2:], *ends[:2])
    flags = {
        "crosses-edge": bool(found.near_edge[number]),
        "long": trail.length >= _LONG,
        "masked": feature["masked"] >= _MASKED,
        "on-star": feature["weight"] < _ON_STAR,
        "not-converged": not fit.converged,
    }
    return Streak(
        *ends,
        end_error_along=fit.end_errors[0],
        end_error_across=fit.end_errors[1],
        length=trail.length,
        length_error=2.0 * fit.errors["half"],
        length_arcsec=trail.length * found.pixel_scale,
        pa=math.degrees(trail.angle),
        pa_error=math.degrees(fit.errors["angle"]),
        flux=fit.flux,
        flux_error=fit.errors["flux"],
        snr=fit.snr,
        peak_snr=snr_of_beam(fit.snr, trail.length, found.fwhm),
        width=trail.fwhm,
        width_error=trail.fwhm * fit.errors["core"] / trail.core,
        background=fit.background,
        chi2=fit.chi2,
        score=score,
        flags=tuple(name for name, holds in flags.items() if holds),
    )


def _check_settings(pixel_scale: float, psf_fwhm: float | None, workers: int) -> None:
    if not (math.isfinite(pixel_scale) and pixel_scale > 0):
        raise ConfigurationError(f"the pixel scale is {pixel_scale}; give arcsec per pixel, above 0")
    if psf_fwhm is not None and not 0.8 <= psf_fwhm <= 20.0:
        raise ConfigurationError(f"the FWHM of the PSF is {psf_fwhm} pixels; expected 0.8 to 20")
    if workers < 1:
        raise ConfigurationError(f"workers is {workers}; give 1 or more")


def _check_frames(science: Frame, reference: Frame, difference: Frame) -> NDArray[np.bool_]:
    """Return where all three frames hold data."""
    shapes = {"science": science.shape, "reference": reference.shape, "difference": difference.shape}
    if len(set(shapes.values())) > 1 or difference.ndim != 2:
        found = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise InputError("frames", "shape-mismatch", f"found {found}; expected three images of one shape")
    if min(difference.shape) < 32:
        reason = f"found {difference.shape} pixels; expected 32 x 32 at least"
        raise InputError("frames", "too-small", reason)
    valid = np.isfinite(science) & np.isfinite(reference) & np.isfinite(difference)
    for name, image in (("science", science), ("reference", reference), ("difference", difference)):
        if not np.isfinite(image).any():
            raise InputError(f"{name} frame", "all-masked", "no pixel holds data (all are NaN or infinite)")
    if valid.sum() < 1024:
        reason = (
            f"{int(valid.sum())} pixels hold data in all three; expected 1,024 at least: do they overlap?"
        )
        raise InputError("frames", "all-masked", reason)
    _check_is_difference(science, difference, valid)
    return valid


def _check_is_difference(science: Frame, difference: Frame, valid: NDArray[np.bool_]) -> None:
    """Refuse a difference whose noise is not that of the science frame."""
    # From pixel to pixel, so that neither gradients nor the sky level say anything; ranks, for the stars.
    pairs = (valid[:, 1:] & valid[:, :-1])[::3, ::3]
    steps = [np.diff(image, axis=1)[::3, ::3][pairs] for image in (science, difference)]
    if pairs.sum() < 2 or np.ptp(steps[1]) == 0.0:
        raise InputError("difference frame", "not-a-difference", "all pixels have the same value")
    if np.ptp(steps[0]) == 0.0:
        raise InputError("science frame", "not-a-difference", "all pixels have the same value")
    correlation = float(np.corrcoef(_ranks(steps[0]), _ranks(steps[1]))[0, 1])
    if not correlation > _LEAST_CORRELATION:
        reason = (
            f"its noise does not follow that of the science frame (rank correlation {correlation:.2f}); "
            "expected science minus reference: of the same exposure, aligned, positive where light is new"
        )
        raise InputError("difference frame", "not-a-difference", reason)


def _ranks(values: NDArray[np.floating]) -> NDArray[np.float64]:
    return np.argsort(np.argsort(values)).astype(np.float64)


def _grow(valid: NDArray[np.bool_], pixels: int) -> NDArray[np.bool_]:
    if pixels == 0:
        return valid
    ndimage = require("scipy.ndimage", extra="report", purpose="detect streaks")
    return np.asarray(ndimage.minimum_filter(valid, size=2 * pixels + 1, mode="nearest"))


def _is_near_edge(frame: Whitened, candidate: Candidate, fwhm: float) -> bool:
    """Whether all that lies within a short way beyond one of the ends is border or off the frame."""
    trail, (height, width) = candidate.fit.trail, frame.weight.shape
    cosine, sine = math.cos(trail.angle), math.sin(trail.angle)
    for sign in (-1.0, 1.0):
        distance = sign * (trail.half + fwhm * np.array([_EDGE, 2.0 * _EDGE, 3.0 * _EDGE, 16.0]))
        x, y = trail.x + distance * cosine, trail.y + distance * sine
        outside = (x < 0) | (x > width - 1) | (y < 0) | (y > height - 1)
        columns = np.clip(np.rint(x), 0, width - 1).astype(np.intp)
        rows = np.clip(np.rint(y), 0, height - 1).astype(np.intp)
        if (outside | (frame.weight[rows, columns] == 0)).all() and outside[-1]:
            return True
    return False
