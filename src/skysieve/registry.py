"""Registries: from a name to the thing that registered itself under it.

One `Registry` exists for each kind of extension (networks, preprocessing
steps, simulators, recipes ...). A module adds itself with a decorator; other
packages add theirs through an entry point in the group
``skysieve.<kind>s``. Modules of this package are found by walking the folder
that the registry names, so that a new file needs no entry in any list.
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Callable, Iterator
from importlib.metadata import entry_points
from typing import Generic, TypeVar

from skysieve.errors import ConfigurationError, UnknownNameError

__all__ = ["Registry"]

T = TypeVar("T")


class Registry(Generic[T]):
    """Named things of one kind.

    Parameters
    ----------
    kind : str
        Singular noun used in messages and, in the plural, as the group of entry
        points: kind ``network`` reads the group ``skysieve.networks``.
    package : str
        Dotted name of the package whose modules register themselves.

    Examples
    --------
    >>> from skysieve.registry import Registry
    >>> colours = Registry("colour", package="skysieve.registry_example")
    >>> @colours.register("red")
    ... def red() -> str:
    ...     return "#f00"
    >>> "red" in colours._items
    True
    """

    def __init__(self, kind: str, package: str) -> None:
        self.kind = kind
        self.package = package
        self._items: dict[str, T] = {}
        self._complete = False

    def register(self, name: str) -> Callable[[T], T]:
        """Return a decorator that files its argument under ``name``.

        Raises
        ------
        ConfigurationError
            If something else already has that name.
        """

        def file_under_name(item: T) -> T:
            present = self._items.get(name)
            if present is not None and present is not item:
                raise ConfigurationError(
                    f"{self.kind} {name!r} is registered twice: by {present!r} and by {item!r}; "
                    "give one of them another name"
                )
            self._items[name] = item
            return item

        return file_under_name

    def get(self, name: str) -> T:
        """Return what is registered as ``name``.

        Raises
        ------
        UnknownNameError
            If nothing is; the message lists near matches.
        """
        if name not in self._items:
            self._discover()
        try:
            return self._items[name]
        except KeyError:
            near = difflib.get_close_matches(name, self._items, n=3, cutoff=0.4)
            hint = f"did you mean {' or '.join(map(repr, near))}?" if near else ""
            raise UnknownNameError(
                f"no {self.kind} is called {name!r}; {hint or 'known are: ' + ', '.join(self)}"
            ) from None

    def __iter__(self) -> Iterator[str]:
        self._discover()
        return iter(sorted(self._items))

    def __contains__(self, name: object) -> bool:
        self._discover()
        return name in self._items

    def _discover(self) -> None:
        """Import every module of the package and every entry point, once."""
        if self._complete:
            return
        self._complete = True
        package = importlib.import_module(self.package)
        for module in pkgutil.iter_modules(getattr(package, "__path__", [])):
            importlib.import_module(f"{self.package}.{module.name}")
        for entry in entry_points(group=f"skysieve.{self.kind.replace(' ', '_')}s"):
            self.register(entry.name)(entry.load())
