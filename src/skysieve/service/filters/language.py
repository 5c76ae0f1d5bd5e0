"""The language of filters: from text to a syntax tree, or to a message that points at the mistake.

::

    filter    = [ either ]
    either    = both { "or" both }
    both      = unlike { "and" unlike }
    unlike    = "not" unlike | "(" either ")" | cone | test
    cone      = "cone" "(" number "," number "," number ")"
    test      = operand [ sign value | ["not"] "in" "(" value { "," value } ")"
                        | "contains" value | "is" ["not"] "empty" ]
    operand   = name | "meta" "." name | name "(" value { "," value } ")" [ "." name ]
    sign      = "=" | "!=" | "<" | "<=" | ">" | ">=" | "~" | "!~"

Names mean something only when the filter is compiled: see `skysieve.service.filters.compile`.
"""

from __future__ import annotations

from dataclasses import dataclass

from skysieve.errors import InputError
from skysieve.service.filters.problem import bad_filter
from skysieve.service.filters.syntax import (
    And,
    Call,
    Comparison,
    Condition,
    Cone,
    Emptiness,
    Holds,
    Membership,
    Meta,
    Name,
    Not,
    Operand,
    Or,
    Value,
)
from skysieve.service.filters.tokens import Token, tokenize

__all__ = ["DEEPEST", "MOST_TESTS", "MOST_VALUES", "Filter", "parse_filter"]

#: Parentheses and negations within each other, tests in a filter, values in a list.
DEEPEST, MOST_TESTS, MOST_VALUES = 24, 100, 500

