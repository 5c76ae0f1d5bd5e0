"""The scripts that turn pixels into grey levels, against numpy and astropy."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from astropy.visualization import ZScaleInterval
from fastapi import FastAPI
from playwright.sync_api import Page
from starlette.responses import HTMLResponse

from skysieve.service.api.pixels import pack_pixels
from skysieve.service.pages import __file__ as pages_file
from skysieve.service.web.static_files import HashedStaticFiles

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

STRETCHES = ("linear", "asinh", "log", "zscale")


@pytest.fixture
def scripts(page: Page, live_server, monkeypatch) -> Page:
    """Return a page from which the scripts can be imported."""
    application = FastAPI()
    application.get("/", response_class=HTMLResponse)(lambda: "<link rel=icon href='data:,'><p>scripts</p>")
    static = HashedStaticFiles(directory=Path(pages_file).parent / "static")
    application.mount("/static", static)
    module = ModuleType("application")
    module.create_application = lambda service: application
    monkeypatch.setitem(sys.modules, "skysieve.service.application", module)
    page.goto(live_server(None))
    return page


def levels(
    page: Page, image: np.ndarray, name: str, *, inverted: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    values = [None if np.isnan(value) else float(value) for value in image.ravel()]
    found = page.evaluate(
        """async ([values, name, inverted]) => {
            const { stretched } = await import("/static/js/stretch.js");
            const pixels = Float32Array.from(values, (value) => value ?? NaN);
            const { levels, missing } = stretched(pixels, name, inverted);
            return [[...levels], [...missing]];
        }""",
        [values, name, inverted],
    )
    return tuple(np.array(each).reshape(image.shape) for each in found)


@pytest.fixture
def image() -> np.ndarray:
    random = np.random.default_rng(3)
    y, x = np.indices((63, 63)) - 31
    made = random.normal(200, 12, (63, 63)) + 5000 * np.exp(-(x**2 + y**2) / 6)
    made[:4] = np.nan
    return made.astype(np.float32)


def test_stretches_keep_the_order_and_tell_what_is_missing(scripts, image):
    known = np.isfinite(image)
    order = np.argsort(image[known])
    for name in STRETCHES:
        shown, missing = levels(scripts, image, name)
        assert (missing.astype(bool) == ~known).all()
        assert (np.diff(shown[known][order].astype(int)) >= 0).all()
        assert {shown[known].min(), shown[known].max()} == {0, 255}
        turned, _ = levels(scripts, image, name, inverted=True)
        assert (turned[known] == 255 - shown[known]).all()


def test_linear_runs_between_percentiles(scripts, image):
    known = np.isfinite(image)
    low, high = np.percentile(image[known], [0.5, 99.8])
    expected = 255 * np.clip((image[known] - low) / (high - low), 0, 1)
    assert np.abs(levels(scripts, image, "linear")[0][known] - expected).max() <= 0.51


def test_zscale_is_that_of_iraf_as_astropy_has_it(scripts, image):
    known = np.isfinite(image)
    low, high = ZScaleInterval(n_samples=10_000).get_limits(image[known])
    expected = 255 * np.clip((image[known] - low) / (high - low), 0, 1)
    # astropy grows what it rejects by its neighbours; limits differ by little.
    assert np.abs(levels(scripts, image, "zscale")[0][known] - expected).max() < 20


@pytest.mark.parametrize("value", [0.0, 7.0, np.nan])
def test_an_image_of_one_value_is_an_image(scripts, value):
    image = np.full((5, 5), value, np.float32)
    for name in STRETCHES:
        shown, missing = levels(scripts, image, name)
        assert len(set(shown.ravel())) == 1
        assert missing.all() == np.isnan(value)


def test_pixels_of_the_service_are_unpacked(scripts, image):
    packed = pack_pixels({"a": image, "bc": image[:5, :7]}, pixel_scale=1.012)
    found = scripts.evaluate(
        """async (bytes) => {
            const { unpack } = await import("/static/js/pixels.js");
            const { channels, pixelScale, upright } = unpack(Uint8Array.from(bytes).buffer);
            return [channels.map(({ name, height, width, values }) => [name, height, width, values.at(-1)]),
                    pixelScale, upright];
        }""",
        list(packed),
    )
    assert found == [
        [["a", 63, 63, pytest.approx(image[-1, -1])], ["bc", 5, 7, pytest.approx(image[4, 6], nan_ok=True)]],
        1.012,
        False,
    ]
