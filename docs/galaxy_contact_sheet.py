"""A sheet of simulated galaxies and artefacts, some of every kind, and of the second survey below."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from skysieve.sources.simulators.galaxies import (
    GALAXY_KINDS,
    SURVEYS,
    GalaxyKind,
    simulate_galaxies,
    simulate_lsbg,
)

__all__ = ["galaxy_contact_sheet"]

EXAMPLES, SIDE, GAP, MARGIN, HEAD = 7, 128, 3, 130, 24
SEED = 5
#: Kinds that are shown a second time, in another survey.
AGAIN, OTHER = ("face-on-spiral", "lsbg", "cirrus"), "hsc"


def galaxy_contact_sheet() -> bytes:
    """Return the sheet as JPEG: a row a kind, every pixel twice as large."""
    rows = [(kind, "des") for kind in GALAXY_KINDS.values()]
    again = [(GALAXY_KINDS[name], OTHER) for name in AGAIN]
    width, height = MARGIN + EXAMPLES * (SIDE + GAP), 2 * HEAD + (len(rows) + len(again)) * (SIDE + GAP)
    sheet = Image.new("RGB", (width, height), "white")
    pen = ImageDraw.Draw(sheet)
    top = 0
    for title, part in (("as of DES", rows), ("the same sky as of HSC", again)):
        pen.text((4, top + 5), title, "black", font=ImageFont.load_default(13))
        top += HEAD
        for kind, survey in part:
            _caption(pen, kind, top)
            for number, cutout in enumerate(_cutouts(kind, survey)):
                picture = Image.fromarray(np.ascontiguousarray(cutout.transpose(1, 2, 0)))
                doubled = picture.resize((SIDE, SIDE), Image.Resampling.NEAREST)
                sheet.paste(doubled, (MARGIN + number * (SIDE + GAP), top))
            top += SIDE + GAP
    file = io.BytesIO()
    # Noise in colour does not compress without loss, and a palette would band what is smooth.
    sheet.save(file, "JPEG", quality=88, optimize=True)
    return file.getvalue()


def _cutouts(kind: GalaxyKind, survey: str) -> NDArray[np.uint8]:
    simulate = simulate_galaxies if kind.collection == "morphology" else simulate_lsbg
    # Every row starts at another number: a sky of its own, the same for both surveys.
    start = list(GALAXY_KINDS).index(kind.name) * EXAMPLES
    found = simulate(EXAMPLES, seed=SEED, kinds=[kind.name], start=start, survey=SURVEYS[survey])
    return np.asarray(found.cutouts, np.uint8)


def _caption(pen: ImageDraw.ImageDraw, kind: GalaxyKind, top: int) -> None:
    pen.text((4, top + SIDE / 2 - 9), kind.name, "black", font=ImageFont.load_default(13), anchor="lm")
    label = f"{kind.class_name}, type {kind.artifact_type}" if kind.artifact_type else kind.class_name
    pen.text((4, top + SIDE / 2 + 9), label, "#666666", font=ImageFont.load_default(11), anchor="lm")
