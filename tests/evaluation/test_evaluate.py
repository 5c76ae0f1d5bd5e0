from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.evaluation.evaluate import Evaluation, evaluate
from skysieve.evaluation.intervals import wilson_interval
from skysieve.evaluation.metrics import binary_metrics, precision_at_prevalence
from skysieve.evaluation.thresholds import fixed, max_fpr


def night(n: int = 400, seed: int = 0) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, n)
    logits = rng.normal(3 * labels - 1.5, 1.5)
    return {
        "labels": labels,
        "scores": 1 / (1 + np.exp(-logits / 2)),
        "logits": logits,
        "groups": np.arange(n) // 2,
        "magnitudes": np.where(rng.random(n) < 0.1, np.nan, rng.uniform(16, 21, n)),
        "ids": np.array([f"ZTF{i:04d}" for i in range(n)]),
    }


def judge(**changes: Any) -> Evaluation:
    return evaluate(**{**night(), "split": "test", "seed": 1, "replicates": 60, **changes})


def test_figures_are_those_of_the_parts() -> None:
    found, given = judge(threshold=fixed(0.4)), night()
    assert found.metrics == binary_metrics(given["labels"], given["scores"], 0.4)
    for name, interval in found.intervals.items():
        assert interval.value == getattr(found.metrics, name)
        assert interval.low <= interval.value <= interval.high or name == "ece"
    assert found.n_groups == 200
    assert found.completeness is not None
    assert found.completeness.n_missing == np.isnan(given["magnitudes"]).sum()
    assert found.uncalibrated is not None
    assert found.uncalibrated.error != found.reliability.error


def test_the_surest_mistakes_come_first() -> None:
    found = judge()
    bogus = found.worst_mistakes(truth=0, limit=5)
    real = found.worst_mistakes(truth=1, limit=5)
    assert (found.labels[bogus] == 0).all()
    assert found.scores[bogus[0]] == found.scores[found.labels == 0].max()
    assert found.scores[real[0]] == found.scores[found.labels == 1].min()
    assert (np.diff(found.scores[bogus]) <= 0).all()


def test_the_surest_mistakes_of_two_classes_are_those_furthest_from_the_truth() -> None:
    found = evaluate([0, 0, 1, 1], [0.9, 0.2, 0.05, 0.3], groups=range(4), split="test", seed=0, replicates=5)
    assert found.surest_mistakes(limit=2).tolist() == [2, 0]


def test_no_mistakes_is_an_empty_list_and_a_wilson_interval() -> None:
    found = evaluate(
        [0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9], groups=list("aabc"), split="test", seed=0, replicates=20
    )
    assert found.worst_mistakes(0, 5).size == found.worst_mistakes(1, 5).size == 0
    assert found.intervals["recall"].method == "wilson"
    assert found.intervals["recall"].low == pytest.approx(0.342, abs=0.001)
    # Two bogus samples of one group count as one trial.
    assert found.intervals["fpr"].high == pytest.approx(0.793, abs=0.001)


def test_one_class_only_is_judged_as_far_as_it_goes() -> None:
    found = evaluate(
        [1, 1, 1], [0.9, 0.4, 0.8], groups=[1, 2, 3], split="known asteroids", seed=0, replicates=20
    )
    assert found.curves is None
    assert found.intervals["recall"].value == pytest.approx(2 / 3)
    assert found.to_json()["metrics"]["roc_auc"] is None


def test_many_classes() -> None:
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 3, 200)
    logits = rng.normal(0, 1, (200, 3)) + 2 * np.eye(3)[labels]
    scores = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    found = evaluate(
        labels,
        scores,
        logits=logits,
        groups=np.arange(200),
        split="test",
        seed=0,
        replicates=30,
        classes="abc",
    )
    assert found.threshold is None
    assert found.curves is None
    assert found.intervals["recall: b"].value == found.metrics.recall[1]  # type: ignore[index]
    precision = found.intervals["precision: b"]
    assert precision.value == pytest.approx(found.metrics.precision[1])  # type: ignore[index]
    assert precision.low < precision.value < precision.high
    assert found.precision.classes[1].here.precision.value == pytest.approx(precision.value)
    assert not [name for name in found.intervals if "prevalence" in name]
    worst = found.worst_mistakes(truth=2, limit=3)
    assert (np.diff(found.scores[worst, 2]) >= 0).all()
    surest = found.surest_mistakes(limit=5)
    assert (found.called[surest] != labels[surest]).all()
    wrong = found.scores.max(axis=1)[found.called != labels]
    np.testing.assert_array_equal(found.scores.max(axis=1)[surest], np.sort(wrong)[::-1][:5])
    assert found.uncalibrated is not None
    json.dumps(found.to_json(), allow_nan=False)


def test_classes_without_a_mistake_have_wilson_intervals() -> None:
    labels = np.repeat([0, 1, 2], [5, 6, 9])
    found = evaluate(
        labels, np.eye(3)[labels], groups=np.arange(20), split="test", seed=0, replicates=20, classes="abc"
    )
    for name, trials in {"recall: a": 5, "precision: c": 9, "accuracy": 20}.items():
        assert found.intervals[name] == wilson_interval(trials, trials)


def test_precision_at_true_shares_is_among_the_figures() -> None:
    found = judge(shares={"real": 0.01})
    rates = [found.intervals[name].value for name in ("recall", "fpr")]
    expected = precision_at_prevalence(*rates, prevalence=0.01)
    assert found.intervals["precision_at_prevalence"].value == pytest.approx(expected)
    assert found.to_json()["precision_by_share"]["statement"] == found.precision.statement
    with pytest.raises(ConfigurationError, match="'merger'"):
        judge(shares={"merger": 0.01})


def test_json_is_plain_and_small() -> None:
    text = json.dumps(judge().to_json(), allow_nan=False)
    assert json.loads(text)["threshold"] == {"value": 0.5, "rule": "fixed", "split": "none"}
    assert len(json.loads(text)["curves"]["fpr"]) == 200


def test_a_threshold_from_the_same_split_is_noticed() -> None:
    given = night()
    chosen = max_fpr(given["labels"], given["scores"], 0.05, split="test")
    assert judge(threshold=chosen).threshold_saw_split
    assert not judge(threshold=chosen, split="another").threshold_saw_split


def test_refusals() -> None:
    with pytest.raises(ConfigurationError, match="3 classes"):
        judge(classes=("a", "b", "c"))
    with pytest.raises(ConfigurationError, match="most probable"):
        evaluate([0, 1], np.eye(2), groups=[0, 1], split="test", seed=0, threshold=fixed(0.5))
    with pytest.raises(SampleSetError, match="unlabelled"):
        judge(labels=np.full(400, -1))
    with pytest.raises(SampleSetError, match="ids"):
        judge(ids=["one"])
    with pytest.raises(SampleSetError, match="beside scores"):
        judge(logits=np.zeros(3))
