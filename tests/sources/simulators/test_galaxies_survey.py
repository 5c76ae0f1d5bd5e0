from __future__ import annotations

import numpy as np
import pytest

from skysieve.configuration import override, parse_assignments
from skysieve.errors import ConfigurationError, UnknownNameError
from skysieve.sources.simulators.galaxies import SURVEYS, Stretch, Survey, survey_named
from skysieve.sources.simulators.galaxies.picture import to_picture
from skysieve.sources.simulators.galaxies.settings import GalaxySimulation


def test_depth_is_three_sigma_in_boxes_of_ten_arcsec():
    survey = Survey(depth=(28.0, 27.0, 26.0))
    pixel = 0.5
    sigma_of_box = survey.noise(pixel) * np.sqrt(100.0 / pixel**2)
    limit = survey.magnitude(3.0 * sigma_of_box / 100.0)
    assert limit == pytest.approx([28.0, 27.0, 26.0])


def test_noise_of_des_gives_its_published_magnitudes():
    # 10 sigma in apertures of 1.95 arcsec (Abbott et al. 2018).
    pixels = np.pi * 0.975**2 / 0.263**2
    limit = Survey().magnitude(10.0 * Survey().noise(0.263) * np.sqrt(pixels))
    assert limit == pytest.approx([24.33, 24.08, 22.69], abs=0.05)


def test_hsc_is_deeper_and_sharper():
    des, hsc = SURVEYS["des"], survey_named("hsc")
    assert all(a > b + 0.5 for a, b in zip(hsc.depth, des.depth, strict=True))
    assert all(a < b for a, b in zip(hsc.seeing, des.seeing, strict=True))
    assert hsc.stretch != des.stretch


def test_zero_point_moves_fluxes_not_magnitudes():
    low, high = Survey(zero_point=22.5), Survey(zero_point=25.0)
    assert high.noise(0.3) == pytest.approx(10.0 * low.noise(0.3))
    assert float(high.magnitude(high.flux(19.0))) == pytest.approx(19.0)
    assert np.isnan(low.magnitude(np.array([-1.0, 0.0]))).all()


def test_settings_come_as_assignments():
    values = parse_assignments(["survey.seeing=[2, 1.9, 1.8]", "survey.stretch.softening=5"])
    survey = override(GalaxySimulation(), values).survey
    assert survey.seeing == (2.0, 1.9, 1.8)
    assert survey.stretch == Stretch(softening=5.0)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"pixel_scale": 0.0}, r"survey.pixel_scale is 0.0; give a number above 0"),
        ({"pixel_scale": float("nan")}, "survey.pixel_scale is nan"),
        ({"seeing": (1.0, -1.0, 1.0)}, r"survey.seeing is \(1.0, -1.0, 1.0\); give numbers above 0"),
        ({"seeing": (1.0, 1.0)}, "has 2 numbers.*one for each of g, r, z"),
        ({"depth": (28.0, float("inf"), 27.0)}, "survey.depth.*give magnitudes"),
        ({"ellipticity": 0.7}, "survey.ellipticity is 0.7; give a number from 0 to 0.3"),
        ({"seeing_scatter": -0.1}, "survey.seeing_scatter is -0.1"),
        ({"zero_point": float("nan")}, "survey.zero_point is nan; give a magnitude"),
    ],
)
def test_wrong_settings_are_refused(setting, message):
    with pytest.raises(ConfigurationError, match=message):
        Survey(**setting)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"scales": (1.0, 0.0, 1.0)}, "survey.stretch.scales.*above 0"),
        ({"softening": 0.0}, "survey.stretch.softening is 0.0"),
        ({"offset": 1.5}, "survey.stretch.offset is 1.5; give a number from 0, black"),
    ],
)
def test_wrong_stretches_are_refused(setting, message):
    with pytest.raises(ConfigurationError, match=message):
        Stretch(**setting)


def test_unknown_surveys_are_refused():
    with pytest.raises(UnknownNameError, match="no simulated survey is called 'sdss'; known are: des, hsc"):
        survey_named("sdss")


def test_picture_is_the_stretch_of_the_legacy_viewer():
    fluxes = np.array([0.02, 0.05, 0.08], np.float32).reshape(3, 1, 1)
    blue, green, red = 0.02 * 6.0 + 0.03, 0.05 * 3.4 + 0.03, 0.08 * 2.2 + 0.03
    mean = (red + green + blue) / 3.0
    expected = np.array([red, green, blue]) / mean * np.arcsinh(20.0 * mean) / np.sqrt(20.0) * 255.0
    assert to_picture(fluxes, Survey(), 0.262).ravel() == pytest.approx(np.rint(expected))


def test_picture_depends_on_surface_brightness_only():
    rng = np.random.default_rng(1)
    fluxes = rng.normal(0.02, 0.02, (3, 20, 20)).astype(np.float32)
    same = to_picture(fluxes * np.float32(4.0), Survey(), 0.524)
    assert np.array_equal(same, to_picture(fluxes, Survey(), 0.262))
    brighter = Survey(zero_point=25.0)
    other = to_picture(fluxes * np.float32(10.0), brighter, 0.262)
    assert np.abs(other.astype(int) - to_picture(fluxes, Survey(), 0.262)).max() <= 1


def test_picture_is_cut_off_at_black_and_white():
    extremes = np.array([-5.0, 500.0], np.float32).reshape(1, 1, 2).repeat(3, axis=0)
    assert to_picture(extremes, Survey(), 0.262)[:, 0].T.tolist() == [[0, 0, 0], [255, 255, 255]]
