"""One HTML page about how sure figures are: tables and figures in sections, whatever was asked."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from skysieve.evaluation.intervals import Interval
from skysieve.evaluation.report_content import flatten, group_findings
from skysieve.evaluation.report_figures import ReportFigure
from skysieve.evaluation.report_page import interval_text, write_page
from skysieve.samples.findings import Finding

__all__ = [
    "PageSection",
    "PageTable",
    "UncertaintyPage",
    "difference_cell",
    "interval_cells",
    "write_uncertainty_page",
]


@dataclass(frozen=True, slots=True)
class PageTable:
    """A table of text.

    Parameters
    ----------
    columns : sequence of str
        Headings; the first is that of the names.
    rows : sequence of sequence of str
        Cells, the name first.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class PageSection:
    """A part of the page: a title, what to read in it, tables, figures."""

    title: str
    text: str = ""
    tables: Sequence[PageTable] = ()
    figures: Sequence[ReportFigure] = ()

    @property
    def name(self) -> str:
        """The title as the name of a place in the page."""
        return "-".join(self.title.lower().split())


@dataclass(frozen=True, slots=True)
class UncertaintyPage:
    """What the page shows.

    Parameters
    ----------
    title : str
        Of the page.
    facts : sequence of (str, str)
        What it is about: model, samples, seed.
    sections : sequence of PageSection
        Its parts.
    disclosure : str
        How the labels came to be, where that limits what figures mean.
    findings : sequence of Finding
        What limits them besides.
    settings : mapping
        What was asked for.
    """

    title: str
    facts: Sequence[tuple[str, str]]
    sections: Sequence[PageSection]
    disclosure: str = ""
    findings: Sequence[Finding] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)


def write_uncertainty_page(path: str | Path, page: UncertaintyPage) -> Path:
    """Write the page as one self-contained HTML file.

    Parameters
    ----------
    path : path
        File to write; its folder is made.
    page : UncertaintyPage
        What to show.

    Examples
    --------
    >>> import tempfile
    >>> table = PageTable(("figure", "value"), [("roc_auc", "0.97")])
    >>> page = UncertaintyPage("Spread", [("seed", "1")], [PageSection("Figures", tables=[table])])
    >>> write_uncertainty_page(Path(tempfile.mkdtemp()) / "spread.html", page).name
    'spread.html'
    """
    return write_page(
        path,
        "uncertainty_template.html.j2",
        content=page,
        findings=group_findings(page.findings),
        settings={"asked for": flatten(page.settings)} if page.settings else {},
    )


def difference_cell(interval: Interval | None) -> str:
    """Return a difference with its sign and range as one cell; undefined is a dash, none is empty.

    Examples
    --------
    >>> difference_cell(Interval(0.0912, 0.0421, 0.1463, 0.95, 1000, "percentile"))
    '+0.091 (+0.042 to +0.146)'
    >>> difference_cell(Interval(float("nan"), float("nan"), float("nan"), 0.95, 0, "percentile"))
    '–'
    """
    if interval is None:
        return ""
    if not math.isfinite(interval.value):
        return "\N{EN DASH}"
    return f"{interval.value:+.3f} ({interval.low:+.3f} to {interval.high:+.3f})"


def interval_cells(interval: Interval) -> list[str]:
    """Return value and range as two cells of a table.

    Examples
    --------
    >>> interval_cells(Interval(0.98765, 0.9712, 0.9941, 0.95, 1000, "percentile"))
    ['0.988', '0.971 – 0.994']
    """
    return list(interval_text(interval))
