"""The formats that candidates are exported in, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from skysieve.registry import Registry
from skysieve.service.candidates.export.source import Source

__all__ = ["FORMATS", "OpenFormat", "Opened"]


@dataclass(frozen=True, slots=True)
class Opened:
    """A file that is about to be written.

    Parameters
    ----------
    media_type : str
        What it is.
    ending : str
        Of its name, with the dot.
    chunks : iterator of bytes
        Its content, made while it is read.
    """

    media_type: str
    ending: str
    chunks: Iterator[bytes]


#: What a format does: of what a search found, it makes a file.
OpenFormat: TypeAlias = Callable[[Source], Opened]

FORMATS: Registry[OpenFormat] = Registry(
    "export format", package="skysieve.service.candidates.export.formats"
)
