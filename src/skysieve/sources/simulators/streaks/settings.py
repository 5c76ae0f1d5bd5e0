"""The settings of simulated streaks that come from a command line or a file."""

from __future__ import annotations

from dataclasses import dataclass, field

from skysieve.sources.simulators.camera import Camera

__all__ = ["StreakSimulation"]


@dataclass(frozen=True)
class StreakSimulation:
    """Settings of simulated streaks.

    Parameters
    ----------
    camera : Camera
        The camera and the sky above it; ZTF's if nothing is set.

    Examples
    --------
    >>> from skysieve.configuration import override
    >>> override(StreakSimulation(), {"camera.seeing": 2.0}).camera.seeing
    2.0
    """

    camera: Camera = field(default_factory=Camera)
