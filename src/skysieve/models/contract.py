"""The input contract: what a model expects, said in its file and checked on every batch."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
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
    shape : tuple of int or None
        Of one sample: (C, H, W) of an image, (None, F) of a sequence of any length with F features a step,
        (F,) of a row of a table.
    channels : tuple of str
        Names of the channels, or of the features, in their order.
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
    reading : mapping
        How the input is made of the rows of a sample set, where it is not a tensor column as it stands:
        ``kind``, one of `skysieve.models.readings`, and its settings. It is a part of the model: nobody can
        give it images with other bins, or features measured in another way.

    Examples
    --------
    >>> contract = InputContract((3, 63, 63), ("science", "template", "difference"))
    >>> contract.check(np.zeros((2, 3, 30, 30), dtype=np.float32))
    Traceback (most recent call last):
        ...
    skysieve.errors.ContractError: found images of shape (3, 30, 30), the model expects (3, 63, 63): \
science, template, difference
    """

    shape: tuple[int | None, ...]
    channels: tuple[str, ...]
    column: str = "cutouts"
    unit: str = "detector counts"
    nan: str = "not measured; filled before the norm"
    smaller: str = "fill"
    surveys: tuple[str, ...] = ()
    reading: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.channels) != self.fixed_shape[0]:
            raise ContractError(
                f"{len(self.channels)} channels {self.channels} do not fit the shape {self.shape}"
            )
        if self.smaller not in ("fill", "refuse"):
            raise ContractError(f"smaller images are 'fill'ed up or 'refuse'd, not {self.smaller!r}")

    @property
    def fixed_shape(self) -> tuple[int, ...]:
        """The sizes that all samples share: all, or all but the length of a sequence."""
        return tuple(size for size in self.shape if size is not None)

    @property
    def image(self) -> bool:
        """Whether a sample is an image, (C, H, W)."""
        return len(self.shape) == 3 and None not in self.shape

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Shape of an image, (C, H, W).

        Raises
        ------
        ContractError
            If the model takes something else.
        """
        if not self.image:
            raise ContractError(
                f"found a model that takes {self.column} of shape {self.shape}; expected images"
            )
        channels, rows, columns = self.fixed_shape
        return channels, rows, columns

    @property
    def sequence(self) -> bool:
        """Whether a sample is a sequence of any length."""
        return self.shape[0] is None

    def fits(self, shape: tuple[int | None, ...]) -> bool:
        """Say whether a shape is that of one sample; the length of a sequence is any.

        Examples
        --------
        >>> InputContract((None, 2), ("time", "value"), column="steps").fits((60, 2))
        True
        """
        pairs = zip(self.shape, shape, strict=False)
        return len(shape) == len(self.shape) and all(size is None or size == found for size, found in pairs)

    def check(self, images: NDArray[Any]) -> None:
        """Check a batch.

        Parameters
        ----------
        images : ndarray, shape (N, C, H, W), (N, T, F) or (N, F), float32
            A batch.

        Raises
        ------
        ContractError
            If shape or dtype are not those of the contract.
        """
        if not self.fits(images.shape[1:]):
            what = "images" if self.image else "samples"
            raise ContractError(
                f"found {what} of shape {images.shape[1:]}, the model expects {self.shape}: "
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
        fields = dataclasses.asdict(self)
        if not self.reading:
            # Models of images have been written without it.
            del fields["reading"]
        return fields

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> InputContract:
        """Read what `to_json` wrote."""
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()
        }
        return cls(**values)
