"""Options that commands of ``skysieve simulate`` share, and the shares of kinds that one of them gives."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from skysieve.errors import ConfigurationError

__all__ = ["KindOption", "SetPath", "WorkersOption", "shares_of_kinds"]

SetPath = Annotated[Path, typer.Argument(help="The sample set to write (Parquet).")]
"""Where the sample set goes."""

KindOption = Annotated[
    list[str] | None,
    typer.Option(help="Kind to draw, or KIND=SHARE; may be repeated; all if left out."),
]
"""What is drawn; see `shares_of_kinds`."""

WorkersOption = Annotated[int, typer.Option(help="Processes; their number changes nothing.")]
"""How many processes simulate."""


def shares_of_kinds(kinds: list[str] | None) -> dict[str, float | None] | None:
    """Return kinds with their shares; None is for the share of the table.

    Examples
    --------
    >>> shares_of_kinds(["elliptical=0.95", "merger"])
    {'elliptical': 0.95, 'merger': None}
    """
    if not kinds:
        return None
    chosen: dict[str, float | None] = {}
    for each in kinds:
        name, equals, share = each.partition("=")
        try:
            chosen[name] = float(share) if equals else None
        except ValueError:
            raise ConfigurationError(
                f"--kind {each!r}: {share!r} is no number; give KIND or KIND=SHARE, such as merger=0.05"
            ) from None
    return chosen
