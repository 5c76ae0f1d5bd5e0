"""Light curves of variable stars and transients as surveys see them, with their truth."""

from __future__ import annotations

from skysieve.sources.simulators.light_curves.kinds import CURVE_KINDS, CurveKind
from skysieve.sources.simulators.light_curves.simulate import SimulatedCurves, simulate_light_curves
from skysieve.sources.simulators.light_curves.survey import CURVE_SURVEYS, CurveSurvey

__all__ = [
    "CURVE_KINDS",
    "CURVE_SURVEYS",
    "CurveKind",
    "CurveSurvey",
    "SimulatedCurves",
    "simulate_light_curves",
]