_KEYWORDS = frozenset({"and", "or", "not", "in", "is", "empty", "contains", "true", "false"})
_SIGNS = frozenset({"=", "!=", "<", "<=", ">", ">=", "~", "!~"})


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter that was read.

    Parameters
    ----------
    text : str
        As it was given.
    condition : Condition or None
        What must hold; None: anything passes.
    """

    text: str
    condition: Condition | None


def parse_filter(text: str) -> Filter:
    """Read a filter.

    Parameters
    ----------
    text : str
        A filter; nothing but space lets everything pass.

    Raises
    ------
    InputError
        If it is not one; the message shows the place.

    Examples
    --------
    >>> condition = parse_filter("mag < 19 or passes").condition
    >>> condition == Or((Comparison(Name("mag"), "<", 19), Holds(Name("passes"))))
    True
    """
    tokens = tokenize(text)
    if tokens[0].kind == "end":
        return Filter(text, None)
    return Filter(text, _Parser(text, tokens).whole())


class _Parser:
    """Recursive descent over the tokens of one filter."""

    def __init__(self, text: str, tokens: list[Token]) -> None:
        self.text, self.tokens = text, tokens
        self.next = self.depth = self.tests = 0

    def whole(self) -> Condition:
        condition = self.either()
        if self.token.kind != "end":
            raise self.problem("expected 'and', 'or' or the end of the filter")
        return condition

    def either(self) -> Condition:
        parts = [self.both()]
        while self.takes_word("or"):
            parts.append(self.both())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def both(self) -> Condition:
        parts = [self.unlike()]
        while self.takes_word("and"):
            parts.append(self.unlike())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def unlike(self) -> Condition:
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.problem(f"more than {DEEPEST} parentheses or negations within each other")
        try:
            if self.takes_word("not"):
                return Not(self.unlike())
            if self.takes_sign("("):
                condition = self.either()
                self.expect(")")
                return condition
            return self.test()
        finally:
            self.depth -= 1

    def test(self) -> Condition:
        self.tests += 1
        if self.tests > MOST_TESTS:
            raise self.problem(f"more than {MOST_TESTS} tests in a filter")
        if self.is_word("cone"):
            return self.cone()
        operand = self.operand()
        sign = self.token
        if sign.kind == "sign" and sign.value in _SIGNS:
            self.next += 1
            return self.comparison(operand, str(sign.value))
        if self.takes_word("contains"):
            return self.comparison(operand, "contains")
        if self.takes_word("is"):
            return Emptiness(operand, self.negated_empty())
        negated = self.is_word("not")
        if negated:
            self.next += 1
        if self.takes_word("in"):
            return self.membership(operand, negated)
        if negated:
            raise self.problem("expected 'in' behind 'not'")
        return Holds(operand)

    def comparison(self, operand: Operand, sign: str) -> Comparison:
        position = self.token.position
        return Comparison(operand, sign, self.value(), position)

    def membership(self, operand: Operand, negated: bool) -> Membership:
        position = self.token.position
        return Membership(operand, self.values(), negated, position)

    def negated_empty(self) -> bool:
        negated = self.takes_word("not")
        if not self.takes_word("empty"):
            raise self.problem("expected 'empty' or 'not empty' behind 'is'")
        return negated

    def cone(self) -> Cone:
        position = self.token.position
        self.next += 1
        values = self.values()
        numbers = [value for value in values if not isinstance(value, bool | str)]
        if not len(values) == len(numbers) == 3:
            raise bad_filter(
                self.text, position, "expected cone(right ascension, declination, radius in arcseconds)"
            )
        ra, dec, radius = map(float, numbers)
        return Cone(ra, dec, radius, position)

    def operand(self) -> Operand:
        token = self.token
        if token.kind != "word" or self.keyword(token):
            raise self.problem("expected the name of a field")
        self.next += 1
        name = str(token.value)
        if name == "meta":
            self.expect(".")
            return Meta(self.dotted(), token.position)
        if not self.is_sign("("):
            return Name(name, token.position)
        arguments = self.values()
        member = self.dotted() if self.takes_sign(".") else ""
        return Call(name, arguments, member, token.position)

    def dotted(self) -> str:
        """Return a name that may have dots, or any text in quotes."""
        token = self.token
        if token.kind == "text" and token.value:
            self.next += 1
            return str(token.value)
        names = []
        while True:
            if self.token.kind != "word":
                raise self.problem("expected a name")
            names.append(str(self.token.value))
            self.next += 1
            if not self.takes_sign("."):
                return ".".join(names)

    def values(self) -> tuple[Value, ...]:
        self.expect("(")
        values = [self.value()]
        while self.takes_sign(","):
            values.append(self.value())
            if len(values) > MOST_VALUES:
                raise self.problem(f"more than {MOST_VALUES} values in a list")
        self.expect(")")
        return tuple(values)

    def value(self) -> Value:
        token = self.token
        if token.kind in ("number", "text"):
            self.next += 1
            return token.value
        if token.kind == "word":
            word = str(token.value)
            if word.lower() in ("true", "false"):
                self.next += 1
                return word.lower() == "true"
            if not self.keyword(token):
                self.next += 1
                return word
        raise self.problem("expected a number, a text in quotes, true or false")

    @property
    def token(self) -> Token:
        return self.tokens[self.next]

    def keyword(self, token: Token) -> bool:
        return token.kind == "word" and str(token.value).lower() in _KEYWORDS

    def is_word(self, word: str) -> bool:
        return self.token.kind == "word" and str(self.token.value).lower() == word

    def is_sign(self, sign: str) -> bool:
        return self.token.kind == "sign" and self.token.value == sign

    def takes_word(self, word: str) -> bool:
        found = self.is_word(word)
        self.next += found
        return found

    def takes_sign(self, sign: str) -> bool:
        found = self.is_sign(sign)
        self.next += found
        return found

    def expect(self, sign: str) -> None:
        if not self.takes_sign(sign):
            raise self.problem(f"expected '{sign}'")

    def problem(self, reason: str) -> InputError:
        token = self.token
        found = "the end" if token.kind == "end" else repr(token.value)[:60]
        return bad_filter(self.text, token.position, f"{reason}, found {found}")
