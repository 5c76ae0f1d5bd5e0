import numpy as np

from skysieve.sources.simulators.camera import Camera
from skysieve.sources.simulators.hosts import Galaxy
from skysieve.sources.simulators.psf import grid_of, to_image
from skysieve.sources.simulators.scenes import Scene, draw_field

EMPTY = Scene(np.empty(0), np.empty(0), np.empty(0))


def test_star_counts_rise_with_magnitude() -> None:
    rng = np.random.default_rng(0)
    fields = [draw_field(rng, 63) for _ in range(150)]
    magnitude = np.concatenate([field.magnitude for field in fields])
    bright, faint = (np.sum((magnitude > low) & (magnitude < low + 1)) for low in (18, 20))
    assert 2.0 < faint / bright < 5.0
    assert len({field.x.size for field in fields}) > 30


def test_light_is_that_of_stars_and_galaxies() -> None:
    grid, exposure = grid_of(63), Camera().draw_exposure(np.random.default_rng(1))
    scene = EMPTY.with_star(30.0, 33.0, 17.0).with_galaxy(Galaxy(25.0, 28.0, 17.0, 1.5, 0.0, 0.8, 0.0))
    total = scene.stars(grid, exposure, scene.x, scene.y) + scene.extended(grid, exposure)
    flux = to_image(grid, total * exposure.psf.spectrum(grid)).sum()
    assert abs(flux / (2.0 * float(exposure.counts(17.0))) - 1.0) < 0.01


def test_bright_stars_bloom_along_their_row_and_keep_their_flux() -> None:
    grid, exposure = grid_of(63), Camera(ellipticity=0.0).draw_exposure(np.random.default_rng(1))
    scene = EMPTY.with_star(31.0, 31.0, 13.0)
    image = to_image(grid, scene.stars(grid, exposure, scene.x, scene.y) * exposure.psf.spectrum(grid))
    assert image[31, 45] > 5.0 * image[45, 31]
    assert abs(image.sum() / float(exposure.counts(13.0)) - 1.0) < 0.01


def test_away_from_drops_bright_neighbours_only() -> None:
    x = np.array([31.0, 33.0, 40.0, 31.0])
    scene = Scene(x, np.full(4, 31.0), np.array([20.0, 15.0, 15.0, 13.0]))
    assert scene.away_from(31.0).magnitude.tolist() == [20.0, 15.0]
