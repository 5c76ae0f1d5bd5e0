"""Public data sets by name: where they are, whom to thank, how to fetch and read them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skysieve.registry import Registry
from skysieve.sources.archives.download import RemoteFile

__all__ = ["DATASETS", "Dataset"]


@dataclass(frozen=True, slots=True)
class Dataset:
    """A public data set.

    Parameters
    ----------
    name : str
        As it is fetched.
    summary : str
        One line: what it is.
    citation : str
        Whom to cite and under which licence, as far as its authors say so.
    files : tuple of RemoteFile
        What there is to fetch.
    fetch : callable
        ``fetch(folder, client=None, progress=None)`` fetches all files into a folder and returns it.
    read : callable
        ``read(folder)`` opens what was fetched.
    """

    name: str
    summary: str
    citation: str
    files: tuple[RemoteFile, ...]
    fetch: Callable[..., Path]
    read: Callable[[Path], Any]


#: Data sets by name; a new one is a new module beside this one or an entry point in ``skysieve.datasets``.
DATASETS: Registry[Dataset] = Registry("dataset", package="skysieve.sources.archives")
