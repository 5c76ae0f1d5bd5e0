from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from markupsafe import Markup

from skysieve.errors import ConfigurationError
from skysieve.evaluation.curve_pictures import LEGEND as CURVE_LEGEND
from skysieve.evaluation.curve_pictures import curve_picture
from skysieve.evaluation.evaluate import Evaluation, evaluate
from skysieve.evaluation.intervals import Interval, wilson_interval
from skysieve.evaluation.night_report import write_night_report
from skysieve.evaluation.plots import PublishedPoint
from skysieve.evaluation.report import write_report
from skysieve.evaluation.report_content import (
    Example,
    ModelCard,
    NightContent,
    PublishedFigure,
    ReportContent,
    flatten,
    group_findings,
    worst_examples,
)
from skysieve.evaluation.report_page import decimals_of, interval_text
from skysieve.evaluation.thresholds import Threshold, fixed
from skysieve.samples.findings import Finding
from skysieve.samples.light_curves import LightCurves

ReadPage = Callable[[Path], Any]
HOSTILE = "<script>alert('x')</script>"


def judged(n: int = 300, **changes: Any) -> Evaluation:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, n)
    logits = rng.normal(4 * labels - 2, 2)
    given = {
        "labels": labels,
        "scores": 1 / (1 + np.exp(-logits)),
        "logits": 2 * logits,
        "groups": np.arange(n) // 2,
        "magnitudes": np.where(rng.random(n) < 0.2, np.nan, rng.uniform(16, 21, n)),
        "ids": [f"{HOSTILE}{i}" for i in range(n)],
        "split": "test",
        "seed": 0,
        "replicates": 20,
    }
    return evaluate(**{**given, **changes})


def full_content() -> ReportContent:
    found = judged()
    cutouts = np.random.default_rng(1).normal(size=(300, 3, 9, 9))
    cutouts[:, :, 0] = np.nan
    return ReportContent(
        title=f"A model {HOSTILE}",
        card=ModelCard(
            name="name",
            identity="sha256:abc",
            recipe="recipe",
            created="today",
            summary=HOSTILE,
            contract={"shape": HOSTILE},
            training_data="training data",
            label_disclosure="weak labels",
            intended_use="intended use",
            limits=[HOSTILE],
        ),
        evaluation=found,
        further_evaluations=[judged(split="validation")],
        published=[
            PublishedFigure("FNR", 0.011, HOSTILE, "fnr", HOSTILE),
            PublishedFigure("speed", "20 min", "paper"),
            PublishedFigure("kept", 0.9, "paper", ours=wilson_interval(9, 10)),
        ],
        published_points=[PublishedPoint(HOSTILE, 0.5, 0.02, 0.01)],
        history=[{"epoch": 1, "train_loss": 1.0}, {"epoch": 2, "train_loss": 0.5}],
        mistakes=worst_examples(found, cutouts, limit=3, columns={HOSTILE: [HOSTILE] * 300}),
        findings=[Finding(HOSTILE, HOSTILE, HOSTILE), Finding("b", "nan", "y", "warning")],
        provenance={HOSTILE: {HOSTILE: {"epochs": 20, "betas": (0.9, 0.99), "why": HOSTILE}}},
    )


def test_the_full_report_is_one_safe_file(tmp_path: Path, read_page: ReadPage) -> None:
    page = read_page(write_report(tmp_path / "new" / "report.html", full_content()))
    assert page.tags["svg"] == 8 + 4
    assert page.tags["img"] == 6
    assert page.text.count("alert('x')") > 10
    for words in (
        "weak labels",
        "sha256:abc",
        "recipe",
        "0.0110",
        "20 min",
        "0.900",
        "validation",
        "training data",
    ):
        assert words in page.text


def test_the_figures_shown_are_the_figures_found(tmp_path: Path, read_page: ReadPage) -> None:
    content = full_content()
    page = read_page(write_report(tmp_path / "report.html", content))
    assert content.evaluation is not None
    for name in ("roc_auc", "recall", "precision", "fpr"):
        value, ends = interval_text(content.evaluation.intervals[name])
        assert value in page.text
        assert ends in page.text


def test_a_report_with_nothing_but_a_card(tmp_path: Path, read_page: ReadPage) -> None:
    page = read_page(write_report(tmp_path / "report.html", ReportContent("A model", ModelCard("braai"))))
    assert page.tags["svg"] == 0
    assert "braai" in page.text


def test_a_flattering_threshold_is_said_so(tmp_path: Path, read_page: ReadPage) -> None:
    def text(split: str) -> str:
        found = judged(threshold=Threshold(0.4, "greatest F1", split))
        return read_page(write_report(tmp_path / "a.html", ReportContent("t", ModelCard("m"), found))).text

    assert "Flattered figures" in text("test")
    assert "Flattered figures" not in text("validation")


