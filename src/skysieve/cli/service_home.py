"""The option ``--home``: the folder of a service, which every command about one takes in the same words."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

__all__ = ["HomeOption", "MadeHomeOption"]


def _home_option(help_: str) -> Any:
    return typer.Option(help=help_, envvar="SKYSIEVE_HOME", show_default="skysieve-service")


HomeOption = Annotated[Path | None, _home_option("Folder of the service.")]
#: Of commands that make a service where there is none.
MadeHomeOption = Annotated[Path | None, _home_option("Folder of the service; a new one is made.")]
