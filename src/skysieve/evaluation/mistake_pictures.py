"""The pictures of mistakes for samples that are no images: light curves, frames, embeddings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from skysieve.evaluation import curve_pictures, frame_pictures
from skysieve.evaluation.evaluate import Evaluation
from skysieve.evaluation.report_content import mistake_rows
from skysieve.samples.light_curves import TIME, VALUE, LightCurves
from skysieve.samples.sample_set import SampleSet

__all__ = ["MistakePictures", "mistake_pictures"]

FRAMES, EMBEDDING, PERIOD = "frames", "embedding", "period"
Draw = Callable[[int, str], Markup]


class MistakePictures:
    """What `worst_examples` takes as ``pictures``, and the words that say how to read them.

    Parameters
    ----------
    legend : str
        For `ReportContent.picture_legend`.
    places : dict of int to int
        Place of each row of the evaluation that can be drawn.
    draw : callable
        Takes a place and a name, and returns the picture.
    """

    def __init__(self, legend: str, places: dict[int, int], draw: Draw) -> None:
        self.legend = legend
        self._places = places
        self._draw = draw

    def __call__(self, row: int, name: str) -> Markup:
        """Return the picture of a row of the evaluation."""
        return self._draw(self._places[row], name)


def mistake_pictures(
    samples: SampleSet,
    evaluation: Evaluation,
    rows: NDArray[np.integer[Any]],
    *,
    limit: int = 12,
    multiple: int = 1,
    search: Callable[[LightCurves], NDArray[np.float64]] | None = None,
) -> MistakePictures | None:
    """Return how the mistakes that a report shows are drawn; only these are read.

    Frames are drawn as a strip, without them an embedding as an image, without it light curves as measured
    and folded at the column ``period`` where there is one.

    Parameters
    ----------
    samples : SampleSet
        The samples.
    evaluation : Evaluation
        Where the mistakes were made.
    rows : ndarray of int, shape (N,)
        The row in ``samples`` of each row of the evaluation.
    limit : int
        As of `worst_examples`.
    multiple : int
        How many periods of the column a light curve is folded at.
    search : callable, optional
        Returns a period in days for each curve, NaN where there is none; asked where the samples have no
        column ``period``. Such curves are folded at twice it, as the best peak often is half the period.

    Returns
    -------
    MistakePictures or None
        None if there is no mistake, or nothing of a sample that can be drawn.
    """
    shown = np.unique(np.concatenate(list(mistake_rows(evaluation, limit).values())))
    names = set(samples.description.tensors)
    if not shown.size or not names & {FRAMES, EMBEDDING, VALUE}:
        return None
    few = samples.select(np.asarray(rows)[shown])
    places = {int(row): place for place, row in enumerate(shown)}
    ids = [str(each) for each in few.ids]
    if FRAMES in names:
        return MistakePictures(frame_pictures.FRAME_LEGEND, places, _strips(few, ids))
    if EMBEDDING in names:
        embeddings = few.ragged(EMBEDDING)
        return MistakePictures(
            frame_pictures.EMBEDDING_LEGEND,
            places,
            lambda place, _: frame_pictures.embedding_picture(embeddings[place], label=ids[place]),
        )
    return MistakePictures(curve_pictures.LEGEND, places, _curves(few, multiple, search))


def _strips(few: SampleSet, ids: list[str]) -> Draw:
    frames = few.ragged(FRAMES)
    times = few.ragged(TIME) if TIME in few.description.tensors else [None] * len(few)
    return lambda place, _: frame_pictures.frame_strip(frames[place], time=times[place], label=ids[place])


def _curves(
    few: SampleSet, multiple: int, search: Callable[[LightCurves], NDArray[np.float64]] | None
) -> Draw:
    curves = LightCurves.of(few)
    periods = np.full(len(few), np.nan)
    if PERIOD in few.column_names:
        periods = np.asarray(few.scalar(PERIOD), dtype=np.float64)
    elif search is not None:
        periods, multiple = search(curves), 2

    def draw(place: int, name: str) -> Markup:
        period = float(periods[place])
        return curve_pictures.curve_picture(curves.curve(place), period=period, multiple=multiple, name=name)

    return draw
