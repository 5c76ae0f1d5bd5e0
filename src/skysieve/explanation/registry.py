"""The registry of explainers, and what an explainer is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from skysieve.configuration import override
from skysieve.registry import Registry

if TYPE_CHECKING:
    from torch import Tensor

    from skysieve.explanation.question import Question

__all__ = ["EXPLAINERS", "Answer", "Explainer", "build_explainer"]


@dataclass(frozen=True)
class Answer:
    """What an explainer makes of a batch.

    Parameters
    ----------
    maps : Tensor, shape (N, H, W)
        The maps.
    figures : mapping of str to Tensor, shape (N,)
        Figures on each image.
    found : mapping
        What the explainer found out about the network, the same for every batch.
    """

    maps: Tensor
    figures: Mapping[str, Tensor] = field(default_factory=dict)
    found: Mapping[str, Any] = field(default_factory=dict)


class Explainer(Protocol):
    """A method of attribution: a frozen dataclass whose fields are its settings."""

    @property
    def reading(self) -> str:
        """What a map of it shows, in a sentence or two for those who look at one."""

    @property
    def unit(self) -> str:
        """Unit of its maps; empty if they have none."""

    @property
    def signed(self) -> bool:
        """Whether its maps have negative values."""

    def answer(self, question: Question) -> Answer:
        """Return a map for every image of one batch and one network."""


EXPLAINERS: Registry[Callable[..., Explainer]] = Registry("explainer", package="skysieve.explanation")
"""Methods of attribution by name. An entry is a frozen dataclass of settings that have defaults."""


def build_explainer(method: str, settings: Mapping[str, Any] | None = None) -> Explainer:
    """Make an explainer by its name.

    Parameters
    ----------
    method : str
        Name in `EXPLAINERS`.
    settings : mapping, optional
        What differs from its defaults.

    Raises
    ------
    UnknownNameError
        If no explainer has that name.
    ConfigurationError
        If it has no such setting, or the value is of the wrong type.

    Examples
    --------
    >>> build_explainer("integrated-gradients", {"steps": 16}).steps
    16
    >>> build_explainer("grad-cam", {"layers": "conv4"})
    Traceback (most recent call last):
        ...
    skysieve.errors.ConfigurationError: no setting is called 'layers'; did you mean 'layer'?
    """
    return override(EXPLAINERS.get(method)(), settings or {})
