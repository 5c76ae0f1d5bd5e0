"""The words of a filter: names, numbers, texts and signs, each with its place."""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass

from skysieve.service.filters.problem import bad_filter

__all__ = ["LONGEST_FILTER", "LONGEST_TEXT", "Token", "tokenize"]

#: Characters of a filter, and of a text in it.
LONGEST_FILTER, LONGEST_TEXT = 8_000, 500

_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n]+)
    |(?P<word>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<number>[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?![A-Za-z0-9_.]))
    |(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    |(?P<sign><=|>=|!=|!~|==|[=<>~(),.])""",
    re.VERBOSE | re.DOTALL,
)
_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Token:
    """A word of a filter.

    Parameters
    ----------
    kind : str
        ``word``, ``number``, ``text``, ``sign`` or ``end``.
    value : str, int or float
        What it says: a text without its quotes, a number as a number.
    position : int
        Index of its first character.
    """

    kind: str
    value: str | int | float
    position: int


def tokenize(text: str) -> list[Token]:
    """Cut a filter into its words.

    Raises
    ------
    InputError
        If it is too long, a character means nothing, or a text has no end.

    Examples
    --------
    >>> [token.value for token in tokenize('mag < 19.5 and band != "i"')]
    ['mag', '<', 19.5, 'and', 'band', '!=', 'i', '']
    """
    if len(text) > LONGEST_FILTER:
        raise bad_filter(
            text, LONGEST_FILTER, f"the filter has {len(text)} characters, at the most {LONGEST_FILTER}"
        )
    tokens = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise bad_filter(text, position, _unknown(text, position))
        if match.lastgroup != "space":
            tokens.append(_token(text, match))
        position = match.end()
    return [*tokens, Token("end", "", len(text))]


def _token(text: str, match: re.Match[str]) -> Token:
    kind, found, position = match.lastgroup or "", match.group(), match.start()
    if kind == "number":
        return Token(kind, _number(text, found, position), position)
    if kind == "text":
        return Token(kind, _unquoted(text, found, position), position)
    return Token(kind, "=" if found == "==" else found, position)


def _number(text: str, found: str, position: int) -> int | float:
    if _WHOLE.fullmatch(found):
        return int(found)
    number = float(found)
    if not math.isfinite(number):
        raise bad_filter(text, position, f"the number {found[:20]} is too large")
    return number


def _unquoted(text: str, found: str, position: int) -> str:
    value = re.sub(r"\\(.)", r"\1", found[1:-1], flags=re.DOTALL)
    if len(value) > LONGEST_TEXT:
        raise bad_filter(text, position, f"the text has {len(value)} characters, at the most {LONGEST_TEXT}")
    for character in value:
        # Databases take no zero bytes and no halves of characters; the rest nobody means to search for.
        if unicodedata.category(character) in ("Cc", "Cs"):
            raise bad_filter(text, position, f"the text holds the control character U+{ord(character):04X}")
    return value


def _unknown(text: str, position: int) -> str:
    character = text[position]
    if character in "\"'":
        return f"the text that begins here has no closing {character}"
    if character.isascii() and (character.isdigit() or character in "+-"):
        return "this is not a number"
    shown = character if character.isprintable() else f"U+{ord(character):04X}"
    return f"{shown!r} means nothing here"
