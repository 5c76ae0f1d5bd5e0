"""The pictures of the service's pages: a simulated night, taken in, scanned a little, photographed.

They are made by hand when the pages have changed, with Debian's ``chromium``, and looked at before they are
kept::

    python docs/service_pictures.py

It runs the commands that a user would, on a service in a temporary folder, and writes ``scanning.png`` and
``tonight.png`` into ``docs/service``.
"""

from __future__ import annotations

import csv
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, ViewportSize, expect, sync_playwright

__all__ = ["take_pictures"]

CHROMIUM = "/usr/bin/chromium"
SIZE: ViewportSize = {"width": 1440, "height": 720}
#: An order in which good and bad ones come mixed, and how many of them are labelled before the picture.
QUEUE, LABELLED = "/scan?where=kind%3D%22alert%22&sort=-jd", 9
USER = "ana"


def take_pictures(folder: Path) -> None:
    """Write the pictures into a folder."""
    with (
        tempfile.TemporaryDirectory() as place,
        _served_night(Path(place)) as (address, password, truth),
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport=SIZE, color_scheme="light")
        _sign_in(page, address, password)
        page.goto(address + QUEUE)
        _scan(page, truth)
        page.screenshot(path=folder / "scanning.png")
        page.goto(address)
        _leave_out_this_machine(page)
        page.screenshot(path=folder / "tonight.png", full_page=True)
        browser.close()


@contextmanager
def _served_night(place: Path) -> Iterator[tuple[str, str, dict[str, bool]]]:
    """Serve a night of alerts and streaks; yield address, password, and which alert is real by its name."""
    home = str(place / "observatory")
    _run("simulate", "night", f"{place}/night", "--alerts", "600", "--seed", "2026", "--bad-packets")
    _run("simulate", "streak-night", f"{place}/streaks", "--streaks", "300", "--date", "20240213")
    for inputs in ("night/packets", "streaks/night"):
        _run("ingest", f"{place}/{inputs}", "--home", home)
    _run("worker", "--home", home, "--until-quiet", "1")
    told = _run("serve", "--home", home, "--port", "0", "--first-admin", USER, "--detach")
    try:
        with (place / "night" / "truth.csv").open(newline="", encoding="utf-8") as file:
            truth = {row["candid"]: row["label"] == "1" for row in csv.DictReader(file)}
        yield _found(r"http://\S+", told), _found(r"(?<=password )\S+", told), truth
    finally:
        _run("serve", "--home", home, "--stop")


def _run(*words: str) -> str:
    command = [str(Path(sys.executable).with_name("skysieve")), *words]
    # A night with bad packets ends with the status that says so.
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 3):
        raise SystemExit(f"skysieve {' '.join(words)}: {done.stderr}")
    return done.stdout + done.stderr


def _found(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    assert found is not None, text
    return found.group()


def _sign_in(page: Page, address: str, password: str) -> None:
    page.goto(address)
    page.fill("input[name=name]", USER)
    page.fill("input[name=password]", password)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{address}/")


def _scan(page: Page, truth: dict[str, bool]) -> None:
    """Label some by keys, as the truth says, and wait until the next is drawn with all that stands beside."""
    for number in range(LABELLED):
        page.wait_for_selector("#cutouts[data-drawn]")
        name = (page.text_content("#facts") or "").split(" · ")[0]
        page.keyboard.press("r" if truth.get(name, False) else "b")
        expect(page.locator("#place")).to_contain_text(re.compile(rf"^{number + 2} of"))
    page.wait_for_load_state("networkidle")
    expect(page.locator("#toast.shown")).to_have_count(0)


def _leave_out_this_machine(page: Page) -> None:
    """Take the names of folders and processes out: they differ from machine to machine."""
    page.eval_on_selector_all(
        ".compact small",
        "nodes => nodes.forEach(node => { if (/[/:]/.test(node.textContent)) node.remove(); })",
    )


if __name__ == "__main__":
    take_pictures(Path(__file__).parent / "service")
