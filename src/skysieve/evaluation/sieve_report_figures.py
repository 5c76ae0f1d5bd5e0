"""The figures of a sieve's report, each with the words that say how to read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from markupsafe import Markup
from matplotlib.figure import Figure

from skysieve.evaluation import sieve_member_plots, sieve_plots
from skysieve.evaluation.plot_style import figure_to_svg
from skysieve.evaluation.plots import roc
from skysieve.evaluation.report_figures import ReportFigure
from skysieve.evaluation.sieve_evaluation import SieveEvaluation
from skysieve.evaluation.sieve_scores import SieveScores
from skysieve.evaluation.sieve_venn import VennCounts
from skysieve.sources.streaks.families import FAMILY_ANSWERS

__all__ = [
    "completeness_figures",
    "confusion_figures",
    "kind_figures",
    "learning_figures",
    "roc_figures",
    "score_figures",
    "venn_figure",
]

LOGARITHMIC = ("rate", "length", "snr")


def confusion_figures(found: SieveEvaluation) -> list[ReportFigure]:
    """Return the confusion matrices of the rules, and those of the members."""
    rules = {rule.name: rule.confusion for rule in found.rules}
    members = {each.name: each.confusion for each in found.members if each.n}
    classes = {each.name: _classes(each.family) for each in found.members}
    drawn = [
        _figure(
            "confusion-rules",
            "Confusion of the rules",
            sieve_plots.confusion_matrices(rules, dict.fromkeys(rules, _classes("os"))),
            "The joint decision of several networks beside that of the others, on the same streaks. Rows are "
            "the truth, columns what was called; the shade is the share of the row.",
        )
    ]
    if members:
        drawn.append(
            _figure(
                "confusion-members",
                "Confusion of the members",
                sieve_plots.confusion_matrices(members, classes),
                "Each member on the streaks for which its family's question has an answer, at its threshold.",
            )
        )
    return drawn


def venn_figure(counts: VennCounts, *, by_truth: bool) -> ReportFigure | None:
    """Return the Venn diagram of three sub-filters; None for another number of them."""
    if len(counts.filters) != 3:
        return None
    names = {name: f"{name}: {_classes(name)[1]}" for name in counts.filters}
    small = " Small numbers: plausible + other streaks by truth." if by_truth else ""
    return _figure(
        "venn",
        "What passes which sub-filter",
        sieve_plots.venn_plot(counts, names=names, by_truth=by_truth),
        "Each streak counts in the one region of the sub-filters that let it pass; at each name the number "
        f"that the sub-filter passes in all. The areas are not proportional to the numbers.{small}",
    )


def roc_figures(found: SieveEvaluation) -> list[ReportFigure]:
    """Return the ROC of each family that has one, and of the sieve as one score."""
    drawn = []
    for family in dict.fromkeys(found.scores.families.values()):
        members = [each for each in found.members if each.family == family and each.curves is not None]
        if members:
            dots = ", ".join(f"{dot:g}" for dot in sieve_member_plots.ROC_DOTS)
            drawn.append(
                _figure(
                    f"roc-{_slug(family)}",
                    f"ROC of {family}: {' or '.join(_classes(family))}",
                    sieve_member_plots.family_roc(members),
                    f"On the right the grey corner enlarged. Dots are thresholds of {dots}, growing with it.",
                )
            )
    if found.joint.curves is not None:
        drawn.append(
            _figure(
                "roc-joint",
                "ROC of the sieve as one score",
                roc(found.joint.curves, threshold=0.5, auc=found.joint.roc_auc),
                "The highest score of the members of each family, and of these the lowest. The dot, at 0.5, "
                "is where some member of every family passes the streak.",
            )
        )
    return drawn


def score_figures(found: SieveEvaluation) -> list[ReportFigure]:
    """Return the scores of the members by class."""
    sieve = found.scores
    labelled = [name for name, family in sieve.families.items() if family in sieve.labels]
    if not labelled:
        return []
    figure = sieve_member_plots.score_distributions(
        {name: sieve.scores[name] for name in labelled},
        {name: sieve.labels[sieve.families[name]] for name in labelled},
        sieve.thresholds,
    )
    return [
        _figure(
            "scores",
            "Scores by class",
            figure,
            "Orange: the family's class 0; blue: its class 1. Counts are logarithmic, so that the few on the "
            "wrong side of the threshold show.",
        )
    ]


def completeness_figures(found: SieveEvaluation, labels: Mapping[str, str]) -> list[ReportFigure]:
    """Return what share of the plausible streaks is found against each column, and which are missed."""
    by_rule = {rule: columns for rule, columns in found.completeness.items() if columns}
    drawn = [
        _figure(
            f"completeness-{_slug(column)}",
            f"Completeness by {labels.get(column, column)}",
            sieve_plots.completeness_plot(
                {rule: columns[column] for rule, columns in by_rule.items()},
                label=labels.get(column, column),
                logarithmic=column in LOGARITHMIC and _all_positive(found.scores, column),
            ),
            f"Share of the plausible streaks that passes. Bins hold about equally many of them, bars are "
            f"{100 * found.level:g}\u00a0% intervals.",
        )
        for column in by_rule.get(found.default_rule, {})
    ]
    truth = found.scores.truth
    for column in ("rate", "length"):
        if column in by_rule.get(found.default_rule, {}) and "magnitude" in truth:
            drawn.append(_known_objects(found, column, labels))
            break
    return drawn


def kind_figures(found: SieveEvaluation) -> list[ReportFigure]:
    """Return which kinds of implausible streaks get through."""
    if not any(not kind.plausible for kind in found.kinds):
        return []
    return [
        _figure(
            "kinds",
            "False positives by kind",
            sieve_plots.kind_bars(found.kinds, [rule.name for rule in found.rules]),
            f"Share of each kind that passes, with {100 * found.level:g}\u00a0% intervals; in brackets how "
            "many there are. A line without a bar: none got through.",
        )
    ]


def learning_figures(
    families: Mapping[str, str], histories: Mapping[str, Sequence[Mapping[str, float]]]
) -> list[ReportFigure]:
    """Return the learning curves of each family whose members have a history."""
    drawn = []
    for family in dict.fromkeys(families.values()):
        members = {name: rows for name, rows in histories.items() if families.get(name) == family and rows}
        if members:
            drawn.append(
                _figure(
                    f"learning-{_slug(family)}",
                    f"Learning of {family}: {' or '.join(_classes(family))}",
                    sieve_member_plots.family_learning_curves(members),
                    "In full on validation, dashed on training. Curves that part are a network that learns "
                    "its training set by heart.",
                )
            )
    return drawn


def _known_objects(found: SieveEvaluation, column: str, labels: Mapping[str, str]) -> ReportFigure:
    sieve, real = found.scores, found.scores.plausible == 1
    figure = sieve_plots.known_objects_plot(
        np.asarray(sieve.truth["magnitude"])[real],
        np.asarray(sieve.truth[column])[real],
        sieve.rule(found.default_rule)[real],
        x_label=labels.get(column, column),
        logarithmic=_all_positive(sieve, column),
    )
    return _figure(
        "known-objects",
        "Found and missed",
        figure,
        f"Every plausible streak, found (blue) or missed (orange) by the rule {found.default_rule}.",
    )


def _all_positive(sieve: SieveScores, column: str) -> bool:
    values = np.asarray(sieve.truth[column])[sieve.plausible == 1]
    finite = values[np.isfinite(values)]
    return bool(finite.size and finite.min() > 0)


def _classes(family: str) -> tuple[str, str]:
    return FAMILY_ANSWERS.get(family, ("no", "yes"))


def _slug(name: str) -> str:
    return "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in name.lower())


def _figure(name: str, title: str, figure: Figure, caption: str) -> ReportFigure:
    # matplotlib escapes every text that it writes into an SVG.
    svg = Markup(figure_to_svg(figure, name=name, description=f"{title}. {caption}"))  # noqa: S704
    return ReportFigure(name, title, svg, caption)
