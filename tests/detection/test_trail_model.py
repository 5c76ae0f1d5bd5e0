import math

import numpy as np
import pytest
from scipy import integrate

from skysieve.detection.trail_model import CORE_PER_FWHM, Trail, noise_pixels, trail_derivatives, trail_image
from skysieve.sources.simulators.streaks.trail import add_trail

TRAIL = Trail(20.3, 18.8, 0.6, 7.5, 1.7)


def grid(size: int = 41) -> tuple[np.ndarray, np.ndarray]:
    y, x = np.mgrid[:size, :size].reshape(2, -1).astype(float)
    return x, y


def test_image_is_the_moffat_integrated_along_the_segment() -> None:
    def point(t: float, x: float, y: float) -> float:
        dx, dy = x - 20.3 - t * math.cos(0.6), y - 18.8 - t * math.sin(0.6)
        return 1.5 * 1.7**3 / math.pi * (1.7**2 + dx * dx + dy * dy) ** -2.5

    for x, y in ((20.0, 19.0), (27.0, 23.0), (5.0, 30.0)):
        expected = integrate.quad(point, -7.5, 7.5, args=(x, y))[0] / 15.0
        assert trail_image(TRAIL, np.array([x]), np.array([y]))[0] == pytest.approx(expected, rel=1e-9)


def test_image_is_that_of_the_simulator() -> None:
    image = np.zeros((41, 41))
    add_trail(image, *TRAIL.ends(), flux=1.0, fwhm=TRAIL.fwhm)
    x, y = grid()
    np.testing.assert_allclose(trail_image(TRAIL, x, y), image.ravel(), rtol=1e-6, atol=2e-6)


@pytest.mark.parametrize("number", range(5))
def test_derivatives_are_those_of_finite_differences(number: int) -> None:
    x, y = grid()
    names, step = ("x", "y", "angle", "half", "core"), 1e-5
    values = {name: getattr(TRAIL, name) for name in names}
    higher = Trail(**values | {names[number]: values[names[number]] + step})
    lower = Trail(**values | {names[number]: values[names[number]] - step})
    expected = (trail_image(higher, x, y) - trail_image(lower, x, y)) / (2.0 * step)
    image, derivatives = trail_derivatives(TRAIL, x, y)
    np.testing.assert_allclose(derivatives[number], expected, atol=1e-9)
    np.testing.assert_allclose(image, trail_image(TRAIL, x, y), rtol=1e-12)


@pytest.mark.parametrize("length", [0.2, 2.0, 8.0, 40.0])
def test_noise_pixels_are_those_of_the_sampled_image(length: float) -> None:
    x, y = grid(121)
    image = trail_image(Trail(60.2, 59.9, 0.4, 0.5 * length, 2.4 * CORE_PER_FWHM), x, y)
    assert noise_pixels(length, 2.4) == pytest.approx(1.0 / (image**2).sum(), rel=0.06)


def distance(trail: Trail, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    u, v = trail.frame(x, y)
    return np.hypot(np.maximum(np.abs(u) - trail.half, 0.0), v)


def assert_window_holds_the_pixels(trail: Trail, margin: float, shape: tuple[int, int]) -> None:
    y, x = np.indices(shape).reshape(2, -1).astype(float)
    columns, rows = trail.window(margin, shape)
    found = set(zip(columns, rows, strict=True))
    near = distance(trail, x, y) <= margin
    assert len(found) == columns.size
    assert found >= set(zip(x[near], y[near], strict=True))
    assert distance(trail, columns, rows).max() <= margin * math.sqrt(2.0)


def test_window_holds_the_pixels_near_the_segment_once_each() -> None:
    assert_window_holds_the_pixels(TRAIL, 4.0, (41, 41))


@pytest.mark.parametrize("angle", [0.0, 0.3, math.pi / 2, 2.4])
def test_window_of_a_long_segment_needs_no_box(angle: float) -> None:
    trail = Trail(300.0, 280.0, angle, 380.0, 1.5)
    assert_window_holds_the_pixels(trail, 6.0, (560, 620))


def test_window_off_the_frame_is_empty() -> None:
    assert Trail(-90.0, 5.0, 0.0, 3.0, 1.5).window(4.0, (41, 41))[0].size == 0
