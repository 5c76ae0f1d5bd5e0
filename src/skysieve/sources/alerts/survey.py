"""What must be known about a survey to read its alert packets, and the registry of those who do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from skysieve.errors import InputError
from skysieve.registry import Registry
from skysieve.sources.alerts.avro.schema import WriterSchema

__all__ = ["SURVEYS", "Identity", "Survey", "recognise_survey", "scalars"]


@dataclass(frozen=True, slots=True)
class Identity:
    """Who an alert is, and what its packet says about the detection.

    Parameters
    ----------
    candid : int or str or None
        Identifier of the detection, as it came; None if the packet has none, which makes it unusable.
    object_id : str or int or None
        Identifier of the object, as it came; empty or None if there is none.
    schema : str
        Version of the packet's schema; empty if unknown.
    candidate : mapping
        Scalar fields of the detection.
    """

    candid: int | str | None
    object_id: str | int | None
    schema: str
    candidate: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Survey:
    """How the packets of one survey are recognised and read.

    Parameters
    ----------
    name : str
        As it stands in `Alert.survey`.
    required : frozenset of str
        Top-level fields by which a schema is recognised.
    wanted : tuple of str
        Top-level fields that `identify` needs, where the schema has them.
    cutouts : tuple of three str
        Top-level fields of the science, template and difference cutouts.
    identify : callable
        Maps the wanted values and the writer schema to an `Identity`.
    """

    name: str
    required: frozenset[str]
    wanted: tuple[str, ...]
    cutouts: tuple[str, str, str]
    identify: Callable[[Mapping[str, Any], WriterSchema], Identity]


#: Surveys by name; a new one is a new module in ``surveys`` or an entry point in ``skysieve.surveys``.
SURVEYS: Registry[Survey] = Registry("survey", package="skysieve.sources.alerts.surveys")


def recognise_survey(schema: WriterSchema) -> Survey:
    """Return the survey whose packets have such a schema.

    Raises
    ------
    InputError
        Kind ``unknown-survey``; the item is the name of the schema.
    """
    for name in SURVEYS:
        survey = SURVEYS.get(name)
        if survey.required <= schema.fields.keys():
            return survey
    expected = "; ".join(f"{name}: {', '.join(sorted(SURVEYS.get(name).required))}" for name in SURVEYS)
    found = ", ".join(schema.fields) or "none"
    reason = f"its records have the fields: {found}. No known survey writes those ({expected})"
    raise InputError(str(schema.declared["name"]), "unknown-survey", reason)


def scalars(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that are a number, a string, a truth value or None.

    Examples
    --------
    >>> scalars({"jd": 2460000.5, "ssnamenr": None, "history": [1, 2], "stamp": b""})
    {'jd': 2460000.5, 'ssnamenr': None}
    """
    return {
        name: value for name, value in record.items() if value is None or isinstance(value, float | int | str)
    }
