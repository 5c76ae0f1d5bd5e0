"""What a report may hold: typed parts, most of them optional."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy.typing as npt
from markupsafe import Markup

from skysieve.evaluation.arrays import IntArray
from skysieve.evaluation.evaluate import Evaluation
from skysieve.evaluation.intervals import Interval
from skysieve.evaluation.plots import PublishedPoint
from skysieve.evaluation.thresholds import Threshold
from skysieve.samples.findings import Finding

__all__ = [
    "Example",
    "FindingGroup",
    "ModelCard",
    "NightContent",
    "PublishedFigure",
    "ReportContent",
    "SharedContent",
    "flatten",
    "group_findings",
    "mistake_rows",
    "shared_parts",
    "worst_examples",
]

SUREST = "the surest mistakes of all"


@dataclass(frozen=True, slots=True)
class ModelCard:
    """Who the model is and what it is for.

    Parameters
    ----------
    name : str
        Name of the model.
    identity : str
        Content hash of the model folder.
    recipe : str
        Name of the recipe that made it.
    created : str
        Date, as it shall be read.
    summary : str
        One or two sentences.
    contract : mapping of str to str
        The input contract, row by row: shape, channels, unit, missing pixels.
    training_data : str
        What it was trained on.
    label_disclosure : str
        How the labels came to be, where that limits what the figures mean (weak
        labels); shown as a banner on top.
    intended_use : str
        What it is for.
    limits : sequence of str
        What it is not for, and where it fails.
    """

    name: str
    identity: str = ""
    recipe: str = ""
    created: str = ""
    summary: str = ""
    contract: Mapping[str, str] = field(default_factory=dict)
    training_data: str = ""
    label_disclosure: str = ""
    intended_use: str = ""
    limits: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class PublishedFigure:
    """A figure that somebody published, to stand beside ours.

    Parameters
    ----------
    quantity : str
        What it is, for people: ``FNR at 0.5``.
    published : float or str
        The published value: text, which is shown as it is, where the source prints digits; a float where it
        gives counts.
    source : str
        Paper, table, or file it was read from.
    figure : str
        Name of our figure in `Evaluation.intervals`; empty if ``ours`` is given or there is none.
    note : str
        How far the two can be compared.
    ours : Interval, optional
        Our figure where the evaluation does not hold it.
    """

    quantity: str
    published: float | str
    source: str
    figure: str = ""
    note: str = ""
    ours: Interval | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """A sample to be looked at.

    Parameters
    ----------
    id : str
        Its name.
    score : float
        Probability of the positive class, or of the class it was called.
    cutouts : array_like, shape (C, H, W), optional
        Its channels; NaN is drawn in a colour of its own.
    label : str
        Name of its true class; empty if unknown.
    called : str
        Name of the class it was called; empty for a candidate.
    columns : mapping of str to str
        More to show, in the order given: magnitude, position.
    picture : Markup
        What is drawn of a sample that has no cutouts: SVG elements from `curve_pictures` or
        `frame_pictures`, or any other markup that is known to be safe. A plain ``str`` is escaped.
    """

    id: str
    score: float
    cutouts: npt.ArrayLike | None = None
    label: str = ""
    called: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    picture: Markup | str = ""


@dataclass(frozen=True, slots=True, eq=False)
class ReportContent:
    """Everything a report about a model can show; each part may be left out.

    Parameters
    ----------
    title : str
        Title of the page.
    card : ModelCard
        The model.
    evaluation : Evaluation, optional
        The one behind headline and plots: the test split.
    further_evaluations : sequence of Evaluation
        Others, in columns beside it: validation, independent labels.
    published : sequence of PublishedFigure
        Rows of the table of published figures.
    published_points : sequence of PublishedPoint
        Published error rates, drawn into the plot of error rates.
    prevalences : sequence of float
        Shares of real samples for which the purity is told.
    history : sequence of mapping
        One mapping an epoch; see `plots.learning_curves`.
    mistakes : mapping of str to sequence of Example
        Galleries of mistakes under their headings; see `worst_examples`.
    channels : sequence of str
        Names of the channels in the pictures.
    picture_legend : str
        How pictures that are no cutouts are to be read, in a sentence or two.
    findings : sequence of Finding
        What validation found, and what was put aside.
    provenance : mapping of str to mapping
        Tables of settings, seeds, versions; nested mappings are flattened.
    """

    title: str
    card: ModelCard
    evaluation: Evaluation | None = None
    further_evaluations: Sequence[Evaluation] = ()
    published: Sequence[PublishedFigure] = ()
    published_points: Sequence[PublishedPoint] = ()
    prevalences: Sequence[float] = (0.5, 0.1, 0.01, 0.001)
    history: Sequence[Mapping[str, float]] = ()
    mistakes: Mapping[str, Sequence[Example]] = field(default_factory=dict)
    channels: Sequence[str] = ("science", "template", "difference")
    picture_legend: str = ""
    findings: Sequence[Finding] = ()
    provenance: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class NightContent:
    """What a report about a scored night, or any scored set, can show.

    Parameters
    ----------
    title : str
        Title of the page.
    night : str
        The night or set: ``2026-03-14``.
    card : ModelCard
        The model that scored.
    received : int
        Samples that came in, those put aside included.
    scores : array_like, shape (N,)
        Probabilities of the scored samples; NaN is counted as not scored.
    threshold : Threshold
        The cut for candidates.
    candidates : sequence of Example
        The best ones, to be listed with their pictures, best first.
    channels : sequence of str
        Names of the channels in the pictures.
    findings : sequence of Finding
        What was put aside, and why.
    evaluation : Evaluation, optional
        If the truth is known.
    provenance : mapping of str to mapping
        As in `ReportContent`.
    """

    title: str
    night: str
    card: ModelCard
    received: int
    scores: npt.ArrayLike
    threshold: Threshold
    candidates: Sequence[Example] = ()
    channels: Sequence[str] = ("science", "template", "difference")
    findings: Sequence[Finding] = ()
    evaluation: Evaluation | None = None
    provenance: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


class SharedContent(Protocol):
    """What the content of every report has."""

    @property
    def card(self) -> ModelCard:
        """What is reported on."""

    @property
    def evaluation(self) -> Any:
        """Its figures; None where there are none."""

    @property
    def findings(self) -> Sequence[Finding]:
        """What was put aside."""

    @property
    def provenance(self) -> Mapping[str, Mapping[str, Any]]:
        """How it came about."""


def shared_parts(content: SharedContent) -> dict[str, Any]:
    """Return what the template of every report shows, by the names that it has there."""
    return {
        "content": content,
        "card": content.card,
        "main": content.evaluation,
        "findings": group_findings(content.findings),
        "provenance": {name: flatten(rows) for name, rows in content.provenance.items()},
    }


@dataclass(frozen=True, slots=True)
class FindingGroup:
    """Findings of one kind: how many, and the first of them."""

    severity: str
    kind: str
    count: int
    first: Finding


def group_findings(findings: Iterable[Finding]) -> tuple[FindingGroup, ...]:
    """Group findings by severity (errors first) and kind (the most frequent first).

    Examples
    --------
    >>> groups = group_findings([Finding("a", "nan", "x", "note"), Finding("b", "empty", "y")])
    >>> [(group.severity, group.kind, group.count) for group in groups]
    [('error', 'empty', 1), ('note', 'nan', 1)]
    """
    by_kind: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        by_kind.setdefault((finding.severity, finding.kind), []).append(finding)
    groups = [FindingGroup(*key, len(items), items[0]) for key, items in by_kind.items()]
    order = ("error", "warning", "note")
    return tuple(sorted(groups, key=lambda group: (order.index(group.severity), -group.count, group.kind)))


def worst_examples(
    evaluation: Evaluation,
    cutouts: Any = None,
    *,
    limit: int = 12,
    columns: Mapping[str, Sequence[Any]] | None = None,
    pictures: Callable[[int, str], Markup] | None = None,
) -> dict[str, tuple[Example, ...]]:
    """Return the surest mistakes of each class as galleries for `ReportContent.mistakes`.

    Of more than two classes, the first gallery holds the surest mistakes of all: those with the highest
    probability of a wrong class. A gallery of a class holds those with the lowest probability of it.

    Parameters
    ----------
    evaluation : Evaluation
        Where the mistakes were made.
    cutouts : optional
        Anything that gives (C, H, W) for a row of the evaluation: an array (N, C,
        H, W), a list, a memory map.
    limit : int
        Largest number a class.
    columns : mapping of str to sequence, optional
        More to write under each picture, one value a row.
    pictures : callable, optional
        Takes a row and a name that no other picture of the page has, and returns what is drawn of a sample
        that is no image (`Example.picture`). It is asked for the rows that are shown, and no others.

    Returns
    -------
    dict of str to tuple of Example
        ``bogus called real`` and so on, one gallery a true class; empty tuples
        where there was no mistake.
    """
    called_classes = evaluation.called

    def example(row: int, name: str) -> Example:
        called, truth = int(called_classes[row]), int(evaluation.labels[row])
        score = evaluation.scores[row] if evaluation.threshold else evaluation.scores[row, called]
        return Example(
            id=str(evaluation.ids[row]),
            score=float(score),
            cutouts=None if cutouts is None else cutouts[row],
            label=evaluation.classes[truth],
            called=evaluation.classes[called],
            columns={name: str(values[row]) for name, values in (columns or {}).items()},
            picture="" if pictures is None else pictures(row, name),
        )

    galleries = mistake_rows(evaluation, limit)
    return {
        heading: tuple(example(int(row), f"mistake-{gallery}-{place}") for place, row in enumerate(rows))
        for gallery, (heading, rows) in enumerate(galleries.items())
    }


def mistake_rows(evaluation: Evaluation, limit: int) -> dict[str, IntArray]:
    """Return the rows that `worst_examples` shows in each gallery, by its heading."""
    classes = evaluation.classes
    several = len(classes) > 2
    galleries = {SUREST: evaluation.surest_mistakes(limit)} if several else {}
    for truth, name in enumerate(classes):
        other = "something else" if several else classes[1 - truth]
        galleries[f"{name} called {other}"] = evaluation.worst_mistakes(truth, limit)
    return galleries


def flatten(settings: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Return nested settings as one table with dotted keys.

    Examples
    --------
    >>> flatten({"training": {"epochs": 20, "betas": (0.9, 0.999)}})
    {'training.epochs': '20', 'training.betas': '0.9, 0.999'}
    """
    rows: dict[str, str] = {}
    for key, value in settings.items():
        if isinstance(value, Mapping):
            rows |= flatten(value, f"{prefix}{key}.")
        elif isinstance(value, list | tuple):
            rows[f"{prefix}{key}"] = ", ".join(str(item) for item in value)
        else:
            rows[f"{prefix}{key}"] = str(value)
    return rows
