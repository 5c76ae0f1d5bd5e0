"""The pages as a reader sees them: opened in a real browser, without a network, at two widths."""

from __future__ import annotations

import io
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from selenium import webdriver
from selenium.webdriver.support.wait import WebDriverWait
from typer.testing import CliRunner

from skysieve.cli.application import application
from skysieve.models import Model
from skysieve.recipes.explain import explain_samples
from skysieve.scoring.night_report import write_report_of_scores
from skysieve.scoring.score import score
from skysieve.sources.simulators.night import simulate_night
from skysieve.sources.simulators.samples import write_triplet_samples

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


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_triplet_samples(tmp_path_factory.mktemp("samples") / "samples.parquet", n=100, seed=1)


@pytest.fixture(scope="module")
def gallery_page(tmp_path_factory: pytest.TempPathFactory, samples: Path) -> Path:
    return explain_samples("braai-weak", samples, tmp_path_factory.mktemp("explained")).page


@pytest.fixture(scope="module")
def uncertainty_page(tmp_path_factory: pytest.TempPathFactory, samples: Path) -> Path:
    folder = tmp_path_factory.mktemp("sure")
    asked = f"uncertainty bootstrap braai-weak {samples} -o {folder} --split '' --replicates 50"
    result = CliRunner().invoke(application, shlex.split(asked))
    assert result.exit_code == 0, result.output
    return folder / "uncertainty-bootstrap.html"


def body_of(browser: webdriver.Chrome, page: Path, width: int) -> str:
    """Open a page, and return its text if everything on it is there and nothing is wider than it."""
    browser.get_log("browser")
    browser.get_log("performance")
    browser.set_window_size(width, 1200)
    browser.get(page.as_uri())
    # Nothing is wider than the page but what scrolls on its own.
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    # Pictures that are far down are decoded when they are needed.
    browser.execute_script("for (const image of document.images) image.loading = 'eager'")
    broken = "return [...document.images].filter(image => !image.complete || !image.naturalWidth).length"
    WebDriverWait(browser, 20).until(lambda each: each.execute_script(broken) == 0)
    assert browser.get_log("browser") == []
    asked = [
        entry["message"]
        for entry in browser.get_log("performance")
        if "requestWillBeSent" in entry["message"]
    ]
    assert not [message for message in asked if '"url":"http' in message]
    return str(browser.find_element("tag name", "body").text)


@pytest.mark.parametrize("width", [1280, 480])
def test_the_report_of_a_night(browser: webdriver.Chrome, night_page: Path, width: int) -> None:
    body = body_of(browser, night_page, width)
    for text in ("Received", "71", "Candidates", "Against the truth", "truncated-gzip", "WEAK LABELS"):
        assert text in body
    assert browser.execute_script("return document.images.length") >= 24


@pytest.mark.parametrize("width", [1280, 480])
def test_the_gallery_of_explanations(browser: webdriver.Chrome, gallery_page: Path, width: int) -> None:
    body = body_of(browser, gallery_page, width)
    for text in ("Grad-CAM", "True positives", "False positives", "SIMULATED"):
        assert text.lower() in body.lower()
    assert (
        browser.execute_script("return document.images.length + document.querySelectorAll('svg').length") > 4
    )


@pytest.mark.parametrize("width", [1280, 480])
def test_the_page_of_uncertainty(browser: webdriver.Chrome, uncertainty_page: Path, width: int) -> None:
    body = body_of(browser, uncertainty_page, width)
    for text in ("How sure are we", "Intervals of braai-weak", "level 0.95"):
        assert text.lower() in body.lower()


@pytest.mark.parametrize("name", ["night_page", "gallery_page", "uncertainty_page"])
def test_the_page_is_not_blank(browser: webdriver.Chrome, request: pytest.FixtureRequest, name: str) -> None:
    browser.set_window_size(1280, 1200)
    browser.get(request.getfixturevalue(name).as_uri())
    pixels = np.asarray(Image.open(io.BytesIO(browser.get_screenshot_as_png())).convert("L"), dtype=float)
    assert pixels.std() > 10
    assert (pixels < 100).mean() > 0.005
