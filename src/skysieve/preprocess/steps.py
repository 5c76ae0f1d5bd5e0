"""Preprocessing steps and their pipeline: one definition for training, export and numpy.

A step is a frozen dataclass that takes images and returns images, written against the array API
standard. The same object thus works on numpy arrays, on torch tensors while training, and on the
traced tensors from which the exported graph is made. What a model needs done to raw pixels is
therefore said once, and travels inside the model.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from skysieve.errors import ConfigurationError
from skysieve.registry import Registry

__all__ = ["STEPS", "Pipeline"]

#: Makes a step from its arguments; a step takes images and returns images.
StepFactory = Callable[..., Callable[[Any], Any]]

#: Every preprocessing step by its name.
STEPS: Registry[StepFactory] = Registry("preprocess step", package="skysieve.preprocess")


@dataclass(frozen=True)
class Pipeline:
    """Steps, applied in their order to images of shape (N, C, H, W).

    Parameters
    ----------
    steps : tuple of callable
        Instances of registered steps.

    Examples
    --------
    >>> import numpy as np
    >>> pipeline = Pipeline.of("nan-to-num", "l2-per-cutout")
    >>> pipeline(np.array([[[[3.0, np.nan], [0.0, 4.0]]]], dtype=np.float32))
    array([[[[0.6, 0. ], [0. , 0.8]]]], dtype=float32)
    >>> Pipeline.from_json(pipeline.to_json()) == pipeline
    True
    """

    steps: tuple[Callable[[Any], Any], ...] = ()

    @classmethod
    def of(cls, *names: str) -> Pipeline:
        """Make a pipeline of steps with their default arguments.

        Raises
        ------
        UnknownNameError
            If a step is not registered.
        """
        return cls(tuple(STEPS.get(name)() for name in names))

    def __call__(self, images: Any) -> Any:
        """Apply every step in turn."""
        for step in self.steps:
            images = step(images)
        return images

    def to_json(self) -> list[dict[str, Any]]:
        """Return the steps by name with their arguments."""
        name_of: dict[object, str] = {STEPS.get(name): name for name in STEPS}
        described = []
        for step in self.steps:
            name = name_of.get(type(step))
            if name is None:
                raise ConfigurationError(
                    f"{step!r} is not a registered preprocessing step and cannot be stored in a model"
                )
            fields: Any = step
            described.append({"step": name, **dataclasses.asdict(fields)})
        return described

    @classmethod
    def from_json(cls, described: Iterable[Mapping[str, Any]]) -> Pipeline:
        """Make the pipeline that `to_json` described."""
        steps = []
        for fields in described:
            arguments = dict(fields)
            steps.append(STEPS.get(arguments.pop("step"))(**arguments))
        return cls(tuple(steps))
