"""The table of kinds of variables, what is true of one, and the functions that make them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import ConfigurationError, UnknownNameError

__all__ = [
    "CLASSES",
    "CURVE_KINDS",
    "TRUTH",
    "CurveKind",
    "CurveTruth",
    "Kinds",
    "Light",
    "Variable",
    "Window",
    "as_shares",
    "chosen_shares",
    "curve_kind",
    "maker_of",
]

NAN = float("nan")

#: Names of kinds, or names with shares; None is the share of the table.
Kinds = Iterable[str] | Mapping[str, float | None]
#: Magnitudes relative to the mean at times (MJD) and wavelengths (nm), arrays of shape (P,); inf is no light.
Light = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class CurveTruth:
    """What is true of a light curve before noise; NaN where there is no such thing. Times are MJD, days.

    Parameters
    ----------
    period : float
        Of an eclipsing binary the orbital one, with both eclipses; of RRd the first overtone.
    second_period : float
        Of RRd the fundamental mode, of long-period variables the long secondary period.
    amplitude : float
        From faintest to brightest at 600 nm, in magnitudes, without modulation.
    epoch : float
        Time of primary minimum (eclipsing), of maximum light (others).
    phase : float
        Phase at the first night of the survey, from 0 to 1; 0 is the epoch.
    modulation : float
        Share of the amplitude that comes and goes (Blazhko effect, cycles of a long-period variable).
    modulation_period : float
        Of the Blazhko effect, or of the activity cycle of a spotted star.
    inclination : float
        Of a detached binary, in degrees; 90 is edge-on.
    primary_depth, secondary_depth : float
        Of the eclipses at 600 nm, in magnitudes.
    eccentricity : float
        Of a detached binary.
    peak_time : float
        Of a transient.
    timescale : float
        Einstein time, or the time in which a supernova fades by a factor e.
    rise_time : float
        Time scale of a supernova's rise.
    impact : float
        Least distance of lens and source in Einstein radii.
    blend : float
        Share of the light that is not lensed.
    """

    period: float = NAN
    second_period: float = NAN
    amplitude: float = NAN
    epoch: float = NAN
    phase: float = NAN
    modulation: float = NAN
    modulation_period: float = NAN
    inclination: float = NAN
    primary_depth: float = NAN
    secondary_depth: float = NAN
    eccentricity: float = NAN
    peak_time: float = NAN
    timescale: float = NAN
    rise_time: float = NAN
    impact: float = NAN
    blend: float = NAN


#: Names of the numbers of a `CurveTruth`.
TRUTH = tuple(item.name for item in fields(CurveTruth))


@dataclass(frozen=True, slots=True)
class Window:
    """The time in which a survey looks, MJD."""

    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Variable:
    """A source: its light, its mean colour and its truth.

    Parameters
    ----------
    light : callable
        See `Light`.
    temperature : float
        Of the black body that gives its mean colours, in K.
    truth : CurveTruth
        Its numbers.
    """

    light: Light
    temperature: float
    truth: CurveTruth


@dataclass(frozen=True, slots=True)
class CurveKind:
    """One kind of variable, which is a class of its own.

    Parameters
    ----------
    name : str
        Name of the kind and of its class.
    share : float
        Share in a set.
    meaning : str
        What it is.
    """

    name: str
    share: float
    meaning: str


#: Every kind, by name, in the order of the labels.
CURVE_KINDS: dict[str, CurveKind] = {
    kind.name: kind
    for kind in (
        CurveKind("EW", 0.18, "contact binary"),
        CurveKind("EA", 0.10, "detached binary"),
        CurveKind("RRab", 0.12, "RR Lyrae star in the fundamental mode"),
        CurveKind("RRc", 0.12, "RR Lyrae star in the first overtone"),
        CurveKind("RRd", 0.06, "RR Lyrae star in both modes"),
        CurveKind("ROT", 0.10, "rotating star with spots"),
        CurveKind("LPV", 0.08, "long-period variable: Mira or semiregular"),
        CurveKind("constant", 0.12, "star that does not vary"),
        CurveKind("microlensing", 0.06, "star magnified once by another in front of it"),
        CurveKind("supernova", 0.06, "supernova-like transient without its galaxy"),
    )
}

#: Classes in the order of their labels.
CLASSES = tuple(CURVE_KINDS)

Maker = Callable[[np.random.Generator, Window], Variable]
_MAKERS: dict[str, Maker] = {}


def curve_kind(name: str) -> Callable[[Maker], Maker]:
    """Return a decorator that makes a function the maker of the kind ``name``."""

    def register(maker: Maker) -> Maker:
        _MAKERS[name] = maker
        return maker

    return register


def maker_of(name: str) -> Maker:
    """Return the function that makes the kind ``name``."""
    return _MAKERS[name]


def as_shares(kinds: Kinds | None) -> dict[str, float | None] | None:
    """Return kinds with their shares, None for those of the table."""
    if kinds is None:
        return None
    return dict(kinds) if isinstance(kinds, Mapping) else dict.fromkeys(kinds)


def chosen_shares(kinds: Kinds | None) -> dict[str, float]:
    """Return the share of each kind that is drawn; they sum to one.

    Raises
    ------
    UnknownNameError
        If there is no such kind, or none is named.
    ConfigurationError
        If a share is negative or not a number, or none is above 0.

    Examples
    --------
    >>> chosen_shares({"EW": 0.75, "EA": 0.25})
    {'EW': 0.75, 'EA': 0.25}
    """
    asked = as_shares(kinds)
    asked = dict.fromkeys(CURVE_KINDS) if asked is None else asked
    unknown = [name for name in asked if name not in CURVE_KINDS]
    if unknown or not asked:
        found = f"is called {', '.join(map(repr, unknown))}" if unknown else "was named"
        raise UnknownNameError(f"no kind of light curve {found}; known are: {', '.join(CURVE_KINDS)}")
    shares = {
        name: CURVE_KINDS[name].share if share is None else float(share) for name, share in asked.items()
    }
    if not all(0.0 <= share < float("inf") for share in shares.values()) or not sum(shares.values()) > 0.0:
        raise ConfigurationError(
            f"the shares of the kinds are {shares}; give numbers from 0 on, one of them above 0"
        )
    total = sum(shares.values())
    return {name: share / total for name, share in shares.items()}
