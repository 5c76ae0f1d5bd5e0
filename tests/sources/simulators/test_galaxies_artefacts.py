from __future__ import annotations

import numpy as np
import pytest

from skysieve.sources.simulators.galaxies import Survey
from skysieve.sources.simulators.galaxies.bright_light import add_bright_star
from skysieve.sources.simulators.galaxies.canvas import draw_canvas
from skysieve.sources.simulators.galaxies.kinds import painter_of

ROUND = Survey(seeing_scatter=0.0, ellipticity=0.0)
SEEDS = range(5)


def canvas_of(seed=1, size=64, width=30.0):
    return draw_canvas(ROUND, np.random.default_rng(seed), size, width / size)


def in_the_middle(image, half):
    middle = image.shape[-1] // 2
    return image[..., middle - half : middle + half, middle - half : middle + half]


def test_aureole_of_a_star_falls_with_the_square_of_the_distance():
    canvas = canvas_of(size=128, width=80.0)
    add_bright_star(canvas, canvas.subject, 0.0, 0.0, 17.0)
    seen = canvas.observe(canvas.subject)[1] / canvas.pixel**2
    axis = (np.arange(128) - 63.5) * canvas.pixel
    distance = np.hypot(axis[None, :], axis[:, None])
    levels = [
        float(canvas.survey.magnitude(float(np.median(seen[np.abs(distance - r) < 1.0]))))
        for r in (10.0, 20.0, 30.0)
    ]
    assert levels[0] == pytest.approx(17.0 + 9.3, abs=0.1)
    assert np.diff(levels) == pytest.approx([5.0 * np.log10(2.0), 5.0 * np.log10(1.5)], abs=0.1)


def test_only_bright_stars_have_spikes():
    sums = []
    for magnitude in (14.0, 17.0):
        canvas = canvas_of(size=128, width=80.0)
        add_bright_star(canvas, canvas.subject, 0.0, 0.0, magnitude)
        light = canvas.subject.light[1] / canvas.subject.light[1].sum()
        far = np.hypot(canvas.x, canvas.y) > 15.0
        sums.append(float(light[far].max() / np.median(light[far])))
    assert sums[0] > 1.5 * sums[1]


@pytest.mark.parametrize("seed", SEEDS)
def test_halo_in_the_middle_is_as_faint_as_a_diffuse_galaxy(seed):
    canvas = canvas_of(seed)
    truth = painter_of("star-halo")(canvas)
    expected = truth.bright_magnitude + 9.3 + 5.0 * np.log10(truth.separation / 10.0)
    assert 23.9 < expected < 27.0
    assert np.hypot(truth.x, truth.y) == pytest.approx(truth.separation)


@pytest.mark.parametrize("seed", SEEDS)
def test_diffuse_light_comes_from_beside_the_cutout(seed):
    canvas = canvas_of(seed)
    truth = painter_of("diffuse-light")(canvas)
    assert max(abs(truth.x), abs(truth.y)) > 0.5 * canvas.width
    seen = canvas.observe_subject()[1]
    halves = seen[:, 32:].mean() - seen[:, :32].mean(), seen[32:].mean() - seen[:32].mean()
    towards = np.array([truth.x, truth.y]) / truth.separation
    assert np.dot(towards, halves) > 0.0


@pytest.mark.parametrize("seed", SEEDS)
def test_cirrus_is_brightest_near_the_middle(seed):
    canvas = canvas_of(seed)
    truth = painter_of("cirrus")(canvas)
    seen = canvas.observe(canvas.subject)[0]
    assert in_the_middle(seen, 8).mean() > 1.3 * seen.mean()
    # The peak is of the painted light: the PSF can only lower it.
    brightest = float(canvas.survey.magnitude(float(seen.max()) / canvas.pixel**2))
    assert truth.mu_0 - 0.01 < brightest < truth.mu_0 + 1.0


@pytest.mark.parametrize("seed", SEEDS)
def test_an_arm_runs_through_the_middle(seed):
    canvas = canvas_of(seed)
    truth = painter_of("arm-knots")(canvas)
    assert truth.separation > 0.15 * canvas.width
    seen = canvas.observe(canvas.subject)[0]
    # Brighter than what lies on the other side of the galaxy's centre or farther out along the same line.
    outwards = -np.array([truth.x, truth.y]) / truth.separation
    away = 4.0 * outwards / canvas.pixel
    column, row = (round(31.5 + step) for step in away)
    assert in_the_middle(seen, 3).mean() > seen[row - 3 : row + 3, column - 3 : column + 3].mean()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_ghost_has_a_rim_and_a_shadow(seed):
    canvas = canvas_of(seed, size=128, width=60.0)
    truth = painter_of("ghost")(canvas)
    light = canvas.subject.light[1]
    distance = np.hypot(canvas.x - truth.x, canvas.y - truth.y) / truth.r_e
    ring = light[(distance > 0.55) & (distance < 0.75)]
    if ring.size > 100:
        assert ring.mean() > 1.5 * light[distance < 0.15].mean()
        assert ring.mean() > 20.0 * light[distance > 1.6].mean()


def test_a_group_lies_in_the_middle():
    canvas = canvas_of(3)
    truth = painter_of("compact-group")(canvas)
    light = canvas.subject.light[1]
    assert light[np.hypot(canvas.x, canvas.y) < 7.0].sum() > 0.9 * light.sum()
    assert 4 <= truth.companions <= 11


def test_sky_subtraction_takes_what_fills_the_cutout():
    canvas = canvas_of()
    canvas.subject.light += np.float32(0.01)
    canvas.sky_share = 0.5
    whole, left = canvas.observe(canvas.subject), canvas.observe_subject()
    assert in_the_middle(left, 20).mean() == pytest.approx(0.5 * in_the_middle(whole, 20).mean(), rel=0.05)
    canvas.sky_share = 0.0
    assert np.array_equal(canvas.observe_subject(), whole)
