"""The table of kinds: what each is called, how it is labelled, how often it occurs, who draws it.

A kind is a function that paints on a `Canvas` and returns what is true of it, registered with
`streak_kind` in a module of its family. The table below is the only place of labels and shares.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields

from skysieve.sources.simulators.arguments import kinds_called
from skysieve.sources.simulators.streaks.canvas import Canvas

__all__ = ["STREAK_KINDS", "TRUTH", "StreakKind", "Truth", "chosen_kinds", "painter_of", "streak_kind"]

NAN = float("nan")


@dataclass(slots=True)
class Truth:
    """What is true of a streak; NaN where there is no such thing.

    Parameters
    ----------
    length : float
        Length without the PSF, in pixels; of a track that leaves the cutout, the part inside.
    length_arcsec : float
        The same in arcsec.
    pa : float
        Direction on the pixels from +x towards +y, 0 to 180 degrees.
    snr : float
        Signal-to-noise ratio of a fit of the whole trail.
    peak_snr : float
        Signal-to-noise ratio of one FWHM of the trail, fitted as a star.
    magnitude : float
        Of the whole trail.
    rate : float
        Motion in degrees a day.
    x1, y1, x2, y2 : float
        Ends in pixels, 0 is the centre of the first pixel.
    sl : int or None
        1 if it lies in the cutout as a whole, 0 if not, None for what the kind says.
    """

    length: float = NAN
    length_arcsec: float = NAN
    pa: float = NAN
    snr: float = NAN
    peak_snr: float = NAN
    magnitude: float = NAN
    rate: float = NAN
    x1: float = NAN
    y1: float = NAN
    x2: float = NAN
    y2: float = NAN
    sl: int | None = None


#: Names of the numbers of a `Truth`.
TRUTH = tuple(item.name for item in fields(Truth) if item.name != "sl")

Painter = Callable[[Canvas], Truth]


@dataclass(frozen=True, slots=True)
class StreakKind:
    """One kind of streak or of what is mistaken for one.

    Parameters
    ----------
    name : str
        Its name.
    rb, sl, kd, os : int
        Labels: streak, short, keep, plausible; ``sl`` is -1 where there is no streak.
    share : float
        Share among the kinds of the same ``os``.
    """

    name: str
    rb: int
    sl: int
    kd: int
    os: int
    share: float


#: Every kind, by name.
STREAK_KINDS: dict[str, StreakKind] = {
    kind.name: kind
    for kind in (
        StreakKind("asteroid", 1, 1, 1, 1, 0.85),
        StreakKind("composite", 1, 1, 1, 1, 0.15),
        StreakKind("satellite", 1, 0, 0, 0, 0.18),
        StreakKind("satellite-flashes", 1, 0, 0, 0, 0.08),
        StreakKind("cosmic-ray", 1, 1, 0, 0, 0.14),
        StreakKind("masked-star", 0, -1, 0, 0, 0.16),
        StreakKind("yin-yang", 0, -1, 0, 0, 0.14),
        StreakKind("ghost", 0, -1, 0, 0, 0.06),
        StreakKind("spike", 0, -1, 0, 0, 0.06),
        StreakKind("bad-column", 0, -1, 0, 0, 0.05),
        StreakKind("edge", 0, -1, 0, 0, 0.05),
        StreakKind("crowded", 0, -1, 0, 0, 0.05),
        StreakKind("noise", 0, -1, 0, 0, 0.03),
    )
}

_PAINTERS: dict[str, Painter] = {}


def streak_kind(name: str) -> Callable[[Painter], Painter]:
    """Return a decorator that makes a function the painter of the kind ``name``."""

    def register(painter: Painter) -> Painter:
        _PAINTERS[name] = painter
        return painter

    return register


def painter_of(name: str) -> Painter:
    """Return the function that paints the kind ``name``."""
    return _PAINTERS[name]


def chosen_kinds(names: Iterable[str] | None) -> tuple[StreakKind, ...]:
    """Return kinds by name, all if None.

    Raises
    ------
    UnknownNameError
        If there is no such kind, or none is named.
    """
    return kinds_called(names, STREAK_KINDS, "streak")
