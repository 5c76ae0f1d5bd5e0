"""A real streak over or near something bogus, which a sieve is to keep nevertheless."""

from __future__ import annotations

from skysieve.sources.simulators.streaks.asteroids import add_asteroid
from skysieve.sources.simulators.streaks.canvas import Canvas
from skysieve.sources.simulators.streaks.kinds import STREAK_KINDS, Truth, painter_of, streak_kind

__all__ = ["LEAST_PEAK", "SHORTEST", "paint_composite"]

#: Least brightness of the ridge in sigma and least length in pixels with which a streak is still recognised
#: over something bogus.
LEAST_PEAK, SHORTEST = 4.0, 14.0


@streak_kind("composite")
def paint_composite(canvas: Canvas) -> Truth:
    """Paint any bogus kind, drawn by its share, and a trail over it that is not hidden for the most part."""
    bogus = [kind for kind in STREAK_KINDS.values() if kind.rb == 0 and kind.name != "noise"]
    drawn = canvas.rng.uniform() * sum(kind.share for kind in bogus)
    for kind in bogus:
        drawn -= kind.share
        if drawn < 0.0:
            break
    painter_of(kind.name)(canvas)
    return add_asteroid(canvas, LEAST_PEAK, SHORTEST)
