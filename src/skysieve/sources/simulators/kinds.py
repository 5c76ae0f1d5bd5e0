"""The kinds of detections: what is at the centre of a cutout, and why it is real or bogus.

A kind is a function from a `Setting` to a `Plan`; the table `KINDS` holds all of them. What belongs
to the object (its host, its star) is drawn from ``setting.sky``, what belongs to one exposure from
``setting.shot``, so that several detections of one object share the former.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from skysieve.sources.simulators import artefacts
from skysieve.sources.simulators.camera import Camera, Exposure
from skysieve.sources.simulators.hosts import Galaxy, draw_host
from skysieve.sources.simulators.psf import grid_of, to_image
from skysieve.sources.simulators.scenes import Scene
from skysieve.sources.simulators.subtraction import Event, Mismatch, draw_mismatch

__all__ = ["KINDS", "Kind", "Plan", "Setting"]

#: Fraction of the light under a source that subtraction leaves as an error.
_SUBTRACTION_ERROR = 0.02


@dataclass(frozen=True, slots=True)
class Setting:
    """What a kind is drawn into.

    Parameters
    ----------
    camera : Camera
        The camera.
    science, template : Exposure
        Conditions of the two exposures.
    scene : Scene
        The field.
    size : int
        Side of the cutouts, in pixels.
    sky, shot : numpy.random.Generator
        Randomness of the object and of this exposure.
    """

    camera: Camera
    science: Exposure
    template: Exposure
    scene: Scene
    size: int
    sky: np.random.Generator
    shot: np.random.Generator

    @property
    def centre(self) -> float:
        """Coordinate of the centre, in pixels, the same in x and y."""
        return (self.size - 1) / 2.0

    def clear_scene(self) -> Scene:
        """Return the field without stars that would hide a real source at the centre."""
        return self.scene.away_from(self.centre)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be exposed.

    Parameters
    ----------
    scene : Scene
        Everything that is in both exposures.
    mismatch : Mismatch
        Errors of the subtraction.
    event : Event or None
        What is in the science exposure only.
    glow : ndarray, shape (size, size), or None
        Further light in the science exposure; it has photon noise.
    defect : ndarray, shape (size, size), or None
        Counts that arise in the detector; they have none.
    mask : ndarray of bool, shape (size, size), or None
        Pixels without data.
    positive : bool
        Whether the difference is science minus template; the other way round otherwise.
    snr : float
        Expected signal-to-noise ratio of the event, NaN if there is none.
    host : Galaxy or None
        The host of a transient.
    star_magnitude : float
        Magnitude in the template of the star at the centre, NaN if there is none.
    """

    scene: Scene
    mismatch: Mismatch
    event: Event | None = None
    glow: NDArray[np.float64] | None = None
    defect: NDArray[np.float64] | None = None
    mask: NDArray[np.bool_] | None = None
    positive: bool = True
    snr: float = float("nan")
    host: Galaxy | None = None
    star_magnitude: float = float("nan")


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of detection.

    Parameters
    ----------
    name : str
        Its name.
    label : int
        1 if it is astrophysical, else 0.
    share : float
        Its share among the kinds of the same label.
    draw : callable
        From a `Setting` to a `Plan`.
    """

    name: str
    label: int
    share: float
    draw: Callable[[Setting], Plan]


def _light_at_centre(setting: Setting, scene: Scene) -> float:
    """Return the counts of the brightest of the nine central pixels, above the sky."""
    grid = grid_of(setting.size)
    light = scene.stars(grid, setting.science, scene.x, scene.y) + scene.extended(grid, setting.science)
    image = to_image(grid, light * setting.science.psf.spectrum(grid))
    middle = setting.size // 2
    return float(image[middle - 1 : middle + 2, middle - 1 : middle + 2].max())


def _event(setting: Setting, scene: Scene, snr: float, length: tuple[float, float] = (0.0, 0.0)) -> Event:
    """Return an event at the centre that a PSF fit would measure with ``snr``."""
    light, gain = _light_at_centre(setting, scene), setting.science.gain
    pixel = setting.science.pixel_noise(light) ** 2 + (_SUBTRACTION_ERROR * light) ** 2
    area = setting.science.psf.noise_pixels(grid_of(setting.size)) + np.hypot(*length)
    # The event's own photons are noise too: solve counts² = snr² (pixel area + counts / gain).
    own = snr**2 / (2.0 * gain)
    counts = own + np.sqrt(own**2 + snr**2 * pixel * area)
    return Event(setting.centre, setting.centre, float(counts), length)


def _draw_snr(rng: np.random.Generator, scatter: np.random.Generator) -> float:
    """Draw a signal-to-noise ratio above 5.5: a power law of the object, a scatter of the exposure."""
    return float(max(min(5.5 / rng.uniform(), 250.0) * scatter.lognormal(0.0, 0.2), 5.5))


def _hostless(setting: Setting) -> Plan:
    scene = setting.clear_scene()
    snr = _draw_snr(setting.sky, setting.shot)
    return Plan(scene, draw_mismatch(setting.shot), _event(setting, scene, snr), snr=snr)


def _hosted(setting: Setting) -> Plan:
    magnitude = float(setting.sky.triangular(14.0, 19.0, 21.5))
    radii = float(min(setting.sky.rayleigh(0.9), 3.0))
    host = draw_host(setting.sky, setting.centre, magnitude, float(setting.sky.beta(1.0, 3.0)), radii)
    return _in_host(setting, host)


def _nuclear(setting: Setting) -> Plan:
    magnitude = float(setting.sky.triangular(14.5, 18.5, 20.5))
    radii = float(setting.sky.uniform(0.0, 0.05))
    host = draw_host(setting.sky, setting.centre, magnitude, float(setting.sky.beta(2.0, 2.0)), radii)
    return _in_host(setting, host)


def _in_host(setting: Setting, host: Galaxy) -> Plan:
    scene = setting.clear_scene().with_galaxy(host)
    snr = _draw_snr(setting.sky, setting.shot)
    return Plan(scene, draw_mismatch(setting.shot), _event(setting, scene, snr), snr=snr, host=host)


def _variable_star(setting: Setting) -> Plan:
    magnitude = float(setting.sky.triangular(13.8, 18.0, 21.0))
    scene = setting.clear_scene().with_star(setting.centre, setting.centre, magnitude)
    snr = _draw_snr(setting.sky, setting.shot)
    event = _event(setting, scene, snr)
    # A star can fade by less than all of its light, but flare without limit.
    can_fade = event.counts < 0.9 * float(setting.science.counts(magnitude))
    positive = not (can_fade and setting.shot.uniform() < 0.55)
    if not positive:
        event = replace(event, counts=-event.counts)
    mismatch = draw_mismatch(setting.shot)
    return Plan(scene, mismatch, event, positive=positive, snr=snr, star_magnitude=magnitude)


def _asteroid(setting: Setting) -> Plan:
    # Main-belt objects move by a third of a pixel in 30 s, near-Earth objects by several.
    arcsec = 0.01 * setting.science.seconds * setting.shot.lognormal(0.0, 0.8)
    pixels = min(arcsec / setting.camera.pixel_scale, 6.0)
    angle = setting.shot.uniform(0.0, np.pi)
    length = (float(pixels * np.cos(angle)), float(pixels * np.sin(angle)))
    snr = _draw_snr(setting.sky, setting.shot)
    scene = setting.clear_scene()
    event = _event(setting, scene, snr, length)
    return Plan(scene, draw_mismatch(setting.shot), event, snr=snr)


def _bright_source(setting: Setting, brightest: float, faintest: float, out: tuple[float, float]) -> Plan:
    """Return a plan with a star, or rarely a compact galaxy, at ``out`` pixels from the centre."""
    x, y = setting.centre + out[0], setting.centre + out[1]
    magnitude = float(setting.sky.uniform(brightest, faintest))
    mismatch = draw_mismatch(setting.shot)
    if setting.sky.uniform() < 0.15:
        galaxy = draw_host(setting.sky, setting.centre, magnitude - 1.0, 0.6, 0.0)
        galaxy = replace(galaxy, x=x, y=y, half_light=min(galaxy.half_light, 3.0))
        return Plan(setting.scene.with_galaxy(galaxy), mismatch)
    return Plan(setting.scene.with_star(x, y, magnitude), mismatch, star_magnitude=magnitude)


def _dipole(setting: Setting) -> Plan:
    amount = np.clip(0.15 * setting.shot.lognormal(0.0, 0.5), 0.07, 0.5)
    angle = setting.shot.uniform(0.0, 2.0 * np.pi)
    direction = np.array([np.cos(angle), np.sin(angle)])
    positive = bool(setting.shot.uniform() < 0.6)
    # The alert is issued at the positive lobe, half a width from the source.
    lobe = setting.science.psf.fwhm * setting.shot.uniform(0.3, 0.7) * (1.0 if positive else -1.0)
    plan = _bright_source(setting, 13.3, 16.8, (float(lobe * direction[0]), float(lobe * direction[1])))
    shift = amount * direction
    mismatch = replace(plan.mismatch, shift=(float(shift[0]), float(shift[1])))
    return replace(plan, mismatch=mismatch, positive=positive)


def _psf_mismatch(setting: Setting) -> Plan:
    plan = _bright_source(setting, 13.0, 16.3, (0.0, 0.0))
    broad = bool(setting.shot.uniform() < 0.5)
    amount = setting.shot.uniform(0.04, 0.15)
    angle, elongation = setting.shot.uniform(0.0, 2.0 * np.pi), setting.shot.uniform(0.02, 0.10)
    mismatch = replace(
        plan.mismatch,
        broadening=float(1.0 + amount if broad else 1.0 / (1.0 + amount)),
        stretch=(float(elongation * np.cos(angle)), float(elongation * np.sin(angle))),
    )
    return replace(plan, mismatch=mismatch, positive=broad)


def _cosmic_ray(setting: Setting) -> Plan:
    charge = artefacts.cosmic_ray(setting.size, setting.science.pixel_noise(), setting.shot)
    return Plan(setting.scene, draw_mismatch(setting.shot), defect=charge)


def _bad_pixel(setting: Setting) -> Plan:
    noise, sky = setting.science.pixel_noise(), setting.science.sky
    # Pixels go bad once: the defect belongs to the place, as seen by this exposure's noise.
    error = artefacts.bad_pixels(setting.size, noise, sky, setting.sky)
    middle = setting.size // 2
    positive = bool(error[middle, middle] > 0.0)
    return Plan(setting.scene, draw_mismatch(setting.shot), defect=error, positive=positive)


def _saturated(setting: Setting) -> Plan:
    magnitude = float(setting.sky.uniform(10.5, 12.3))
    along = setting.sky.normal(0.0, 5.0)
    x = setting.centre + float(along + np.copysign(2.0, along) if setting.sky.uniform() < 0.6 else 0.0)
    scene = setting.scene.with_star(x, setting.centre + float(setting.sky.normal(0.0, 0.5)), magnitude)
    drawn = draw_mismatch(setting.shot)
    # Non-linearity and bleeding spoil registration and matching of everything around the core.
    angle, amount = setting.shot.uniform(0.0, 2.0 * np.pi), setting.shot.uniform(0.1, 0.6)
    mismatch = replace(
        drawn,
        shift=(float(amount * np.cos(angle)), float(amount * np.sin(angle))),
        broadening=float(setting.shot.lognormal(0.0, 0.06)),
        scale=float(setting.shot.normal(1.0, 0.02)),
    )
    positive = bool(setting.shot.uniform() < 0.6)
    return Plan(scene, mismatch, positive=positive, star_magnitude=magnitude)


def _edge(setting: Setting) -> Plan:
    reach, angle = float(setting.sky.uniform(0.5, 3.0)), artefacts.draw_angle(setting.sky)
    mask = artefacts.border(reach, angle, setting.size)
    noise = setting.science.pixel_noise()
    excess = artefacts.border_excess(reach, angle, setting.size, noise, setting.shot)
    return Plan(setting.scene, draw_mismatch(setting.shot), defect=excess, mask=mask)


def _ghost(setting: Setting) -> Plan:
    light = artefacts.ghost(setting.size, setting.science.pixel_noise(), setting.shot)
    return Plan(setting.scene, draw_mismatch(setting.shot), glow=light)


def _noise(setting: Setting) -> Plan:
    # A detection near threshold is a chance alignment of a few high pixels, which no PSF shaped.
    chance = np.zeros((setting.size, setting.size))
    middle = setting.size // 2
    rows, columns = middle + setting.shot.integers(-1, 2, (2, 4))
    high = setting.science.pixel_noise() * setting.shot.uniform(1.5, 3.5, 4)
    chance[rows, columns] = high
    return Plan(setting.scene, draw_mismatch(setting.shot), defect=chance)


#: Every kind, by name.
KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("hostless-transient", 1, 0.18, _hostless),
        Kind("hosted-transient", 1, 0.25, _hosted),
        Kind("nuclear-transient", 1, 0.15, _nuclear),
        Kind("variable-star", 1, 0.27, _variable_star),
        Kind("asteroid", 1, 0.15, _asteroid),
        Kind("dipole", 0, 0.30, _dipole),
        Kind("psf-mismatch", 0, 0.16, _psf_mismatch),
        Kind("cosmic-ray", 0, 0.14, _cosmic_ray),
        Kind("bad-pixel", 0, 0.16, _bad_pixel),
        Kind("saturated-star", 0, 0.08, _saturated),
        Kind("detector-edge", 0, 0.06, _edge),
        Kind("ghost", 0, 0.05, _ghost),
        Kind("noise", 0, 0.05, _noise),
    )
}
