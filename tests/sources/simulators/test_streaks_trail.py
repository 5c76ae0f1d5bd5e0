import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skysieve.sources.simulators.psf import MoffatPsf, grid_of, points, to_image
from skysieve.sources.simulators.streaks.trail import add_trail, trail_peak, trail_pixels

inside = st.floats(60.0, 100.0)
ellipticity = st.tuples(st.floats(-0.25, 0.25), st.floats(-0.25, 0.25))


def rendered(*arguments: float, size: int = 161, **options: object) -> np.ndarray:
    image = np.zeros((size, size))
    add_trail(image, *arguments, **options)  # type: ignore[arg-type]
    return image


@given(inside, inside, inside, inside, st.floats(2.0, 4.0), ellipticity)
def test_flux_is_conserved(
    x1: float, y1: float, x2: float, y2: float, fwhm: float, stretch: tuple[float, float]
) -> None:
    image = rendered(x1, y1, x2, y2, 1.0, fwhm, ellipticity=stretch, reach=14.0)
    assert image.sum() == pytest.approx(1.0, abs=1.5e-3)


@given(inside, inside, inside, inside, st.floats(1.5, 4.0), ellipticity)
def test_both_ends_are_alike(
    x1: float, y1: float, x2: float, y2: float, fwhm: float, stretch: tuple[float, float]
) -> None:
    # So far out that the border of the rendered box, which is rounded to whole pixels, does not show.
    forth = rendered(x1, y1, x2, y2, 1.0, fwhm, ellipticity=stretch, reach=200.0)
    back = rendered(x2, y2, x1, y1, 1.0, fwhm, ellipticity=stretch, reach=200.0)
    np.testing.assert_allclose(forth, back, rtol=1e-9, atol=1e-12)
    mirrored = rendered(160 - x1, 160 - y1, 160 - x2, 160 - y2, 1.0, fwhm, ellipticity=stretch, reach=200.0)
    np.testing.assert_allclose(forth, mirrored[::-1, ::-1], rtol=1e-9, atol=1e-12)


def test_is_the_mean_of_stars_along_the_segment() -> None:
    stretch = (0.2, -0.15)
    trail = rendered(60.3, 70.2, 98.7, 92.9, 1.0, 2.4, ellipticity=stretch)
    stars = np.zeros_like(trail)
    for t in (np.arange(1000) + 0.5) / 1000:
        x, y = 60.3 + t * 38.4, 70.2 + t * 22.7
        add_trail(stars, x, y, x, y, 1e-3, 2.4, ellipticity=stretch, reach=30.0)
    np.testing.assert_allclose(trail[50:110, 50:110], stars[50:110, 50:110], atol=4e-5 * trail.max())


def test_a_star_is_the_profile_of_the_alert_simulator() -> None:
    grid = grid_of(161)
    psf = MoffatPsf(2.6, 0.2, -0.15)
    spectrum = points(grid, 80.2, 79.7, 1.0) * psf.spectrum(grid) / grid.pixel
    expected = to_image(grid, spectrum)
    star = rendered(80.2, 79.7, 80.2, 79.7, 1.0, 2.6, ellipticity=(0.2, -0.15), reach=80.0)
    np.testing.assert_allclose(star, expected, atol=5e-4 * expected.max())


def test_short_trails_join_the_star() -> None:
    star = rendered(80.0, 80.0, 80.0, 80.0, 1.0, 2.0)
    np.testing.assert_allclose(rendered(79.999, 80.0, 80.001, 80.0, 1.0, 2.0), star, atol=1e-7)
    single = np.zeros((161, 161), np.float32)
    add_trail(single, 79.98, 80.0, 80.02, 80.0, 1.0, 2.0)
    np.testing.assert_allclose(single, star, atol=1e-4)


@pytest.mark.parametrize("length", [0.0, 1.0, 4.0, 15.0, 90.0])
def test_peak_and_noise_area(length: float) -> None:
    image = rendered(80.0 - length / 2, 80.0, 80.0 + length / 2, 80.0, 1.0, 3.0)
    assert trail_peak(length, 3.0) == pytest.approx(image[80, 80], rel=1e-9)
    assert trail_pixels(length, 3.0) == pytest.approx(1.0 / (image**2).sum(), rel=0.04)


def test_what_lies_outside_is_cut_off() -> None:
    whole = rendered(-50.0, 20.0, 300.0, 140.0, 1.0, 2.0)
    wide = rendered(50.0, 120.0, 400.0, 240.0, 1.0, 2.0, size=361)
    np.testing.assert_allclose(whole, wide[100:261, 100:261], atol=1e-12)
    assert not rendered(400.0, 400.0, 500.0, 450.0, 1.0, 2.0).any()
    assert not rendered(50.0, 50.0, 60.0, 60.0, 0.0, 2.0).any()
