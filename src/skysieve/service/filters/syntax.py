"""The syntax tree of filters, and how it is written.

Every node can be written as text that is read back to the same node. Positions are for messages only
and take no part in comparisons.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TypeAlias

__all__ = [
    "And",
    "Call",
    "Comparison",
    "Condition",
    "Cone",
    "Emptiness",
    "Holds",
    "Membership",
    "Meta",
    "Name",
    "Not",
    "Operand",
    "Or",
    "Value",
    "render",
]

#: What can be compared with: a number, a text, true or false.
Value: TypeAlias = "int | float | str | bool"

#: Names that need no quotes behind ``meta.``
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")


@dataclass(frozen=True, slots=True)
class Name:
    """A field of its own: ``score``."""

    name: str
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Meta:
    """A field of the survey's metadata: ``meta.rb``."""

    name: str
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    """What belongs to a scorer, a person, a campaign: ``scorer("braai").score``."""

    name: str
    arguments: tuple[Value, ...]
    #: What follows behind a dot; empty: nothing.
    member: str = ""
    position: int = field(default=0, compare=False)


Operand: TypeAlias = "Name | Meta | Call"


@dataclass(frozen=True, slots=True)
class Comparison:
    """``mag < 19``; ``sign`` is one of = != < <= > >= ~ !~ contains."""

    operand: Operand
    sign: str
    value: Value
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Membership:
    """``band in ("g", "r")``, ``band not in ("i")``."""

    operand: Operand
    values: tuple[Value, ...]
    negated: bool = False
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Emptiness:
    """``label is empty``, ``mag is not empty``."""

    operand: Operand
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Holds:
    """A field by itself: ``passes``, ``labelled_by("anna")``."""

    operand: Operand


@dataclass(frozen=True, slots=True)
class Cone:
    """``cone(10.5, 41.2, 30)``: degrees, degrees, arcseconds."""

    ra: float
    dec: float
    radius: float
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Not:
    """``not ...``."""

    part: Condition


@dataclass(frozen=True, slots=True)
class And:
    """Two or more conditions that all hold."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Two or more conditions of which one holds."""

    parts: tuple[Condition, ...]


Condition: TypeAlias = "Comparison | Membership | Emptiness | Holds | Cone | Not | And | Or"


def render(condition: Condition) -> str:
    """Write a condition in the language of filters.

    Examples
    --------
    >>> render(Not(And((Comparison(Name("mag"), "<", 19), Emptiness(Name("label"))))))
    'not (mag < 19 and label is empty)'
    """
    match condition:
        case And(parts):
            return " and ".join(map(_part, parts))
        case Or(parts):
            return " or ".join(map(_part, parts))
        case Not(part):
            return f"not {_part(part)}"
        case Comparison(operand, sign, value):
            return f"{_operand(operand)} {sign} {_value(value)}"
        case Membership(operand, values, negated):
            word = "not in" if negated else "in"
            return f"{_operand(operand)} {word} ({', '.join(map(_value, values))})"
        case Emptiness(operand, negated):
            return f"{_operand(operand)} is {'not ' if negated else ''}empty"
        case Holds(operand):
            return _operand(operand)
        case Cone(ra, dec, radius):
            return f"cone({_value(ra)}, {_value(dec)}, {_value(radius)})"


def _part(condition: Condition) -> str:
    written = render(condition)
    return f"({written})" if isinstance(condition, And | Or) else written


def _operand(operand: Operand) -> str:
    match operand:
        case Name(name):
            return name
        case Meta(name):
            return f"meta.{name if _PLAIN.fullmatch(name) else _value(name)}"
        case Call(name, arguments, member):
            written = f"{name}({', '.join(map(_value, arguments))})"
            if not member:
                return written
            return f"{written}.{member if _PLAIN.fullmatch(member) else _value(member)}"


def _value(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return repr(value)
