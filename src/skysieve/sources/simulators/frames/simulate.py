"""Sequences of frames of variable stars and of artefacts, drawn one by one from their numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import ConfigurationError, UnknownNameError
from skysieve.sources.simulators.frames.kinds import ARTEFACTS, CENTRE, SIDE, Conditions, add_star

__all__ = ["CLASSES", "SimulatedFrames", "chosen_artefacts", "simulate_frame_sequences"]

CLASSES = ("other", "artefact")
READ_NOISE = 8.0
SECOND_TAG = 0.15
"""Share of artefacts that are of two kinds at once."""


@dataclass(frozen=True, slots=True, eq=False)
class SimulatedFrames:
    """Simulated sequences and their truth.

    Parameters
    ----------
    frames : list of ndarray, shape (T, 1, 28, 28), float32
        Detector counts.
    time : list of ndarray, shape (T,), float64
        Modified Julian dates, increasing.
    labels : ndarray, shape (N,), int64
        Index into ``CLASSES``.
    tags : list of str
        Kinds of artefact, joined by ``|``; empty for a variable star.
    """

    frames: list[NDArray[np.float32]] = field(repr=False)
    time: list[NDArray[np.float64]] = field(repr=False)
    labels: NDArray[np.int64]
    tags: list[str]

    def columns(self) -> dict[str, Any]:
        """Return the columns of a sample set, but for ``id`` and ``group``."""
        lengths = np.array([len(each) for each in self.time], dtype=np.int64)
        return {
            "label": self.labels,
            "tags": self.tags,
            "n_frames": lengths,
            "frames": self.frames,
            "time": self.time,
        }


def chosen_artefacts(names: Sequence[str] | None) -> tuple[str, ...]:
    """Return the kinds of artefact to draw from, all if none are named.

    Raises
    ------
    UnknownNameError
        If a kind is none of `ARTEFACTS`.
    ConfigurationError
        If the list is empty.
    """
    if names is None:
        return tuple(ARTEFACTS)
    if unknown := [name for name in names if name not in ARTEFACTS]:
        raise UnknownNameError(
            f"no artefact of frames is called {unknown[0]!r}; known are: {', '.join(ARTEFACTS)}"
        )
    if not names:
        raise ConfigurationError("no kind of artefact is given; name some, or give artefact_share=0")
    return tuple(names)


def simulate_frame_sequences(
    n: int,
    *,
    seed: int,
    artefact_share: float = 0.5,
    artefacts: Sequence[str] | None = None,
    lengths: tuple[int, int] = (20, 60),
    start: int = 0,
) -> SimulatedFrames:
    """Simulate frames around objects that a survey calls variable, half of them for a wrong reason.

    Parameters
    ----------
    n : int
        Sequences.
    seed : int
        Seed; a sequence depends on it and on its number only.
    artefact_share : float
        Probability that a sequence is an artefact.
    artefacts : sequence of str, optional
        Kinds to draw from, of `ARTEFACTS`.
    lengths : tuple of int
        Fewest and most frames.
    start : int
        Number of the first sequence.

    Raises
    ------
    ConfigurationError
        If the share or the lengths make no sense.
    UnknownNameError
        If there is no such artefact.

    Examples
    --------
    >>> simulated = simulate_frame_sequences(3, seed=1, lengths=(5, 9))
    >>> simulated.frames[0].shape[1:], len(simulated.frames[0]) == len(simulated.time[0])
    ((1, 28, 28), True)
    """
    kinds = chosen_artefacts(artefacts)
    if not 0 <= artefact_share <= 1 or not 1 <= lengths[0] <= lengths[1]:
        raise ConfigurationError(
            f"found artefact_share {artefact_share} and lengths {lengths}; a share from 0 to 1, and lengths "
            "from 1, the fewest first, are expected"
        )
    frames, times, tags = [], [], []
    for number in range(start, start + n):
        rng = np.random.default_rng((seed, number))
        own: tuple[str, ...] = ()
        if rng.random() < artefact_share:
            count = 2 if len(kinds) > 1 and rng.random() < SECOND_TAG else 1
            own = tuple(sorted(rng.choice(kinds, count, replace=False).tolist()))
        length = int(rng.integers(lengths[0], lengths[1] + 1))
        times.append(np.sort(rng.uniform(58200, 59400, length)))
        frames.append(_sequence(times[-1], own, rng))
        tags.append("|".join(own))
    return SimulatedFrames(frames, times, np.array([int(bool(tag)) for tag in tags], dtype=np.int64), tags)


def _sequence(
    time: NDArray[np.float64], tags: tuple[str, ...], rng: np.random.Generator
) -> NDArray[np.float32]:
    """Return the frames of one object, shape (T, 1, 28, 28)."""
    painters = {tag: maker(rng) for tag in tags if (maker := ARTEFACTS[tag]) is not None}
    # There are no photons beyond the edge of a detector, and no noise of them.
    edge = painters.pop("frame_edge", None)
    # What is taken for a variable is often hardly there without its artefact.
    flux = 10 ** (rng.uniform(2.5, 3.8) if tags else rng.uniform(3.5, 5.0))
    light = np.ones(len(time)) if tags else _light(time, rng)
    neighbours = [
        (*rng.uniform(-3, SIDE + 3, 2), 10 ** rng.uniform(2.8, 4.5)) for _ in range(rng.poisson(1.5))
    ]
    out_of_focus = rng.uniform(0.3, 0.8) if "defocusing" in tags else 0.0
    made = np.empty((len(time), 1, SIDE, SIDE), dtype=np.float32)
    for number in range(len(time)):
        conditions = _conditions(rng)
        defocus = rng.uniform(3, 7) if rng.random() < out_of_focus else 0.0
        frame = np.full((SIDE, SIDE), conditions.sky, dtype=np.float32)
        stars = [(CENTRE, CENTRE, flux * light[number]), *neighbours]
        for x, y, counts in stars:
            place = (x + conditions.x - CENTRE, y + conditions.y - CENTRE)
            add_star(frame, *place, counts, conditions.fwhm, defocus=defocus)
        for paint in painters.values():
            paint(frame, conditions, rng)
        spread = np.sqrt(np.maximum(frame, 0) + READ_NOISE**2)
        frame += (spread * rng.normal(size=frame.shape)).astype(np.float32)
        if edge is not None:
            edge(frame, conditions, rng)
        made[number, 0] = frame
    return made


def _conditions(rng: np.random.Generator) -> Conditions:
    fwhm, sky = 2.0 * math.exp(rng.normal(0, 0.2)), 10 ** rng.uniform(2.2, 3.2)
    x, y = CENTRE + rng.uniform(-0.5, 0.5, 2)
    return Conditions(fwhm, sky, math.sqrt(sky + READ_NOISE**2), float(x), float(y))


def _light(time: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Return relative fluxes of a variable star: a wave, eclipses, or one outburst."""
    amplitude, kind = rng.uniform(0.3, 1.2), rng.integers(3)
    period, epoch = 10 ** rng.uniform(-0.5, 2.3), rng.uniform(time[0], time[-1])
    phase = ((time - epoch) / period) % 1
    if kind == 0:
        dimming = amplitude * 0.5 * (1 - np.cos(2 * math.pi * phase))
    elif kind == 1:
        dimming = amplitude * np.exp(-0.5 * ((phase - 0.5) / 0.04) ** 2)
    else:
        since = time - epoch
        dimming = (
            -2
            * amplitude
            * np.where(since > 0, np.exp(-np.maximum(since, 0) / 40), np.exp(np.minimum(since, 0) / 4))
        )
    return np.asarray(10 ** (-0.4 * dimming))
