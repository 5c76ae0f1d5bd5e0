"""Types that take no bytes: with those, a few bytes announce more values than any memory holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

__all__ = ["check_items_take_bytes"]


def check_items_take_bytes(schema: Any) -> None:
    """Refuse a schema with an array of what takes no bytes, or with a record inside that takes none.

    Reading ends where the bytes end. Of an array of nulls, a packet of some bytes can announce 10^18; of
    records without bytes, each of which holds the one before twice, sixty make as many.

    Parameters
    ----------
    schema : dict, list or str
        As of `fastavro.parse_schema`: names are whole, and declared before they are used.

    Raises
    ------
    ValueError
        If there is one.

    Examples
    --------
    >>> check_items_take_bytes({"type": "array", "items": "int"})
    >>> check_items_take_bytes({"type": "array", "items": "null"})
    Traceback (most recent call last):
        ...
    ValueError: an array or a record within takes no bytes, so that the number of values has no bound
    """
    parts = list(_parts(schema))
    declared = {part["name"]: part for part in parts if "name" in part}
    known: dict[str, bool] = {}
    inside = [part["items"] for part in parts if part["type"] == "array"]
    inside += [part for part in parts[1:] if part["type"] in ("record", "error")]
    if not all(_takes_bytes(each, declared, known) for each in inside):
        raise ValueError(
            "an array or a record within takes no bytes, so that the number of values has no bound"
        )


def _parts(schema: Any) -> Iterator[dict[str, Any]]:
    """Yield every type within a schema that is more than a name, the outermost first."""
    if isinstance(schema, list):
        for branch in schema:
            yield from _parts(branch)
    elif isinstance(schema, dict):
        yield schema
        for nested in (schema["type"], schema.get("items"), schema.get("values")):
            yield from _parts(nested)
        for field in schema.get("fields", ()):
            yield from _parts(field["type"])


def _takes_bytes(schema: Any, declared: dict[str, dict[str, Any]], known: dict[str, bool]) -> bool:
    if isinstance(schema, str):
        if schema not in declared:
            return schema != "null"
        schema = declared[schema]
    if isinstance(schema, list):
        return True  # the number of the branch
    match schema["type"]:
        case "record" | "error":
            name = schema["name"]
            if name not in known:
                # A record that holds itself, by nothing that could be empty, has no end and is refused, too.
                known[name] = False
                fields = (field["type"] for field in schema["fields"])
                known[name] = any(_takes_bytes(each, declared, known) for each in fields)
            return known[name]
        case "fixed":
            return int(schema["size"]) > 0
        case "array" | "map" | "enum":
            return True  # the end of it, the number of the word
        case nested:
            return _takes_bytes(nested, declared, known)
