from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from matplotlib.figure import Figure

from skysieve.errors import ConfigurationError
from skysieve.evaluation import sieve_member_plots, sieve_plots
from skysieve.evaluation.completeness import completeness_purity
from skysieve.evaluation.intervals import wilson_interval
from skysieve.evaluation.metrics import curves
from skysieve.evaluation.plot_style import figure_to_svg
from skysieve.evaluation.sieve_evaluation import KindShare, MemberFigures
from skysieve.evaluation.sieve_venn import count_regions

RNG = np.random.default_rng(0)
TRUTH = RNG.integers(0, 2, 400)
SCORES = 1 / (1 + np.exp(-RNG.normal(6 * TRUTH - 3, 2)))
RATE = wilson_interval(3, 200)
MEMBER = MemberFigures(
    "rb_vgg6", "rb", 0.5, 400, 200, RATE, RATE, RATE, RATE, ((1, 2), (3, 4)), curves(TRUTH, SCORES)
)
ONE_CLASS = MemberFigures("rb_x", "rb", 0.5, 4, 4, RATE, RATE, RATE, RATE, ((0, 0), (0, 4)), None)
VENN = count_regions({name: RNG.random(400) < 0.5 for name in ("rb", "sl", "kd")}, TRUTH)
FOUND = completeness_purity(10 ** RNG.uniform(0, 2, 400), np.ones(400, dtype=int), SCORES, 0.5, column="snr")
EMPTY = completeness_purity([1.0, 2.0, 3.0], [1, 1, 1], [0.1, 0.9, 0.2], 0.5, bins=[0, 1.5, 1.7, 4])
KINDS = [
    KindShare("asteroid", True, 10, {"a": RATE, "b": RATE}, {}),
    KindShare("ghost", False, 10, {"a": RATE, "b": wilson_interval(0, 10)}, {}),
]
HISTORY = [
    {"epoch": i, "training_loss": 1 / i, "validation_loss": 2 / i, "training_accuracy": 1 - 0.3 / i,
     "validation_accuracy": np.nan if i == 3 else 1 - 0.4 / i}
    for i in range(1, 9)
]  # fmt: skip