@pytest.mark.parametrize(
    "changes",
    [
        {"labels": np.ones(300, dtype=int)},
        {"labels": np.zeros(300, dtype=int)},
        {"magnitudes": np.full(300, np.nan)},
        {"magnitudes": None, "logits": None},
        {"scores": np.full(300, 0.5)},
        {"classes": ("$artefact_1$", HOSTILE)},
    ],
    ids=["only real", "only bogus", "no magnitude", "nothing optional", "equal scores", "odd class names"],
)
def test_reports_of_poor_material(changes: dict[str, Any], tmp_path: Path, read_page: ReadPage) -> None:
    found = judged(**changes)
    content = ReportContent("t", ModelCard("m"), found, mistakes=worst_examples(found))
    read_page(write_report(tmp_path / "report.html", content))


def test_no_mistakes_is_said_so(tmp_path: Path, read_page: ReadPage) -> None:
    found = evaluate([0, 1, 0, 1], [0.1, 0.9, 0.2, 0.8], groups=range(4), split="test", seed=0, replicates=20)
    content = ReportContent("t", ModelCard("m"), found, mistakes=worst_examples(found))
    assert read_page(write_report(tmp_path / "report.html", content)).text.count("None in this split") == 2


@pytest.mark.parametrize("shares", [None, {"real": 0.001}])
def test_what_precision_means_comes_first(
    tmp_path: Path, read_page: ReadPage, shares: dict[str, float] | None
) -> None:
    found = judged(shares=shares)
    page = read_page(
        write_report(
            tmp_path / "report.html", ReportContent("t", ModelCard("m", label_disclosure="weak"), found)
        )
    )
    assert page.text.index(found.precision.statement) < page.text.index("About the labels")
    assert ("Purity on the sky" in page.text) == (shares is not None)


def test_many_classes(tmp_path: Path, read_page: ReadPage) -> None:
    rng = np.random.default_rng(2)
    labels = rng.integers(0, 3, 120)
    scores = rng.dirichlet(np.ones(3), 120)
    classes = ("elliptical", "spiral", "merger")
    found = evaluate(labels, scores, groups=range(120), split="test", seed=0, replicates=20, classes=classes)
    galleries = worst_examples(found, limit=2)
    called_else = [f"{name} called something else" for name in classes]
    assert list(galleries) == ["the surest mistakes of all", *called_else]
    surest = galleries["the surest mistakes of all"]
    wrong = scores[np.arange(120), scores.argmax(axis=1)][scores.argmax(axis=1) != labels]
    assert [each.score for each in surest] == sorted(wrong, reverse=True)[:2]
    assert all(each.called != each.label for some in galleries.values() for each in some)
    page = read_page(
        write_report(tmp_path / "report.html", ReportContent("t", ModelCard("m"), found, mistakes=galleries))
    )
    assert page.text.count("Class by class") == 2
    for words in ("Completeness", "Purity in this set", "Reliability of each class"):
        assert words in page.text
    for name in classes:
        recall = found.intervals[f"recall: {name}"]
        assert interval_text(recall)[0] in page.text
    assert found.precision.statement in page.text


def test_a_class_table_for_each_evaluation(tmp_path: Path, read_page: ReadPage) -> None:
    rng = np.random.default_rng(2)
    scores, classes = rng.dirichlet(np.ones(6), 90), ("a", "b", "c", "d", "e", HOSTILE)
    given = {"groups": range(90), "seed": 0, "replicates": 20, "classes": classes}
    test, validation = (
        evaluate(rng.integers(0, 6, 90), scores, split=split, **given) for split in ("test", "validation")
    )
    content = ReportContent("t", ModelCard("m"), test, [validation])
    page = read_page(write_report(tmp_path / "report.html", content))
    assert page.text.count("Purity in this set") == 2
    assert "Confusion in percent" in page.text


