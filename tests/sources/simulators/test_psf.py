import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skysieve.sources.simulators.psf import BETA, MoffatPsf, grid_of, points, to_image, trail

GRID = grid_of(63)
CENTRE = st.floats(20.0, 42.0)


def render(psf: MoffatPsf, x: float, y: float, flux: float = 1.0) -> np.ndarray:
    return to_image(GRID, points(GRID, x, y, flux) * psf.spectrum(GRID))


def moffat_by_quadrature(fwhm: float, x: float, y: float, steps: int = 15) -> np.ndarray:
    """Integrate the textbook Moffat profile over each pixel of a 63 x 63 image."""
    core = fwhm / (2.0 * np.sqrt(2.0 ** (1.0 / BETA) - 1.0))
    offsets = (np.arange(steps) - (steps - 1) / 2.0) / steps
    rows, columns = np.mgrid[:63, :63]
    image = np.zeros((63, 63))
    for dy in offsets:
        for dx in offsets:
            image += (1.0 + ((columns + dx - x) ** 2 + (rows + dy - y) ** 2) / core**2) ** -BETA
    return image / steps**2 * (BETA - 1.0) / (np.pi * core**2)


@pytest.mark.parametrize(("fwhm", "x", "y"), [(1.4, 31.3, 30.8), (2.0, 31.5, 31.0), (3.0, 25.2, 36.0)])
def test_rendering_agrees_with_quadrature_of_the_profile(fwhm: float, x: float, y: float) -> None:
    expected = moffat_by_quadrature(fwhm, x, y)
    difference = render(MoffatPsf(fwhm), x, y) - expected
    assert np.abs(difference).max() < 2e-3 * expected.max()


@given(fwhm=st.floats(1.2, 5.0), x=CENTRE, y=CENTRE, plus=st.floats(-0.2, 0.2))
@settings(max_examples=40, deadline=None)
def test_psf_is_normalised(fwhm: float, x: float, y: float, plus: float) -> None:
    total = render(MoffatPsf(fwhm, plus), x, y, 1000.0).sum()
    # The wings of beta = 5/2 hold up to (r / core)^-3 of the light beyond the image.
    assert 960.0 < total < 1003.0


@given(x=CENTRE, y=CENTRE, fwhm=st.floats(1.2, 3.0))
@settings(max_examples=40, deadline=None)
def test_centroid_is_where_asked(x: float, y: float, fwhm: float) -> None:
    image = render(MoffatPsf(fwhm), x, y)
    column, row = round(x), round(y)
    # A window that is symmetric about the asked centre keeps the wings, cut off by the border, out of it.
    rows, columns = np.mgrid[:63, :63]
    weight = image * np.exp(-0.5 * ((columns - x) ** 2 + (rows - y) ** 2) / 4.0)
    assert abs((weight * columns).sum() / weight.sum() - x) < 0.02
    assert abs((weight * rows).sum() / weight.sum() - y) < 0.02
    assert image[row, column] == pytest.approx(image.max(), rel=0.25)


def test_noise_pixels_is_the_inverse_sum_of_squares() -> None:
    psf = MoffatPsf(1.6, 0.1, -0.05)
    offsets = np.linspace(-0.5, 0.5, 6)[:-1]
    squares = [(render(psf, 31.0 + dx, 31.0 + dy) ** 2).sum() for dx in offsets for dy in offsets]
    assert psf.noise_pixels(GRID) == pytest.approx(1.0 / np.mean(squares), rel=2e-3)


def test_stretch_elongates_in_the_named_direction() -> None:
    rows, columns = np.mgrid[:63, :63] - 31
    core = (np.abs(rows) < 6) & (np.abs(columns) < 6)

    def moments(psf: MoffatPsf) -> tuple[float, float, float]:
        light = render(psf, 31, 31) * core
        return (light * columns**2).sum(), (light * rows**2).sum(), (light * rows * columns).sum()

    along_x, along_y, _ = moments(MoffatPsf(2.0, 0.2))
    assert along_x > 1.2 * along_y
    assert moments(MoffatPsf(2.0, 0.0, 0.2))[2] > 0.05 * along_x


def test_many_sources_are_the_sum_of_each() -> None:
    rng = np.random.default_rng(5)
    x, y, flux = rng.uniform(0, 62, 200), rng.uniform(0, 62, 200), rng.uniform(-5, 50, 200)
    psf = MoffatPsf(1.5).spectrum(GRID)
    together = to_image(GRID, points(GRID, x, y, flux) * psf)
    apart = sum(to_image(GRID, points(GRID, *one) * psf) for one in zip(x, y, flux, strict=True))
    np.testing.assert_allclose(together, apart, atol=1e-9)


def test_no_source_gives_no_light() -> None:
    assert not to_image(GRID, points(GRID, [], [], [])).any()


def test_trail_spreads_light_evenly_over_its_length() -> None:
    psf = MoffatPsf(1.5).spectrum(GRID)
    image = to_image(GRID, points(GRID, 31.0, 31.0, 100.0) * trail(GRID, 10.0, 0.0) * psf)
    profile = image.sum(axis=0)
    assert profile[29:34] == pytest.approx(9.9, rel=0.02)
    assert profile[20] < 0.5
    assert image.sum() == pytest.approx(99.6, abs=0.6)


def test_grid_is_shared() -> None:
    assert grid_of(63) is grid_of(63)
    assert grid_of(31).period >= 46
