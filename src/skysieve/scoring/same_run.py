"""Whether what lies on the disk is of the run that is to go on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from skysieve.errors import ConfigurationError

__all__ = ["NEW_OUTPUT", "require_same_run"]

#: What to do about a table that is in the way.
NEW_OUTPUT = "choose another output, or replace it with --restart"


def require_same_run(
    place: Path,
    present: Mapping[str, Any],
    run: Mapping[str, Any],
    *,
    holds: str = "scores",
    advice: str = NEW_OUTPUT,
) -> None:
    """Refuse to go on with what another run has left, or to write over it.

    Parameters
    ----------
    place : Path
        Where it lies.
    present : mapping
        How the run that left it is described there.
    run : mapping
        How this run is described: all that decides its outcome, as JSON gives it back.
    holds, advice : str
        What lies there, and what to do, for the error.

    Raises
    ------
    ConfigurationError
        If the two differ in anything that ``run`` names.

    Examples
    --------
    >>> require_same_run(Path("a.parquet"), {"model": "a", "counts": 3}, {"model": "a"})
    >>> require_same_run(Path("a.parquet"), {"model": "a"}, {"model": "b"})
    Traceback (most recent call last):
        ...
    skysieve.errors.ConfigurationError: a.parquet: holds scores of another run (differs in: model); \
choose another output, or replace it with --restart
    """
    if different := [name for name, value in run.items() if present.get(name) != value]:
        raise ConfigurationError(
            f"{place}: holds {holds} of another run (differs in: {', '.join(different)}); {advice}"
        )
