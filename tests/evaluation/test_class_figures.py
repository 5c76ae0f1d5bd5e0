from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

from skysieve.errors import ConfigurationError
from skysieve.evaluation.class_figures import class_figures, class_reliability
from skysieve.evaluation.class_plots import class_reliability_diagrams, confusion_shares
from skysieve.evaluation.evaluate import Evaluation, evaluate
from skysieve.evaluation.metrics import binary_metrics

CLASSES = ("EW", "RRab", "LPV", "supernova", "$constant$")


@pytest.fixture(scope="module")
def judged() -> Evaluation:
    rng = np.random.default_rng(6)
    labels = rng.integers(0, 4, 400)
    logits = rng.normal(0, 1, (400, 5)) + 1.5 * np.eye(5)[labels]
    scores = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return evaluate(
        labels, scores, groups=range(400), split="test", seed=0, replicates=40, classes=CLASSES,
        shares={"supernova": 0.001},
    )  # fmt: skip


def test_each_class_has_the_figures_of_it_against_the_rest(judged: Evaluation) -> None:
    found = class_figures(judged)
    assert [each.name for each in found] == list(CLASSES)
    assert sum(each.n for each in found) == 400
    for k, each in enumerate(found[:4]):
        alone = binary_metrics(judged.labels == k, (judged.called == k).astype(float), 0.5)
        assert each.completeness.value == pytest.approx(alone.recall)
        assert each.purity.value == pytest.approx(alone.precision)
        assert each.f1.value == pytest.approx(alone.f1)
        of_probability = binary_metrics(judged.labels == k, judged.scores[:, k], 0.5)
        assert each.calibration_error.value == pytest.approx(of_probability.ece)
        assert each.f1.low < each.f1.value < each.f1.high
    assert found[3].purity_on_sky is not None
    assert found[3].purity_on_sky.value < found[3].purity.value


def test_a_class_without_samples_has_no_completeness(judged: Evaluation) -> None:
    absent = class_figures(judged)[4]
    assert absent.n == 0
    assert np.isnan(absent.completeness.value)
    assert absent.purity.value == 0


def test_two_classes_have_no_table() -> None:
    found = evaluate([0, 1, 1], [0.1, 0.2, 0.9], groups=range(3), split="test", seed=0, replicates=5)
    assert class_figures(found) == ()
    assert class_reliability(found) == {}


def test_the_reliability_of_a_class_counts_every_sample(judged: Evaluation) -> None:
    found = class_reliability(judged)
    assert list(found) == list(CLASSES)
    for k, (name, curve) in enumerate(found.items()):
        assert curve.count.sum() == 400
        assert curve.error == pytest.approx(judged.intervals[f"ece: {name}"].value)
        assert np.nansum(curve.frequency * curve.count) == pytest.approx((judged.labels == k).sum())


def test_a_diagram_for_each_class(judged: Evaluation) -> None:
    figure = class_reliability_diagrams(class_reliability(judged))
    assert isinstance(figure, Figure)
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert [title.split(",")[0] for title in titles[:5]] == list(CLASSES)
    with pytest.raises(ConfigurationError, match="no class"):
        class_reliability_diagrams({})


def test_shares_of_a_row_are_percent() -> None:
    figure = confusion_shares([[300, 1, 99], [0, 0, 0], [1, 0, 1]], ("a", "b", "c"))
    assert [text.get_text() for text in figure.axes[0].texts] == ["75", "<1", "25", "50", "50"]
