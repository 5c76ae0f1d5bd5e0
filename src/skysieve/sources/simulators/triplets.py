"""Alert triplets like those of ZTF: science, template and difference cutouts with their truth."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import ConfigurationError
from skysieve.sources.simulators import SIMULATORS, artefacts
from skysieve.sources.simulators.arguments import check_numbers, kinds_called
from skysieve.sources.simulators.camera import Band, Camera, Exposure
from skysieve.sources.simulators.kinds import KINDS, Kind, Plan, Setting
from skysieve.sources.simulators.psf import grid_of, points, to_image
from skysieve.sources.simulators.scenes import draw_field
from skysieve.sources.simulators.subtraction import expose

__all__ = [
    "Detection",
    "Triplets",
    "check_arguments",
    "choose_kind",
    "simulate_detection",
    "simulate_triplets",
]

#: Shares of cutouts that reach over the detector's border, that hold other masked pixels, and of
#: templates with masked pixels that hold the sentinel instead of NaN; from 876 ZTF alerts.
_TRUNCATED, _MASKED, _SENTINEL = 0.012, 0.04, 0.06

_STREAM = {"kind": 0, "object": 1, "template": 2, "exposure": 3}


@dataclass(frozen=True, slots=True)
class Detection:
    """One simulated detection: the cutouts and what is true of it.

    The fields are those of `Triplets`, without the axis of the samples.
    """

    cutouts: NDArray[np.float32]
    label: int
    kind: str
    window: tuple[int, int, int, int]
    positive: bool
    fid: int
    zero_point: float
    sky: float
    seeing: float
    template_seeing: float
    limiting_magnitude: float
    magnitude: float
    snr: float
    measured_magnitude: float
    measured_snr: float
    star_magnitude: float
    host_magnitude: float
    host_offset: float
    field_stars: int


@dataclass(frozen=True, slots=True)
class Triplets:
    """Simulated triplets and their truth; every array has one entry a sample.

    Parameters
    ----------
    cutouts : ndarray, shape (n, 3, size, size), float32
        Science, template, difference, in counts. The sky level is in the first two. The template is
        scaled to the zero point and the sky level of the science exposure, as ZTF does. NaN where
        there are no data; a few templates hold -3.4028235e38 there. The difference is template minus
        science where ``positive`` is false, so that the detection is always positive.
    label : ndarray, shape (n,), int64
        1 real, 0 bogus.
    kind : ndarray, shape (n,), str
        Name of the kind, a key of `KINDS`.
    window : ndarray, shape (n, 4), int64
        First row, row after the last, first column, column after the last of the part on the detector;
        everything outside is NaN.
    positive : ndarray, shape (n,), bool
        Whether the source has brightened.
    fid : ndarray, shape (n,), int64
        Number of the filter.
    zero_point, sky : ndarray, shape (n,), float64
        Magnitude of one count; sky level in counts per pixel.
    seeing, template_seeing : ndarray, shape (n,), float64
        FWHM of the two PSFs before integration over the pixel, in arcsec.
    limiting_magnitude : ndarray, shape (n,), float64
        Magnitude of an isolated point source of signal-to-noise ratio 5.
    magnitude, snr : ndarray, shape (n,), float64
        True magnitude of the change of light and the signal-to-noise ratio that a PSF fit is expected to
        give; NaN for bogus ones.
    measured_magnitude, measured_snr : ndarray, shape (n,), float64
        What a PSF fit at the centre of the difference measures, with the noise of empty sky for its error;
        the magnitude is NaN where the flux is not positive, both are NaN where the centre has no data.
    star_magnitude : ndarray, shape (n,), float64
        Magnitude in the template of the star at the centre; NaN without one.
    host_magnitude, host_offset : ndarray, shape (n,), float64
        Magnitude of the host galaxy and distance from its centre in arcsec; NaN without one.
    field_stars : ndarray, shape (n,), int64
        Stars in the field and its margin.
    """

    cutouts: NDArray[np.float32]
    label: NDArray[np.int64]
    kind: NDArray[np.str_]
    window: NDArray[np.int64]
    positive: NDArray[np.bool_]
    fid: NDArray[np.int64]
    zero_point: NDArray[np.float64]
    sky: NDArray[np.float64]
    seeing: NDArray[np.float64]
    template_seeing: NDArray[np.float64]
    limiting_magnitude: NDArray[np.float64]
    magnitude: NDArray[np.float64]
    snr: NDArray[np.float64]
    measured_magnitude: NDArray[np.float64]
    measured_snr: NDArray[np.float64]
    star_magnitude: NDArray[np.float64]
    host_magnitude: NDArray[np.float64]
    host_offset: NDArray[np.float64]
    field_stars: NDArray[np.int64]

    def __len__(self) -> int:
        return int(self.label.shape[0])


@SIMULATORS.register("triplets")
def simulate_triplets(
    n: int,
    *,
    seed: int,
    camera: Camera | None = None,
    real_fraction: float = 0.5,
    size: int = 63,
    kinds: Iterable[str] | None = None,
    start: int = 0,
) -> Triplets:
    """Simulate ``n`` triplets, each of another object.

    A sample depends on ``seed`` and on its number only: ``n=5, start=10`` gives the last five of
    ``n=15``.

    Parameters
    ----------
    n : int
        Number of samples.
    seed : int
        Seed, 0 or more.
    camera : Camera, optional
        The camera; ZTF by default.
    real_fraction : float
        Probability that a sample is real, if ``kinds`` holds kinds of both labels.
    size : int
        Side of the cutouts, in pixels, odd and at least 21.
    kinds : iterable of str, optional
        Names of the kinds to draw from (keys of `KINDS`); all by default.
    start : int
        Number of the first sample.

    Returns
    -------
    Triplets

    Raises
    ------
    ConfigurationError
        If a number is out of its range.
    UnknownNameError
        If there is no such kind.

    Examples
    --------
    >>> triplets = simulate_triplets(4, seed=1)
    >>> triplets.cutouts.shape, triplets.cutouts.dtype
    ((4, 3, 63, 63), dtype('float32'))
    >>> set(simulate_triplets(3, seed=1, kinds=["asteroid", "cosmic-ray"], real_fraction=1.0).kind)
    {np.str_('asteroid')}
    """
    chosen = check_arguments(n=n, seed=seed, real_fraction=real_fraction, kinds=kinds, size=size, start=start)
    camera = Camera() if camera is None else camera
    cutouts = np.empty((n, 3, size, size), dtype=np.float32)
    rows: list[Detection] = []
    for index in range(n):
        kind = choose_kind(chosen, real_fraction, seed, start + index)
        detection = simulate_detection(kind, camera=camera, size=size, seed=seed, index=start + index)
        cutouts[index] = detection.cutouts
        rows.append(detection)
    kinds_of_column: dict[str, Any] = {"kind": str, "label": np.int64, "positive": bool, "window": np.int64}
    kinds_of_column |= {"fid": np.int64, "field_stars": np.int64}
    columns = {
        field.name: np.array(
            [getattr(row, field.name) for row in rows], kinds_of_column.get(field.name, float)
        )
        for field in fields(Triplets)
        if field.name != "cutouts"
    }
    columns["window"] = columns["window"].reshape(n, 4)
    return Triplets(cutouts=cutouts, **columns)


def choose_kind(kinds: tuple[Kind, ...], real_fraction: float, seed: int, index: int) -> Kind:
    """Draw the kind of sample number ``index``."""
    rng = _generator(seed, index, "kind")
    label = int(rng.uniform() < real_fraction)
    eligible = [kind for kind in kinds if kind.label == label] or list(kinds)
    shares = np.array([kind.share for kind in eligible])
    return eligible[int(rng.choice(len(eligible), p=shares / shares.sum()))]


def simulate_detection(
    kind: Kind, *, camera: Camera, size: int, seed: int, index: int, epoch: int = 0, band: Band | None = None
) -> Detection:
    """Simulate one detection of one object.

    Parameters
    ----------
    kind : Kind
        What the object is.
    camera : Camera
        The camera.
    size : int
        Side of the cutouts, in pixels.
    seed, index : int
        Seed and number of the object: fix the field, the host, the star, the template's noise.
    epoch : int
        Number of the detection: fixes the conditions, the noise, the change of light.
    band : Band, optional
        Filter; drawn by default.
    """
    sky, shot = _generator(seed, index, "object"), _generator(seed, index, "exposure", epoch)
    science = camera.draw_exposure(shot, band)
    template_rng = _generator(seed, index, "template", science.band.fid)
    template = camera.draw_template(template_rng, science)
    setting = Setting(camera, science, template, draw_field(sky, size), size, sky, shot)
    plan = kind.draw(setting)
    dither = (float(shot.uniform(-0.5, 0.5)), float(shot.uniform(-0.5, 0.5)))
    cutouts = expose(
        plan.scene,
        plan.event,
        science,
        template,
        plan.mismatch,
        size=size,
        saturation=camera.saturation,
        dither=dither,
        glow=plan.glow,
        rng=shot,
        template_rng=template_rng,
    )
    window = _finish(cutouts, plan, sky)
    flux, error = _fit(cutouts[2], science, dither)
    return Detection(
        cutouts=cutouts.astype(np.float32),
        label=kind.label,
        kind=kind.name,
        window=window,
        positive=plan.positive,
        measured_magnitude=science.magnitude(flux),
        measured_snr=flux / error,
        field_stars=setting.scene.x.size,
        **_truth(plan, science, template, camera.pixel_scale),
    )


def _truth(plan: Plan, science: Exposure, template: Exposure, pixel_scale: float) -> dict[str, Any]:
    host, event = plan.host, plan.event
    offset = float("nan")
    if host is not None and event is not None:
        offset = float(np.hypot(event.x - host.x, event.y - host.y)) * pixel_scale
    return {
        "fid": science.band.fid,
        "zero_point": science.zero_point,
        "sky": science.sky,
        "seeing": science.psf.fwhm * pixel_scale,
        "template_seeing": template.psf.fwhm * pixel_scale,
        "limiting_magnitude": science.limiting_magnitude(),
        "magnitude": float("nan") if event is None else science.magnitude(abs(event.counts)),
        "snr": plan.snr,
        "star_magnitude": plan.star_magnitude,
        "host_magnitude": float("nan") if host is None else host.magnitude,
        "host_offset": offset,
    }


def _finish(cutouts: NDArray[np.float64], plan: Plan, sky: np.random.Generator) -> tuple[int, int, int, int]:
    """Add the detector's defects, the sign and the masks in place; return the window on the detector."""
    size = cutouts.shape[-1]
    if plan.defect is not None:
        cutouts[[0, 2]] += plan.defect
    if not plan.positive:
        cutouts[2] *= -1.0
    if plan.mask is not None:
        cutouts[:, plan.mask] = np.nan
    elif sky.uniform() < _MASKED:
        cutouts[:, artefacts.draw_mask(size, sky)] = np.nan
    window = (0, size, 0, size)
    if sky.uniform() < _TRUNCATED:
        window = artefacts.draw_window(size, sky)
        outside = np.ones((size, size), dtype=bool)
        outside[window[0] : window[1], window[2] : window[3]] = False
        cutouts[:, outside] = np.nan
    if sky.uniform() < _SENTINEL:
        inside = (slice(1), slice(window[0], window[1]), slice(window[2], window[3]))
        template = cutouts[1:2][inside]
        template[np.isnan(template)] = artefacts.SENTINEL
    return window