def test_mistakes_of_samples_that_are_no_images_are_drawn(tmp_path: Path, read_page: ReadPage) -> None:
    rng = np.random.default_rng(2)
    labels, scores = rng.integers(0, 3, 60), rng.dirichlet(np.ones(3), 60)
    times = [np.arange(5.0) + row for row in range(60)]
    curves = LightCurves.from_lists(times, [[17.0, 17.1, 17.3, 17.2, 17.0]] * 60, ids=[HOSTILE] * 60)
    found = evaluate(labels, scores, groups=range(60), split="test", seed=0, replicates=20, classes="abc")
    asked: list[int] = []

    def picture(row: int, name: str) -> Markup:
        asked.append(row)
        return curve_picture(curves.curve(row), period=2.5, name=name)

    mistakes = worst_examples(found, limit=2, pictures=picture)
    content = ReportContent("t", ModelCard("m"), found, mistakes=mistakes, picture_legend=CURVE_LEGEND)
    page = read_page(write_report(tmp_path / "report.html", content))
    shown = [each for some in mistakes.values() for each in some]
    assert asked == [int(each.id) for each in shown]
    assert page.text.count("P = 2.5 d") == len(shown) > 0
    assert CURVE_LEGEND in page.text
    assert "no picture" not in page.text


def test_a_picture_that_is_no_markup_is_escaped(tmp_path: Path, read_page: ReadPage) -> None:
    example = Example("x", 0.5, picture="<script>alert(1)</script>")
    content = ReportContent("t", ModelCard("m"), mistakes={"EW called EA": [example]})
    page = read_page(write_report(tmp_path / "report.html", content))
    assert "EW called EA" in page.text
    assert "<script>alert(1)</script>" in page.text


def night(**changes: Any) -> NightContent:
    rng = np.random.default_rng(3)
    picture = rng.normal(size=(3, 9, 9))
    given: dict[str, Any] = {
        "title": f"Night {HOSTILE}",
        "night": "2026-03-14",
        "card": ModelCard("m"),
        "received": 505,
        "scores": [*rng.random(500), np.nan],
        "threshold": fixed(0.9),
        "candidates": [
            Example(HOSTILE, 0.999, picture, columns={"magnitude": "18.2"}),
            Example("b", 0.99, columns={"sky": HOSTILE}),
        ],
        "findings": [Finding(str(i), "truncated-gzip", "ends early") for i in range(5)],
    }
    return NightContent(**{**given, **changes})


def test_a_night_without_labels(tmp_path: Path, read_page: ReadPage) -> None:
    content = night()
    page = read_page(write_night_report(tmp_path / "night.html", content))
    assert (page.tags["svg"], page.tags["img"]) == (1, 1)
    above = int((np.asarray(content.scores) >= 0.9).sum())
    for words in ("505", f"The best 2 of {above}", "truncated-gzip", "18.2", "no picture"):
        assert words in page.text


def test_a_night_with_the_truth(tmp_path: Path, read_page: ReadPage) -> None:
    found = judged()
    page = read_page(write_night_report(tmp_path / "n.html", night(evaluation=found, scores=found.scores)))
    assert "Against the truth" in page.text
    assert page.tags["svg"] == 6


def test_an_empty_night(tmp_path: Path, read_page: ReadPage) -> None:
    page = read_page(
        write_night_report(tmp_path / "n.html", night(received=0, scores=[], candidates=[], findings=[]))
    )
    assert "Nothing was scored" in page.text
    with pytest.raises(ConfigurationError, match="500 scores of 3"):
        write_night_report(tmp_path / "n.html", night(received=3))


def test_findings_are_grouped_errors_first() -> None:
    groups = group_findings(
        [
            Finding("a", "x", "1", "note"),
            Finding("b", "y", "2"),
            Finding("c", "z", "3"),
            Finding("d", "z", "4"),
        ]
    )
    assert [(group.kind, group.count, group.first.item) for group in groups] == [
        ("z", 2, "c"),
        ("y", 1, "b"),
        ("x", 1, "a"),
    ]


@pytest.mark.parametrize(
    ("low", "high", "decimals"),
    [(0.9, 0.95, 3), (0.5, 0.9, 2), (0.99, 0.9905, 5), (0.5, 0.5, 3), (np.nan, 1, 3)],
)
def test_decimals_follow_the_width(low: float, high: float, decimals: int) -> None:
    assert decimals_of(Interval(0.9, low, high, 0.95, 10, "percentile")) == decimals


def test_settings_become_dotted_keys() -> None:
    assert flatten({"a": {"b": [1, 2], "c": None}}) == {"a.b": "1, 2", "a.c": "None"}


def test_a_page_that_cannot_be_written_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "night.html"
    path.write_text("the old page")
    night = NightContent("Night", "2026-03-14", ModelCard("m"), 2, [0.1, 0.9], fixed(0.5))

    def half(self: Path, text: str, **_: Any) -> None:
        self.write_bytes(text[: len(text) // 2].encode())
        raise OSError(28, "No space left on device", str(self))

    monkeypatch.setattr(Path, "write_text", half)
    with pytest.raises(OSError, match="No space left"):
        write_night_report(path, night)
    assert path.read_bytes() == b"the old page"
    assert list(tmp_path.iterdir()) == [path]
