"""Light curves of variable stars and transients, with their classes and their truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import ConfigurationError
from skysieve.samples.light_curves import LightCurves
from skysieve.sources.simulators import SIMULATORS
from skysieve.sources.simulators.arguments import check_numbers

# Importing the families registers their kinds.
from skysieve.sources.simulators.light_curves import (
    eclipsing,  # noqa: F401
    pulsating,  # noqa: F401
    rotating,  # noqa: F401
    transients,  # noqa: F401
)
from skysieve.sources.simulators.light_curves.colours import WAVELENGTHS, black_body_colour
from skysieve.sources.simulators.light_curves.exposures import NOTHING, Measured, measure, plan_exposures
from skysieve.sources.simulators.light_curves.kinds import (
    CLASSES,
    TRUTH,
    CurveTruth,
    Kinds,
    Window,
    chosen_shares,
    maker_of,
)
from skysieve.sources.simulators.light_curves.survey import CurveSurvey

__all__ = ["MIN_POINTS", "SimulatedCurves", "simulate_light_curves"]

#: A source of which fewer points are listed is drawn again.
MIN_POINTS = 10
_TRIES = 200
#: Stars are more numerous by this much in the logarithm per magnitude.
_COUNTS = 0.2


@dataclass(frozen=True, slots=True, eq=False)
class SimulatedCurves:
    """Simulated light curves and their truth; every array has one entry a curve.

    Parameters
    ----------
    curves : LightCurves
        Times (MJD), magnitudes or fluxes (nJy), errors, bands.
    kind : ndarray, shape (n,), str
        A key of `CURVE_KINDS`.
    label : ndarray, shape (n,), int64
        Number of the kind in ``classes``.
    mean_magnitude : ndarray, shape (n,), float64
        At 600 nm (AB) before variation; of a supernova at its peak.
    truth : dict of ndarray, shape (n,), float64
        The numbers of `CurveTruth` by name, NaN where there is no such thing.
    classes : tuple of str
        Names of the classes.
    """

    curves: LightCurves
    kind: NDArray[np.str_]
    label: NDArray[np.int64]
    mean_magnitude: NDArray[np.float64]
    truth: dict[str, NDArray[np.float64]]
    classes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.kind)

    def columns(self) -> dict[str, NDArray[np.generic]]:
        """Return everything but the points, by name."""
        named = {"label": self.label, "kind": self.kind, "mean_magnitude": self.mean_magnitude}
        return named | dict(self.truth)


@dataclass(frozen=True, slots=True)
class _Curve:
    kind: str
    magnitude: float
    truth: CurveTruth
    measured: Measured


@SIMULATORS.register("light-curves")
def simulate_light_curves(
    n: int,
    *,
    seed: int,
    kinds: Kinds | None = None,
    survey: CurveSurvey | None = None,
    flux: bool = False,
    start: int = 0,
) -> SimulatedCurves:
    """Simulate ``n`` light curves of ten classes.

    A curve depends on ``seed``, on its number and on the settings only: ``n=5, start=10`` gives the last
    five of ``n=15``.

    Parameters
    ----------
    n : int
        Number of curves.
    seed : int
        Seed, 0 or more.
    kinds : iterable of str or mapping from str to float, optional
        Kinds to draw from, or their shares; all if not given.
    survey : CurveSurvey, optional
        The survey; CRTS by default. See `CURVE_SURVEYS`.
    flux : bool
        Fluxes in nJy at every exposure rather than magnitudes of what was detected.
    start : int
        Number of the first curve.

    Returns
    -------
    SimulatedCurves
        Curves of at least `MIN_POINTS` points, sorted by time.

    Raises
    ------
    ConfigurationError
        If a number is out of its range, or the survey detects too little of a kind.
    UnknownNameError
        If there is no such kind.

    Examples
    --------
    >>> simulated = simulate_light_curves(3, seed=1, kinds=["RRab", "EA"])
    >>> set(simulated.kind.tolist()) <= {"RRab", "EA"}, bool((simulated.truth["period"] > 0).all())
    (True, True)
    """
    check_numbers(n=n, seed=seed, start=start, real_fraction=0.5)
    shares = chosen_shares(kinds)
    survey = survey or CurveSurvey()
    made = [_simulate(seed, number, shares, survey, flux) for number in range(start, start + n)]
    return SimulatedCurves(
        _joined([each.measured for each in made], start, survey, flux),
        np.array([each.kind for each in made], dtype=np.str_),
        np.array([CLASSES.index(each.kind) for each in made], dtype=np.int64),
        np.array([each.magnitude for each in made], dtype=np.float64),
        {name: np.array([getattr(each.truth, name) for each in made], dtype=np.float64) for name in TRUTH},
        CLASSES,
    )


def _simulate(seed: int, number: int, shares: dict[str, float], survey: CurveSurvey, flux: bool) -> _Curve:
    rng = np.random.default_rng([seed, number])
    kind = str(rng.choice(list(shares), p=list(shares.values())))
    window = Window(survey.start, survey.start + survey.years * 365.25)
    wavelengths = np.array([WAVELENGTHS[name] for name in survey.bands])
    for _ in range(_TRIES):
        variable = maker_of(kind)(rng, window)
        magnitude = _magnitude(rng, survey.magnitudes)
        time, band = plan_exposures(rng, survey)
        wavelength = wavelengths[band]
        true = magnitude + variable.light(time, wavelength)
        true = true + black_body_colour(wavelength, variable.temperature)
        measured = measure(rng, survey, time, band, true, flux=flux)
        # Of what is not listed nothing is seen: as fluxes, points with light count.
        if (len(measured.time) if not flux else int(np.isfinite(true).sum())) >= MIN_POINTS:
            return _Curve(kind, magnitude, variable.truth, measured)
    raise ConfigurationError(
        f"none of {_TRIES} light curves of the kind {kind!r} has {MIN_POINTS} points; "
        "make the survey longer, deeper or denser"
    )


def _magnitude(rng: np.random.Generator, limits: tuple[float, float]) -> float:
    """Draw a mean magnitude: faint stars are more numerous."""
    low, high = (10.0 ** (_COUNTS * limit) for limit in limits)
    return float(np.log10(rng.uniform(low, high)) / _COUNTS)


def _joined(measured: list[Measured], start: int, survey: CurveSurvey, flux: bool) -> LightCurves:
    """Return the curves one after another, each sorted by time."""
    orders = [np.argsort(each.time, kind="stable") for each in measured]
    offsets = np.concatenate([[0], np.cumsum([len(order) for order in orders])]).astype(np.int64)

    def flat(name: str) -> NDArray[Any]:
        pairs = zip(measured, orders, strict=True)
        return np.concatenate(
            [getattr(NOTHING, name), *(getattr(each, name)[order] for each, order in pairs)]
        )

    return LightCurves(
        offsets,
        flat("time"),
        flat("value"),
        flat("error"),
        flat("band"),
        survey.bands,
        np.arange(start, start + len(measured)),
        "flux" if flux else "magnitude",
        "nJy" if flux else "mag",
    )
