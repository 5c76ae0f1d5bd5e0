from __future__ import annotations

from math import log10, pi

import galsim
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import gammaincinv

from skysieve.sources.simulators.galaxies.blobs import add_blob
from skysieve.sources.simulators.galaxies.canvas import draw_canvas
from skysieve.sources.simulators.galaxies.edge_on import inclined_disc_light
from skysieve.sources.simulators.galaxies.measure import measure_light
from skysieve.sources.simulators.galaxies.neighbours import add_compact_galaxies
from skysieve.sources.simulators.galaxies.sersic import (
    central_surface_brightness,
    magnitude_of_surface_brightness,
    mean_surface_brightness,
    sersic_b,
    sersic_light,
)
from skysieve.sources.simulators.galaxies.spiral_disc import SpiralDisc, paint_spiral_disc
from skysieve.sources.simulators.galaxies.survey import Survey
from skysieve.sources.simulators.galaxies.texture import power_law_field

ROUND = Survey(seeing=(1.2, 1.0, 0.8), seeing_scatter=0.0, ellipticity=0.0)


def canvas_of(size=64, pixel=0.4, survey=ROUND, seed=1):
    return draw_canvas(survey, np.random.default_rng(seed), size, pixel)


@pytest.mark.parametrize("n", [0.5, 0.8, 1.0, 2.5, 4.0, 6.0])
def test_half_of_the_light_lies_within_the_half_light_ellipse(n):
    assert sersic_b(n) == pytest.approx(gammaincinv(2.0 * n, 0.5), rel=4e-4)


def test_magnitude_and_surface_brightness_of_an_exponential_disc():
    # By hand: the flux is 2 pi h^2 q times the central one, and r_e = 1.678 h.
    h, q, mu_0 = 3.0, 0.6, 23.5
    magnitude = mu_0 - 2.5 * log10(2.0 * pi * h**2 * q)
    mean = mean_surface_brightness(magnitude, 1.6783 * h, q)
    assert central_surface_brightness(mean, 1.0) == pytest.approx(mu_0, abs=1e-3)
    assert magnitude_of_surface_brightness(mean, 1.6783 * h, q) == pytest.approx(magnitude)


@given(
    n=st.floats(0.5, 5.0),
    r_e=st.floats(1.0, 6.0),
    axis_ratio=st.floats(0.3, 1.0),
    angle=st.floats(0.0, pi),
)
@settings(max_examples=25, deadline=None)
def test_profile_is_that_of_galsim(n, r_e, axis_ratio, angle):
    n = round(n, 1)
    axis = np.linspace(-8.0, 8.0, 65, dtype=np.float32)
    light = sersic_light(
        axis[None, :], axis[:, None], r_e=r_e, n=n, axis_ratio=axis_ratio, angle=angle, cell=0.25
    )
    # GalSim keeps the area of an ellipse, the semi-major axis is longer than its radius.
    profile = galsim.Sersic(n=n, half_light_radius=r_e * axis_ratio**0.5)
    profile = profile.shear(q=axis_ratio, beta=angle * galsim.radians)
    for column, row in ((50, 40), (10, 30), (32, 60)):
        expected = profile.xValue(float(axis[column]), float(axis[row])) * 0.25**2
        assert light[row, column] == pytest.approx(expected, rel=3e-3, abs=1e-8)


@pytest.mark.parametrize(("n", "r_e"), [(0.6, 2.0), (1.0, 0.8), (2.5, 1.5), (4.0, 2.0)])
def test_galaxy_is_seen_as_galsim_draws_it(n, r_e):
    canvas = canvas_of()
    x, y = 0.33, -0.21
    light = sersic_light(
        canvas.x - np.float32(x),
        canvas.y - np.float32(y),
        r_e=r_e,
        n=n,
        axis_ratio=0.7,
        angle=0.5,
        cell=canvas.cell,
    )
    canvas.subject.add(light, np.array([1.0, 1.0, 1.0]))
    profile = galsim.Sersic(n=n, half_light_radius=r_e * 0.7**0.5).shear(q=0.7, beta=0.5 * galsim.radians)
    for seen, seeing in zip(canvas.observe(canvas.subject), ROUND.seeing, strict=True):
        psf = galsim.Moffat(beta=2.5, fwhm=seeing)
        expected = galsim.Convolve(profile.shift(x, y), psf).drawImage(nx=64, ny=64, scale=0.4).array
        assert np.abs(seen - expected).max() < 0.03 * expected.max()
        assert seen.sum() == pytest.approx(expected.sum(), rel=0.01)


