"""What the reports of a sieve may hold: typed parts, most of them optional."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from skysieve.evaluation.arrays import IntArray
from skysieve.evaluation.report_content import Example, ModelCard, PublishedFigure
from skysieve.evaluation.sieve_evaluation import SieveEvaluation
from skysieve.evaluation.sieve_scores import SieveScores
from skysieve.samples.findings import Finding

__all__ = [
    "COLUMN_LABELS",
    "SieveReportContent",
    "StreakNightContent",
    "ranked_examples",
    "sieve_mistakes",
]

COLUMN_LABELS = {
    "magnitude": "magnitude",
    "rate": "rate of motion (deg/day)",
    "length": "length of the trail (pixels)",
    "snr": "signal-to-noise ratio of the trail",
}
"""Columns of `SieveScores.truth` that are known, as they stand at an axis."""


@dataclass(frozen=True, slots=True, eq=False)
class SieveReportContent:
    """Everything a report about a sieve can show.

    Parameters
    ----------
    title : str
        Title of the page.
    card : ModelCard
        The sieve; its ``label_disclosure`` (``SIMULATED ...``) stands on top.
    evaluation : SieveEvaluation
        The figures.
    published : sequence of PublishedFigure
        Beside ours; ``figure`` names a key of `SieveEvaluation.intervals`.
    histories : mapping of str to sequence of mapping
        Member to its epochs, as `sieve_member_plots.family_learning_curves` takes them.
    mistakes : mapping of str to sequence of Example
        Galleries of mistakes under their headings; see `sieve_mistakes`.
    column_labels : mapping of str to str
        How the columns of truth are called at an axis.
    findings : sequence of Finding
        What validation found, and what was put aside.
    provenance : mapping of str to mapping
        Tables of settings, seeds, versions; nested mappings are flattened.
    """

    title: str
    card: ModelCard
    evaluation: SieveEvaluation
    published: Sequence[PublishedFigure] = ()
    histories: Mapping[str, Sequence[Mapping[str, float]]] = field(default_factory=dict)
    mistakes: Mapping[str, Sequence[Example]] = field(default_factory=dict)
    column_labels: Mapping[str, str] = field(default_factory=lambda: dict(COLUMN_LABELS))
    findings: Sequence[Finding] = ()
    provenance: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class StreakNightContent:
    """What a report about a night of streaks that a sieve scored can show.

    Parameters
    ----------
    title : str
        Title of the page.
    night : str
        The night: ``2018-10-12``.
    card : ModelCard
        The sieve.
    received : int
        Streaks that came in, those put aside included.
    scores : SieveScores
        Of the streaks that were scored; none is allowed.
    default_rule : str
        What passes it is a candidate.
    candidates : sequence of Example
        The best ones, best first; see `ranked_examples`.
    findings : sequence of Finding
        What was put aside, and why.
    evaluation : SieveEvaluation, optional
        If the truth is known.
    provenance : mapping of str to mapping
        As in `SieveReportContent`.
    """

    title: str
    night: str
    card: ModelCard
    received: int
    scores: SieveScores
    default_rule: str
    candidates: Sequence[Example] = ()
    findings: Sequence[Finding] = ()
    evaluation: SieveEvaluation | None = None
    provenance: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def sieve_mistakes(
    evaluation: SieveEvaluation,
    cutouts: Any = None,
    *,
    limit: int = 24,
    columns: Mapping[str, Sequence[Any]] | None = None,
) -> dict[str, tuple[Example, ...]]:
    """Return the mistakes of the default rule, the surest first, as two galleries.

    Parameters
    ----------
    evaluation : SieveEvaluation
        Where the mistakes were made.
    cutouts : optional
        Anything that gives a grey cutout, uint8 (H, W) or (1, H, W), for a row.
    limit : int
        Largest number a gallery.
    columns : mapping of str to sequence, optional
        More to write under each picture, one value a row.

    Returns
    -------
    dict of str to tuple of Example
        ``false positives`` by falling, ``missed plausible streaks`` by rising joint score.
    """
    sieve, truth = evaluation.scores, evaluation.scores.plausible
    passed, score = sieve.rule(evaluation.default_rule), sieve.joint_score()
    through, missed = np.flatnonzero((truth == 0) & passed), np.flatnonzero((truth == 1) & ~passed)
    galleries = {
        "false positives": through[np.argsort(-score[through], kind="stable")],
        "missed plausible streaks": missed[np.argsort(score[missed], kind="stable")],
    }
    return {name: _examples(sieve, rows[:limit], cutouts, columns) for name, rows in galleries.items()}


def ranked_examples(
    scores: SieveScores,
    rule: str,
    cutouts: Any = None,
    *,
    limit: int = 48,
    columns: Mapping[str, Sequence[Any]] | None = None,
) -> tuple[Example, ...]:
    """Return what a rule lets pass, by falling joint score: the candidates of a night.

    Parameters as in `sieve_mistakes`.
    """
    rows = np.flatnonzero(scores.rule(rule))
    score = scores.joint_score()[rows]
    return _examples(scores, rows[np.argsort(-score, kind="stable")][:limit], cutouts, columns)


def _examples(
    sieve: SieveScores, rows: IntArray, cutouts: Any, columns: Mapping[str, Sequence[Any]] | None
) -> tuple[Example, ...]:
    score, kinds = sieve.joint_score(), sieve.kinds
    ids: Any = sieve.ids
    return tuple(
        Example(
            id=str(ids[row]),
            score=float(score[row]),
            cutouts=None if cutouts is None else cutouts[row],
            label="" if kinds is None else str(np.asarray(kinds)[row]),
            columns={name: str(values[row]) for name, values in (columns or {}).items()},
        )
        for row in rows.tolist()
    )
