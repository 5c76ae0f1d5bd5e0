"""What a sample set says about itself: its tensor columns, classes, splits and origin.

The description is kept as JSON in the metadata of the Parquet schema, under the
key ``skysieve``. The file is complete without it for any other reader.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from skysieve.errors import SampleSetError

__all__ = ["FORMAT", "RESERVED_COLUMNS", "SPLIT_NAMES", "Description", "TensorColumn", "check_split_names"]

#: Version of the layout on disk; raised when an old reader would misread a new file.
FORMAT = 1

#: Columns with a fixed meaning. ``split`` and ``fold`` are absent until a split is made.
RESERVED_COLUMNS = ("id", "group", "label", "split", "fold")

#: What may stand in the column ``split``; a sample under any other name would be left out of everything.
SPLIT_NAMES = ("train", "validation", "test")

#: What to give in place of another table of this package, by the kind that stands in its metadata.
_INSTEAD = {"detected-streaks": "give the cutouts that `skysieve detect streaks` writes with --cutouts"}


def check_split_names(names: Iterable[Any]) -> None:
    """Raise `SampleSetError` unless all names are among `SPLIT_NAMES`."""
    if unknown := sorted({str(name) for name in names} - set(SPLIT_NAMES)):
        raise SampleSetError(
            f"found the splits {', '.join(map(repr, unknown))}; they are called {', '.join(SPLIT_NAMES)}: "
            "rename them, or samples would be left out silently"
        )


@dataclass(frozen=True)
class TensorColumn:
    """Layout of one tensor column.

    Parameters
    ----------
    shape : tuple of int or None
        Shape of one sample's tensor. ``None`` in the first place marks a ragged
        dimension: ``(None,)`` for the epochs of a light curve, ``(None, 1, 28, 28)``
        for frames.
    dtype : str
        Name of the numpy dtype; ``str`` for ragged columns of words, such as ``band``.
    channels : tuple of str
        Names of the channels of an image, in their order; empty if unnamed.
    unit : str
        Unit of the values; empty if unknown.

    Examples
    --------
    >>> TensorColumn((3, 63, 63), channels=("science", "template", "difference")).ragged
    False
    """

    shape: tuple[int | None, ...]
    dtype: str = "float32"
    channels: tuple[str, ...] = ()
    unit: str = ""

    def __post_init__(self) -> None:
        if not self.shape or any(size is None for size in self.shape[1:]):
            raise SampleSetError(
                f"a tensor column has a shape with at most its first size open, not {self.shape}"
            )
        if self.channels and self.shape[0] != len(self.channels):
            raise SampleSetError(f"{len(self.channels)} channel names do not fit the shape {self.shape}")

    @property
    def ragged(self) -> bool:
        """Whether the first dimension differs from sample to sample."""
        return self.shape[0] is None

    @property
    def fixed_shape(self) -> tuple[int, ...]:
        """The sizes that all samples share: all, or all but the first of a ragged column."""
        return tuple(size for size in self.shape if size is not None)


@dataclass(frozen=True)
class Description:
    """Everything about a sample set that is not a row.

    Parameters
    ----------
    tensors : mapping of str to TensorColumn
        The tensor columns by name.
    classes : tuple of str
        Names of the classes; ``label`` holds indices into it.
    label_origin : str
        How the labels came about, in a sentence; printed wherever a figure rests on them.
    splits : mapping
        How ``split`` or ``fold`` was made: method, seed, fractions. Empty without one.
    origin : mapping
        Where the samples came from: files, survey, simulator and seed.
    """

    tensors: Mapping[str, TensorColumn] = field(default_factory=dict)
    classes: tuple[str, ...] = ()
    label_origin: str = ""
    splits: Mapping[str, Any] = field(default_factory=dict)
    origin: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in self.tensors:
            if name in RESERVED_COLUMNS:
                raise SampleSetError(f"{name!r} cannot be a tensor column: it is one of {RESERVED_COLUMNS}")

    def to_json(self) -> str:
        """Return the description as JSON text."""
        return json.dumps({"format": FORMAT} | dataclasses.asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str | bytes, item: str) -> Description:
        """Read what `to_json` wrote.

        Raises
        ------
        SampleSetError
            If the text is that of another table, is damaged, or was written by a later version.
        """
        try:
            fields = json.loads(text)
            if "kind" in fields or "format" not in fields:
                kind = str(fields.get("kind", "something else"))
                raise SampleSetError(
                    f"{item}: is a table of {kind.replace('-', ' ')}, not a sample set; "
                    f"{_INSTEAD.get(kind, 'give the samples themselves')}"
                )
            found = fields.pop("format")
            if found > FORMAT:
                raise SampleSetError(
                    f"{item}: has format {found}, this skysieve reads up to {FORMAT}; install a newer one"
                )
            tensors = {
                name: TensorColumn(
                    tuple(column["shape"]), column["dtype"], tuple(column["channels"]), column["unit"]
                )
                for name, column in fields.pop("tensors").items()
            }
            return cls(tensors=tensors, classes=tuple(fields.pop("classes")), **fields)
        except (KeyError, TypeError, ValueError) as error:
            if isinstance(error, SampleSetError):
                raise
            raise SampleSetError(
                f"{item}: its description is damaged ({error}); write the set again"
            ) from None
