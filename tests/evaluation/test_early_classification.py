"""Early classification: the figures by hand, and by scikit-learn."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, balanced_accuracy_score

from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.evaluation.early_classification import accuracy_by_seen, early_classification


def growing(n: int = 120, classes: int = 3, seed: int = 0) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, n)
    noise = rng.normal(size=(3, n, classes))
    truth = np.eye(classes)[labels]
    scores = {
        name: noise[i] + strength * truth
        for i, (name, strength) in enumerate([("10 %", 0.5), ("50 %", 2), ("100 %", 5)])
    }
    points = [np.full(n, count) + rng.integers(0, 5, n) for count in (10, 50, 100)]
    days = [10.0 * count for count in points]
    return {"labels": labels, "scores": scores, "points": points, "days": days, "groups": np.arange(n)}


def judged(replicates: int = 50, **changes: Any) -> Any:
    given = growing() | changes
    return early_classification(
        given.pop("labels"), given.pop("scores"), **given, seed=1, replicates=replicates
    )


def test_figures_are_those_of_scikit_learn() -> None:
    given, found = growing(), judged()
    for cut, scores in zip(found.truncations, given["scores"].values(), strict=True):
        named = scores.argmax(1)
        assert cut.accuracy.value == pytest.approx(accuracy_score(given["labels"], named))
        assert cut.balanced_accuracy.value == pytest.approx(balanced_accuracy_score(given["labels"], named))
        assert cut.accuracy.low <= cut.accuracy.value <= cut.accuracy.high
    assert [cut.points for cut in found.truncations] == [np.median(p) for p in given["points"]]
    assert [cut.days for cut in found.truncations] == [np.median(d) for d in given["days"]]
    first, *_, last = found.truncations
    assert found.gain.value == pytest.approx(last.accuracy.value - first.accuracy.value)
    assert found.gain.low > 0
    json.dumps(found.to_json())


def test_settled_looks_at_all_later_truncations() -> None:
    """Curve 0 changes back: at the first truncation it has its last name, but not for good."""
    names = np.array([[0, 1, 0], [0, 0, 0], [1, 0, 0], [1, 1, 1]])
    scores = {str(cut): np.eye(2)[names[:, cut]] for cut in range(3)}
    seen = [np.full(4, cut) for cut in range(3)]
    found = early_classification(
        [0, 0, 0, 1], scores, points=seen, days=seen, groups=np.arange(4), seed=0, replicates=9
    )
    assert [cut.settled.value for cut in found.truncations] == [0.5, 0.75, 1.0]


def test_same_seed_same_intervals_and_groups_are_drawn_whole() -> None:
    assert judged() == judged()
    twice = {name: np.repeat(value, 2, axis=0) for name, value in growing()["scores"].items()}
    doubled = growing()
    wide = early_classification(
        np.repeat(doubled["labels"], 2),
        twice,
        points=[np.repeat(each, 2) for each in doubled["points"]],
        days=[np.repeat(each, 2) for each in doubled["days"]],
        groups=np.repeat(doubled["groups"], 2),
        seed=1,
        replicates=50,
    )
    assert wide.truncations[0].accuracy == judged().truncations[0].accuracy


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"points": growing()["points"][::-1]}, "fewer points"),
        ({"points": [np.ones(3)] * 3}, "shape"),
        ({"scores": {name: np.zeros(120) for name in "abc"}}, "column"),
        (
            {"scores": {"a": np.zeros((120, 3)), "b": np.zeros((120, 4)), "c": np.zeros((120, 3))}},
            "one number",
        ),
    ],
)
def test_arrays_that_do_not_fit(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(SampleSetError, match=told):
        judged(**changes)


def test_as_many_arrays_as_truncations() -> None:
    with pytest.raises(ConfigurationError, match="3 truncations, points of 2"):
        judged(points=growing()["points"][:2])
    with pytest.raises(ConfigurationError, match="at least one"):
        judged(scores={}, points=[], days=[])


def test_bins_by_hand() -> None:
    seen, right = [1, 5, 10, 10, 20, 99], [0, 1, 1, 0, 1, 0]
    bins = accuracy_by_seen(right, seen, (0, 10, 20, 30), groups=np.arange(6), seed=0, replicates=20)
    assert [(each.curves, each.accuracy.value) for each in bins[:2]] == [(2, 0.5), (2, 0.5)]
    assert (bins[2].curves, bins[2].accuracy.value) == (1, 1.0)
    (none,) = accuracy_by_seen(right, seen, (30, 40), groups=np.arange(6), seed=0)
    assert none.curves == 0
    assert np.isnan(none.accuracy.value)
    (whole,) = accuracy_by_seen(right, seen, (0, 99), groups=np.arange(6), seed=0, replicates=20)
    assert whole.curves == 6


def test_bins_that_cannot_be() -> None:
    with pytest.raises(ConfigurationError, match="increase"):
        accuracy_by_seen([1], [1], (2, 1), groups=[0], seed=0)
    with pytest.raises(SampleSetError, match="one for each"):
        accuracy_by_seen([1, 0], [1], (1, 2), groups=[0], seed=0)
