"""One HTML file of what a model looked at: samples by what it made of them, each with its map."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from skysieve.evaluation.attributed_curves import ramp_css
from skysieve.evaluation.attribution_images import (
    channel_pictures,
    colour_bar,
    full_scale,
    ground_picture,
    overlay_picture,
    picture_to_data_uri,
)
from skysieve.evaluation.intervals import Interval
from skysieve.evaluation.report_page import write_page

__all__ = [
    "DrawnSample",
    "ExplainedSample",
    "ExplanationContent",
    "FigureRow",
    "Panel",
    "Ranking",
    "write_explanation_page",
]

#: Pixels from which an image is not shown larger than it is, so that its pixels need no sharp borders.
FINE = 128

#: How colours of images are to be read, and what maps do not say.
IMAGE_READING = (
    "Each map is about the class that is named beside it, and its colours run up to the value at its bar, "
    "which 1 pixel in 200 exceeds: colours can be compared within a map, not between two."
)
IMAGE_CAUTION = (
    "A map shows where this network was sensitive in this image. It does not show why, nor that a person "
    "would find the same there, nor that the score would hold if only that spot were left. Maps of wrong "
    "calls look as convincing as those of right ones; several methods disagree more often than not; a few "
    "chosen samples prove nothing about the rest."
)
UNCHECKED = (
    "Without true masks and without a comparison with a randomised network (--sanity) nothing on this page "
    "says how far to trust them."
)


@dataclass(frozen=True)
class ExplainedSample:
    """A sample that is shown.

    Parameters
    ----------
    id : str
        Its id.
    score : float
        Probability that the score is of.
    label, called : str
        Its class, empty if unknown, and that which the model prefers.
    target : str
        The class that the map is about.
    cutouts : ndarray, shape (C, H, W)
        Its image.
    attribution : ndarray, shape (H, W)
        Its map.
    mask : ndarray, shape (H, W), optional
        Where the object is known to be.
    """

    id: str
    score: float
    label: str
    called: str
    target: str
    cutouts: npt.NDArray[np.generic]
    attribution: npt.NDArray[np.float32]
    mask: npt.NDArray[np.generic] | None = None

    def detached(self) -> ExplainedSample:
        """Return the sample with arrays of its own, so that what they came from can be forgotten."""
        mask = None if self.mask is None else self.mask.copy()
        return replace(self, cutouts=self.cutouts.copy(), attribution=self.attribution.copy(), mask=mask)


@dataclass(frozen=True)
class DrawnSample:
    """A sample that is no image and draws itself.

    Parameters
    ----------
    id, score, label, called, target
        As of `ExplainedSample`.
    draw : callable
        Takes a name for the ids inside, one of its own for each picture, and returns the picture.
    scale : float
        The attribution that has the full colour; 0: there is none.
    """

    id: str
    score: float
    label: str
    called: str
    target: str
    draw: Callable[[str], Markup]
    scale: float = 0.0

    def detached(self) -> DrawnSample:
        """Return the sample: it holds nothing but its own."""
        return self


@dataclass(frozen=True)
class Panel:
    """Samples that belong together: a quadrant.

    Parameters
    ----------
    title : str
        ``true positives``.
    meaning : str
        Who is in it, in a sentence.
    total : int
        How many samples are.
    samples : sequence of ExplainedSample or DrawnSample
        Those that are shown.
    """

    title: str
    meaning: str
    total: int
    samples: Sequence[ExplainedSample | DrawnSample]


@dataclass(frozen=True)
class FigureRow:
    """A figure of the table: its meaning, and its value by column."""

    title: str
    meaning: str
    values: Sequence[Interval | None]


@dataclass(frozen=True)
class Ranking:
    """Features by what is lost without them: a table of the page.

    Parameters
    ----------
    text : str
        What is lost, and how it was found.
    rows : sequence of tuple
        Name, mean loss, and its standard deviation over repeats; the most important first.
    """

    text: str
    rows: Sequence[tuple[str, float, float]]


@dataclass(frozen=True)
class ExplanationContent:
    """What the page shows.

    Parameters
    ----------
    title : str
        Heading.
    facts : mapping of str to str
        Model, method, samples, in a line.
    method_text : str
        What its maps are, in a sentence or two.
    signed : bool
        Whether they have negative values.
    unit : str
        Unit of the maps.
    score_of : str
        What the score is the probability of.
    channels : sequence of str
        Names of the image's channels.
    panels : sequence of Panel
        The quadrants, row by row.
    notes : sequence of str
        What limits the page, such as samples without labels.
    columns, figures : sequence
        Heads and rows of the table of figures against masks; no rows: no table.
    figures_text : str
        What the samples of the table are.
    similarity : sequence of FigureRow
        How alike maps of the trained and of the randomised network are; of one column.
    similarity_text : str
        How they were made.
    provenance : mapping
        Tables of what was really used.
    disclosure : str
        How the labels came to be, where that limits what the page means.
    reading_text, caution : str
        How the pictures are to be read, and what they do not say.
    unchecked : str
        What is said where no figure tells how far to trust them.
    score_bar : bool
        Whether pictures have a scale of colours.
    ranking : Ranking, optional
        Features by what is lost without them.
    """

    title: str
    facts: Mapping[str, str]
    method_text: str
    signed: bool
    unit: str
    score_of: str
    channels: Sequence[str]
    panels: Sequence[Panel]
    notes: Sequence[str] = ()
    columns: Sequence[str] = ()
    figures: Sequence[FigureRow] = ()
    figures_text: str = ""
    similarity: Sequence[FigureRow] = ()
    similarity_text: str = ""
    provenance: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    disclosure: str = ""
    reading_text: str = IMAGE_READING
    caution: str = IMAGE_CAUTION
    unchecked: str = UNCHECKED
    score_bar: bool = True
    ranking: Ranking | None = None


def write_explanation_page(path: str | Path, content: ExplanationContent) -> Path:
    """Write the page as one self-contained HTML file.

    Parameters
    ----------
    path : path
        File to write; its folder is made.
    content : ExplanationContent
        What to show.

    Returns
    -------
    Path
        The file.

    Examples
    --------
    >>> import tempfile
    >>> image = np.random.default_rng(0).normal(size=(1, 16, 16))
    >>> shown = ExplainedSample("a", 0.9, "real", "real", "real", image, np.ones((16, 16), np.float32))
    >>> panel = Panel("true positives", "Real, and called so.", 1, [shown])
    >>> content = ExplanationContent(
    ...     "A page", {}, "Saliency.", False, "", "real", ("science",), [panel]
    ... )
    >>> write_explanation_page(Path(tempfile.mkdtemp()) / "page.html", content).name
    'page.html'
    """
    shown = [sample for panel in content.panels for sample in panel.samples]
    return write_page(
        path,
        "explanation_template.html.j2",
        content=content,
        panels=[
            (
                f"panel-{number}",
                panel,
                [
                    _card(sample, content, f"picture-{number}-{place}")
                    for place, sample in enumerate(panel.samples)
                ],
            )
            for number, panel in enumerate(content.panels)
        ],
        bar=picture_to_data_uri(colour_bar(content.signed)),
        ramp=ramp_css(content.signed),
        masks=any(isinstance(sample, ExplainedSample) and sample.mask is not None for sample in shown),
    )


def _card(sample: ExplainedSample | DrawnSample, content: ExplanationContent, name: str) -> dict[str, Any]:
    """Return what the template shows of a sample."""
    card = {
        "id": sample.id,
        "score": sample.score,
        "label": sample.label,
        "called": sample.called,
        "target": sample.target,
    }
    if isinstance(sample, DrawnSample):
        return card | {"drawn": sample.draw(name), "scale": sample.scale}
    ground = ground_picture(sample.cutouts, content.channels)
    overlay = overlay_picture(ground, sample.attribution, sample.mask)
    pictures = channel_pictures(sample.cutouts, content.channels)
    return card | {
        "drawn": None,
        "pictures": [(channel, picture_to_data_uri(picture)) for channel, picture in pictures],
        "overlay": picture_to_data_uri(overlay),
        "fine": min(ground.shape[:2]) >= FINE,
        "scale": full_scale(sample.attribution),
    }
