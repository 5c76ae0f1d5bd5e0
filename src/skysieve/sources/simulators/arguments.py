"""What every simulator asks of its arguments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

from skysieve.errors import ConfigurationError, UnknownNameError

__all__ = ["check_numbers", "kinds_called"]

K = TypeVar("K")


def check_numbers(*, n: int, seed: int, start: int, real_fraction: float) -> None:
    """Refuse numbers that no simulation can be made of.

    Parameters
    ----------
    n, seed, start : int
        Number of samples, seed, number of the first sample; none is negative.
    real_fraction : float
        A probability.

    Raises
    ------
    ConfigurationError
        If a number is out of its range.

    Examples
    --------
    >>> check_numbers(n=3, seed=-1, start=0, real_fraction=0.5)
    Traceback (most recent call last):
        ...
    skysieve.errors.ConfigurationError: seed is -1; give 0 or more
    """
    for name, value in (("n", n), ("seed", seed), ("start", start)):
        if value < 0:
            raise ConfigurationError(f"{name} is {value}; give 0 or more")
    if not 0.0 <= real_fraction <= 1.0:
        raise ConfigurationError(f"real_fraction is {real_fraction}; give a number from 0 to 1")


def kinds_called(names: Iterable[str] | None, kinds: Mapping[str, K], of: str) -> tuple[K, ...]:
    """Return kinds by name, all if None.

    Parameters
    ----------
    names : iterable of str or None
        Keys of ``kinds``, at least one.
    kinds : mapping of str
        Every kind there is.
    of : str
        Of what they are kinds, for the error.

    Raises
    ------
    UnknownNameError
        If there is no such kind, or none is named.

    Examples
    --------
    >>> kinds_called(["ghost"], {"asteroid": 1, "ghost": 2}, "streak")
    (2,)
    >>> kinds_called(["gost"], {"asteroid": 1, "ghost": 2}, "streak")
    Traceback (most recent call last):
        ...
    skysieve.errors.UnknownNameError: no kind of streak is called 'gost'; known are: asteroid, ghost
    """
    chosen = tuple(kinds) if names is None else tuple(names)
    unknown = [name for name in chosen if name not in kinds]
    if unknown or not chosen:
        found = f"is called {', '.join(map(repr, unknown))}" if unknown else "was named"
        raise UnknownNameError(f"no kind of {of} {found}; known are: {', '.join(kinds)}")
    return tuple(kinds[name] for name in chosen)
