"""The registry of methods that explain sequences, and what such a method is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from skysieve.configuration import override
from skysieve.errors import ConfigurationError
from skysieve.explanation.registry import EXPLAINERS, Answer
from skysieve.registry import Registry

if TYPE_CHECKING:
    from skysieve.explanation.sequence_question import SequenceQuestion

__all__ = ["SEQUENCE_EXPLAINERS", "SequenceExplainer", "build_sequence_explainer"]


class SequenceExplainer(Protocol):
    """A method of attribution to steps: a frozen dataclass whose fields are its settings."""

    @property
    def reading(self) -> str:
        """What the colours of a curve show, in a sentence or two for those who look at one."""

    @property
    def unit(self) -> str:
        """Unit of the attributions; empty if they have none."""

    @property
    def signed(self) -> bool:
        """Whether there are negative ones."""

    def answer(self, question: SequenceQuestion) -> Answer:
        """Return the attribution (N, T) of every step of one batch and one network."""


SEQUENCE_EXPLAINERS: Registry[Callable[..., SequenceExplainer]] = Registry(
    "sequence explainer", package="skysieve.explanation"
)
"""Methods of attribution to steps by name. An entry is a frozen dataclass of settings that have defaults."""


def build_sequence_explainer(method: str, settings: Mapping[str, Any] | None = None) -> SequenceExplainer:
    """Make an explainer of sequences by its name.

    Parameters
    ----------
    method : str
        Name in `SEQUENCE_EXPLAINERS`.
    settings : mapping, optional
        What differs from its defaults.

    Raises
    ------
    UnknownNameError
        If no explainer has that name.
    ConfigurationError
        If it explains images only, has no such setting, or the value is of the wrong type.

    Examples
    --------
    >>> build_sequence_explainer("integrated-gradients", {"steps": 16}).steps
    16
    >>> build_sequence_explainer("grad-cam")
    Traceback (most recent call last):
        ...
    skysieve.errors.ConfigurationError: grad-cam explains images, and this model reads sequences, which have \
no places in an image; use integrated-gradients or saliency instead
    """
    if method in EXPLAINERS and method not in SEQUENCE_EXPLAINERS:
        raise ConfigurationError(
            f"{method} explains images, and this model reads sequences, which have no places in an image; "
            f"use {' or '.join(SEQUENCE_EXPLAINERS)} instead"
        )
    return override(SEQUENCE_EXPLAINERS.get(method)(), settings or {})
