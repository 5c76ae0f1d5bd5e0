from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from skysieve.sources.simulators.camera import Camera, Exposure
from skysieve.sources.simulators.scenes import Scene
from skysieve.sources.simulators.subtraction import Event, Mismatch, expose

PERFECT = Mismatch(shift=(0.0, 0.0), jitter=0.0, broadening=1.0, stretch=(0.0, 0.0), scale=1.0, grain=0.0)
EMPTY = Scene(np.empty(0), np.empty(0), np.empty(0))
CAMERA = Camera(sky_scatter=0.0, zero_point_scatter=0.0, ellipticity=0.0)


def exposures() -> tuple[Exposure, Exposure]:
    rng = np.random.default_rng(8)
    science = CAMERA.draw_exposure(rng, CAMERA.bands[0])
    return science, CAMERA.draw_template(rng, science)


def cutouts_of(
    scene: Scene, event: Event | None = None, mismatch: Mismatch = PERFECT, **more: Any
) -> np.ndarray:
    science, template = exposures()
    settings = {"size": 63, "saturation": 5e4, "dither": (0.0, 0.0), "glow": None}
    rng, template_rng = np.random.default_rng(1), np.random.default_rng(2)
    return expose(
        scene, event, science, template, mismatch, **(settings | more), rng=rng, template_rng=template_rng
    )


def test_empty_sky_has_the_predicted_level_and_noise() -> None:
    science, template = exposures()
    first, second, difference = cutouts_of(EMPTY)
    assert first.mean() == pytest.approx(science.sky, abs=0.4)
    assert second.mean() == pytest.approx(science.sky, abs=0.2)
    assert difference.mean() == pytest.approx(0.0, abs=0.4)
    assert first.std() == pytest.approx(science.pixel_noise(), rel=0.04)
    assert second.std() == pytest.approx(template.pixel_noise(), rel=0.05)
    expected = np.hypot(science.pixel_noise(), template.pixel_noise())
    assert difference.std() == pytest.approx(expected, rel=0.04)


def test_template_noise_is_correlated_as_in_resampled_images() -> None:
    noise = cutouts_of(EMPTY)[1] - exposures()[1].sky
    neighbours = (noise[:, 1:] * noise[:, :-1]).mean() / (noise**2).mean()
    assert neighbours == pytest.approx(0.2, abs=0.05)


def test_perfect_subtraction_leaves_the_event_only() -> None:
    science, _ = exposures()
    scene = EMPTY.with_star(31.0, 31.0, 16.0).with_star(12.0, 50.0, 15.0)
    difference = cutouts_of(scene, Event(31.0, 31.0, 4000.0))[2]
    box = difference[24:39, 24:39]
    assert box.sum() == pytest.approx(4000.0, rel=0.1)
    noise = np.sqrt((science.counts(15.0) * 0.25) / science.gain + science.pixel_noise() ** 2)
    assert np.abs(difference[44:57, 6:19]).max() < 6.0 * noise


def test_registration_error_makes_a_dipole_and_broadening_a_ring() -> None:
    scene = EMPTY.with_star(31.0, 31.0, 15.0)
    dipole = cutouts_of(scene, mismatch=replace(PERFECT, shift=(0.3, 0.0)))[2]
    assert dipole[31, 30] > 1000.0
    assert dipole[31, 32] < -1000.0
    ring = cutouts_of(scene, mismatch=replace(PERFECT, broadening=1.2))[2]
    assert ring[31, 31] > 1000.0
    assert ring[31, 33] < -50.0
    assert ring[33, 31] < -50.0


def test_saturated_cores_are_masked_in_all_three() -> None:
    cutouts = cutouts_of(EMPTY.with_star(20.0, 40.0, 11.0))
    missing = np.isnan(cutouts)
    assert (missing[0] == missing[1]).all()
    assert (missing[0] == missing[2]).all()
    assert missing[0, 36:45, 16:25].all()
    assert not missing[0, 31, 31]


def test_dither_moves_everything() -> None:
    event = Event(31.0, 31.0, 50_000.0)
    rows, columns = np.mgrid[:63, :63]
    moved = cutouts_of(EMPTY, event, dither=(0.4, -0.3))[2][26:37, 26:37]
    centre_x = (moved * columns[26:37, 26:37]).sum() / moved.sum()
    centre_y = (moved * rows[26:37, 26:37]).sum() / moved.sum()
    assert centre_x == pytest.approx(31.4, abs=0.06)
    assert centre_y == pytest.approx(30.7, abs=0.06)
