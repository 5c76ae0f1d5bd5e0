import numpy as np
import pytest

from skysieve.sources.simulators.hosts import Galaxy, draw_field_galaxy, draw_host
from skysieve.sources.simulators.psf import MoffatPsf, grid_of, to_image

GRID = grid_of(127)


def image_of(galaxy: Galaxy, flux: float = 1000.0) -> np.ndarray:
    return to_image(GRID, galaxy.spectrum(GRID, flux) * MoffatPsf(0.8).spectrum(GRID))


def test_disc_follows_the_exponential_law() -> None:
    image = image_of(Galaxy(63, 63, 18.0, half_light=10.0, bulge=0.0, axis_ratio=1.0, angle=0.0))
    scale = 10.0 / 1.67835
    radius = np.array([10, 15, 20, 25, 30])
    expected = 1000.0 / (2.0 * np.pi * scale**2) * np.exp(-radius / scale)
    np.testing.assert_allclose(image[63, 63 + radius], expected, rtol=0.06)


def test_half_of_the_light_is_within_the_half_light_radius() -> None:
    rows, columns = np.mgrid[:127, :127] - 63.0
    disc = image_of(Galaxy(63, 63, 18.0, half_light=12.0, bulge=0.0, axis_ratio=1.0, angle=0.0))
    assert disc[np.hypot(rows, columns) < 12.0].sum() == pytest.approx(500.0, rel=0.03)
    bulge = image_of(Galaxy(63, 63, 18.0, half_light=24.0, bulge=1.0, axis_ratio=1.0, angle=0.0))
    assert bulge[np.hypot(rows, columns) < 8.0].sum() == pytest.approx(500.0, rel=0.05)


def test_angle_turns_from_x_to_y() -> None:
    image = image_of(Galaxy(63, 63, 18.0, half_light=8.0, bulge=0.0, axis_ratio=0.3, angle=np.pi / 2))
    assert image[63 + 12, 63] > 5.0 * image[63, 63 + 12]


@pytest.mark.parametrize("radii", [0.0, 0.7, 2.0])
def test_host_holds_the_centre_at_the_radius_asked_for(radii: float) -> None:
    galaxy = draw_host(np.random.default_rng(3), 31.0, 17.0, bulge=0.2, radii=radii)
    dx, dy = 31.0 - galaxy.x, 31.0 - galaxy.y
    cosine, sine = np.cos(galaxy.angle), np.sin(galaxy.angle)
    major, minor = dx * cosine + dy * sine, dy * cosine - dx * sine
    ellipse = np.hypot(major * np.sqrt(galaxy.axis_ratio), minor / np.sqrt(galaxy.axis_ratio))
    assert ellipse == pytest.approx(radii * galaxy.half_light)


def test_field_galaxies_are_faint() -> None:
    rng = np.random.default_rng(0)
    magnitudes = [draw_field_galaxy(rng, 63).magnitude for _ in range(200)]
    assert 16.9 < min(magnitudes) < max(magnitudes) <= 22.0
