"""A night from packets to a retrained model, through the pages: what a scanner does, in a real browser."""

from __future__ import annotations

import csv
import re
from collections import Counter
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select
from typer.testing import CliRunner

from skysieve.cli.application import application
from skysieve.samples import SampleSet
from skysieve.service.accounts.roles import Role
from skysieve.service.database.tables import Candidate, Label, Scorer
from skysieve.service.feedback.retrain import RetrainRequest, retrain
from skysieve.service.ingest.items import Item
from skysieve.service.ingest.reception import receive
from skysieve.service.judging.scorers import on_duty, register
from skysieve.service.judging.scoring import score_pending
from skysieve.service.service import Service
from skysieve.sources.simulators.night import simulate_night

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

PASSWORD = "copper kettle 81 moons"
SCANNED = 20
TINY = {"training.epochs": 1, "training.batch_size": 8, "evaluation.replicates": 20}


@pytest.fixture
def service(sqlite_service: Service) -> Service:
    """Return a service: what a browser does has nothing to do with the kind of database."""
    return sqlite_service


def test_a_night_is_scanned_exported_and_learned_from(
    service: Service, live_server, make_user, page: Page, tmp_path: Path
) -> None:
    truth = _take_night_in(service, tmp_path / "night")
    make_user("ada", Role.SCANNER)
    address = live_server(service)

    _sign_in(page, address)
    expect(page.locator(".tile.key")).to_contain_text("pass, and nobody has labelled them")
    _choose_what_to_scan(page)
    said = _scan(page, truth)
    undone, _ = said.popitem()
    page.keyboard.press("u")
    expect(page.locator("#toast")).to_contain_text("Undone")
    _wait_until_drawn(page, undone)
    expect(page.locator("#done")).to_have_text(f"{SCANNED - 1} labelled")
    expect(page.locator("#outbox")).to_have_text(re.compile("all sent"))

    assert _labels_that_stand(service) == said
    first = next(iter(said))
    page.goto(f"{address}/candidates/{first}")
    expect(page.locator(".label-panel")).to_contain_text(f"You say {said[first]}")
    exported = _export(page, address, tmp_path)
    assert {int(row["id"]): row["label"] for row in exported} == said

    samples = _make_sample_set(service, tmp_path / "set.parquet")
    names = _names(service)
    learned = {
        str(name): samples.classes[each] for name, each in zip(samples.ids, samples.labels, strict=True)
    }
    assert learned == {names[each]: value for each, value in said.items()}

    request = RetrainRequest(settings=TINY, labels={"held_out": 0.5, "validation": 0.2}, name="ours")
    made = retrain(service, tmp_path / "run", request, progress=False)
    assert made.comparison is not None
    assert made.comparison.duty == "braai-weak"
    assert sum(sum(counts.values()) for counts in made.splits.values()) == len(said)
    assert not made.promoted
    with service.database.reading() as session:
        assert on_duty(session, "alert").name == "braai-weak"
        assert session.get_one(Scorer, made.scorer_id).duty == "beside"


def _take_night_in(service: Service, folder: Path) -> dict[int, str]:
    """Take a simulated night in, score it, and return what each candidate is."""
    night = simulate_night(folder, n=80, seed=5)
    receive(service, [Item("command", path.name, "1", path=path) for path in sorted(night.packets.iterdir())])
    register(service, "braai-weak", kind="alert", duty="on-duty")
    score_pending(service, 1_000)
    with night.truth.open(newline="") as file:
        truth = {row["candid"]: "real" if row["label"] == "1" else "bogus" for row in csv.DictReader(file)}
    return {number: truth[name] for number, name in _names(service).items()}


def _names(service: Service) -> dict[int, str]:
    with service.database.reading() as session:
        return {row.id: row.name for row in session.execute(select(Candidate.id, Candidate.name))}


def _sign_in(page: Page, address: str) -> None:
    page.goto(address)
    page.wait_for_url(re.compile("/sign-in"))
    page.keyboard.type("ada")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{address}/")


def _choose_what_to_scan(page: Page) -> None:
    """Scan all of the night in the order of time: good and bad mixed."""
    page.click(".heading >> text=Scan")
    page.click(".choose summary")
    page.fill(".choose-form input[name=where]", "")
    page.select_option("select[name=sort]", label="earliest first")
    page.click(".choose-form button[type=submit]")
    page.wait_for_url(re.compile("sort=jd"))


def _scan(page: Page, truth: dict[int, str]) -> dict[int, str]:
    """Label by keys what is shown, and return what was said, in this order."""
    said: dict[int, str] = {}
    while len(said) < SCANNED:
        before = list(said)[-1] if said else 0
        drawn = page.wait_for_selector(f"#cutouts[data-drawn]:not([data-drawn='{before}'])")
        shown = int(drawn.get_attribute("data-drawn") or 0)
        said[shown] = truth[shown]
        page.keyboard.press(truth[shown][0])
    assert min(Counter(said.values()).values()) >= 6
    return said


def _wait_until_drawn(page: Page, candidate: int) -> None:
    page.wait_for_selector(f"#cutouts[data-drawn='{candidate}']")


def _labels_that_stand(service: Service) -> dict[int, str]:
    with service.database.reading() as session:
        rows = session.execute(select(Label.candidate_id, Label.value).where(Label.withdrawn_at.is_(None)))
        return {row.candidate_id: row.value for row in rows}


def _export(page: Page, address: str, folder: Path) -> list[dict[str, str]]:
    """Search what is labelled, press the button, and return the rows of the file that comes."""
    page.goto(f"{address}/search")
    page.fill("input[name=where]", "labels > 0")
    page.keyboard.press("Enter")
    expect(page.locator(".found")).to_contain_text(f"{SCANNED - 1} candidates")
    page.click(".exports summary")
    with page.expect_download() as coming:
        page.click(".exports >> text=CSV")
    path = folder / "labelled.csv"
    coming.value.save_as(path)
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _make_sample_set(service: Service, path: Path) -> SampleSet:
    words = ["samples", "from-labels", "--home", str(service.home.folder), "-o", str(path)]
    done = CliRunner().invoke(application, words, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return SampleSet.open(path)
