"""From raw samples to the input of a network."""

from __future__ import annotations

from skysieve.preprocess.padding import stack_cutouts
from skysieve.preprocess.steps import STEPS, Pipeline

__all__ = ["STEPS", "Pipeline", "stack_cutouts"]