def test_stars_have_the_width_that_is_set():
    canvas = canvas_of(size=96, pixel=0.1)
    canvas.field.add_star(0.0, 0.0, np.array([1.0, 2.0, 3.0]))
    for seen, seeing, flux in zip(canvas.observe(canvas.field), ROUND.seeing, (1, 2, 3), strict=True):
        expected = galsim.Moffat(beta=2.5, fwhm=seeing, flux=flux).drawImage(nx=96, ny=96, scale=0.1).array
        assert np.abs(seen - expected).max() < 0.005 * expected.max()
        along = seen[47] + seen[48]
        above = np.flatnonzero(along > 0.5 * along.max())
        assert 0.1 * len(above) == pytest.approx(seeing, abs=0.11)


def test_stars_off_the_canvas_leave_no_trace():
    canvas = canvas_of()
    canvas.subject.add_star(100.0, 0.0, np.ones(3))
    assert not canvas.observe(canvas.subject).any()


@pytest.mark.parametrize("size", [32, 63, 64])
def test_light_is_where_it_was_painted(size):
    canvas = canvas_of(size=size)
    add_blob(canvas, canvas.subject, 2.0, -3.2, 0.5, np.ones(3))
    canvas.field.add_star(2.0, -3.2, np.ones(3))
    for layer in (canvas.subject, canvas.field):
        seen = canvas.observe(layer)[1].astype(np.float64)
        axis = (np.arange(size) - 0.5 * (size - 1)) * 0.4
        assert (seen.sum(axis=0) * axis).sum() / seen.sum() == pytest.approx(2.0, abs=0.03)
        assert (seen.sum(axis=1) * axis).sum() / seen.sum() == pytest.approx(-3.2, abs=0.03)


def test_noise_is_that_of_the_survey_and_of_the_photons():
    canvas = canvas_of(size=128)
    empty = canvas.expose(np.zeros((3, 128, 128), np.float32))
    deviation = 1.4826 * np.median(np.abs(empty - np.median(empty, axis=(1, 2), keepdims=True)), axis=(1, 2))
    assert deviation == pytest.approx(ROUND.noise(0.4), rel=0.03)
    bright = 3.0 * ROUND.sky_flux(0.4).astype(np.float32)[:, None, None] * np.ones((3, 128, 128), np.float32)
    assert canvas.expose(bright).std(axis=(1, 2)) == pytest.approx(2.0 * ROUND.noise(0.4), rel=0.03)


def test_compact_galaxies_keep_their_flux():
    canvas = canvas_of()
    x, fluxes = np.linspace(-9.0, 9.0, 7), np.full((7, 3), (1.0, 2.0, 4.0))
    add_compact_galaxies(canvas, canvas.field, x, 0.5 * x, fluxes, np.linspace(0.1, 0.8, 7), canvas.rng)
    assert canvas.field.fluxes == pytest.approx([7.0, 14.0, 28.0], rel=1e-4)
    assert canvas.observe(canvas.field).sum(axis=(1, 2)) == pytest.approx([7.0, 14.0, 28.0], rel=0.03)


def test_compact_galaxies_at_the_edge_are_cut_off():
    canvas = canvas_of()
    edge = float(canvas.x[0, -1])
    add_compact_galaxies(
        canvas,
        canvas.field,
        np.array([edge, -edge]),
        np.array([edge, 0.0]),
        np.ones((2, 3)),
        np.array([0.5, 0.5]),
        canvas.rng,
    )
    assert 0.5 < canvas.field.fluxes[0] < 1.0


@pytest.mark.parametrize(
    ("x", "y"), [(500.0, 0.0), (-500.0, 0.0), (0.0, 500.0), (-24.0, -500.0), (-22.5, 0.0)]
)
def test_compact_galaxies_off_the_canvas_leave_no_trace(x, y):
    canvas = canvas_of()
    place = np.array([x]), np.array([y])
    add_compact_galaxies(canvas, canvas.field, *place, np.ones((1, 3)), np.array([0.2]), canvas.rng)
    assert canvas.field.fluxes[0] == pytest.approx(0.0, abs=1e-3)


def disc_of(**changes):
    shape = {
        "x": 0.0,
        "y": 0.0,
        "scale": 2.5,
        "inclination": 0.0,
        "angle": 0.4,
        "arms": 2,
        "pitch": 18.0,
        "phase": 1.0,
        "sharpness": 2.0,
        "young": 0.5,
        "ragged": 0.0,
        "bulge": 0.05,
        "bulge_n": 1.0,
        "bar": 0.0,
        "dust": 0.0,
        "knots": 0,
    }
    return SpiralDisc(**(shape | changes))