DRAWINGS: dict[str, Callable[[], Figure]] = {
    "confusion": lambda: sieve_plots.confusion_matrices(
        {"a": ((3, 1), (0, 0)), "b": ((0, 0), (0, 9))}, dict.fromkeys("ab", ("no", "yes"))
    ),
    "one confusion": lambda: sieve_plots.confusion_matrices({"a": ((3, 1), (2, 5))}, {"a": ("no", "yes")}),
    "venn": lambda: sieve_plots.venn_plot(VENN),
    "venn by truth": lambda: sieve_plots.venn_plot(VENN, names={"rb": "$real$"}, by_truth=True),
    "completeness": lambda: sieve_plots.completeness_plot({"a": FOUND, "b": FOUND}, logarithmic=True),
    "completeness with an empty bin": lambda: sieve_plots.completeness_plot({"a": EMPTY}, label="x"),
    "kinds": lambda: sieve_plots.kind_bars(KINDS, ["a", "b"]),
    "known objects": lambda: sieve_plots.known_objects_plot(
        [18, 19, np.nan], [5, 50, 3], [True, False, True]
    ),
    "no known object": lambda: sieve_plots.known_objects_plot([], [], []),
    "learning": lambda: sieve_member_plots.family_learning_curves({"a": HISTORY, "b": [], "c": HISTORY[:1]}),
    "roc": lambda: sieve_member_plots.family_roc([MEMBER, ONE_CLASS]),
    "scores": lambda: sieve_member_plots.score_distributions(
        {"a": SCORES, "b": SCORES[:0]}, {"a": TRUTH, "b": TRUTH[:0]}, {"a": 0.5, "b": 0.1}
    ),
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_every_figure_draws(name: str) -> None:
    assert figure_to_svg(DRAWINGS[name](), name="figure", description="").startswith("<svg")


def test_the_venn_diagram_writes_every_region_once() -> None:
    counts = count_regions(
        {name: np.repeat([1 & (code >> i) for code in range(8)], 10 ** np.arange(8) % 997).astype(bool)
         for i, name in enumerate(("rb", "sl", "kd"))},
        np.full(int((10 ** np.arange(8) % 997).sum()), -1),
    )  # fmt: skip
    texts = [text.get_text() for text in sieve_plots.venn_plot(counts).axes[0].texts]
    for region in counts.regions:
        assert f"{region.total:,}" in texts or f"none: {region.total:,}" in texts
    assert f"rb\n{counts.passing('rb').total:,}" in texts


@pytest.mark.parametrize("filters", [("rb",), ("rb", "kd"), ("rb", "sl", "kd")])
def test_each_number_stands_in_the_circles_it_belongs_to(filters: tuple[str, ...]) -> None:
    passes = {name: np.array([name in filters]) for name in ("rb", "sl", "kd")}
    axes = sieve_plots.venn_plot(count_regions(passes, np.array([1]))).axes[0]
    number = next(text for text in axes.texts if text.get_text() == "1")
    circles = [patch for patch in axes.patches if not patch.get_fill()]
    inside = {
        name
        for name, circle in zip(("rb", "sl", "kd"), circles, strict=True)
        if np.hypot(*(np.array(number.get_position()) - circle.center)) < circle.radius  # type: ignore[attr-defined]
    }
    assert inside == set(filters)


def test_bars_are_the_shares_of_other_kinds_alone() -> None:
    axes = sieve_plots.kind_bars(KINDS, ["a", "b"]).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["ghost  (10)"]
    assert [patch.get_width() for patch in axes.patches] == [RATE.value, 0]  # type: ignore[attr-defined]


def test_found_and_missed_are_counted() -> None:
    axes = sieve_plots.known_objects_plot([18, 19, np.nan], [5, 50, 3], [True, False, True]).axes[0]
    assert {text.get_text() for text in axes.texts} == {"found 1", "missed 1"}


def test_dots_stand_at_their_thresholds() -> None:
    axes = sieve_member_plots.family_roc([MEMBER]).axes[0]
    dots = [line for line in axes.lines if line.get_marker() == "o"]
    assert len(dots) == len(sieve_member_plots.ROC_DOTS)
    for dot, threshold in zip(dots, sieve_member_plots.ROC_DOTS, strict=True):
        called = threshold <= SCORES
        assert dot.get_xdata()[0] == pytest.approx(called[TRUTH == 0].mean())
        assert dot.get_ydata()[0] == pytest.approx(called[TRUTH == 1].mean())


def test_nothing_to_draw_is_refused() -> None:
    for draw in (
        lambda: sieve_plots.confusion_matrices({}, {}),
        lambda: sieve_plots.venn_plot(count_regions({"a": np.array([True])}, np.array([1]))),
        lambda: sieve_plots.completeness_plot({}),
        lambda: sieve_plots.kind_bars(KINDS[:1], ["a"]),
        lambda: sieve_member_plots.family_learning_curves({"a": []}),
        lambda: sieve_member_plots.family_roc([ONE_CLASS]),
        lambda: sieve_member_plots.score_distributions({}, {}, {}),
    ):
        with pytest.raises(ConfigurationError):
            draw()


def test_of_many_found_only_some_are_drawn_and_that_is_said() -> None:
    n = 7000
    axes = sieve_plots.known_objects_plot(np.full(n, 18), np.full(n, 5), np.arange(n) > 0).axes[0]
    assert [len(drawn.get_offsets()) for drawn in axes.collections] == [2333, 1]  # type: ignore[arg-type]
    assert "found 6,999, 2,333 of them drawn" in {text.get_text() for text in axes.texts}
