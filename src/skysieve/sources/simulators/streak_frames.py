"""Whole frames with asteroid trails whose truth is known: science, reference and difference.

The cutouts of `skysieve.sources.simulators.streaks` start where a detector has already found something.
These frames are what a detector has to work on: thousands of stars that subtraction removes up to the
errors of registration and PSF matching, saturated ones without data, cosmic rays, now and then a
satellite, and a few trails.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import ConfigurationError
from skysieve.sources.simulators import SIMULATORS
from skysieve.sources.simulators import frame_artefacts as paint
from skysieve.sources.simulators.camera import Camera, Exposure
from skysieve.sources.simulators.scenes import draw_field
from skysieve.sources.simulators.streaks.trail import add_trail, trail_pixels
from skysieve.sources.simulators.subtraction import Mismatch, draw_mismatch

__all__ = ["FRAME_SHAPE", "TRUTH_FIELDS", "StreakFrame", "simulate_streak_frame"]

#: Rows and columns of a quadrant of ZTF.
FRAME_SHAPE = (3080, 3072)

#: Columns of the truth.
TRUTH_FIELDS = (
    *("x1", "y1", "x2", "y2", "length", "pa", "flux", "snr", "peak_snr", "magnitude", "rate"),
    "masked_fraction",
)

#: Magnitudes below the limit of the exposure down to which stars are drawn: fainter ones leave no residual.
_STAR_DEPTH = 0.7
#: Weight of the neighbouring pixels in a resampled reference.
_RESAMPLING = 0.1
#: Mean numbers on a whole frame, and counts from which a star has spikes.
_GHOSTS, _COSMIC_RAYS, _SPIKED = 5.0, 60.0, 2e6
_ARCSEC_PER_DEGREE, _SECONDS_PER_DAY = 3600.0, 86400.0

Frame = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class StreakFrame:
    """A simulated triplet of frames and what is in it.

    Parameters
    ----------
    science, reference, difference : ndarray, shape (height, width), float32
        In counts; NaN where there is no data, in all three. The difference is science minus matched
        reference, without sky.
    truth : dict of ndarray, shape (n,), float64
        The trails, by `TRUTH_FIELDS`: ends in pixels (0 is the centre of the first), length in pixels
        without the PSF, position angle ``pa`` in degrees from +x towards +y (0 to 180), flux in counts,
        matched-filter S/N ``snr`` and that of one beam ``peak_snr`` (flux within one FWHM of trail over the
        noise of a point source), both with the noise of clean sky and the trail's own photons; magnitude;
        rate in degrees a day; share of the segment that lies on masked pixels.
    satellites : ndarray, shape (m, 4), float64
        Ends of the crossing trails, where they enter and leave.
    cosmic_rays : ndarray, shape (k, 2), float64
        Places x, y.
    fwhm : float
        FWHM of the science exposure's PSF as it is seen on the pixels, in pixels.
    sky_sigma : float
        Noise of the difference on empty sky, in counts.
    pixel_scale : float
        Side of a pixel in arcsec.
    exposure : Exposure
        The conditions.
    """

    science: Frame
    reference: Frame
    difference: Frame
    truth: dict[str, NDArray[np.float64]]
    satellites: NDArray[np.float64]
    cosmic_rays: NDArray[np.float64]
    fwhm: float
    sky_sigma: float
    pixel_scale: float
    exposure: Exposure


@SIMULATORS.register("streak-frame")
def simulate_streak_frame(
    trails: int = 30,
    *,
    seed: int,
    shape: tuple[int, int] = FRAME_SHAPE,
    camera: Camera | None = None,
    lengths: tuple[float, float] = (4.0, 120.0),
    peak_snrs: tuple[float, float] = (1.5, 25.0),
    satellites: float = 0.4,
) -> StreakFrame:
    """Simulate one exposure, its reference and their difference.

    Parameters
    ----------
    trails : int
        Number of asteroid trails, anywhere on the frame, masked places included.
    seed : int
        The same seed gives the same frame.
    shape : tuple of two int
        Rows and columns, 128 at least.
    camera : Camera, optional
        ZTF's if not given.
    lengths : tuple of two floats
        Shortest and longest trail in pixels; drawn evenly in the logarithm.
    peak_snrs : tuple of two floats
        Lowest and highest S/N of a beam; drawn evenly in the logarithm.
    satellites : float
        Mean number of satellites that cross the frame.

    Raises
    ------
    ConfigurationError
        If shape or ranges make no sense.

    Examples
    --------
    >>> frame = simulate_streak_frame(2, seed=1, shape=(256, 300))
    >>> frame.difference.shape, frame.truth["length"].size, bool(np.isfinite(frame.difference).mean() > 0.7)
    ((256, 300), 2, True)
    """
    _check(trails, shape, lengths, peak_snrs, satellites)
    camera = camera or Camera()
    rng = np.random.default_rng(seed)
    science = camera.draw_exposure(rng)
    template = camera.draw_template(rng, science)
    mismatch, fwhm = _draw_errors(rng), _on_pixels(science.psf.fwhm)
    noise = math.hypot(science.pixel_noise(), template.pixel_noise())
    stars = _draw_stars(rng, shape, science)
    seen = _render(stars, shape, fwhm, (science.psf.stretch_plus, science.psf.stretch_cross))
    known = _render(stars, shape, _on_pixels(template.psf.fwhm), (template.psf.stretch_plus, 0.0))
    matched = _render_matched(stars, shape, science, mismatch, rng)

    new = np.zeros(shape, dtype=np.float32)
    truth = _paint_trails(new, trails, lengths, peak_snrs, noise, fwhm, science, camera, rng)
    crossing = [paint.paint_satellite(new, noise, fwhm, rng) for _ in range(int(rng.poisson(satellites)))]
    _paint_optics(new, stars, noise, rng)
    images = _expose(seen, known, matched, new, science, template, rng)
    rays = _paint_detector(images, noise, rng)
    mask = paint.draw_frame_mask(shape, rng)
    paint.mask_saturated(seen + np.float32(science.sky), camera.saturation, mask)
    for image in images:
        image[mask] = np.nan
    truth["masked_fraction"] = _masked_fraction(truth, mask)
    return StreakFrame(
        science=images[0],
        reference=images[1],
        difference=images[2],
        truth=truth,
        satellites=np.asarray(crossing, dtype=np.float64).reshape(-1, 4),
        cosmic_rays=rays,
        fwhm=fwhm,
        sky_sigma=noise,
        pixel_scale=camera.pixel_scale,
        exposure=science,
    )


def _check(
    trails: int,
    shape: tuple[int, int],
    lengths: tuple[float, float],
    peak_snrs: tuple[float, float],
    satellites: float,
) -> None:
    if not satellites >= 0.0:
        raise ConfigurationError(f"satellites is {satellites}; expected a mean number, 0 or more")
    if trails < 0 or min(shape) < 128:
        raise ConfigurationError(
            f"{trails} trails on {shape} pixels; expected 0 or more on at least 128 x 128"
        )
    for name, (low, high) in (("lengths", lengths), ("peak_snrs", peak_snrs)):
        if not 0.0 < low <= high:
            raise ConfigurationError(
                f"{name} is {(low, high)}; expected two numbers above 0, the lower one first"
            )
    if lengths[1] >= 0.8 * min(shape):
        raise ConfigurationError(
            f"trails of {lengths[1]} pixels do not fit into {shape} pixels; shorten them"
        )


def _on_pixels(fwhm: float) -> float:
    """Return the width after integration over the pixel."""
    return math.hypot(fwhm, 1.0)


def _draw_errors(rng: np.random.Generator) -> Mismatch:
    """Draw the errors of a subtraction: one in five is poor."""
    ordinary = draw_mismatch(rng)
    if rng.uniform() > 0.2:
        return ordinary
    x, y = ordinary.shift
    return Mismatch(
        shift=(3.0 * x, 3.0 * y),
        jitter=0.05,
        broadening=float(rng.lognormal(0.0, 0.04)),
        stretch=ordinary.stretch,
        scale=float(rng.normal(1.0, 0.015)),
        grain=ordinary.grain,
    )


def _draw_stars(rng: np.random.Generator, shape: tuple[int, int], science: Exposure) -> NDArray[np.float64]:
    """Return x, y and counts of the stars on the frame, shape (n, 3)."""
    scene = draw_field(rng, max(shape))
    bright = scene.magnitude < science.limiting_magnitude() + _STAR_DEPTH
    near = (np.abs(scene.x - shape[1] / 2) < shape[1] / 2 + 15) & (
        np.abs(scene.y - shape[0] / 2) < shape[0] / 2 + 15
    )
    chosen = bright & near
    return np.column_stack([scene.x[chosen], scene.y[chosen], science.counts(scene.magnitude[chosen])])


def _render(
    stars: NDArray[np.float64], shape: tuple[int, int], fwhm: float, ellipticity: tuple[float, float]
) -> Frame:
    image = np.zeros(shape, dtype=np.float32)
    for x, y, counts in stars.tolist():
        reach = 3.0 if counts < 3e3 else 8.0 if counts < 1e6 else 20.0
        add_trail(image, x, y, x, y, counts, fwhm, ellipticity=ellipticity, reach=reach)
    return image


def _render_matched(
    stars: NDArray[np.float64],
    shape: tuple[int, int],
    science: Exposure,
    mismatch: Mismatch,
    rng: np.random.Generator,
) -> Frame:
    """Return the reference as matching gives it; a star in 500 has moved since."""
    moved = stars.copy()
    moved[:, :2] += mismatch.shift + rng.normal(0.0, mismatch.jitter, (len(stars), 2))
    proper = rng.uniform(size=len(stars)) < 0.002
    moved[proper, :2] += rng.normal(0.0, 0.5, (int(proper.sum()), 2))
    psf = mismatch.apply(science.psf)
    image = _render(moved, shape, _on_pixels(psf.fwhm), (psf.stretch_plus, psf.stretch_cross))
    image *= mismatch.scale + mismatch.grain * rng.standard_normal(shape, dtype=np.float32)
    return image


def _paint_trails(
    image: Frame,
    count: int,
    lengths: tuple[float, float],
    peak_snrs: tuple[float, float],
    noise: float,
    fwhm: float,
    science: Exposure,
    camera: Camera,
    rng: np.random.Generator,
) -> dict[str, NDArray[np.float64]]:
    """Paint asteroids that begin and end on the frame, and return their truth."""
    height, width = image.shape
    rows = []
    for _ in range(count):
        length = float(np.exp(rng.uniform(*np.log(lengths))))
        peak_snr = float(np.exp(rng.uniform(*np.log(peak_snrs))))
        angle = rng.uniform(0.0, math.pi)
        half_x, half_y = 0.5 * length * math.cos(angle), 0.5 * length * math.sin(angle)
        x = rng.uniform(abs(half_x), width - 1.0 - abs(half_x))
        y = rng.uniform(abs(half_y), height - 1.0 - abs(half_y))
        flux, snr = _flux_of_beam(peak_snr, length, fwhm, 1.0 / (science.gain * noise))
        flux *= noise
        ends = (x - half_x, y - half_y, x + half_x, y + half_y)
        psf = (science.psf.stretch_plus, science.psf.stretch_cross)
        add_trail(image, *ends, flux=flux, fwhm=fwhm, ellipticity=psf)
        rate = length * camera.pixel_scale / _ARCSEC_PER_DEGREE / science.seconds * _SECONDS_PER_DAY
        rows.append((*ends, length, math.degrees(angle), flux, snr, peak_snr, science.magnitude(flux), rate))
    columns = np.asarray(rows, dtype=np.float64).reshape(-1, len(TRUTH_FIELDS) - 1)
    return {name: columns[:, number] for number, name in enumerate(TRUTH_FIELDS[:-1])}


def _paint_optics(new: Frame, stars: NDArray[np.float64], noise: float, rng: np.random.Generator) -> None:
    """Paint ghosts, and spikes of the brightest stars along a spider that is the same for all."""
    paint.paint_ghosts(new, int(rng.poisson(_GHOSTS * new.size / math.prod(FRAME_SHAPE))), noise, rng)
    rotation = rng.choice((0.0, 0.25 * math.pi)) + rng.normal(0.0, 0.04)
    paint.paint_spikes(new, stars[stars[:, 2] > _SPIKED], noise, rotation, rng)


def _paint_detector(
    images: tuple[Frame, Frame, Frame], noise: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Paint what the detector adds to science frame and difference; return the places of cosmic rays."""
    charge = np.zeros_like(images[0])
    count = int(rng.poisson(_COSMIC_RAYS * charge.size / math.prod(FRAME_SHAPE)))
    rays = paint.paint_cosmic_rays(charge, count, noise, rng)
    paint.paint_electronics(charge, noise, rng)
    np.add(images[0], charge, out=images[0])
    np.add(images[2], charge, out=images[2])
    return rays


