"""Simulators: samples whose truth is known, for tests, demonstrations and training without data.

A simulator is a function that takes a number of samples and a keyword ``seed`` and returns a
frozen dataclass of arrays. It registers itself under its name::

    from skysieve.sources.simulators import SIMULATORS

    triplets = SIMULATORS.get("triplets")(100, seed=1)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from skysieve.registry import Registry

__all__ = ["SIMULATORS"]

#: Simulators by name; entry points of the group ``skysieve.simulators`` join them.
SIMULATORS: Registry[Callable[..., Any]] = Registry("simulator", package="skysieve.sources.simulators")
