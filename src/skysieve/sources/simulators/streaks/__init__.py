"""Cutouts of streaks in difference images, as a streak-finding pipeline hands them over, with their truth."""

from __future__ import annotations

from skysieve.sources.simulators.streaks.kinds import STREAK_KINDS, StreakKind
from skysieve.sources.simulators.streaks.simulate import Streaks, simulate_streaks

__all__ = ["STREAK_KINDS", "StreakKind", "Streaks", "simulate_streaks"]
