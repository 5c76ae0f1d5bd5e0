from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skysieve.errors import ConfigurationError
from skysieve.evaluation.intervals import wilson_interval
from skysieve.evaluation.report_content import Example, ModelCard, PublishedFigure
from skysieve.evaluation.report_page import interval_text
from skysieve.evaluation.sieve_evaluation import SieveEvaluation
from skysieve.evaluation.sieve_judging import judge_sieve
from skysieve.evaluation.sieve_night_report import write_streak_night_report
from skysieve.evaluation.sieve_report import write_sieve_report
from skysieve.evaluation.sieve_report_content import (
    SieveReportContent,
    StreakNightContent,
    ranked_examples,
    sieve_mistakes,
)
from skysieve.evaluation.sieve_scores import SieveScores
from skysieve.samples.findings import Finding

ReadPage = Callable[[Path], Any]
HOSTILE = "<script>alert('x')</script>"
FAMILIES = {f"{family}_vgg6": family for family in ("rb", "sl", "kd", "os")}


def sieve(n: int = 300, **changes: Any) -> SieveScores:
    rng = np.random.default_rng(0)
    real = rng.integers(0, 2, n)
    labels = {"rb": np.maximum(real, rng.integers(0, 2, n)), "kd": real, "os": real}
    labels["sl"] = np.where(labels["rb"] == 1, real, -1)
    scores = {
        m: 1 / (1 + np.exp(-rng.normal(5 * np.maximum(labels[f], 0) - 2, 2))) for m, f in FAMILIES.items()
    }
    passes = {FAMILIES[member]: values >= 0.5 for member, values in scores.items()}
    magnitude = np.where(real == 1, rng.uniform(15, 21, n), np.nan)
    given: dict[str, Any] = {
        "families": FAMILIES,
        "scores": scores,
        "thresholds": dict.fromkeys(FAMILIES, 0.5),
        "passed": {"plausible": passes["rb"] & passes["sl"] & passes["kd"], "one-shot": passes["os"]},
        "groups": np.arange(n),
        "labels": labels,
        "kinds": np.where(real == 1, "asteroid", np.where(labels["rb"] == 1, "satellite", HOSTILE)),
        "truth": {"magnitude": magnitude, "rate": 10 ** (magnitude / 20)},
        "ids": [f"strkid{i}_pid7" for i in range(n)],
    }
    return SieveScores(**{**given, **changes})


def judged(scores: SieveScores | None = None) -> SieveEvaluation:
    return judge_sieve(scores or sieve(), default_rule="plausible", split="test", seed=0, replicates=20)


def cutouts(n: int = 300) -> Any:
    return np.random.default_rng(1).integers(0, 256, (n, 1, 144, 144)).astype(np.uint8)


CARD = ModelCard("a-sieve", identity="sha256:abc", summary=HOSTILE, label_disclosure="SIMULATED labels")


def test_the_full_report_is_one_safe_file(tmp_path: Path, read_page: ReadPage) -> None:
    found = judged()
    rows = [{"epoch": i, "training_loss": 1 / i, "validation_loss": 1 / i} for i in (1, 2)]
    content = SieveReportContent(
        f"A sieve {HOSTILE}",
        CARD,
        found,
        published=[
            PublishedFigure("Joint FPR", "4 of 248", HOSTILE, "fpr: plausible", HOSTILE),
            PublishedFigure("known asteroids", 0.962, "paper", ours=wilson_interval(19, 20)),
            PublishedFigure("speed", "10 min", "paper"),
        ],
        histories={"rb_vgg6": rows, "kd_vgg6": rows, "os_vgg6": []},
        mistakes=sieve_mistakes(found, cutouts(), limit=4, columns={HOSTILE: [HOSTILE] * 300}),
        findings=[Finding(HOSTILE, HOSTILE, HOSTILE)],
        provenance={HOSTILE: {HOSTILE: {"epochs": 20}}},
    )
    page = read_page(write_sieve_report(tmp_path / "new" / "sieve.html", content))
    assert page.text.count("alert('x')") > 8
    assert page.tags["img"] == 8
    # confusions 2, ROC 4 + joint, scores, Venn, kinds, completeness 2, known objects, learning 2
    assert page.tags["svg"] == 15
    for words in ("SIMULATED labels", "sha256:abc", "4 of 248", "0.950", "10 min", "27.5 hours"):
        assert words in page.text
    for interval, decimals in ((found.rule.tpr, 4), (found.rule.fpr, 4), (found.rule.purity, 3)):
        assert all(text in page.text for text in interval_text(interval, decimals))
    assert f"{round(found.rule.cost.looks.value):,}" in page.text


def test_the_disclosure_stands_above_every_figure(tmp_path: Path) -> None:
    path = write_sieve_report(tmp_path / "a.html", SieveReportContent("t", CARD, judged()))
    text = path.read_text(encoding="utf-8")
    assert text.index("SIMULATED labels") < text.index('id="figures"')


