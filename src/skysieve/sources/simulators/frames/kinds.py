"""What makes an artefact look like a variable object, painted into frame after frame.

Kinds are the subtypes that SNAD's experts tag. What is fixed to the detector or to the sky stays in place,
what depends on the pointing moves, and most artefacts are in some of the frames only.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skysieve.sources.simulators import artefacts
from skysieve.sources.simulators.streaks.trail import add_trail

__all__ = ["ARTEFACTS", "SIDE", "Conditions", "Painter", "add_star"]

#: Pixels of a side of a frame.
SIDE = 28
CENTRE = (SIDE - 1) / 2

Frame = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Conditions:
    """Of one exposure.

    Parameters
    ----------
    fwhm : float
        Seeing, pixels.
    sky : float
        Background, counts.
    noise : float
        Standard deviation of the background, counts.
    x, y : float
        Where the object stands, pixels from the first one.
    """

    fwhm: float
    sky: float
    noise: float
    x: float
    y: float


#: Paints what one exposure shows of an artefact, in place.
Painter = Callable[[Frame, Conditions, np.random.Generator], None]


def add_star(
    frame: Frame, x: float, y: float, flux: float, fwhm: float, *, beta: float = 3.0, defocus: float = 0.0
) -> None:
    """Add a star, a Moffat profile or, out of focus, a ring.

    Parameters
    ----------
    frame : ndarray, shape (H, W)
        Changed in place.
    x, y : float
        Column and row, from 0; may lie outside.
    flux : float
        Counts of the whole star.
    fwhm : float
        Seeing, pixels.
    beta : float
        How steep the wings of the profile are.
    defocus : float
        Radius of the pupil's image, pixels; 0 in focus.
    """
    rows, columns = np.mgrid[: frame.shape[0], : frame.shape[1]]
    radius = np.hypot(rows - y, columns - x)
    if defocus > 0:
        # The secondary mirror hides the middle of the pupil.
        middle, spread = 0.7 * defocus, 0.3 * (defocus + fwhm)
        ring = np.exp(-0.5 * ((radius - middle) / spread) ** 2)
        share = middle / (math.sqrt(2) * spread)
        whole = spread * math.exp(-(share**2)) + middle * math.sqrt(math.pi / 2) * (1 + math.erf(share))
        frame += (flux / (2 * math.pi * spread * whole) * ring).astype(np.float32)
        return
    width = fwhm / (2 * math.sqrt(2 ** (1 / beta) - 1))
    peak = flux * (beta - 1) / (math.pi * width**2)
    frame += (peak * (1 + (radius / width) ** 2) ** -beta).astype(np.float32)


def make_ghost(rng: np.random.Generator) -> Painter:
    """Return reflections of a star elsewhere, which wander with the pointing."""
    share, level = rng.uniform(0.15, 0.7), rng.uniform(0.7, 3.0)

    def paint(frame: Frame, conditions: Conditions, rng: np.random.Generator) -> None:
        if rng.random() < share:
            frame += (level * artefacts.ghost(SIDE, conditions.noise, rng)).astype(np.float32)

    return paint


def make_track(rng: np.random.Generator) -> Painter:
    """Return the trail of a satellite or an aircraft, in a few frames."""
    share = rng.uniform(0.15, 0.4)

    def paint(frame: Frame, conditions: Conditions, rng: np.random.Generator) -> None:
        if rng.random() > share:
            return
        angle, miss = rng.uniform(0, math.pi), rng.normal(0, 2)
        dx, dy = math.cos(angle), math.sin(angle)
        x, y, reach = conditions.x - miss * dy, conditions.y + miss * dx, 1.5 * SIDE
        flux = conditions.noise * conditions.fwhm * 2 * reach * 10 ** rng.uniform(0.5, 1.6)
        ends = (x - reach * dx, y - reach * dy, x + reach * dx, y + reach * dy)
        add_trail(frame, *ends, flux=flux, fwhm=conditions.fwhm, reach=5.0)

    return paint


def make_bright_star(rng: np.random.Generator) -> Painter:
    """Return the wing of a bright star beside the frame, which breathes with the seeing."""
    angle, distance = rng.uniform(0, 2 * math.pi), rng.uniform(12, 34)
    flux, beta = 10 ** rng.uniform(6.6, 7.8), rng.uniform(1.9, 2.3)

    def paint(frame: Frame, conditions: Conditions, rng: np.random.Generator) -> None:
        x, y = conditions.x + distance * math.cos(angle), conditions.y + distance * math.sin(angle)
        add_star(frame, x, y, flux * rng.uniform(0.9, 1.1), conditions.fwhm, beta=beta)

    return paint


def make_column(rng: np.random.Generator) -> Painter:
    """Return a column of the detector that the object now and then falls on."""
    share, width = rng.uniform(0.2, 0.8), int(rng.integers(1, 3))
    level, sign = 10 ** rng.uniform(0.8, 1.9), rng.choice([-1, 1, 1])

    def paint(frame: Frame, conditions: Conditions, rng: np.random.Generator) -> None:
        if rng.random() > share:
            return
        first = int(np.clip(round(CENTRE + rng.normal(0, 3)), 0, SIDE - width))
        start = int(rng.integers(0, SIDE // 2)) if rng.random() < 0.3 else 0
        excess = sign * level * conditions.noise * rng.uniform(0.7, 1.3, (SIDE - start, width))
        frame[start:, first : first + width] += excess.astype(np.float32)

    return paint


def make_spike(rng: np.random.Generator) -> Painter:
    """Return the diffraction spike of a star beside the frame, fixed on the sky but for small turns."""
    angle, distance = rng.uniform(0, 2 * math.pi), rng.uniform(18, 40)
    level = 10 ** rng.uniform(1.0, 2.2)

    def paint(frame: Frame, conditions: Conditions, rng: np.random.Generator) -> None:
        rows, columns = np.mgrid[:SIDE, :SIDE]
        turned = angle + rng.normal(0, 0.03)
        x, y = conditions.x + distance * math.cos(angle), conditions.y + distance * math.sin(angle)
        along = (x - columns) * math.cos(turned) + (y - rows) * math.sin(turned)
        across = (x - columns) * math.sin(turned) - (y - rows) * math.cos(turned)
        profile = np.exp(-0.5 * (across / (conditions.fwhm / 2.355)) ** 2) * (along > 0)
        frame += (level * conditions.noise * profile * distance / np.maximum(along, 3)).astype(np.float32)

    return paint


def make_frame_edge(rng: np.random.Generator) -> Painter:
    """Return the edge of the detector, which cuts frames off and shines before it."""
    reach, turns = rng.uniform(3, 13), int(rng.integers(4))
    spread, glow = rng.uniform(1, 5), 10 ** rng.uniform(0.3, 1.5)

    def paint(frame: Frame, conditions: Conditions, rng: np.random.Generator) -> None:
        beyond = round(rng.normal(reach, spread))
        if beyond <= 0:
            return
        # A view, so that the frame itself is changed.
        turned = np.rot90(frame, turns)
        rows = np.arange(SIDE)[:, None] - beyond
        turned += (glow * conditions.noise * np.exp(-np.maximum(rows, 0) / 2)).astype(np.float32)
        turned[:beyond] = turned[beyond:].min() if beyond < SIDE else 0

    return paint


#: Makers of what artefacts show, by the tag of SNAD's experts; of ``defocusing`` the stars themselves change.
ARTEFACTS: dict[str, Callable[[np.random.Generator], Painter] | None] = {
    "ghost": make_ghost,
    "track": make_track,
    "bright_star": make_bright_star,
    "column": make_column,
    "defocusing": None,
    "spike": make_spike,
    "frame_edge": make_frame_edge,
}
