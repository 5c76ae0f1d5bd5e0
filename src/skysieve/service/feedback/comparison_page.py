"""The comparison of two scorers as a page, as JSON, and as the rows that a terminal shows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from skysieve.evaluation.intervals import Interval
from skysieve.evaluation.report_page import interval_text
from skysieve.evaluation.uncertainty_page import (
    PageSection,
    PageTable,
    UncertaintyPage,
    difference_cell,
    write_uncertainty_page,
)
from skysieve.samples.sample_set import SampleSet
from skysieve.service.feedback.comparison import FIGURES, Comparison

__all__ = ["comparison_rows", "write_comparison_page"]


def comparison_rows(comparison: Comparison) -> list[tuple[str, str, str, str]]:
    """Return a row for each figure: what it is, of the one on duty, of the new one, the difference."""
    rows = []
    for name, (duty, new, difference) in comparison.figures.items():
        what, more_is_better = FIGURES[name]
        better = "" if more_is_better else " (less is better)"
        rows.append((what + better, _cell(duty), _cell(new), difference_cell(difference)))
    for name, what in (("recall", "recall by its own rule"), ("fpr", "false-positive rate by its own rule")):
        duty_rate, new_rate = (comparison.rates[which][name] for which in ("duty", "new"))
        rows.append((what, f"{duty_rate:.3f}", f"{new_rate:.3f}", f"{new_rate - duty_rate:+.3f}"))
    return rows


def write_comparison_page(
    path: Path,
    comparison: Comparison | None,
    samples: SampleSet,
    *,
    new: str,
    splits: Mapping[str, Mapping[str, int]],
    decision: str,
    settings: Mapping[str, Any],
) -> Path:
    """Write the page.

    Parameters
    ----------
    path : path
        File to write.
    comparison : Comparison, optional
        None where nothing was on duty.
    samples : SampleSet
        What was learned from and judged on.
    new : str
        Name of the new scorer.
    splits : mapping of str to mapping of str to int
        Samples by split and class.
    decision : str
        What became of the new scorer.
    settings : mapping
        What was asked for.
    """
    classes = list(dict.fromkeys(name for row in splits.values() for name in row))
    counts = PageTable(
        ("split", *classes),
        [(name, *(f"{row.get(each, 0):,}" for each in classes)) for name, row in splits.items()],
    )
    page = UncertaintyPage(
        title=f"{new} beside {comparison.duty if comparison else 'nothing'}",
        facts=_facts(comparison, new),
        sections=[
            PageSection(
                "Verdict", f"{comparison.words if comparison else 'Nothing was on duty before.'} {decision}"
            ),
            *_figures(comparison),
            PageSection(
                "Samples",
                "Objects are held out by their names: what judges here never taught any model of this "
                "service, and never will.",
                tables=[counts],
            ),
        ],
        disclosure=samples.description.label_origin,
        findings=samples.findings,
        settings=settings,
    )
    return write_uncertainty_page(path, page)


def _facts(comparison: Comparison | None, new: str) -> list[tuple[str, str]]:
    if comparison is None:
        return [("new", new)]
    return [
        ("on duty", comparison.duty),
        ("new", comparison.new),
        ("held out", f"{comparison.n:,} candidates of {comparison.groups:,} objects"),
        ("real among them", f"{comparison.n_positive:,}"),
        ("left out as seen", f"{comparison.seen:,}"),
    ]


def _figures(comparison: Comparison | None) -> list[PageSection]:
    if comparison is None:
        return []
    table = PageTable(("figure", "on duty", "new", "difference"), comparison_rows(comparison))
    words = (
        "Both are judged on the same candidates; differences are paired, with intervals from a bootstrap "
        "over objects that hold together at 95 %."
    )
    return [PageSection("Figures", words, tables=[table])]


def _cell(interval: Interval) -> str:
    value, around = interval_text(interval)
    return f"{value} ({around})" if around else value
