"""Optional dependencies: a missing one is an error that names the pip line."""

from __future__ import annotations

import importlib
from types import ModuleType

from skysieve.errors import MissingExtraError

__all__ = ["require"]


def require(module: str, *, extra: str, purpose: str) -> ModuleType:
    """Import ``module`` or say which extra brings it.

    Parameters
    ----------
    module : str
        Dotted name of the module.
    extra : str
        The extra of skysieve that installs it.
    purpose : str
        What it is needed for, as the object of "is needed to".

    Raises
    ------
    MissingExtraError
        If the module is not installed.

    Examples
    --------
    >>> require("math", extra="train", purpose="count").floor(1.5)
    1
    >>> require("no_such_module", extra="train", purpose="train networks")
    Traceback (most recent call last):
        ...
    skysieve.errors.MissingExtraError: 'no_such_module' is needed to train networks and is not \
installed: pip install 'skysieve[train]'
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not (module + ".").startswith(error.name + "."):
            raise
        raise MissingExtraError(
            f"{error.name!r} is needed to {purpose} and is not installed: pip install 'skysieve[{extra}]'"
        ) from None
