"""When a star is observed, and what is measured then."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skysieve.sources.simulators.light_curves.survey import CurveSurvey

__all__ = ["NOTHING", "Measured", "measure", "plan_exposures"]

_YEAR, _MONTH = 365.25, 29.530588
#: A full moon, MJD.
_FULL_MOON = 51564.2
#: Magnitude of a flux of 1 nJy.
ZERO_POINT = 31.4
#: Errors as they are told scatter by this share.
_TOLD = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """Points of a light curve.

    Parameters
    ----------
    time : ndarray, shape (P,), float64
        MJD.
    value, error : ndarray, shape (P,), float64
        Magnitudes, or fluxes in nJy.
    band : ndarray, shape (P,), int16
        Index into the bands of the survey.
    """

    time: NDArray[np.float64]
    value: NDArray[np.float64]
    error: NDArray[np.float64]
    band: NDArray[np.int16]


#: A light curve without points.
NOTHING = Measured(np.empty(0), np.empty(0), np.empty(0), np.empty(0, np.int16))


def plan_exposures(
    rng: np.random.Generator, survey: CurveSurvey
) -> tuple[NDArray[np.float64], NDArray[np.int16]]:
    """Return times and bands of the exposures of one star.

    Nights follow each other at random distances; those out of season and around full moon are left out,
    the exposures of a night come one after another, and some are lost.
    """
    days = survey.years * _YEAR
    expected = int(days / survey.mean_gap)
    free = survey.mean_gap - survey.shortest_gap
    gaps = survey.shortest_gap + rng.gamma(2.0, free / 2.0, int(1.5 * expected) + 20)
    night = survey.start + rng.uniform(0.0, survey.mean_gap) + np.cumsum(np.round(gaps))
    night = night[night < survey.start + days]
    middle = rng.uniform(0.0, _YEAR)
    out = np.abs((night - middle + _YEAR / 2) % _YEAR - _YEAR / 2)
    moon = np.abs((night - _FULL_MOON + _MONTH / 2) % _MONTH - _MONTH / 2)
    night = night[(out <= survey.season / 2) & (moon >= survey.moonless)]
    weights = np.asarray(survey.weights) / sum(survey.weights)
    kinds = rng.choice(len(survey.nights), len(night), p=weights)
    code = {name: number for number, name in enumerate(survey.bands)}
    longest = max(map(len, survey.nights))
    table = np.full((len(survey.nights), longest), -1)
    for row, bands in enumerate(survey.nights):
        table[row, : len(bands)] = [code[name] for name in bands]
    band = table[kinds]
    spacing = survey.spacing / 1440.0
    # Half of the distances is fixed by the telescope, the rest is chance.
    step = spacing * (0.6 + rng.exponential(0.4, (len(night), longest)))
    # Stars are observed near the meridian.
    hour = rng.normal(0.0, 0.06, len(night))[:, None]
    time = np.floor(night)[:, None] + 0.5 + hour + np.cumsum(step, axis=1)
    taken = (band >= 0) & (rng.uniform(size=band.shape) >= survey.lost)
    return time[taken], band[taken].astype(np.int16)


def measure(
    rng: np.random.Generator,
    survey: CurveSurvey,
    time: NDArray[np.float64],
    band: NDArray[np.int16],
    magnitude: NDArray[np.float64],
    *,
    flux: bool,
) -> Measured:
    """Measure true magnitudes (infinite where there is no light).

    Errors follow Ivezić et al. (2019): the square of the random part is (0.04 - gamma) x + gamma x², with x
    the flux at the depth over the flux. Magnitudes below the detection limit are not listed; as fluxes all
    are.
    """
    points = len(time)
    depth = np.asarray(survey.depths)[band] + rng.normal(0.0, survey.depth_scatter, points)
    light = 10.0 ** (0.4 * (ZERO_POINT - magnitude))
    least = 10.0 ** (0.4 * (ZERO_POINT - depth))
    relative = 0.4 * np.log(10.0)
    variance = (0.04 - survey.gamma) * least * light + survey.gamma * least**2 + (survey.floor * light) ** 2
    sigma = relative * np.sqrt(variance)
    wrong = rng.uniform(size=points) < survey.outliers
    shift = np.where(wrong, rng.normal(0.0, 0.7, points), 0.0)
    seen = light * 10.0 ** (-0.4 * shift) + sigma * rng.normal(0.0, 1.0, points)
    told = sigma * np.exp(rng.normal(0.0, _TOLD, points))
    if flux:
        return Measured(time, seen, told, band)
    listed = seen >= survey.detection * sigma
    value = ZERO_POINT - 2.5 * np.log10(seen[listed])
    return Measured(time[listed], value, told[listed] / seen[listed] / relative, band[listed])
