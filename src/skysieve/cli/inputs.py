"""The check of inputs before anything else is done: a mistyped name is not a bad input."""

from __future__ import annotations

import glob
from collections.abc import Iterable
from pathlib import Path

from skysieve.errors import InputError

__all__ = ["require_inputs"]


def require_inputs(inputs: Iterable[str | Path]) -> None:
    """Refuse a call of which no input exists.

    Where some exist, the others are left to the readers, which report them among the results.

    Parameters
    ----------
    inputs : iterable of path
        Files, folders and globs.

    Raises
    ------
    InputError
        ``missing-path`` if not one of them is there.

    Examples
    --------
    >>> require_inputs(["nowhere.avro"])
    Traceback (most recent call last):
        ...
    skysieve.errors.InputError: nowhere.avro: does not exist; check the path
    """
    names = [str(each) for each in inputs]
    if not any(Path(name).exists() or _matches(name) for name in names):
        verb = "does" if len(names) == 1 else "do"
        raise InputError(", ".join(names), "missing-path", f"{verb} not exist; check the path")


def _matches(pattern: str) -> bool:
    return next(glob.iglob(pattern, recursive=True), None) is not None  # noqa: PTH207 - absolute patterns too
