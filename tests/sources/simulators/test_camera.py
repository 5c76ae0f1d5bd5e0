import numpy as np
import pytest

from skysieve.errors import ConfigurationError
from skysieve.sources.simulators.camera import Band, Camera, Exposure
from skysieve.sources.simulators.psf import MoffatPsf, grid_of

BAND = Band(2, "r", zero_point=26.2, sky=165.0, share=1.0)
EXPOSURE = Exposure(BAND, 26.2, 165.0, MoffatPsf(1.5), gain=5.0, read_noise=2.8, seconds=30.0)


@pytest.mark.parametrize("magnitude", [14.0, 17.5, 20.0])
def test_flux_of_a_rendered_source_is_that_of_its_magnitude(magnitude: float) -> None:
    image = EXPOSURE.point_source(31.2, 30.7, magnitude)
    assert image.sum() == pytest.approx(10.0 ** (0.4 * (26.2 - magnitude)), rel=2e-3)


def test_magnitude_and_counts_invert_each_other() -> None:
    assert EXPOSURE.magnitude(float(EXPOSURE.counts(18.3))) == pytest.approx(18.3)
    assert np.isnan(EXPOSURE.magnitude(-3.0))


def test_noise_is_that_of_photons_and_readout() -> None:
    rng = np.random.default_rng(1)
    noisy = EXPOSURE.add_noise(np.full((400, 400), 165.0 + 40.0), rng)
    assert noisy.mean() == pytest.approx(205.0, abs=0.1)
    assert noisy.std() == pytest.approx(np.sqrt(205.0 / 5.0 + 2.8**2), rel=0.01)
    assert noisy.std() == pytest.approx(EXPOSURE.pixel_noise(40.0), rel=0.01)


def test_limiting_magnitude_is_where_a_psf_fit_has_five_sigma() -> None:
    limit = EXPOSURE.limiting_magnitude()
    psf = EXPOSURE.point_source(31.0, 31.0, 26.2)
    fits = []
    rng = np.random.default_rng(2)
    for _ in range(300):
        image = EXPOSURE.add_noise(EXPOSURE.point_source(31.0, 31.0, limit) + 165.0, rng) - 165.0
        fits.append((image * psf).sum() / (psf**2).sum())
    # A source on a pixel's centre is a little sharper than the mean over positions.
    assert np.mean(fits) / np.std(fits) == pytest.approx(5.0, rel=0.2)


def test_trail_keeps_the_flux() -> None:
    trailed = EXPOSURE.point_source(31.0, 31.0, 18.0, length=(4.0, 3.0))
    still = EXPOSURE.point_source(31.0, 31.0, 18.0)
    assert trailed.sum() == pytest.approx(still.sum(), rel=1e-3)
    assert trailed.max() < 0.5 * still.max()


def test_longer_exposures_go_deeper() -> None:
    short, long = (
        Camera(exposure_time=time, zero_point_scatter=0.0).draw_exposure(np.random.default_rng(1), BAND)
        for time in (30.0, 120.0)
    )
    assert long.sky == pytest.approx(4.0 * short.sky)
    assert long.limiting_magnitude() - short.limiting_magnitude() == pytest.approx(0.75, abs=0.15)


def test_template_is_deeper_and_on_the_scale_of_the_science_exposure() -> None:
    rng = np.random.default_rng(4)
    science = Camera().draw_exposure(rng)
    template = Camera().draw_template(rng, science)
    assert (template.zero_point, template.sky) == (science.zero_point, science.sky)
    assert template.pixel_noise() == pytest.approx(science.pixel_noise() / np.sqrt(20.0))


def test_seeing_has_the_median_asked_for() -> None:
    rng = np.random.default_rng(0)
    widths = [Camera().draw_exposure(rng).psf.fwhm * 1.01 for _ in range(400)]
    assert np.median(widths) == pytest.approx(1.45, rel=0.04)


@pytest.mark.parametrize("setting", [{"gain": 0.0}, {"pixel_scale": -1.0}, {"bands": ()}])
def test_impossible_cameras_are_refused(setting: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(setting))):
        Camera(**setting)  # type: ignore[arg-type]


def test_grid_of_any_size_renders_the_same_source() -> None:
    small, large = (EXPOSURE.point_source(15.0, 15.0, 20.0, size=size) for size in (31, 63))
    assert grid_of(31).period != grid_of(63).period
    # The periodic wings differ by less than a thousandth of the peak.
    np.testing.assert_allclose(small[5:26, 5:26], large[5:26, 5:26], atol=1e-3 * large.max())
