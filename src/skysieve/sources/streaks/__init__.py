"""Streak cutouts and what belongs to them: pictures, nightly tables, reports in ADES, joined by id."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skysieve.lazy_names import lazy_names

# Pillow, numpy and pyarrow are fetched with the first name that needs them.
if TYPE_CHECKING:
    from skysieve.sources.streaks.cutout_file import (
        CUTOUT_SIDE,
        INPUT_SIDE,
        Decoded,
        decode_cutout,
        resize_cutouts,
    )
    from skysieve.sources.streaks.labels import read_streak_labels
    from skysieve.sources.streaks.night import (
        StreakCutout,
        StreakItem,
        StreakNight,
        list_streak_night,
        read_streak,
    )
    from skysieve.sources.streaks.observing_night import observing_night
    from skysieve.sources.streaks.samples import streaks_to_samples

_HOMES = {
    "CUTOUT_SIDE": "cutout_file",
    "INPUT_SIDE": "cutout_file",
    "Decoded": "cutout_file",
    "StreakCutout": "night",
    "StreakItem": "night",
    "StreakNight": "night",
    "decode_cutout": "cutout_file",
    "list_streak_night": "night",
    "observing_night": "observing_night",
    "read_streak": "night",
    "read_streak_labels": "labels",
    "resize_cutouts": "cutout_file",
    "streaks_to_samples": "samples",
}

__all__ = [
    "CUTOUT_SIDE",
    "INPUT_SIDE",
    "Decoded",
    "StreakCutout",
    "StreakItem",
    "StreakNight",
    "decode_cutout",
    "list_streak_night",
    "observing_night",
    "read_streak",
    "read_streak_labels",
    "resize_cutouts",
    "streaks_to_samples",
]

__getattr__ = lazy_names(__name__, _HOMES)