def _fit(
    difference: NDArray[np.float64], science: Exposure, dither: tuple[float, float]
) -> tuple[float, float]:
    """Return flux and error of a PSF fit at the known position; pixels without data do not count."""
    grid = grid_of(difference.shape[-1])
    centre = (grid.size - 1) / 2.0
    psf = to_image(
        grid, points(grid, centre + dither[0], centre + dither[1], 1.0) * science.psf.spectrum(grid)
    )
    middle = grid.size // 2
    box = (slice(middle - 5, middle + 6), slice(middle - 5, middle + 6))
    weight = np.where(np.isfinite(difference[box]), psf[box], 0.0)
    norm = float((weight**2).sum())
    if norm <= 1e-6:
        return float("nan"), float("nan")
    flux = float((weight * np.nan_to_num(difference[box])).sum()) / norm
    return flux, science.pixel_noise() / np.sqrt(norm)


def _generator(seed: int, index: int, stream: str, epoch: int = 0) -> np.random.Generator:
    """Return the generator of one stream of randomness of one sample."""
    key = (index, _STREAM[stream], epoch)
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence(seed, spawn_key=key)))


def check_arguments(
    *,
    n: int,
    seed: int,
    real_fraction: float,
    kinds: Iterable[str] | None,
    size: int = 63,
    start: int = 0,
) -> tuple[Kind, ...]:
    """Return the kinds asked for, after a look at every other argument of a simulation.

    Raises
    ------
    ConfigurationError
        If a number is out of its range.
    UnknownNameError
        If there is no such kind.
    """
    check_numbers(n=n, seed=seed, start=start, real_fraction=real_fraction)
    if size < 21 or size % 2 == 0:
        raise ConfigurationError(f"size is {size}; give an odd number of pixels, 21 or more")
    return kinds_called(kinds, KINDS, "detection")