def _flux_of_beam(peak_snr: float, length: float, fwhm: float, shot: float) -> tuple[float, float]:
    """Return flux in sigma and S/N of a trail of which one beam has S/N ``peak_snr``.

    As for the cutouts of `skysieve.sources.simulators.streaks`: a beam is the flux within one FWHM of trail,
    its noise that of a point source; ``shot`` is the variance that one sigma of light brings.
    """
    own = 0.5 * peak_snr**2 * shot
    beam = own + math.sqrt(own * own + peak_snr**2 * trail_pixels(0.0, fwhm))
    flux = beam * math.hypot(length, fwhm) / fwhm
    return flux, flux / math.sqrt(trail_pixels(length, fwhm) + flux * shot)


def _expose(
    seen: Frame,
    known: Frame,
    matched: Frame,
    new: Frame,
    science: Exposure,
    template: Exposure,
    rng: np.random.Generator,
) -> tuple[Frame, Frame, Frame]:
    """Return science, reference and difference with their noise."""
    shape = seen.shape
    variance = np.maximum(seen + new, 0.0) / np.float32(science.gain) + np.float32(science.pixel_noise() ** 2)
    exposed = seen + new + np.sqrt(variance) * rng.standard_normal(shape, dtype=np.float32)
    white = rng.standard_normal((shape[0] + 2, shape[1] + 2), dtype=np.float32)
    rows = white[1:-1] + _RESAMPLING * (white[:-2] + white[2:])
    correlated = (rows[:, 1:-1] + _RESAMPLING * (rows[:, :-2] + rows[:, 2:])) / (1.0 + 2.0 * _RESAMPLING**2)
    grain = correlated * np.sqrt(known / np.float32(template.gain) + np.float32(template.pixel_noise() ** 2))
    sky = np.float32(science.sky)
    return exposed + sky, known + np.float32(template.sky) + grain, exposed - matched - grain


def _masked_fraction(truth: dict[str, NDArray[np.float64]], mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    share = np.linspace(0.0, 1.0, 101)
    x = truth["x1"][:, None] + (truth["x2"] - truth["x1"])[:, None] * share
    y = truth["y1"][:, None] + (truth["y2"] - truth["y1"])[:, None] * share
    return np.asarray(mask[np.rint(y).astype(int), np.rint(x).astype(int)].mean(axis=1), dtype=np.float64)