@pytest.mark.parametrize(
    "changes",
    [
        {"labels": {"os": np.ones(300, dtype=int)}},
        {"labels": {"os": np.zeros(300, dtype=int)}},
        {"passed": {"plausible": np.zeros(300, dtype=bool)}},
        {"passed": {"plausible": np.ones(300, dtype=bool)}},
        {"kinds": None, "truth": {}, "ids": None},
        {"truth": {"magnitude": np.full(300, np.nan), "snr": np.full(300, -1.0)}},
        {"groups": np.arange(300) // 3},
        {"passed": {HOSTILE: np.ones(300, dtype=bool), "plausible": np.ones(300, dtype=bool)}},
    ],
    ids=["only plausible", "none plausible", "passes none", "passes all", "no columns", "no truth", "groups",
         "odd name"],
)  # fmt: skip
def test_reports_of_poor_material(changes: dict[str, Any], tmp_path: Path, read_page: ReadPage) -> None:
    found = judged(sieve(**changes))
    content = SieveReportContent("t", ModelCard("m"), found, mistakes=sieve_mistakes(found))
    read_page(write_sieve_report(tmp_path / "report.html", content))


def test_mistakes_are_the_surest_first() -> None:
    found = judged()
    galleries = sieve_mistakes(found, limit=1000)
    truth, passed = found.scores.plausible, found.scores.rule("plausible")
    false, missed = galleries["false positives"], galleries["missed plausible streaks"]
    assert len(false) == ((truth == 0) & passed).sum() > 0
    assert len(missed) == ((truth == 1) & ~passed).sum() > 0
    assert [each.score for each in false] == sorted((each.score for each in false), reverse=True)
    assert [each.score for each in missed] == sorted(each.score for each in missed)
    assert {each.label for each in missed} == {"asteroid"}
    assert all(each.score < 0.5 for each in missed)


def night(**changes: Any) -> StreakNightContent:
    scores = sieve(labels={}, kinds=None, truth={})
    given: dict[str, Any] = {
        "title": f"Night {HOSTILE}",
        "night": "2018-10-12",
        "card": ModelCard("a-sieve"),
        "received": 303,
        "scores": scores,
        "default_rule": "plausible",
        "candidates": ranked_examples(scores, "plausible", cutouts(), limit=5, columns={"fid": [1] * 300}),
        "findings": [Finding(str(i), "bad-image", "ends early") for i in range(3)],
    }
    return StreakNightContent(**{**given, **changes})


def test_a_night_without_truth(tmp_path: Path, read_page: ReadPage) -> None:
    content = night()
    page = read_page(write_streak_night_report(tmp_path / "night.html", content))
    assert (page.tags["svg"], page.tags["img"]) == (1, 5)
    passed = int(content.scores.rule("plausible").sum())
    for words in (
        "303",
        "bad-image",
        f"The best 5 of {passed}",
        "fid\N{NO-BREAK SPACE}1",
        content.candidates[0].id,
    ):
        assert words in page.text
    assert "Against the truth" not in page.text
    assert "by truth" not in page.text


def test_candidates_are_ranked_by_the_joint_score() -> None:
    scores = sieve()
    found = ranked_examples(scores, "plausible", limit=1000)
    assert len(found) == scores.rule("plausible").sum()
    assert [each.score for each in found] == sorted(scores.joint_score()[scores.rule("plausible")])[::-1]


def test_a_night_with_the_truth(tmp_path: Path, read_page: ReadPage) -> None:
    found = judged()
    page = read_page(
        write_streak_night_report(tmp_path / "night.html", night(scores=found.scores, evaluation=found))
    )
    assert "Against the truth" in page.text
    assert page.tags["svg"] == 6


def test_a_night_without_a_streak(tmp_path: Path, read_page: ReadPage) -> None:
    nothing = {name: np.zeros(0) for name in FAMILIES}
    scores = SieveScores(FAMILIES, nothing, dict.fromkeys(FAMILIES, 0.5), {"plausible": []}, [])
    empty = night(scores=scores, received=0, candidates=[], findings=[])
    page = read_page(write_streak_night_report(tmp_path / "night.html", empty))
    assert "Nothing was scored" in page.text
    assert "No streak passed" in page.text


def test_a_sieve_of_one_stage_has_no_venn_diagram(tmp_path: Path, read_page: ReadPage) -> None:
    scores = SieveScores({"os_a": "os"}, {"os_a": [0.2, 0.9]}, {"os_a": 0.5}, {"one-shot": [0, 1]}, [0, 1])
    content = night(scores=scores, received=2, default_rule="one-shot", candidates=[Example("b", 0.9)])
    page = read_page(write_streak_night_report(tmp_path / "night.html", content))
    assert page.tags["svg"] == 0
    assert "no picture" in page.text


def test_more_scores_than_streaks_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="300 scores of 3 streaks"):
        write_streak_night_report(tmp_path / "night.html", night(received=3))
