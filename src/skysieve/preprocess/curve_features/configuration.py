"""Settings of features and of the search for periods."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from skysieve.errors import ConfigurationError

__all__ = ["HARMONICS", "FeatureConfiguration", "PeriodOptions"]

#: Of the Fourier fit, as in Debosscher et al. 2007 and Richards et al. 2011.
HARMONICS = 4


@dataclass(frozen=True)
class PeriodOptions:
    """How periods are searched for.

    The grid goes from one cycle in the baseline T (time from first to last point) to
    ``maximum_frequency`` in steps of 1/(``oversampling`` · T) or a little less, a peak being about 1/T wide.

    Parameters
    ----------
    harmonics : int
        Of the periodogram's model, 1 to 4; 1 is the generalised Lomb-Scargle periodogram. The Fourier
        fit at the best frequency always has 4.
    peaks : int
        Best peaks that are reported.
    frequencies : int
        Frequencies fitted and removed one after the other; Richards et al. 2011 have 3. Each one beyond
        the first costs another periodogram.
    minimum_frequency : float
        Lower end of the grid, cycles a day; 0 for one cycle in the baseline.
    maximum_frequency : float
        Upper end of the grid, cycles a day.
    oversampling : float
        Steps of the grid a peak.
    maximum_steps : int
        Limit of the grid, before it is rounded up. Where it does not reach to ``maximum_frequency`` with
        these steps, it ends earlier, and a finding says so.
    minimum_points : int
        Curves with less have no period.

    Examples
    --------
    >>> PeriodOptions(harmonics=2).maximum_frequency
    20.0
    """

    harmonics: int = 1
    peaks: int = 3
    frequencies: int = 1
    minimum_frequency: float = 0.0
    maximum_frequency: float = 20.0
    oversampling: float = 5.0
    maximum_steps: int = 2_000_000
    minimum_points: int = 12

    def __post_init__(self) -> None:
        if not 1 <= self.harmonics <= HARMONICS:
            raise ConfigurationError(f"harmonics is 1 to {HARMONICS}, found {self.harmonics}")
        if min(self.peaks, self.frequencies) < 1:
            raise ConfigurationError(
                f"peaks and frequencies are 1 or more, found {self.peaks} and {self.frequencies}"
            )
        if not 0 <= self.minimum_frequency < self.maximum_frequency < math.inf:
            raise ConfigurationError(
                "frequencies go from minimum_frequency (0 or more) up to maximum_frequency, found "
                f"{self.minimum_frequency} and {self.maximum_frequency}"
            )
        if not self.oversampling >= 1 or self.maximum_steps < 16:
            raise ConfigurationError(
                f"oversampling is 1 or more and maximum_steps 16 or more, found {self.oversampling} and "
                f"{self.maximum_steps}"
            )
        if self.minimum_points < 2 * HARMONICS + 2:
            raise ConfigurationError(
                f"a Fourier fit of {HARMONICS} harmonics takes {2 * HARMONICS + 2} points or more, found "
                f"minimum_points={self.minimum_points}"
            )


@dataclass(frozen=True)
class FeatureConfiguration:
    """Which features are measured.

    Parameters
    ----------
    sets : tuple of str
        Names of `FEATURE_SETS`; their columns follow one another.
    prefix : str
        Put before the name of every column, for samples that have columns of the same name already.
    periods : PeriodOptions
        Of the sets that search for periods.

    Examples
    --------
    >>> FeatureConfiguration().sets
    ('statistics', 'periods')
    """

    sets: tuple[str, ...] = ("statistics", "periods")
    prefix: str = ""
    periods: PeriodOptions = field(default_factory=PeriodOptions)

    def __post_init__(self) -> None:
        if not self.sets or len(set(self.sets)) < len(self.sets):
            raise ConfigurationError(f"name one feature set or more, each once; found {self.sets}")
