"""Configuration: frozen dataclasses, overridden by TOML files and ``key=value``.

A configuration is a tree of frozen dataclasses whose defaults are the recipe.
Everything that overrides it passes through `override`, which knows two errors:
a key that does not exist (the nearest right key is named) and a value of the
wrong type. Nothing is ever ignored.
"""

from __future__ import annotations

import dataclasses
import difflib
import json
import tomllib
import types
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from skysieve.errors import ConfigurationError

__all__ = ["as_dict", "flatten", "from_dict", "override", "parse_assignments", "read_toml"]

C = TypeVar("C")


def override(configuration: C, values: Mapping[str, Any]) -> C:
    """Return a copy of a configuration with some values replaced.

    Parameters
    ----------
    configuration : dataclass instance
        The defaults; frozen, not changed.
    values : mapping
        New values. Keys may be nested (``{"training": {"epochs": 20}}``) or
        dotted (``{"training.epochs": 20}``).

    Raises
    ------
    ConfigurationError
        If a key is unknown or a value has the wrong type.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True)
    ... class Training:
    ...     epochs: int = 200
    >>> override(Training(), {"epochs": 20})
    Training(epochs=20)
    >>> override(Training(), {"epoch": 20})
    Traceback (most recent call last):
        ...
    skysieve.errors.ConfigurationError: no setting is called 'epoch'; did you mean 'epochs'?
    """
    return _override(configuration, _nest(values), prefix="", root=configuration)


def from_dict(kind: type[C], values: Mapping[str, Any]) -> C:
    """Build a configuration of a given class from what `as_dict` wrote."""
    return override(kind(), values)


def as_dict(configuration: Any) -> dict[str, Any]:
    """Return the configuration as nested dictionaries ready for JSON.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True)
    ... class Flips:
    ...     axes: tuple[int, ...] = (2, 3)
    >>> as_dict(Flips())
    {'axes': [2, 3]}
    """
    plain: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(configuration)))
    return plain


def flatten(configuration: Any, prefix: str = "") -> dict[str, Any]:
    """Return every setting under its dotted name."""
    flat: dict[str, Any] = {}
    for field in dataclasses.fields(configuration):
        value = getattr(configuration, field.name)
        if dataclasses.is_dataclass(value):
            flat |= flatten(value, f"{prefix}{field.name}.")
        else:
            flat[prefix + field.name] = value
    return flat


def parse_assignments(assignments: Iterable[str]) -> dict[str, Any]:
    """Read ``key=value`` strings; the value is TOML, or else a bare string.

    Raises
    ------
    ConfigurationError
        If an assignment has no ``=`` or the same key comes twice.

    Examples
    --------
    >>> parse_assignments(["training.epochs=20", "network.name=vgg6", "splits.fractions=[0.8, 0.1, 0.1]"])
    {'training.epochs': 20, 'network.name': 'vgg6', 'splits.fractions': [0.8, 0.1, 0.1]}
    """
    values: dict[str, Any] = {}
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        key = key.strip()
        if not equals or not key:
            raise ConfigurationError(
                f"{assignment!r} is not of the form key=value, such as training.epochs=20"
            )
        if key in values:
            raise ConfigurationError(f"{key!r} is set twice; keep one of the two")
        try:
            values[key] = tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            values[key] = text.strip()
    return values


def read_toml(path: str | Path) -> dict[str, Any]:
    """Read a TOML file of overrides.

    Raises
    ------
    ConfigurationError
        If the file is missing or is not TOML.
    """
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(
            f"{path}: cannot be read ({error.strerror}); give the path of a TOML file"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: is not TOML: {error}") from None


def _nest(values: Mapping[str, Any]) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for key, value in values.items():
        head, _, rest = key.partition(".")
        if rest:
            value = {rest: value}
        if isinstance(value, Mapping):
            inner = nested.setdefault(head, {})
            if isinstance(inner, dict):
                inner.update(value)
                continue
        nested[head] = value
    return nested


def _override(configuration: C, values: Mapping[str, Any], prefix: str, root: Any) -> C:
    if not dataclasses.is_dataclass(configuration) or isinstance(configuration, type):
        raise TypeError(f"a configuration is a dataclass instance, not {configuration!r}")
    hints = get_type_hints(type(configuration))
    changes: dict[str, Any] = {}
    for key, value in values.items():
        if key not in hints:
            raise ConfigurationError(_unknown_key(prefix + key, root))
        present = getattr(configuration, key)
        if dataclasses.is_dataclass(present) and not isinstance(present, type):
            if not isinstance(value, Mapping):
                raise ConfigurationError(
                    f"{prefix + key!r} is a group of settings, found {value!r}; "
                    f"set one of {', '.join(flatten(present, f'{prefix}{key}.'))}"
                )
            changes[key] = _override(present, _nest(value), f"{prefix}{key}.", root)
        else:
            changes[key] = _convert(value, hints[key], prefix + key)
    return dataclasses.replace(configuration, **changes)


def _unknown_key(key: str, root: Any) -> str:
    known = list(flatten(root))
    groups = {name.rpartition(".")[0] for name in known} - {""}
    near = difflib.get_close_matches(key, [*known, *sorted(groups)], n=1, cutoff=0.5)
    if not near:
        last = key.rpartition(".")[2]
        near = [name for name in known if name.rpartition(".")[2] == last][:1]
    hint = f"did you mean {near[0]!r}?" if near else f"known are: {', '.join(known)}"
    return f"no setting is called {key!r}; {hint}"


def _convert(value: Any, hint: Any, key: str) -> Any:
    """Check ``value`` against a type hint; lists become tuples, whole numbers become floats."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is Any:
        return value
    if origin in (Union, types.UnionType):
        if value is None and type(None) in arguments:
            return None
        return _convert_to_any(value, [a for a in arguments if a is not type(None)], hint, key)
    if origin is Literal:
        if value in arguments:
            return value
        raise ConfigurationError(f"{key!r} is one of {', '.join(map(repr, arguments))}; found {value!r}")
    if origin is tuple and isinstance(value, list | tuple):
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            return tuple(_convert(item, arguments[0], key) for item in value)
        if len(arguments) == len(value):
            return tuple(_convert(item, kind, key) for item, kind in zip(value, arguments, strict=True))
    if origin in (dict, Mapping) and isinstance(value, Mapping):
        return dict(value)
    if origin is None and isinstance(hint, type):
        if hint is float and isinstance(value, int) and not isinstance(value, bool):
            return float(value)
        if isinstance(value, hint) and not (hint in (int, float) and isinstance(value, bool)):
            return value
    name = getattr(hint, "__name__", str(hint)) if origin is None else str(hint)
    raise ConfigurationError(f"{key!r} takes {name}; found {value!r} ({type(value).__name__})")


def _convert_to_any(value: Any, kinds: list[Any], hint: Any, key: str) -> Any:
    for kind in kinds:
        try:
            return _convert(value, kind, key)
        except ConfigurationError:
            continue
    if value == "none" and type(None) in get_args(hint):
        return None
    raise ConfigurationError(f"{key!r} takes {hint}; found {value!r} ({type(value).__name__})")
