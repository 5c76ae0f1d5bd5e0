"""Figures of a judged split as they stand in JSON, in the model card and on the command line."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from skysieve.cli.verbs.train import say_figures
from skysieve.evaluation.evaluate import evaluate
from skysieve.models.card import PRECISION
from skysieve.recipes.configuration import EvaluationConfig
from skysieve.recipes.judging import figures_json
from skysieve.recipes.night_sky_net import NIGHT_SKY_NET


def judged(classes: tuple[str, ...], settings: EvaluationConfig) -> tuple[Any, dict[str, Any]]:
    generator = np.random.default_rng(0)
    labels = generator.integers(0, len(classes), 300)
    logits = generator.normal(size=(300, len(classes))) + 2 * np.eye(len(classes))[labels]
    scores = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    found = evaluate(
        labels,
        scores[:, 1] if len(classes) == 2 else scores,
        groups=np.arange(300),
        split="test",
        seed=1,
        classes=classes,
        shares=settings.true_shares(classes),
        replicates=20,
    )
    return found, figures_json(found, {})


@pytest.mark.parametrize("stated", [{"prevalence": 0.05}, {"prevalences": {"real": 0.05}}])
def test_two_classes_keep_the_name_of_their_figure(stated: dict[str, Any]) -> None:
    found, figures = judged(("bogus", "real"), EvaluationConfig(**stated))
    told = figures["precision_at_prevalence_0.05"]
    assert told["value"] == found.precision.main.sky.precision.value
    assert told["low"] < told["value"] < told["high"]


def test_published_precision_stands_beside_ours_at_the_published_shares() -> None:
    found, figures = judged(NIGHT_SKY_NET.classes, NIGHT_SKY_NET.configuration.evaluation)
    rows = {row.quantity: found.intervals[row.figure].value for row in NIGHT_SKY_NET.published}
    assert set(rows) >= {f"precision of {name}" for name in NIGHT_SKY_NET.classes}
    assert rows["precision of merger"] < 0.3 < figures["precision: merger"]["value"]
    assert found.precision.main.sky.share == pytest.approx(9 / 2857, rel=0.02)


def test_the_command_line_says_in_words_what_precision_means(capsys: pytest.CaptureFixture[str]) -> None:
    _, figures = judged(("bogus", "real"), EvaluationConfig())
    say_figures(figures)
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == f"precision: {figures[PRECISION]}"
    assert not [line for line in lines[:-1] if PRECISION in line]
