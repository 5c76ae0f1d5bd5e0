"""The settings of simulated galaxies that come from a command line or a file."""

from __future__ import annotations

from dataclasses import dataclass, field

from skysieve.sources.simulators.galaxies.survey import Survey

__all__ = ["GalaxySimulation"]


@dataclass(frozen=True)
class GalaxySimulation:
    """Settings of simulated galaxies.

    Parameters
    ----------
    survey : Survey
        The survey; DES if nothing is set.

    Examples
    --------
    >>> from skysieve.configuration import override
    >>> override(GalaxySimulation(), {"survey.depth": [29.0, 28.5, 27.0]}).survey.depth
    (29.0, 28.5, 27.0)
    """

    survey: Survey = field(default_factory=Survey)
