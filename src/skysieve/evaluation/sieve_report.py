"""One HTML file about a sieve: its rules, its members, what they let through and what they lose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from skysieve.evaluation import sieve_report_figures as drawing
from skysieve.evaluation.cutout_images import grey_to_data_uri
from skysieve.evaluation.intervals import Interval
from skysieve.evaluation.report_content import Example, PublishedFigure, shared_parts
from skysieve.evaluation.report_page import write_page
from skysieve.evaluation.sieve_evaluation import SieveEvaluation
from skysieve.evaluation.sieve_rates import ReviewerCost
from skysieve.evaluation.sieve_report_content import SieveReportContent

__all__ = ["pictured", "write_sieve_report"]


def write_sieve_report(path: str | Path, content: SieveReportContent) -> Path:
    """Write the report of a sieve as one self-contained HTML file.

    It loads nothing, runs no script, follows the reader's light or dark theme, and
    prints. Everything in it is escaped; parts that ``content`` lacks are left out.

    Parameters
    ----------
    path : path
        File to write; its folder is made.
    content : SieveReportContent
        What to show.

    Returns
    -------
    Path
        The file.

    Examples
    --------
    >>> import tempfile
    >>> from skysieve.evaluation.report_content import ModelCard
    >>> from skysieve.evaluation.sieve_judging import judge_sieve
    >>> from skysieve.evaluation.sieve_scores import SieveScores
    >>> scores = SieveScores(
    ...     {"os_vgg6": "os"}, {"os_vgg6": [0.2, 0.9]}, {"os_vgg6": 0.5}, {"one-shot": [False, True]},
    ...     groups=[0, 1], labels={"os": [0, 1]},
    ... )
    >>> found = judge_sieve(scores, default_rule="one-shot", split="test", seed=0, replicates=10)
    >>> folder = Path(tempfile.mkdtemp())
    >>> content = SieveReportContent("A sieve", ModelCard("a-sieve"), found)
    >>> write_sieve_report(folder / "sieve.html", content).name
    'sieve.html'
    """
    main = content.evaluation
    return write_page(
        path,
        "sieve_report_template.html.j2",
        **shared_parts(content),
        published=[(row, published_beside(row, main)) for row in content.published],
        costs=_costs(main),
        confusion_figures=drawing.confusion_figures(main),
        venn_figure=drawing.venn_figure(main.venn, by_truth=True),
        kind_figures=drawing.kind_figures(main),
        completeness_figures=drawing.completeness_figures(main, content.column_labels),
        roc_figures=drawing.roc_figures(main),
        score_figures=drawing.score_figures(main),
        learning_figures=drawing.learning_figures(main.scores.families, content.histories),
        galleries={name: pictured(examples) for name, examples in content.mistakes.items()},
    )


def published_beside(row: PublishedFigure, found: SieveEvaluation) -> Interval | None:
    """Return our figure for a published one; None where there is none."""
    return row.ours if row.ours is not None else found.intervals.get(row.figure)


def pictured(examples: Sequence[Example]) -> list[tuple[Example, str]]:
    """Return each example with the address of its picture; empty where it has none."""
    return [(each, "" if each.cutouts is None else grey_to_data_uri(each.cutouts)) for each in examples]


def _costs(found: SieveEvaluation) -> Mapping[str, ReviewerCost]:
    """Return the rows of the table of the reviewer's time: every rule, and the joint score."""
    rows = {f"rule {rule.name}": rule.cost for rule in found.rules}
    return rows if found.joint.cost is None else rows | {found.joint.cost.cut: found.joint.cost}
