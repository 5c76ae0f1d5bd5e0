"""Files for whoever labels: a table to fill in, and a picture of each sample under its id."""

from __future__ import annotations

import csv
from pathlib import Path
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from skysieve.atomic_file import replacing
from skysieve.errors import SampleSetError
from skysieve.evaluation.cutout_images import cutout_to_rgb
from skysieve.samples.labelling import answers_of
from skysieve.samples.sample_set import SampleSet

__all__ = ["write_label_table", "write_pictures"]

#: Pictures are enlarged by a whole number until they are at least so high.
HEIGHT = 252
#: Between the channels of a sample, in pixels of the picture.
GAP = 6
#: Samples whose images are in memory at once.
BATCH = 256


def write_label_table(samples: SampleSet, path: str | Path) -> Path:
    """Write a CSV with the ids and an empty column for each label, to be filled in.

    The columns are those that `skysieve.samples.labelling.answers_of` names, or ``label``. Nothing else
    is in it: whoever sees a score labels the score.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    columns = list(answers_of(samples)) or ["label"]
    with replacing(target) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", *columns])
        writer.writerows([each, *[""] * len(columns)] for each in samples.ids.tolist())
    return target


def write_pictures(samples: SampleSet, folder: str | Path, *, column: str = "cutouts") -> int:
    """Write each sample as a PNG named by its id, its channels side by side.

    Grey levels are shown as they are, all else as of `skysieve.evaluation.cutout_images.cutout_to_rgb`.
    What cannot stand in a file name (``/``) is written as in a web address (``%2F``).

    Parameters
    ----------
    samples : SampleSet
        With a tensor column of shape (C, H, W).
    folder : path
        Made if need be.
    column : str
        The tensor column.

    Returns
    -------
    int
        How many were written.

    Raises
    ------
    SampleSetError
        If the column holds no images.
    """
    layout = samples.description.tensors.get(column)
    if layout is None or len(layout.fixed_shape) != 3 or layout.ragged:
        raise SampleSetError(
            f"the tensor column {column!r} holds no images (channels, height, width); no pictures can be made"
        )
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    for piece in samples.batches(BATCH):
        for name, image in zip(piece.ids.tolist(), piece.tensor(column), strict=True):
            Image.fromarray(_picture(image)).save(place / f"{quote(str(name), safe=' ')}.png")
    return len(samples)


def _picture(image: NDArray[np.generic]) -> NDArray[np.uint8]:
    channels = [_channel(each) for each in image]
    times = -(-HEIGHT // channels[0].shape[0])
    parts: list[NDArray[np.uint8]] = []
    for channel in channels:
        enlarged = channel.repeat(times, axis=0).repeat(times, axis=1)
        parts += [enlarged, np.full((len(enlarged), GAP, 3), 255, dtype=np.uint8)]
    return np.concatenate(parts[:-1], axis=1)


def _channel(image: NDArray[np.generic]) -> NDArray[np.uint8]:
    if image.dtype == np.uint8:
        return np.repeat(np.asarray(image, dtype=np.uint8)[..., None], 3, axis=2)
    return cutout_to_rgb(image)
