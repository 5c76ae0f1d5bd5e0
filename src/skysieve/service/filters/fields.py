"""The fields of the language: one table, which compiling, the help page and the documentation read."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from skysieve.service.database.tables import MetadataField
from skysieve.service.database.tables.candidates import ALERT, STREAK
from skysieve.service.filters.syntax import Comparison, Holds, Meta, Value, render

__all__ = [
    "FIELDS",
    "FUNCTIONS",
    "MANY",
    "SIGNS",
    "Description",
    "Field",
    "Function",
    "ValueType",
    "describe_fields",
]


class ValueType(StrEnum):
    """What a field holds, and so what it can be compared with."""

    NUMBER = "number"
    TEXT = "text"
    TRUTH = "truth"
    TIME = "time"
    NIGHT = "night"


_ORDER = ("=", "!=", "<", "<=", ">", ">=")

#: The signs that each type of value takes, besides ``is empty``.
SIGNS = {
    ValueType.NUMBER: (*_ORDER, "in"),
    ValueType.TEXT: ("=", "!=", "~", "!~", "contains", "in"),
    ValueType.TRUTH: ("=", "!="),
    ValueType.TIME: _ORDER,
    ValueType.NIGHT: (*_ORDER, "in"),
}


@dataclass(frozen=True, slots=True)
class Field:
    """A field that every candidate has.

    Parameters
    ----------
    name : str
        Its name in the language.
    type : ValueType
        What it holds.
    column : str
        Attribute of `Candidate`.
    meaning : str
        What it says, for people.
    example : str
        A filter with it.
    choices : tuple of str
        The only texts it can hold; empty: any.
    """

    name: str
    type: ValueType
    column: str
    meaning: str
    example: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Function:
    """What belongs to something that has a name: a scorer, a person, a campaign.

    Parameters
    ----------
    name : str
        Its name in the language.
    form : str
        How it is written.
    type : ValueType
        What it holds.
    arguments : int
        Number of texts in its parentheses.
    meaning, example : str
        As of `Field`.
    """

    name: str
    form: str
    type: ValueType
    arguments: int
    meaning: str
    example: str


@dataclass(frozen=True, slots=True)
class Description:
    """What a help page says of a field.

    Parameters
    ----------
    name : str
        How it is written.
    type : str
        What it holds.
    signs : tuple of str
        What it can be compared by.
    meaning, example : str
        In words.
    indexed : bool
        Whether a search for a few of many candidates is fast by it.
    """

    name: str
    type: str
    signs: tuple[str, ...]
    meaning: str
    example: str
    indexed: bool


_N, _T, _B = ValueType.NUMBER, ValueType.TEXT, ValueType.TRUTH

FIELDS: dict[str, Field] = {
    field.name: field
    for field in (
        Field("id", _N, "id", "Number of the candidate in this service.", "id = 1234"),
        Field("kind", _T, "kind", "Alert or streak.", "kind = alert", (ALERT, STREAK)),
        Field("survey", _T, "survey", "The survey it comes from.", 'survey = "ZTF"'),
        Field("name", _T, "name", "Its identifier in the survey.", 'name = "1234567890123456789"'),
        Field("object", _T, "object_id", "The object it belongs to.", 'object ~ "ZTF18*"'),
        Field("night", ValueType.NIGHT, "night_id", "Date of the evening, YYYYMMDD.", "night >= 20261101"),
        Field("jd", _N, "jd", "Time of the exposure, Julian date.", "jd > 2461365.5"),
        Field(
            "observed", ValueType.TIME, "jd", "Time of the exposure, UTC.", 'observed > "2026-11-20T03:00"'
        ),
        Field("ra", _N, "ra", "Right ascension, degrees.", "ra < 180"),
        Field("dec", _N, "dec", "Declination, degrees.", "dec > -30"),
        Field("band", _T, "band", "Passband in the survey's word.", 'band in ("g", "r")'),
        Field("mag", _N, "mag", "Magnitude.", "mag < 19"),
        Field("score", _N, "score", "Headline score of the scorer on duty, 0 to 1.", "score >= 0.9"),
        Field("passes", _B, "passes", "Whether the rule of the scorer on duty lets it pass.", "passes"),
        Field("label", _T, "label", "What most people say; empty without a majority.", "label is empty"),
        Field("labels", _N, "label_count", "Number of people who have labelled it.", "labels >= 2"),
        Field(
            "first_seen",
            ValueType.TIME,
            "first_seen",
            "When it came in, UTC.",
            'first_seen > "2026-11-20T03:00"',
        ),
        Field(
            "updated", ValueType.TIME, "updated_at", "When it last changed, UTC.", 'updated > "2026-11-20"'
        ),
        Field("source", _T, "source", "Where it came from.", 'source contains "depot"'),
    )
}

FUNCTIONS: dict[str, Function] = {
    function.name: function
    for function in (
        Function(
            "scorer",
            'scorer("NAME").MEMBER',
            _N,
            1,
            "Score by a scorer, known by its name or the first characters of its identity; without a member: "
            "its member 'score'.",
            'scorer("braai-v2").score > 0.8',
        ),
        Function(
            "verdict",
            'verdict("NAME", "RULE")',
            _B,
            2,
            "Whether it passes a rule of a scorer.",
            'verdict("streaks", "plausible")',
        ),
        Function(
            "labelled_by",
            'labelled_by("USER")',
            _T,
            1,
            "What a person says of it.",
            'labelled_by("anna") = "real"',
        ),
        Function(
            "campaign",
            'campaign("NAME")',
            _B,
            1,
            "Whether a campaign asks for it.",
            'campaign("Comets 2026")',
        ),
    )
}

#: Fields of which a candidate has many: a test holds if it holds for one of them.
MANY: dict[str, Field] = {
    field.name: field
    for field in (
        Field("any_label", _T, "", "What anybody says of it.", 'any_label = "real"'),
        Field("comment", _T, "", "Text of a comment.", 'comment contains "comet"'),
    )
}

_INDEXED = frozenset(
    {"id", "name", "object", "night", "jd", "observed", "mag", "score", "passes", "label", "first_seen"}
)
_CONE = Description(
    "cone(RA, DEC, RADIUS)",
    "truth",
    (),
    "Whether it lies within a radius (arcseconds) of a position (degrees).",
    "cone(10.5, 41.2, 30)",
    True,
)


def describe_fields(session: Session) -> list[Description]:
    """Return all that a filter can ask for in this service, the survey's metadata last."""
    own = [
        Description(
            field.name,
            field.type.value,
            SIGNS[field.type],
            field.meaning,
            field.example,
            field.name in _INDEXED,
        )
        for field in [*FIELDS.values(), *MANY.values()]
    ]
    functions = [
        Description(
            function.form, function.type.value, SIGNS[function.type], function.meaning, function.example, True
        )
        for function in FUNCTIONS.values()
    ]
    known = session.scalars(select(MetadataField).order_by(MetadataField.name))
    return [*own, *functions, _CONE, *map(_describe_metadata, known)]


def _describe_metadata(known: MetadataField) -> Description:
    kind = ValueType(known.type)
    values: dict[ValueType, Value] = {ValueType.NUMBER: 1, ValueType.TEXT: "...", ValueType.TRUTH: True}
    sign = ">" if kind is ValueType.NUMBER else "="
    return Description(
        render(Holds(Meta(known.name))),
        known.type,
        SIGNS[kind],
        "The survey's metadata.",
        render(Comparison(Meta(known.name), sign, values[kind])),
        known.indexed,
    )
