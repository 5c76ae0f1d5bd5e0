import numpy as np
import pytest

from skysieve.detection.psf_width import estimate_fwhm
from skysieve.errors import InputError
from skysieve.sources.simulators.streaks.trail import add_trail


def field(fwhm: float, stars: int = 60, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    image = rng.normal(150.0, 6.0, (500, 500)).astype(np.float32)
    for x, y, flux in zip(*rng.uniform(10, 490, (2, stars)), 10 ** rng.uniform(3.6, 5.0, stars), strict=True):
        add_trail(image, x, y, x, y, flux=flux, fwhm=fwhm)
    return image


@pytest.mark.parametrize("fwhm", [1.6, 2.2, 4.0])
def test_width_of_stars_comes_back(fwhm: float) -> None:
    image = field(fwhm)
    assert estimate_fwhm(image, np.ones(image.shape, bool)) == pytest.approx(fwhm, rel=0.03)


def test_cosmic_rays_and_masks_do_not_disturb() -> None:
    image, rng = field(2.2), np.random.default_rng(2)
    image[rng.integers(10, 490, 40), rng.integers(10, 490, 40)] += 3e3
    valid = np.ones(image.shape, bool)
    valid[:, 200:230] = False
    image[~valid] = np.nan
    assert estimate_fwhm(image, valid) == pytest.approx(2.2, rel=0.03)


def test_too_few_stars_are_an_error_that_says_what_to_do() -> None:
    image = field(2.0, stars=2)
    with pytest.raises(InputError, match="give the FWHM of the PSF") as caught:
        estimate_fwhm(image, np.ones(image.shape, bool))
    assert caught.value.kind == "no-stars"
