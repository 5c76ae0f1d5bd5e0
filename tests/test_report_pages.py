"""The pages as a reader sees them: opened in a real browser, without a network, at two widths."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from selenium import webdriver

from skysieve.models import Model
from skysieve.scoring.night_report import write_report_of_scores
from skysieve.scoring.score import score
from skysieve.sources.simulators.night import simulate_night

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.binary_location = str(shutil.which("chromium"))
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    service = webdriver.ChromeService(executable_path=str(shutil.which("chromedriver")))
    driver = webdriver.Chrome(options=options, service=service)
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def night_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("night")
    night = simulate_night(folder, n=60, seed=4, bad_packets=True)
    model = Model.load("braai-weak")
    summary = score(model, [night.packets], folder / "scores.parquet")
    return write_report_of_scores(model, summary, folder / "report.html", truth=night.truth)


@pytest.mark.parametrize("width", [1280, 480])
def test_the_report_of_a_night(browser: webdriver.Chrome, night_page: Path, width: int) -> None:
    browser.get_log("browser")
    browser.get_log("performance")
    browser.set_window_size(width, 1200)
    browser.get(night_page.as_uri())
    body = browser.find_element("tag name", "body").text
    for text in ("Received", "71", "Candidates", "Against the truth", "truncated-gzip", "WEAK LABELS"):
        assert text in body
    # Nothing is wider than the page but what scrolls on its own.
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    broken = "return [...document.images].filter(image => !image.complete || !image.naturalWidth).length"
    assert browser.execute_script(broken) == 0
    assert browser.execute_script("return document.images.length") >= 24
    assert browser.get_log("browser") == []
    asked = [
        entry["message"]
        for entry in browser.get_log("performance")
        if "requestWillBeSent" in entry["message"]
    ]
    assert not [message for message in asked if '"url":"http' in message]


def test_the_page_is_not_blank(browser: webdriver.Chrome, night_page: Path) -> None:
    browser.set_window_size(1280, 1200)
    browser.get(night_page.as_uri())
    pixels = np.asarray(Image.open(io.BytesIO(browser.get_screenshot_as_png())).convert("L"), dtype=float)
    assert pixels.std() > 10
    assert (pixels < 100).mean() > 0.005
