"""One HTML file about a night of streaks that a sieve scored: what came in, passed, and was put aside."""

from __future__ import annotations

from pathlib import Path

from skysieve.evaluation import sieve_report_figures as drawing
from skysieve.evaluation.night_counts import night_counts
from skysieve.evaluation.report_content import shared_parts
from skysieve.evaluation.report_figures import ReportFigure
from skysieve.evaluation.report_page import write_page
from skysieve.evaluation.sieve_report import pictured
from skysieve.evaluation.sieve_report_content import COLUMN_LABELS, StreakNightContent
from skysieve.evaluation.sieve_venn import venn_counts

__all__ = ["write_streak_night_report"]


def write_streak_night_report(path: str | Path, content: StreakNightContent) -> Path:
    """Write the report of a night of streaks as one self-contained HTML file.

    Parameters
    ----------
    path : path
        File to write; its folder is made.
    content : StreakNightContent
        What to show; with an evaluation the report tells how good the sieve was.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ConfigurationError
        If fewer streaks were received than scored.
    UnknownNameError
        If there is no such rule.

    Examples
    --------
    >>> import tempfile
    >>> from skysieve.evaluation.report_content import ModelCard
    >>> from skysieve.evaluation.sieve_scores import SieveScores
    >>> scores = SieveScores(
    ...     {"os_vgg6": "os"}, {"os_vgg6": [0.2, 0.9]}, {"os_vgg6": 0.5}, {"one-shot": [False, True]}, [0, 1]
    ... )
    >>> night = StreakNightContent("A night", "2018-10-12", ModelCard("a-sieve"), 2, scores, "one-shot")
    >>> write_streak_night_report(Path(tempfile.mkdtemp()) / "night.html", night).name
    'night.html'
    """
    sieve = content.scores
    counts = venn_counts(sieve) if sieve.n else None
    venn = drawing.venn_figure(counts, by_truth=content.evaluation is not None) if counts else None
    return write_page(
        path,
        "sieve_night_template.html.j2",
        **shared_parts(content),
        counts=night_counts(
            received=content.received,
            scored=sieve.n,
            candidates=int(sieve.rule(content.default_rule).sum()),
            of="streaks",
        ),
        rules={name: int(sieve.rule(name).sum()) for name in sieve.passed},
        venn_figures=[venn] if venn else [],
        candidates=pictured(content.candidates),
        truth_figures=_truth_figures(content),
    )


def _truth_figures(content: StreakNightContent) -> list[ReportFigure]:
    found = content.evaluation
    if found is None:
        return []
    return [
        *drawing.confusion_figures(found)[:1],
        *drawing.kind_figures(found),
        *drawing.completeness_figures(found, COLUMN_LABELS),
    ]
