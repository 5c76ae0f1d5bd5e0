"""Cutouts of galaxies in three bands, and of what is taken for faint ones, with their truth and masks."""

from __future__ import annotations

from skysieve.sources.simulators.galaxies.kinds import CLASSES, GALAXY_KINDS, GalaxyKind
from skysieve.sources.simulators.galaxies.simulate import Galaxies, simulate_galaxies, simulate_lsbg
from skysieve.sources.simulators.galaxies.survey import SURVEYS, Stretch, Survey, survey_named

__all__ = [
    "CLASSES",
    "GALAXY_KINDS",
    "SURVEYS",
    "Galaxies",
    "GalaxyKind",
    "Stretch",
    "Survey",
    "simulate_galaxies",
    "simulate_lsbg",
    "survey_named",
]
