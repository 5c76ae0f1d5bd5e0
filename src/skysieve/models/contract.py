"""The input contract: what a model expects, said in its file and checked on every batch."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import ContractError

__all__ = ["GREY_LEVEL", "InputContract"]

#: Unit of images of 8 bits: values from 0 to 255.
GREY_LEVEL = "grey level"


@dataclass(frozen=True)
class InputContract:
    """What goes into a model.

    Parameters
    ----------
    shape : tuple of int
        (C, H, W) of one sample.
    channels : tuple of str
        Names of the channels in their order.
    column : str
        The tensor column of a sample set, and the name of the graph's input.
    unit : str
        Unit of the values.
    nan : str
        What NaN means and becomes.
    smaller : {"fill", "refuse"}
        Whether a smaller image is filled up with NaN at bottom and right, or refused. A larger
        one is always refused.
    surveys : tuple of str
        Surveys whose alerts the model was made for; empty: any. A pixel of another survey has
        another size, depth and unit, and a score there means nothing.

    Examples
    --------
    >>> contract = InputContract((3, 63, 63), ("science", "template", "difference"))
    >>> contract.check(np.zeros((2, 3, 30, 30), dtype=np.float32))
    Traceback (most recent call last):
        ...
    skysieve.errors.ContractError: found images of shape (3, 30, 30), the model expects (3, 63, 63): \
science, template, difference
    """

    shape: tuple[int, int, int]
    channels: tuple[str, ...]
    column: str = "cutouts"
    unit: str = "detector counts"
    nan: str = "not measured; filled before the norm"
    smaller: str = "fill"
    surveys: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.channels) != self.shape[0]:
            raise ContractError(
                f"{len(self.channels)} channels {self.channels} do not fit the shape {self.shape}"
            )
        if self.smaller not in ("fill", "refuse"):
            raise ContractError(f"smaller images are 'fill'ed up or 'refuse'd, not {self.smaller!r}")

    def check(self, images: NDArray[Any]) -> None:
        """Check a batch.

        Parameters
        ----------
        images : ndarray, shape (N, C, H, W), float32
            A batch.

        Raises
        ------
        ContractError
            If shape or dtype are not those of the contract.
        """
        if images.shape[1:] != self.shape:
            raise ContractError(
                f"found images of shape {images.shape[1:]}, the model expects {self.shape}: "
                f"{', '.join(self.channels)}"
            )
        if images.dtype != np.float32:
            raise ContractError(f"found values of type {images.dtype}, the model expects float32")

    def check_channels(self, channels: tuple[str, ...]) -> None:
        """Check that named channels are those of the contract, in its order.

        Raises
        ------
        ContractError
            If they are not.
        """
        if channels and channels != self.channels:
            raise ContractError(
                f"found the channels {', '.join(channels)}, the model expects {', '.join(self.channels)} "
                "in this order; write the sample set again with its channels so ordered"
            )

    def to_json(self) -> dict[str, Any]:
        """Return the contract as a JSON-ready dictionary."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> InputContract:
        """Read what `to_json` wrote."""
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()
        }
        return cls(**values)
