"""Detected streaks as a table on disk, and their cutouts as a sample set for the sieve."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from skysieve.atomic_file import replacing
from skysieve.detection.streak import Streak, streak_columns
from skysieve.errors import SampleSetError
from skysieve.samples.description import Description, TensorColumn
from skysieve.samples.parquet import SampleWriter
from skysieve.sources.simulators.streaks.stretch import normalise, to_grey
from skysieve.sources.streaks.cutout_file import CUTOUT_SIDE, INPUT_SIDE, resize_cutouts

__all__ = ["cut_out", "write_cutouts", "write_streaks"]

#: What the table is, in its metadata: without cutouts it is no sample set.
KIND = "detected-streaks"
#: Side of a pixel, in arcsec, of the cutouts that sieves are trained on.
_CUTOUT_SCALE = 1.01
#: Scales that differ by less are the same; fewer pixels than these have neither sky nor noise.
_SAME_SCALE, _FEWEST = 0.02, 300

Frame = NDArray[np.float32]


def write_streaks(
    path: str | Path,
    streaks: Sequence[Streak],
    *,
    sky: Mapping[str, NDArray[np.float64]] | None = None,
    origin: Mapping[str, Any] | None = None,
) -> Path:
    """Write one row a streak as Parquet; a frame without streaks gives a table without rows.

    Parameters
    ----------
    path : path
        The file; an existing one is replaced on success only.
    streaks : sequence of Streak
        Detections.
    sky : mapping, optional
        Further columns, of `sky_columns`.
    origin : mapping, optional
        What the table came from; kept as JSON in the metadata of the schema, under ``skysieve``, beside
        the ``kind`` of the table.
    """
    path = Path(path)
    columns = {"id": np.arange(len(streaks))} | streak_columns(streaks) | dict(sky or {})
    arrays = {
        name: pa.array(values, pa.string()) if name == "flags" else pa.array(np.asarray(values))
        for name, values in columns.items()
    }
    about = {**(origin or {}), "kind": KIND}
    table = pa.table(arrays).replace_schema_metadata({"skysieve": json.dumps(about, sort_keys=True)})
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as partial:
        pq.write_table(table, partial, compression="zstd")
    return path


def cut_out(difference: Frame, streaks: Sequence[Streak], pixel_scale: float) -> NDArray[np.uint8]:
    """Return the surroundings of streaks as networks see them, shape (n, 144, 144), grey levels.

    Parameters
    ----------
    difference : ndarray, shape (height, width), float32
        The frame; NaN where there is no data.
    streaks : sequence of Streak
        Detections; cutouts are centred on their middles, and what lies off the frame holds sky.
    pixel_scale : float
        Of the frame, in arcsec; other scales than 1.01 are resampled to that of the cutouts of ZTF, before
        sky and noise are measured.
    """
    grey = np.empty((len(streaks), CUTOUT_SIDE, CUTOUT_SIDE), dtype=np.uint8)
    for number, streak in enumerate(streaks):
        x, y = 0.5 * (streak.x1 + streak.x2), 0.5 * (streak.y1 + streak.y2)
        grey[number] = to_grey(_in_sigma(_surroundings(difference, x, y, pixel_scale)))
    return resize_cutouts(grey)


def write_cutouts(
    path: str | Path,
    difference: Frame,
    streaks: Sequence[Streak],
    *,
    pixel_scale: float,
    origin: Mapping[str, Any] | None = None,
) -> Path:
    """Write the cutouts of streaks, with their columns, as a sample set that a sieve can score.

    Raises
    ------
    SampleSetError
        If there is no streak: a sample set has at least one row.
    """
    if not streaks:
        raise SampleSetError(f"{path}: no streak was found, and a sample set has at least one row")
    layout = TensorColumn((1, INPUT_SIDE, INPUT_SIDE), "uint8", channels=("difference",), unit="grey level")
    description = Description({"cutouts": layout}, origin=dict(origin or {}))
    number = np.arange(len(streaks))
    cutouts = cut_out(difference, streaks, pixel_scale)
    with SampleWriter(path, description) as writer:
        writer.write({"id": number, "group": number, **streak_columns(streaks), "cutouts": cutouts[:, None]})
    return Path(path)


def _surroundings(difference: Frame, x: float, y: float, pixel_scale: float) -> Frame:
    """Return the surroundings of a place, shape (157, 157), in pixels of a cutout; NaN is no data."""
    step = _CUTOUT_SCALE / pixel_scale
    if abs(step - 1.0) <= _SAME_SCALE:
        return _window(difference, round(y) - CUTOUT_SIDE // 2, round(x) - CUTOUT_SIDE // 2, CUTOUT_SIDE)
    side = math.ceil(CUTOUT_SIDE * step) + 4
    row, column = round(y) - side // 2, round(x) - side // 2
    window = _window(difference, row, column, side)
    down, across = _resampling(side, y - row, step), _resampling(side, x - column, step).T
    known = np.isfinite(window)
    weight = down @ known.astype(np.float32) @ across
    light = down @ np.where(known, window, np.float32(0.0)) @ across
    return np.asarray(np.where(weight > 0.5, light / np.maximum(weight, np.float32(0.5)), np.float32(np.nan)))


def _resampling(side: int, centre: float, step: float) -> Frame:
    """Return the weights of ``side`` pixels in those of a cutout around ``centre``, ``step`` pixels wide.

    Smaller pixels are averaged by the share that lies inside, which leaves white noise white; between larger
    ones is interpolated.
    """
    places = centre + step * (np.arange(CUTOUT_SIDE) - 0.5 * (CUTOUT_SIDE - 1))
    distance = np.abs(places[:, None] - np.arange(side)[None, :])
    widest = 0.5 * (step + 1.0)
    shares = np.clip(widest - distance, 0.0, 1.0) if step > 1.0 else np.clip(1.0 - distance, 0.0, 1.0)
    return np.asarray(shares / shares.sum(axis=1, keepdims=True), dtype=np.float32)


def _window(image: Frame, row: int, column: int, side: int) -> Frame:
    """Return a square whose first pixel is (row, column); NaN off the frame."""
    window = np.full((side, side), np.nan, dtype=np.float32)
    rows = slice(max(row, 0), min(row + side, image.shape[0]))
    columns = slice(max(column, 0), min(column + side, image.shape[1]))
    target = (slice(rows.start - row, rows.stop - row), slice(columns.start - column, columns.stop - column))
    window[target] = image[rows, columns]
    return window


def _in_sigma(window: Frame) -> Frame:
    """Return a cutout less its sky, over its noise, both as cutouts of ZTF have them; 0 is no data."""
    known = np.isfinite(window)
    levels = np.zeros(window.shape, dtype=np.float32)
    if known.sum() >= _FEWEST:
        values = window[known]
        # Zero is no data to `normalise`, and whatever is added comes off with the median.
        levels[known] = normalise((values - values.min() + np.float32(1.0))[None, :])[0]
    return levels
