"""The page of a scored night of streaks: candidates in their order, and figures only where truth is known."""

from __future__ import annotations

import csv
import html
import re
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

from skysieve.evaluation.sieve_scores import SieveScores
from skysieve.models import Sieve
from skysieve.scoring.streak_night_report import write_report_of_streaks
from skysieve.scoring.streaks import StreakSummary, score_streaks
from skysieve.sources.simulators.streak_night import simulate_streak_night

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("simulated")
    simulate_streak_night(folder, n=24, seed=3, real_fraction=0.4, bad_files=True)
    return folder


@pytest.fixture(scope="module")
def judge(streak_sieve: Sieve, simulated: Path) -> Sieve:
    """Return the sieve with thresholds that most streaks of this night reach."""
    table = pq.read_table(
        score_streaks(streak_sieve, [simulated / "night"], simulated / "scores.parquet").output
    )
    return streak_sieve.with_thresholds(
        {each.name: float(np.quantile(table[each.name].to_numpy(), 0.3)) for each in streak_sieve.members}
    )


@pytest.fixture(scope="module")
def scored(judge: Sieve, simulated: Path) -> StreakSummary:
    return score_streaks(judge, [simulated / "night"], simulated / "scores.parquet")


def text_of(page: Path) -> str:
    return html.unescape(re.sub(r"<[^>]+>|\s+", " ", page.read_text(encoding="utf-8")))


def test_candidates_stand_in_the_order_of_their_joint_scores(
    judge: Sieve, scored: StreakSummary, tmp_path: Path
) -> None:
    page = write_report_of_streaks(judge, scored, tmp_path / "night.html")
    table = pq.read_table(scored.output)
    names = [member.name for member in judge.members]
    scores = SieveScores(
        {member.name: member.family for member in judge.members},
        {name: table[name].to_numpy() for name in names},
        {name: each.value for name, each in judge.thresholds.items()},
        {"plausible": table["plausible"].to_numpy()},
        np.arange(len(table)),
    )
    joint = dict(zip(table["id"].to_pylist(), scores.joint_score(), strict=True))
    passed = [row["id"] for row in table.to_pylist() if row["plausible"]]
    shown = re.findall(r'alt="Difference image of (\w+)"', page.read_text(encoding="utf-8"))
    assert len(passed) > 3
    assert shown == sorted(passed, key=lambda name: -joint[name])
    best = next(row for row in table.to_pylist() if row["id"] == shown[0])
    text = text_of(page)
    assert f"RA {best['midpoint_ra']:.5f}°" in text.replace("\xa0", " ")
    assert f"rate {best['angular_rate']:.2f}°/day" in text.replace("\xa0", " ")
    assert f"magnitude {best['ades_mag']:.2f}" in text.replace("\xa0", " ")
    assert "Against the truth" not in text


def test_what_was_put_aside_is_named_and_counted_by_streak(
    judge: Sieve, scored: StreakSummary, tmp_path: Path
) -> None:
    text = text_of(write_report_of_streaks(judge, scored, tmp_path / "night.html"))
    for kind in scored.kept_aside:
        assert kind in text
    # One damaged file can be used, and the foreign one bears the name of a streak.
    assert re.search(r"Received 36 Scored 25 .*Put aside 11 ", re.sub(" +", " ", text))


def test_a_known_truth_is_judged_and_said_to_be_simulated(
    judge: Sieve, scored: StreakSummary, simulated: Path, tmp_path: Path
) -> None:
    page = write_report_of_streaks(
        judge,
        scored,
        tmp_path / "night.html",
        truth=simulated / "truth.csv",
        truth_origin="simulated",
    )
    text = re.sub(" +", " ", text_of(page))
    with (simulated / "truth.csv").open() as file:
        truth = {row["id"]: int(row["os"]) for row in csv.DictReader(file)}
    known = [truth[name] for name in pq.read_table(scored.output)["id"].to_pylist()]
    assert f"{len(known)} streaks with a truth in {len(known)} groups" in text
    assert f"{sum(known)} of them plausible" in text
    assert "The truth of this night is SIMULATED: its figures" in text


def test_a_truth_of_a_few_streaks_judges_these_alone(
    judge: Sieve, scored: StreakSummary, tmp_path: Path
) -> None:
    names = pq.read_table(scored.output)["id"].to_pylist()[:5]
    (tmp_path / "scanned.csv").write_text("id,os\n" + "".join(f"{name},0\n" for name in names))
    page = write_report_of_streaks(judge, scored, tmp_path / "night.html", truth=tmp_path / "scanned.csv")
    text = re.sub(" +", " ", text_of(page))
    assert "5 streaks with a truth in 5 groups of the split night (truth: scanned.csv)" in text
    assert "SIMULATED" not in text


def test_a_night_without_a_streak_and_a_model_alone_have_a_page_too(
    streak_sieve: Sieve, tmp_path: Path
) -> None:
    (tmp_path / "night").mkdir()
    (tmp_path / "night" / "strkid1_pid1_scimref.jpg").write_bytes(b"")
    model = streak_sieve.members[0].model
    summary = score_streaks(model, [tmp_path / "night"], tmp_path / "scores.parquet")
    text = text_of(write_report_of_streaks(model, summary, tmp_path / "night.html"))
    assert "Nothing was scored." in text
    assert "empty-file" in text