@pytest.mark.parametrize("arms", [2, 3, 4])
def test_arms_are_as_many_as_are_true(arms):
    canvas = canvas_of()
    paint_spiral_disc(canvas, canvas.subject, disc_of(arms=arms, pitch=25.0), 16.0)
    angles = np.linspace(0.0, 2.0 * pi, 128, endpoint=False)
    power = np.zeros(65)
    for radius in (3.0, 4.0, 5.0, 6.0):
        columns = np.rint((radius * np.cos(angles) - canvas.x[0, 0]) / canvas.cell).astype(int)
        rows = np.rint((radius * np.sin(angles) - canvas.x[0, 0]) / canvas.cell).astype(int)
        power += np.abs(np.fft.rfft(canvas.subject.light[0, rows, columns]))
    assert int(power[1:12].argmax()) + 1 == arms


def test_arms_turn_as_their_pitch_says():
    disc = disc_of(pitch=-20.0)
    assert disc.arm_azimuth(6.0, 0) < disc.arm_azimuth(3.0, 0)
    slope = (disc.arm_azimuth(6.0, 0) - disc.arm_azimuth(3.0, 0)) / np.log(2.0)
    assert np.degrees(np.arctan(1.0 / slope)) == pytest.approx(-20.0)


@pytest.mark.parametrize("changes", [{}, {"bar": 1.0, "bulge": 0.3}, {"knots": 30, "ragged": 0.5}])
def test_a_dustless_disc_has_its_magnitude(changes):
    canvas = canvas_of(size=96)
    paint_spiral_disc(canvas, canvas.subject, disc_of(scale=2.0, **changes), 16.0)
    seen = measure_light(canvas, canvas.subject, (0.0, 0.0), 1.0, 0.0)
    assert seen.magnitudes[1] == pytest.approx(16.0, abs=0.12)
    in_bar = 0.8 if changes.get("bulge") else 1.0
    assert seen.r_e == pytest.approx(1.9 * 2.0 * in_bar, rel=0.25)


def test_dust_dims_and_reddens():
    magnitudes = []
    for dust in (0.0, 1.5):
        canvas = canvas_of()
        paint_spiral_disc(canvas, canvas.subject, disc_of(dust=dust), 16.0)
        magnitudes.append(measure_light(canvas, canvas.subject, (0.0, 0.0), 1.0, 0.0).magnitudes)
    g, r, z = np.subtract(magnitudes[1], magnitudes[0])
    assert g > r > z > 0.0


def test_inclined_disc_lies_where_it_should():
    canvas = canvas_of()
    light = inclined_disc_light(canvas, (1.0, -2.0), 1.5, 0.1, 88.0, 0.6)
    u, v = canvas.x - 1.0, canvas.y + 2.0
    total = light.sum()
    assert total == pytest.approx(1.0, abs=0.01)
    along = np.cos(0.6) * u + np.sin(0.6) * v
    across = np.cos(0.6) * v - np.sin(0.6) * u
    assert (light * along).sum() == pytest.approx(0.0, abs=0.02)
    assert (light * across).sum() == pytest.approx(0.0, abs=0.02)
    # An exponential disc has a mean square of 3 h^2 along any diameter; sech2(z / h) has pi^2 h^2 / 12.
    assert (light * along**2).sum() == pytest.approx(3.0 * 1.5**2, rel=0.05)
    assert (light * across**2).sum() < 0.1 * (light * along**2).sum()


def test_half_light_radius_of_a_known_profile():
    canvas = canvas_of(size=96)
    light = sersic_light(canvas.x, canvas.y, r_e=3.0, n=1.0, axis_ratio=0.5, angle=1.0, cell=canvas.cell)
    canvas.subject.add(light, canvas.survey.flux(np.array([20.0, 19.5, 19.2])))
    seen = measure_light(canvas, canvas.subject, (0.0, 0.0), 0.5, 1.0)
    assert seen.magnitudes == pytest.approx((20.0, 19.5, 19.2), abs=0.01)
    assert seen.r_e == pytest.approx(3.0, rel=0.03)


@given(exponent=st.floats(-4.0, -1.0), seed=st.integers(0, 99))
@settings(max_examples=15, deadline=None)
def test_texture_has_its_power_law(exponent, seed):
    field = power_law_field(np.random.default_rng(seed), 192, exponent)
    assert float(field.mean()) == pytest.approx(0.0, abs=1e-4)
    assert float(field.std()) == pytest.approx(1.0, abs=1e-3)
    power = np.abs(np.fft.rfft2(field)) ** 2
    wave = np.hypot(np.fft.rfftfreq(192, 1 / 192)[None, :], np.fft.fftfreq(192, 1 / 192)[:, None])
    bins = [power[(wave > low) & (wave <= 1.5 * low)].mean() for low in (4.0, 40.0)]
    assert np.log10(bins[1] / bins[0]) == pytest.approx(exponent, abs=0.35)
