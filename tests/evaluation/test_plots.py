from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from matplotlib.figure import Figure

from skysieve.errors import ConfigurationError
from skysieve.evaluation import plots
from skysieve.evaluation.completeness import completeness_purity
from skysieve.evaluation.intervals import wilson_interval
from skysieve.evaluation.metrics import curves
from skysieve.evaluation.plot_style import figure_to_svg
from skysieve.evaluation.reliability import reliability

RNG = np.random.default_rng(0)
LABELS = RNG.integers(0, 2, 300)
SCORES = 1 / (1 + np.exp(-RNG.normal(6 * LABELS - 3, 2)))
CURVES = curves(LABELS, SCORES)
RELIABILITY = reliability(LABELS, SCORES)
HISTORY = [{"epoch": i, "train_loss": 1 / i, "val_loss": 1.1 / i + i / 50, "lr": 0.1} for i in range(1, 9)]

DRAWINGS: dict[str, Callable[[], Figure]] = {
    "roc": lambda: plots.roc(CURVES, threshold=0.4, auc=wilson_interval(9, 10)),
    "roc of a poor model": lambda: plots.roc(curves(LABELS, RNG.random(300))),
    "precision-recall": lambda: plots.precision_recall(CURVES, prevalence=0.5, threshold=0.5),
    "confusion": lambda: plots.confusion([[90, 10], [0, 0]], ("bogus", "real")),
    "confusion of many": lambda: plots.confusion(np.eye(7, dtype=int).tolist(), "abcdefg"),
    "error rates": lambda: plots.error_rates(
        CURVES, threshold=0.5, published=[plots.PublishedPoint("paper", 0.5, 0.0, 0.01)]
    ),
    "reliability": lambda: plots.reliability_diagram(RELIABILITY, before=RELIABILITY),
    "histogram": lambda: plots.score_histogram(SCORES, labels=LABELS, threshold=0.7),
    "histogram without labels": lambda: plots.score_histogram([*SCORES, np.nan]),
    "histogram of an empty class": lambda: plots.score_histogram([0.1], labels=[0]),
    "histogram with a missing score": lambda: plots.score_histogram([np.nan, 0.2, 0.9], labels=[0, 0, 1]),
    "histogram of nothing": lambda: plots.score_histogram([]),
    "completeness": lambda: plots.completeness_purity_plot(
        completeness_purity(RNG.uniform(16, 21, 300), LABELS, SCORES, 0.5)
    ),
    "completeness of bogus only": lambda: plots.completeness_purity_plot(
        completeness_purity([18.0, 19.0], [0, 0], [0.1, 0.2], 0.5)
    ),
    "learning curves": lambda: plots.learning_curves(HISTORY),
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_every_figure_draws(name: str) -> None:
    figure = DRAWINGS[name]()
    assert isinstance(figure, Figure)
    assert figure_to_svg(figure, name="figure", description="").startswith("<svg")


def test_the_roc_drawn_is_the_roc_given() -> None:
    line = plots.roc(CURVES).axes[0].lines[1]
    np.testing.assert_array_equal(line.get_xdata(), CURVES.fpr)
    np.testing.assert_array_equal(line.get_ydata(), CURVES.recall)


def test_the_operating_point_is_the_one_of_the_threshold() -> None:
    mark = plots.precision_recall(CURVES, threshold=0.5).axes[0].lines[-1]
    called = SCORES >= 0.5
    assert mark.get_xdata()[0] == pytest.approx(called[LABELS == 1].mean())
    assert mark.get_ydata()[0] == pytest.approx(LABELS[called].mean())


def test_confusion_writes_counts_and_shares() -> None:
    texts = {text.get_text() for text in plots.confusion([[1200, 300], [5, 15]], ("a", "b")).axes[0].texts}
    assert texts == {"1,200", "300", "5", "15", "80.0%", "20.0%", "25.0%", "75.0%"}


def test_histories_are_sorted_into_panels_losses_first() -> None:
    figure = plots.learning_curves(HISTORY)
    assert [axes.get_ylabel() for axes in figure.axes] == ["loss", "lr"]
    assert len(figure.axes[0].lines) == 3


def test_gaps_in_a_history_are_left_out() -> None:
    figure = plots.learning_curves([{"epoch": 1, "train_loss": 1.0}, {"epoch": 2, "train_loss": np.nan}])
    assert len(figure.axes[0].lines[0].get_xdata()) == 1
    with pytest.raises(ConfigurationError, match="2 epochs"):
        plots.learning_curves([{"epoch": 1}, {"epoch": 2}])
