"""One HTML file of what a model looked at: samples by what it made of them, each with its map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

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

__all__ = ["ExplainedSample", "ExplanationContent", "FigureRow", "Panel", "write_explanation_page"]

#: Pixels from which an image is not shown larger than it is, so that its pixels need no sharp borders.
FINE = 128


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
    samples : sequence of ExplainedSample
        Those that are shown.
    """

    title: str
    meaning: str
    total: int
    samples: Sequence[ExplainedSample]


@dataclass(frozen=True)
class FigureRow:
    """A figure of the table: its meaning, and its value by column."""

    title: str
    meaning: str
    values: Sequence[Interval | None]


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
    return write_page(
        path,
        "explanation_template.html.j2",
        content=content,
        panels=[
            (f"panel-{number}", panel, [_card(sample, content) for sample in panel.samples])
            for number, panel in enumerate(content.panels)
        ],
        bar=picture_to_data_uri(colour_bar(content.signed)),
        masks=any(sample.mask is not None for panel in content.panels for sample in panel.samples),
    )


def _card(sample: ExplainedSample, content: ExplanationContent) -> dict[str, Any]:
    """Return what the template shows of a sample."""
    ground = ground_picture(sample.cutouts, content.channels)
    overlay = overlay_picture(ground, sample.attribution, sample.mask)
    pictures = channel_pictures(sample.cutouts, content.channels)
    return {
        "id": sample.id,
        "score": sample.score,
        "label": sample.label,
        "called": sample.called,
        "target": sample.target,
        "pictures": [(name, picture_to_data_uri(picture)) for name, picture in pictures],
        "overlay": picture_to_data_uri(overlay),
        "fine": min(ground.shape[:2]) >= FINE,
        "scale": full_scale(sample.attribution),
    }
