"""Sequences of frames, or of what an encoder made of them, as pictures for a page."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from markupsafe import Markup
from matplotlib import colormaps

from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.evaluation.arrays import FloatArray, IntArray
from skysieve.evaluation.cutout_images import (
    LARGEST_MEASURED,
    MISSING_COLOUR,
    cutout_to_rgb,
    indexed_to_data_uri,
)
from skysieve.evaluation.svg_panel import svg_element, svg_text

__all__ = ["EMBEDDING_LEGEND", "FRAME_LEGEND", "embedding_picture", "frame_strip"]

FRAME_LEGEND = (
    "Each strip shows up to twelve frames, evenly spread over the sequence, with the days since the first. "
    "The median of each frame is subtracted, then all frames of a strip share one stretch; violet pixels "
    "were not measured."
)
EMBEDDING_LEGEND = (
    "Each picture is a sequence of embeddings: a column is a frame, in order of time, a row is one number of "
    "the embedding as deviation from its median over the sequence, from green (below) over white to purple "
    "(above); grey is missing."
)
"""How the pictures are to be read, for `ReportContent.picture_legend`."""

ACROSS = 6
CELL, GAP, WRITTEN = 140, 10, 46
"""A frame, the gap beside it and the line below it, in units of the picture."""

SHADES = 64
"""Grey levels and colours: more cannot be told apart, and would double the size of the page."""

LARGEST_WIDTH = 300


def frame_strip(
    frames: npt.ArrayLike, *, time: npt.ArrayLike | None = None, label: str = "", limit: int = 12
) -> Markup:
    """Draw frames of one object one after another, with the days since the first.

    Of more than ``limit`` frames so many are drawn, evenly spread from the first to the last, and the picture
    says so. The median of each frame is subtracted, for the sky varies from night to night; then one stretch
    (`cutout_to_rgb`) holds for all frames drawn, so that what brightens looks brighter.

    Parameters
    ----------
    frames : array_like, shape (T, H, W) or (T, 1, H, W)
        Pixels in any unit; NaN where not measured.
    time : array_like, shape (T,), optional
        Days; without it the number of each frame is written.
    label : str
        What a screen reader calls it: the name of the object.
    limit : int
        Largest number of frames drawn.

    Returns
    -------
    Markup
        An ``<svg>`` element.

    Raises
    ------
    SampleSetError
        If there are no frames, or not as many times.
    ConfigurationError
        If ``limit`` is below 1.

    Examples
    --------
    >>> import numpy as np
    >>> "12 of 30 frames drawn" in frame_strip(np.zeros((30, 28, 28)), time=np.arange(30))
    True
    """
    array = np.asarray(frames, dtype=np.float64)
    array = array[:, 0] if array.ndim == 4 and array.shape[1] == 1 else array
    if array.ndim != 3 or array.size == 0:
        raise SampleSetError(f"frames of shape {np.shape(frames)}; expected (T, H, W) or (T, 1, H, W)")
    if limit < 1:
        raise ConfigurationError(f"at most {limit} frames to draw; expected 1 or more")
    total, rows = len(array), _spread(len(array), limit)
    written = _written(rows, time, total)
    body = _rows_of_frames(_shades(array[rows]))
    body += "".join(
        svg_text(
            place % ACROSS * (CELL + GAP) + CELL // 2,
            place // ACROSS * (CELL + WRITTEN) + CELL + 34,
            text,
            anchor="middle",
        )
        for place, text in enumerate(written)
    )
    height = -(-len(rows) // ACROSS) * (CELL + WRITTEN)
    said = f"{total:,} frames" if len(rows) == total else f"{len(rows)} of {total:,} frames drawn"
    if len(rows) < total:
        height += WRITTEN
        body += svg_text(0, height - 12, said)
    width = ACROSS * (CELL + GAP) - GAP
    # Texts went through html.escape; all else is numbers and pictures made here.
    return Markup(svg_element(body, f"{label}: {said}", width=width, height=height))  # noqa: S704


def embedding_picture(embedding: npt.ArrayLike, *, label: str = "") -> Markup:
    """Draw a sequence of embeddings as an image of time (across) and dimension (down).

    From each dimension its median over the sequence is subtracted; one scale, the 98th percentile of the
    deviations, holds for all. Of more than 300 frames as many are drawn, evenly spread, and the picture says
    so.

    Parameters
    ----------
    embedding : array_like, shape (T, D)
        A row for each frame in order of time; NaN where missing.
    label : str
        What a screen reader calls it: the name of the object.

    Returns
    -------
    Markup
        An ``<svg>`` element.

    Raises
    ------
    SampleSetError
        If it is no such array, or empty.

    Examples
    --------
    >>> import numpy as np
    >>> str(embedding_picture(np.random.default_rng(0).normal(size=(50, 36))))[:5]
    '<svg '
    """
    array = np.asarray(embedding, dtype=np.float64)
    if array.ndim != 2 or array.size == 0:
        raise SampleSetError(f"an embedding of shape {array.shape}; expected (frames, dimensions)")
    total, rows = len(array), _spread(len(array), LARGEST_WIDTH)
    drawn = "" if len(rows) == total else f"{len(rows)} of {total:,} drawn"
    palette = colormaps["PRGn_r"](np.linspace(0, 1, SHADES), bytes=True)[:, :3]
    picture = indexed_to_data_uri(_deviations(array)[:, rows], np.vstack([palette, [(128, 128, 128)]]))
    body = (
        '<image x="40" width="860" height="380" preserveAspectRatio="none" '
        f'style="image-rendering:pixelated" href="{picture}"/>'
        + svg_text(40, 424, "frame 1")
        + svg_text(470, 424, drawn, anchor="middle")
        + svg_text(900, 424, f"{total:,}", anchor="end")
        + f'<g transform="translate(28 190)rotate(-90)">{svg_text(0, 0, "dimension", anchor="middle")}</g>'
    )
    said = f"{label}: {total:,} frames, {array.shape[1]} dimensions" + (f"; {drawn}" if drawn else "")
    return Markup(svg_element(body, said, height=436))  # noqa: S704


def _spread(total: int, limit: int) -> IntArray:
    return np.unique(np.linspace(0, total - 1, min(limit, total)).astype(np.int64))


def _shades(frames: FloatArray) -> npt.NDArray[np.uint8]:
    """Return grey levels of frames, the median of each subtracted, under one stretch; `SHADES`: missing."""
    measured = np.isfinite(frames) & (np.abs(frames) < LARGEST_MEASURED)
    levelled = np.where(measured, frames, np.nan)
    for frame, known in zip(levelled, measured, strict=True):
        if known.any():
            frame -= np.median(frame[known])
    count, height, width = frames.shape
    grey = cutout_to_rgb(levelled.reshape(count * height, width))[..., 0].reshape(frames.shape)
    return np.where(measured, grey // (256 // SHADES), SHADES).astype(np.uint8)


def _rows_of_frames(shades: npt.NDArray[np.uint8]) -> str:
    """Return an image for each row of frames, with gaps that let the page through."""
    _, height, width = shades.shape
    gap = max(1, round(width * GAP / CELL))
    ramp = np.linspace(0, 255, SHADES)[:, None].repeat(3, axis=1)
    palette = np.vstack([ramp, [MISSING_COLOUR], [(0, 0, 0)]]).astype(np.uint8)
    through = np.full((height, gap), SHADES + 1, dtype=np.uint8)
    images = ""
    for row in range(-(-len(shades) // ACROSS)):
        frames = shades[row * ACROSS : (row + 1) * ACROSS]
        strip = np.hstack([part for frame in frames for part in (frame, through)][:-1])
        across = len(frames) * (CELL + GAP) - GAP
        images += (
            f'<image y="{row * (CELL + WRITTEN)}" width="{across}" height="{CELL}" '
            'preserveAspectRatio="none" style="image-rendering:pixelated" '
            f'href="{indexed_to_data_uri(strip, palette, transparent=SHADES + 1)}"/>'
        )
    return images


def _written(rows: IntArray, time: npt.ArrayLike | None, total: int) -> list[str]:
    """Return what stands below each frame: days since the first, or its number."""
    if time is None:
        return [f"{row + 1}" for row in rows]
    days = np.asarray(time, dtype=np.float64)
    if days.shape != (total,):
        raise SampleSetError(f"times of shape {days.shape} beside {total} frames; expected one a frame")
    since = days[rows] - days[0]
    return [f"{day:.1f} d" if 0 < day < 10 else f"{day:.0f} d" if np.isfinite(day) else "" for day in since]


def _deviations(embedding: FloatArray) -> npt.NDArray[np.uint8]:
    """Return deviations from the median of each dimension as shades, shape (D, T); `SHADES`: missing."""
    known = np.isfinite(embedding)
    away = np.where(known, embedding, 0.0)
    for column, ok in zip(away.T, known.T, strict=True):
        if ok.any():
            column -= np.median(column[ok])
    scale = float(np.quantile(np.abs(away[known]), 0.98)) if known.any() else 0.0
    share = 0.5 + 0.5 * np.clip(away / (scale or 1.0), -1, 1)
    shades = np.minimum(share * SHADES, SHADES - 1).astype(np.uint8)
    return np.ascontiguousarray(np.where(known, shades, SHADES).astype(np.uint8).T)
