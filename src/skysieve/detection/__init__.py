"""Streaks on whole frames: search, fit, judge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skysieve.lazy_names import lazy_names

if TYPE_CHECKING:
    from skysieve.detection.detect import detect_streaks
    from skysieve.detection.options import DetectionOptions
    from skysieve.detection.streak import Streak, streak_columns

_HOMES = {
    "DetectionOptions": "options",
    "Streak": "streak",
    "detect_streaks": "detect",
    "streak_columns": "streak",
}

__all__ = ["DetectionOptions", "Streak", "detect_streaks", "streak_columns"]

__getattr__ = lazy_names(__name__, _HOMES)
