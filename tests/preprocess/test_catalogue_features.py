"""Catalogue features against analytic galaxies, and the reasons where there is nothing to measure."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from skysieve.errors import ConfigurationError, ContractError
from skysieve.preprocess.catalogue_features import (
    CatalogueOptions,
    feature_names,
    measure_catalogue_features,
    with_catalogue_features,
)
from skysieve.samples import Description, SampleSet, TensorColumn

SIDE = 64
OPTIONS = CatalogueOptions(pixel_scale=0.5, zero_point=30.0, radius=True)


def gaussian(
    flux: float = 20_000.0, sigma: float = 4.0, ratio: float = 1.0, x: float = 31.5, y: float = 31.5
) -> NDArray[np.float64]:
    """Return an elliptical Gaussian galaxy along the columns."""
    rows, columns = np.mgrid[:SIDE, :SIDE].astype(float)
    radius2 = ((columns - x) / sigma) ** 2 + ((rows - y) / (sigma * ratio)) ** 2
    return np.asarray(flux / (2 * np.pi * sigma**2 * ratio) * np.exp(-radius2 / 2))


def cutout(*bands: NDArray[np.float64], sky: float = 0.0, seed: int = 1) -> NDArray[np.float64]:
    noise = np.random.default_rng(seed).normal(sky, 1.0, (len(bands), SIDE, SIDE))
    return np.stack(bands) + noise


def measured(image: NDArray[np.float64], options: CatalogueOptions = OPTIONS) -> dict[str, float]:
    found = measure_catalogue_features(image[None], options)
    assert found.reasons == ("",)
    return dict(zip(found.names, found.values[0].tolist(), strict=True))


def test_the_names_are_the_published_sixteen_and_nineteen() -> None:
    names = feature_names(CatalogueOptions(bands=("g", "r", "z")))
    assert names == (
        "ellipticity", "mag_g", "mag_r", "mag_z", "g-z", "g-r", "r-z",
        "mu_mean_g", "mu_mean_r", "mu_mean_z", "mu_central_g", "mu_central_r", "mu_central_z",
        "mu_effective_g", "mu_effective_r", "mu_effective_z",
    )  # fmt: skip
    assert feature_names(OPTIONS)[16:] == ("flux_radius_g", "flux_radius_r", "flux_radius_i")


def test_a_round_gaussian_is_what_it_is() -> None:
    galaxy = gaussian(sigma=4.0)
    found = measured(cutout(galaxy, 2 * galaxy, 4 * galaxy, sky=100.0))
    half_light = 4.0 * np.sqrt(2 * np.log(2))
    assert found["mag_g"] == pytest.approx(30 - 2.5 * np.log10(20_000), abs=0.03)
    assert found["g-r"] == pytest.approx(2.5 * np.log10(2), abs=0.02)
    assert found["g-i"] == pytest.approx(2.5 * np.log10(4), abs=0.02)
    assert found["g-i"] == pytest.approx(found["g-r"] + found["r-i"])
    assert found["ellipticity"] < 0.05
    assert found["flux_radius_r"] == pytest.approx(half_light, rel=0.03)
    mean = 0.5 * 20_000 / (np.pi * half_light**2 * 0.25)
    assert found["mu_mean_g"] == pytest.approx(30 - 2.5 * np.log10(mean), abs=0.1)
    # A Gaussian has half its central brightness at the half-light radius.
    peak = galaxy.max() / 0.25
    assert found["mu_central_g"] == pytest.approx(30 - 2.5 * np.log10(peak), abs=0.05)
    assert found["mu_effective_g"] == pytest.approx(30 - 2.5 * np.log10(peak / 2), abs=0.1)


@settings(max_examples=15, deadline=None)
@given(st.floats(0.4, 1.0), st.integers(0, 3), st.floats(50, 1e4))
def test_ellipticity_does_not_depend_on_orientation_and_sky(ratio: float, turns: int, sky: float) -> None:
    galaxy = np.rot90(gaussian(ratio=ratio), turns)
    found = measured(cutout(galaxy, galaxy, galaxy, sky=sky))
    assert found["ellipticity"] == pytest.approx(1 - ratio, abs=0.05)
    assert found["mag_r"] == pytest.approx(30 - 2.5 * np.log10(20_000), abs=0.05)


def test_a_neighbour_does_not_count() -> None:
    galaxy, neighbour = gaussian(), gaussian(flux=60_000.0, sigma=2.0, x=56.0, y=8.0)
    alone, crowded = (measured(cutout(*[image] * 3)) for image in (galaxy, galaxy + neighbour))
    assert crowded["mag_r"] == pytest.approx(alone["mag_r"], abs=0.05)
    assert crowded["ellipticity"] == pytest.approx(alone["ellipticity"], abs=0.05)


def test_what_cannot_be_measured_is_nan_with_its_reason() -> None:
    galaxy = gaussian()
    images = np.stack(
        [
            np.full((3, SIDE, SIDE), np.nan),
            cutout(*[np.zeros((SIDE, SIDE))] * 3),
            cutout(*[gaussian(x=60.0, y=60.0)] * 3),
            cutout(galaxy, galaxy, -0.3 * galaxy),
            np.zeros((3, SIDE, SIDE)),
        ]
    )
    found = measure_catalogue_features(images, OPTIONS)
    assert found.reasons == (
        "no-pixels", "nothing-detected", "nothing-detected", "no-flux: i", "nothing-detected"
    )  # fmt: skip
    assert np.isnan(found.values[[0, 1, 2, 4]]).all()
    columns = {name: values[3] for name, values in found.columns().items()}
    assert {name for name, value in columns.items() if np.isnan(value)} >= {
        "mag_i",
        "g-i",
        "r-i",
        "mu_mean_i",
    }
    assert np.isfinite([columns["ellipticity"], columns["mag_g"], columns["g-r"]]).all()


def test_unmeasured_pixels_are_left_out() -> None:
    galaxy = gaussian()
    image = cutout(galaxy, galaxy, galaxy)
    holed = image.copy()
    holed[:, :10] = np.nan
    assert measured(holed)["mag_r"] == pytest.approx(measured(image)["mag_r"], abs=0.05)


def test_pictures_are_measured_too() -> None:
    grey = np.clip(gaussian(flux=40_000.0) / 2, 0, 255).astype(np.uint8)
    found = measure_catalogue_features(np.stack([[grey, grey, grey]]), OPTIONS)
    assert found.reasons == ("",)
    assert np.isfinite(found.values).all()


def test_processes_and_blocks_change_nothing() -> None:
    generator = np.random.default_rng(2)
    fluxes = generator.uniform(5e3, 5e4, 150)
    images = np.stack([cutout(*[gaussian(flux=flux)] * 3, seed=n) for n, flux in enumerate(fluxes)])
    images = images.astype(np.float32)
    alone = measure_catalogue_features(images, OPTIONS)
    together = measure_catalogue_features(images, OPTIONS, workers=2)
    one_by_one = [measure_catalogue_features(image[None], OPTIONS).values[0] for image in images[::50]]
    np.testing.assert_array_equal(alone.values, together.values)
    np.testing.assert_array_equal(alone.values[::50], one_by_one)


def test_a_sample_set_gets_columns_and_findings() -> None:
    images = np.stack([cutout(*[gaussian()] * 3), np.full((3, SIDE, SIDE), np.nan)]).astype(np.float32)
    layout = Description({"cutouts": TensorColumn((3, SIDE, SIDE), channels=("g", "r", "z"))})
    samples = SampleSet.from_columns({"id": ["a", "b"], "group": ["a", "b"], "cutouts": images}, layout)
    made = with_catalogue_features(samples)
    assert np.isfinite(made.scalar("g-z")[0])
    assert np.isnan(made.scalar("mag_z")[1])
    assert [(finding.item, finding.kind) for finding in made.findings] == [("b", "no-pixels")]


@pytest.mark.parametrize("shape", [(2, 4, 16, 16), (3, 16, 16)])
def test_images_that_do_not_fit(shape: tuple[int, ...]) -> None:
    with pytest.raises(ContractError, match="bands g, r, i"):
        measure_catalogue_features(np.zeros(shape))


@pytest.mark.parametrize("settings", [{"bands": ("g",)}, {"bands": ("g", "g")}, {"threshold": 0}])
def test_options_that_make_no_sense(settings: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError):
        CatalogueOptions(**settings)
