"""A sheet of simulated streak cutouts, some of every kind, and real ones below where they are at hand."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from skysieve.sources.simulators.streaks import STREAK_KINDS, StreakKind, simulate_streaks

__all__ = ["read_real_cutouts", "streak_contact_sheet"]

EXAMPLES, SIDE, GAP, MARGIN, HEAD = 8, 157, 3, 150, 26
SEED = 7
#: Folder of data that are not in the repository.
DATA = Path(os.environ.get("SKYSIEVE_DATA") or Path(__file__).parents[2] / "shared" / "data")


def streak_contact_sheet(real: NDArray[np.uint8] | None = None) -> bytes:
    """Return the sheet as PNG: a row a kind, with its labels.

    Parameters
    ----------
    real : ndarray, shape (n, height, width) or (n, height, width, channels), uint8, optional
        Real cutouts, at most 157 pixels high and wide; they follow below under a title of their own.
    """
    real_rows = [] if real is None else [real[i : i + EXAMPLES] for i in range(0, len(real), EXAMPLES)]
    rows = len(STREAK_KINDS) + len(real_rows)
    height = HEAD + rows * (SIDE + GAP) + (HEAD if real_rows else 0)
    sheet = Image.new("L", (MARGIN + EXAMPLES * (SIDE + GAP), height), 255)
    pen = ImageDraw.Draw(sheet)
    pen.text((4, 6), "simulated", 0, font=ImageFont.load_default(13))
    for row, kind in enumerate(STREAK_KINDS.values()):
        top = HEAD + row * (SIDE + GAP)
        _caption(pen, kind, top)
        # Every row starts at another number: a sky of its own.
        cutouts = simulate_streaks(EXAMPLES, seed=SEED, kinds=[kind.name], start=row * EXAMPLES).cutouts
        _paste(sheet, np.asarray(cutouts, np.uint8), top)
    top = HEAD + len(STREAK_KINDS) * (SIDE + GAP)
    if real_rows:
        pen.text((4, top + 6), "real asteroids found by ZTF", 0, font=ImageFont.load_default(13))
    for row, tiles in enumerate(real_rows):
        _paste(sheet, tiles[..., 0] if tiles.ndim == 4 else tiles, top + HEAD + row * (SIDE + GAP))
    file = io.BytesIO()
    # Sixteen levels, sky and white among them, are enough for the eye and halve the file.
    levels = np.rint(np.asarray(sheet, np.float32) / 17.0).astype(np.uint8)
    palette = Image.fromarray(levels).convert("P")
    palette.putpalette([level * 17 for level in range(16) for _ in range(3)])
    palette.save(file, "PNG", optimize=True, bits=4)
    return file.getvalue()


def read_real_cutouts() -> NDArray[np.uint8] | None:
    """Return the 24 real cutouts, shape (24, height, width), or None where they are not at hand."""
    path = DATA / "deepstreaks" / "reals_zoo_24_tiles.npz"
    if not path.exists():
        return None
    with np.load(path) as arrays:
        tiles: NDArray[np.uint8] = arrays["tiles"]
    # Channel 1 is free of the marks that somebody drew.
    return tiles[..., 1] if tiles.ndim == 4 else tiles


def _caption(pen: ImageDraw.ImageDraw, kind: StreakKind, top: int) -> None:
    pen.text((4, top + SIDE / 2 - 26), kind.name, 0, font=ImageFont.load_default(13), anchor="lm")
    sl = "0/1" if kind.name == "satellite-flashes" else "-" if kind.sl < 0 else kind.sl
    lines = (f"streak rb={kind.rb}", f"short sl={sl}", f"keep kd={kind.kd}", f"plausible os={kind.os}")
    for number, line in enumerate(lines):
        place = (4, top + SIDE / 2 - 8 + 14 * number)
        pen.text(place, line, 90, font=ImageFont.load_default(11), anchor="lm")


def _paste(sheet: Image.Image, cutouts: NDArray[np.uint8], top: int) -> None:
    for number, cutout in enumerate(cutouts):
        height, width = cutout.shape
        left = MARGIN + number * (SIDE + GAP) + (SIDE - width) // 2
        sheet.paste(Image.fromarray(np.ascontiguousarray(cutout)), (left, top + (SIDE - height) // 2))
