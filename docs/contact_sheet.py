"""A sheet of simulated triplets, some of every kind, drawn by the code that the reports use."""

from __future__ import annotations

import io

from PIL import Image, ImageDraw, ImageFont

from skysieve.evaluation.cutout_images import cutout_to_rgb
from skysieve.sources.simulators.kinds import KINDS
from skysieve.sources.simulators.triplets import simulate_triplets

__all__ = ["contact_sheet"]

EXAMPLES, SIDE, GAP, MARGIN, HEAD = 3, 63, 3, 150, 20
SEED = 7


def contact_sheet() -> bytes:
    """Return the sheet as PNG: a row a kind, three triplets (science, template, difference) in each."""
    triplet = 3 * SIDE + 2
    width = MARGIN + EXAMPLES * (triplet + 4 * GAP)
    sheet = Image.new("RGB", (width, HEAD + len(KINDS) * (SIDE + GAP)), "white")
    pen = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(13)
    small = ImageFont.load_default(11)
    for example in range(EXAMPLES):
        for channel, name in enumerate(("science", "template", "difference")):
            left = MARGIN + example * (triplet + 4 * GAP) + channel * (SIDE + 1)
            pen.text((left + SIDE / 2, 4), name, "#666666", font=small, anchor="ma")
    for row, kind in enumerate(KINDS.values()):
        top = HEAD + row * (SIDE + GAP)
        pen.text((4, top + SIDE / 2 - 9), kind.name, "black", font=font, anchor="lm")
        word, colour = ("real", "#1f5fa8") if kind.label else ("bogus", "#a8401f")
        pen.text((4, top + SIDE / 2 + 9), word, colour, font=small, anchor="lm")
        start = row * EXAMPLES  # a sky of its own for every row
        cutouts = simulate_triplets(EXAMPLES, seed=SEED, kinds=[kind.name], start=start).cutouts
        for example in range(EXAMPLES):
            for channel, cutout in enumerate(cutouts[example]):
                left = MARGIN + example * (triplet + 4 * GAP) + channel * (SIDE + 1)
                sheet.paste(Image.fromarray(cutout_to_rgb(cutout)), (left, top))
    file = io.BytesIO()
    sheet.quantize(64).save(file, "PNG", optimize=True)
    return file.getvalue()
