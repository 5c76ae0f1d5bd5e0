"""The picture of the experiment on explanations: images with their masks, and maps over them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from skysieve.evaluation.attribution_images import ground_picture, overlay_picture

__all__ = ["Row", "write_picture"]

SIDE, GAP, MARGIN, HEAD = 128, 3, 110, 36
SHOWN = {
    "grad-cam": "Grad-CAM",
    "grad-cam, finer layer": "Grad-CAM, finer layer",
    "integrated-gradients": "integrated gradients",
}


@dataclass
class Row:
    """A sample to show.

    Parameters
    ----------
    title : str
        What it is.
    sample : int
        Its number.
    image : ndarray, shape (C, H, W)
        Its pixels.
    mask : ndarray, shape (H, W)
        Where the subject is.
    """

    title: str
    sample: int
    image: NDArray[np.generic]
    mask: NDArray[np.bool_]
    maps: dict[str, NDArray[Any]] = field(default_factory=dict)

    def add(self, method: str, trained: NDArray[Any], randomised: NDArray[Any]) -> None:
        """Add the maps of a method, by the trained network and by a randomised one."""
        if method in SHOWN:
            self.maps |= {f"{SHOWN[method]}\ntrained": trained, f"{SHOWN[method]}\nrandomised": randomised}


def write_picture(path: Path, rows: Sequence[Row], channels: Sequence[str]) -> None:
    """Write a row a sample: the image, the image with its mask, and the maps.

    Parameters
    ----------
    path : Path
        The JPEG file.
    rows : sequence of Row
        Samples with their maps; nothing is written without any.
    channels : sequence of str
        Names of the channels of the images.
    """
    if not rows:
        return
    titles = ["image", "true mask", *rows[0].maps]
    width, height = MARGIN + len(titles) * (SIDE + GAP), HEAD + len(rows) * (SIDE + GAP)
    sheet = Image.new("RGB", (width, height), "white")
    pen = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(12)
    for column, title in enumerate(titles):
        pen.multiline_text((MARGIN + column * (SIDE + GAP) + 2, 3), title, "black", font=font, spacing=2)
    for number, row in enumerate(rows):
        top = HEAD + number * (SIDE + GAP)
        pen.multiline_text((4, top + SIDE / 2), f"{row.title}\n(simulated)", "black", font=font, anchor="lm")
        ground = ground_picture(row.image, channels)
        nothing = np.zeros(row.mask.shape)
        pictures = [ground, overlay_picture(ground, nothing, row.mask)]
        pictures += [overlay_picture(ground, each, row.mask) for each in row.maps.values()]
        for column, picture in enumerate(pictures):
            # Pixels stay squares where they become whole ones.
            way = Image.Resampling.BOX if SIDE % len(picture) else Image.Resampling.NEAREST
            shown = Image.fromarray(picture).resize((SIDE, SIDE), way)
            sheet.paste(shown, (MARGIN + column * (SIDE + GAP), top))
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(path, "JPEG", quality=80, optimize=True)
