"""Sequences of small frames around objects, real variables and artefacts, with their truth."""

from __future__ import annotations

from skysieve.sources.simulators.frames.kinds import ARTEFACTS
from skysieve.sources.simulators.frames.samples import write_frame_samples
from skysieve.sources.simulators.frames.simulate import SimulatedFrames, simulate_frame_sequences

__all__ = ["ARTEFACTS", "SimulatedFrames", "simulate_frame_sequences", "write_frame_samples"]
