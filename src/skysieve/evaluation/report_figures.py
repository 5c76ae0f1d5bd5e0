"""The figures of a report, each with the words that say how to read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy.typing as npt
from markupsafe import Markup
from matplotlib.figure import Figure

from skysieve.evaluation import plots
from skysieve.evaluation.class_figures import class_reliability
from skysieve.evaluation.class_plots import class_reliability_diagrams, confusion_shares
from skysieve.evaluation.completeness import CompletenessPurity
from skysieve.evaluation.evaluate import Evaluation
from skysieve.evaluation.metrics import BinaryMetrics
from skysieve.evaluation.plot_style import figure_to_svg
from skysieve.evaluation.thresholds import Threshold

__all__ = [
    "ReportFigure",
    "calibration_figures",
    "completeness_figures",
    "curve_figures",
    "score_figure",
    "training_figures",
]

SHARES_FIT = 4
"""Up to so many classes `plots.confusion` writes the shares below its counts."""


@dataclass(frozen=True, slots=True)
class ReportFigure:
    """A drawn figure, its title and its caption."""

    name: str
    title: str
    svg: Markup
    caption: str


def curve_figures(
    evaluation: Evaluation, published: Sequence[plots.PublishedPoint] = ()
) -> list[ReportFigure]:
    """Return confusion, ROC, precision-recall and error rates, as far as the data define them."""
    found = [
        _figure(
            "confusion",
            "Confusion",
            plots.confusion(evaluation.metrics.confusion, evaluation.classes),
            "Rows are the truth, columns what the model called it. The shade is the share of the row: blue "
            "is right, orange is wrong.",
        )
    ]
    curves, metrics = evaluation.curves, evaluation.metrics
    if len(evaluation.classes) > SHARES_FIT:
        found.append(
            _figure(
                "confusion-shares",
                "Confusion in percent",
                confusion_shares(metrics.confusion, evaluation.classes),
                "The same as shares of the true class: rows add up to 100. Completeness lies on the "
                "diagonal; read along a row for what a class is taken for.",
            )
        )
    if curves is None or evaluation.threshold is None or not isinstance(metrics, BinaryMetrics):
        return found
    cut, intervals = evaluation.threshold.value, evaluation.intervals
    error = curves.equal_error
    return [
        *found,
        _figure(
            "roc",
            "ROC",
            plots.roc(curves, threshold=cut, auc=intervals["roc_auc"]),
            "The further the curve bends into the upper left corner the better; guessing runs along the "
            "dashed diagonal. The dot is the threshold in use. The inset enlarges the corner.",
        ),
        _figure(
            "precision-recall",
            "Purity against completeness",
            plots.precision_recall(
                curves,
                prevalence=metrics.n_positive / metrics.n,
                threshold=cut,
                average_precision=intervals["average_precision"],
                positive=evaluation.classes[1],
            ),
            "Each point is a threshold, the dot the one in use. Purity depends on the share of "
            f"{evaluation.classes[1]} samples in the set: the dashed line is what calling everything "
            f"{evaluation.classes[1]} would give.",
        ),
        _figure(
            "error-rates",
            "Error rates against threshold",
            plots.error_rates(curves, threshold=cut, published=published, classes=evaluation.classes),
            "Moving the threshold trades one error for the other; they are equal, "
            f"{100 * error.rate:.2g}\u00a0%, at a threshold of {error.threshold:.3g}. Rates of zero "
            "lie on the lower edge." + (" Diamonds are published rates." if published else ""),
        ),
    ]


def calibration_figures(evaluation: Evaluation) -> list[ReportFigure]:
    """Return the reliability diagram and, for two classes, the histogram of scores by class."""
    binary = evaluation.threshold is not None
    what = f"share that is {evaluation.classes[1]}" if binary else "share called right"
    diagram = _figure(
        "reliability",
        "Reliability",
        plots.reliability_diagram(evaluation.reliability, before=evaluation.uncalibrated, axis=what),
        "On the dashed diagonal a score means what it says: of the samples scored near 0.8, eight in ten "
        f"are {evaluation.classes[1] if binary else 'called right'}. Bars are 95\u00a0% Wilson intervals; "
        "below, the number of samples in each bin. ECE is the mean distance from the diagonal over 10 bins "
        "of equal width.",
    )
    return [diagram, score_figure(evaluation) if binary else _class_calibration(evaluation)]


def _class_calibration(evaluation: Evaluation) -> ReportFigure:
    return _figure(
        "class-reliability",
        "Reliability of each class",
        class_reliability_diagrams(class_reliability(evaluation)),
        "The probability of each class by itself, whether it is the highest or not, against the share of "
        "samples that are of it. Dots grow with the samples in their bin, bars are 95\u00a0% Wilson "
        "intervals. Below the diagonal a class is promised too often.",
    )


def score_figure(
    evaluation: Evaluation | None, scores: npt.ArrayLike = (), threshold: Threshold | None = None
) -> ReportFigure:
    """Return the histogram of scores, by class if there is an evaluation."""
    if evaluation is not None:
        cut = evaluation.threshold
        figure = plots.score_histogram(
            evaluation.scores,
            labels=evaluation.labels,
            classes=evaluation.classes,
            threshold=cut.value if cut else None,
        )
        caption = "Scores by true class on a logarithmic scale, so that the few in the wrong place show."
    else:
        figure = plots.score_histogram(scores, threshold=threshold.value if threshold else None)
        caption = "All scores on a logarithmic scale. A model that knows its task fills both ends."
    return _figure("scores", "Scores", figure, caption)


def completeness_figures(found: CompletenessPurity | None, positive: str = "real") -> list[ReportFigure]:
    """Return completeness and purity against the column, if any sample has it."""
    if found is None or not found.bins:
        return []
    left_out = found.n_missing + found.n_outside
    rest = f" {left_out:,} samples without a value in range are left out." if left_out else ""
    return [
        _figure(
            "completeness",
            f"Completeness and purity by {found.column}",
            plots.completeness_purity_plot(found),
            f"Completeness is the share of {positive} samples that is found, purity the share of "
            f"{positive} ones among what is called {positive}; bins hold about equally many samples, bars "
            "are 95\u00a0% intervals." + rest,
        )
    ]


def training_figures(history: Sequence[Mapping[str, float]]) -> list[ReportFigure]:
    """Return the learning curves, if there is a history."""
    if not history:
        return []
    return [
        _figure(
            "learning",
            "Learning curves",
            plots.learning_curves(history),
            "Training in grey, validation in blue; the dot is the best epoch on validation. Curves that part "
            "are a network that learns its training set by heart.",
        )
    ]


def _figure(name: str, title: str, figure: Figure, caption: str) -> ReportFigure:
    # matplotlib escapes every text that it writes into an SVG.
    svg = Markup(figure_to_svg(figure, name=name, description=f"{title}. {caption}"))  # noqa: S704
    return ReportFigure(name, title, svg, caption)
