"""One HTML file about a model: what it is, how good it is, where it fails, how it was made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from skysieve.evaluation.class_figures import class_figures
from skysieve.evaluation.evaluate import Evaluation
from skysieve.evaluation.intervals import Interval
from skysieve.evaluation.metrics import BinaryMetrics, precision_at_prevalence
from skysieve.evaluation.report_content import PublishedFigure, ReportContent, shared_parts
from skysieve.evaluation.report_figures import (
    calibration_figures,
    completeness_figures,
    curve_figures,
    training_figures,
)
from skysieve.evaluation.report_page import decimals_of, write_page

__all__ = ["write_report"]

MEANINGS = {
    "roc_auc": ("ROC AUC", "chance that a {positive} sample scores above a {negative} one"),
    "average_precision": ("Average precision", "mean purity over all completenesses"),
    "accuracy": ("Accuracy", "share called right"),
    "balanced_accuracy": ("Balanced accuracy", "mean recall of the classes"),
    "recall": ("Completeness", "recall: share of the {positive} samples called {positive}"),
    "precision": ("Purity in this set", "precision: share of {positive} ones among those called {positive}"),
    "precision_at_prevalence": ("Purity on the sky", "precision at the true share of {positive} ones"),
    "fpr": ("False-positive rate", "share of {negative} samples called {positive}"),
    "fnr": ("False-negative rate", "share of {positive} samples called {negative}"),
    "f1": ("F1", "harmonic mean of purity and completeness"),
    "mcc": ("Matthews correlation", "agreement of call and truth, 0 by chance, 1 perfect"),
    "macro_f1": ("Macro F1", "mean F1 of the classes"),
    "macro_roc_auc": ("Macro ROC AUC", "mean one-against-rest ROC AUC of the classes"),
    "brier": ("Brier score", "mean squared error of the probability; lower is better"),
    "log_loss": ("Log-loss", "mean surprise, nats a sample; lower is better"),
    "ece": ("Calibration error", "ECE, 10 bins of equal width; lower is better"),
}
"""Name and meaning of each figure, in the order of the table."""

HEADLINE = (
    "roc_auc",
    "macro_roc_auc",
    "recall",
    "precision",
    "precision_at_prevalence",
    "balanced_accuracy",
    "macro_f1",
    "fpr",
    "ece",
)
TILES = 6


@dataclass(frozen=True, slots=True)
class FigureRow:
    """One figure of the table, for each evaluation (None where it is not defined for it)."""

    title: str
    meaning: str
    intervals: tuple[Interval | None, ...]

    @property
    def decimals(self) -> int:
        """Decimals of the whole row, so that its numbers align."""
        return max(decimals_of(each) for each in self.intervals if each is not None)


def write_report(path: str | Path, content: ReportContent) -> Path:
    """Write the report of a model as one self-contained HTML file.

    It loads nothing, runs no script, follows the reader's light or dark theme,
    and prints. Everything in it is escaped; parts that ``content`` lacks are left out.

    Parameters
    ----------
    path : path
        File to write; its folder is made.
    content : ReportContent
        What to show.

    Returns
    -------
    Path
        The file.

    Examples
    --------
    >>> import tempfile
    >>> from skysieve.evaluation.report_content import ModelCard
    >>> folder = Path(tempfile.mkdtemp())
    >>> write_report(folder / "report.html", ReportContent("A model", ModelCard("m"))).name
    'report.html'
    """
    main = content.evaluation
    evaluations = [each for each in (main, *content.further_evaluations) if each is not None]
    return write_page(
        path,
        "report_template.html.j2",
        **shared_parts(content),
        evaluations=evaluations,
        tiles=_tiles(main),
        rows=_rows(evaluations),
        class_tables=[(each, class_figures(each)) for each in evaluations if class_figures(each)],
        published=[(row, _ours(row, main)) for row in content.published],
        purities=_purities(main, content.prevalences),
        curve_figures=curve_figures(main, content.published_points) if main else [],
        calibration_figures=calibration_figures(main) if main else [],
        completeness_figures=completeness_figures(main.completeness, main.classes[-1]) if main else [],
        pictures=any(each.cutouts is not None for some in content.mistakes.values() for each in some),
        training_figures=training_figures(content.history),
    )


def _tiles(main: Evaluation | None) -> list[tuple[str, Interval]]:
    """Return the few figures on top: name and interval."""
    if main is None:
        return []
    present = [name for name in HEADLINE if name in main.intervals]
    if isinstance(main.metrics, BinaryMetrics):
        present.remove("balanced_accuracy")
    return [(MEANINGS[name][0], main.intervals[name]) for name in present][:TILES]


def _rows(evaluations: Sequence[Evaluation]) -> list[FigureRow]:
    """Return the table of all figures but those of single classes, which have their own."""
    names = {name for each in evaluations for name in each.intervals}
    known = [name for name in MEANINGS if name in names]
    classes = evaluations[0].classes if evaluations else ()
    words = {"negative": classes[0], "positive": classes[1]} if classes else {}

    def row(name: str) -> FigureRow:
        title, meaning = MEANINGS[name]
        for word, of_class in words.items():
            meaning = meaning.replace("{" + word + "}", of_class)
        return FigureRow(title, meaning, tuple(each.intervals.get(name) for each in evaluations))

    return [row(name) for name in known]


def _ours(row: PublishedFigure, main: Evaluation | None) -> Interval | None:
    if row.ours is not None or main is None:
        return row.ours
    return main.intervals.get(row.figure)


def _purities(main: Evaluation | None, prevalences: Sequence[float]) -> list[tuple[float, float]]:
    """Return the purity for other shares of real samples; nothing where a rate is undefined."""
    if main is None or not isinstance(main.metrics, BinaryMetrics):
        return []
    recall, fpr = main.metrics.recall, main.metrics.fpr
    if recall != recall or fpr != fpr:
        return []
    return [(share, precision_at_prevalence(recall, fpr, share)) for share in prevalences]
