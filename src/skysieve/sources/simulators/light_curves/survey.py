"""Surveys: when they look, in which bands, how deep, and how well."""

from __future__ import annotations

from dataclasses import dataclass, field

from skysieve.errors import ConfigurationError, UnknownNameError
from skysieve.sources.simulators.light_curves.colours import WAVELENGTHS

__all__ = ["CURVE_SURVEYS", "CurveSurvey", "LightCurveSimulation", "curve_survey_named"]


@dataclass(frozen=True)
class CurveSurvey:
    """When and how well a survey measures.

    Parameters
    ----------
    bands : tuple of str
        Names of the bands: keys of `WAVELENGTHS`.
    depths : tuple of float
        Magnitude in each band that is measured with a signal-to-noise ratio of 5.
    floor : float
        Error of bright stars, in magnitudes.
    gamma : float
        How errors grow towards the depth (Ivezić et al. 2019, eq. 5): 0.039 where the sky decides.
    depth_scatter : float
        Standard deviation of the depth from night to night.
    start : float
        First night, MJD.
    years : float
        Length of the survey.
    season : float
        Days of a year in which a star is observed.
    shortest_gap, mean_gap : float
        Days from one night of a star to the next, within a season.
    moonless : float
        Nights around full moon that are left out, in days to each side.
    nights : tuple of tuple of str
        What a night may be: the bands of its exposures in their order.
    weights : tuple of float
        How often each of them is.
    spacing : float
        Minutes from one exposure of a night to the next.
    lost : float
        Share of exposures that are lost.
    outliers : float
        Share of points that are wrong by more than their error says.
    magnitudes : tuple of float
        Brightest and faintest mean magnitude of stars.
    detection : float
        Signal-to-noise ratio from which a magnitude is listed.
    """

    bands: tuple[str, ...] = ("V",)
    depths: tuple[float, ...] = (18.05,)
    floor: float = 0.05
    gamma: float = 0.0054
    depth_scatter: float = 0.2
    start: float = 53550.0
    years: float = 8.0
    season: float = 250.0
    shortest_gap: float = 6.0
    mean_gap: float = 23.0
    moonless: float = 4.0
    nights: tuple[tuple[str, ...], ...] = (("V", "V", "V", "V"),)
    weights: tuple[float, ...] = (1.0,)
    spacing: float = 11.0
    lost: float = 0.09
    outliers: float = 0.004
    magnitudes: tuple[float, float] = (12.5, 18.5)
    detection: float = 3.0

    def __post_init__(self) -> None:
        if unknown := [name for name in self.bands if name not in WAVELENGTHS]:
            raise ConfigurationError(f"no band is called {unknown[0]!r}; known are: {', '.join(WAVELENGTHS)}")
        lengths = {"depths": len(self.bands), "weights": len(self.nights)}
        for name, length in lengths.items():
            if len(getattr(self, name)) != length:
                raise ConfigurationError(f"{name} are {getattr(self, name)}; {length} numbers are expected")
        if not self.nights or not set().union(*self.nights) <= set(self.bands):
            raise ConfigurationError(f"nights are {self.nights}; give bands among {', '.join(self.bands)}")
        for name in ("years", "season", "mean_gap", "floor"):
            if not getattr(self, name) > 0:
                raise ConfigurationError(f"{name} is {getattr(self, name)}; give more than 0")
        if not self.shortest_gap < self.mean_gap:
            raise ConfigurationError("shortest_gap is not below mean_gap")
        if not self.magnitudes[0] < self.magnitudes[1]:
            raise ConfigurationError(f"magnitudes are {self.magnitudes}; give the brighter one first")


#: Surveys by name. The numbers of ``crts`` follow real light curves of its southern telescope; depths of
#: ``ztf`` are those of Bellm et al. (2019), depths and visits of ``lsst`` those of Ivezić et al. (2019).
CURVE_SURVEYS: dict[str, CurveSurvey] = {
    "crts": CurveSurvey(),
    "ztf": CurveSurvey(
        bands=("g", "r"),
        depths=(20.8, 20.6),
        floor=0.015,
        gamma=0.039,
        start=58200.0,
        years=4.0,
        season=240.0,
        shortest_gap=1.0,
        mean_gap=3.2,
        moonless=2.0,
        nights=(("g", "r"), ("g",), ("r",)),
        weights=(0.55, 0.15, 0.30),
        spacing=60.0,
        lost=0.05,
        magnitudes=(13.5, 19.7),
        detection=5.0,
    ),
    "lsst": CurveSurvey(
        bands=("u", "g", "r", "i", "z", "y"),
        depths=(23.9, 25.0, 24.7, 24.0, 23.3, 22.1),
        floor=0.005,
        gamma=0.039,
        start=61041.0,
        years=10.0,
        season=210.0,
        shortest_gap=1.0,
        mean_gap=4.9,
        moonless=0.0,
        nights=(("u", "g"), ("g", "r"), ("r", "i"), ("i", "z"), ("z", "y"), ("y", "y")),
        weights=(56.0, 24.0, 160.0, 24.0, 136.0, 12.0),
        spacing=33.0,
        lost=0.03,
        magnitudes=(16.8, 22.8),
        detection=5.0,
    ),
}


@dataclass(frozen=True)
class LightCurveSimulation:
    """Settings of simulated light curves.

    Parameters
    ----------
    survey : CurveSurvey
        The survey; CRTS if nothing is set.

    Examples
    --------
    >>> from skysieve.configuration import override
    >>> override(LightCurveSimulation(), {"survey.years": 2}).survey.years
    2.0
    """

    survey: CurveSurvey = field(default_factory=CurveSurvey)


def curve_survey_named(name: str) -> CurveSurvey:
    """Return a survey by name.

    Raises
    ------
    UnknownNameError
        If there is no such survey.
    """
    if name not in CURVE_SURVEYS:
        raise UnknownNameError(f"no survey is called {name!r}; known are: {', '.join(CURVE_SURVEYS)}")
    return CURVE_SURVEYS[name]
