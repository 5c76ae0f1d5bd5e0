"""What is written is read back as it was meant; what is no filter is refused with its place."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skysieve.errors import InputError
from skysieve.service.filters.language import DEEPEST, MOST_TESTS, parse_filter
from skysieve.service.filters.syntax import (
    And,
    Call,
    Comparison,
    Cone,
    Emptiness,
    Holds,
    Membership,
    Meta,
    Name,
    Not,
    Or,
    render,
)
from skysieve.service.filters.tokens import LONGEST_FILTER

WORDS = st.from_regex(r"[a-z_][a-z0-9_]{0,12}", fullmatch=True).filter(
    lambda word: (
        word not in {"and", "or", "not", "in", "is", "empty", "contains", "true", "false", "meta", "cone"}
    )
)
TEXTS = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=20)
NUMBERS = st.integers(-(10**18) + 1, 10**18 - 1) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.one_of(NUMBERS, TEXTS, st.booleans())
NAMES = WORDS | TEXTS.filter(bool)
OPERANDS = st.one_of(
    st.builds(Name, WORDS),
    st.builds(Meta, NAMES),
    st.builds(Call, WORDS, st.lists(VALUES, min_size=1, max_size=3).map(tuple), NAMES | st.just("")),
)
SIGNS = st.sampled_from(["=", "!=", "<", "<=", ">", ">=", "~", "!~", "contains"])
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
TESTS = st.one_of(
    st.builds(Comparison, OPERANDS, SIGNS, VALUES),
    st.builds(Membership, OPERANDS, st.lists(VALUES, min_size=1, max_size=4).map(tuple), st.booleans()),
    st.builds(Emptiness, OPERANDS, st.booleans()),
    st.builds(Holds, OPERANDS),
    st.builds(Cone, FLOATS, FLOATS, FLOATS),
)


def _compound(parts: st.SearchStrategy) -> st.SearchStrategy:
    several = st.lists(parts, min_size=2, max_size=4).map(tuple)
    return st.one_of(st.builds(And, several), st.builds(Or, several), st.builds(Not, parts))


CONDITIONS = st.recursive(TESTS, _compound, max_leaves=12)


@given(CONDITIONS)
def test_what_is_written_is_read_back(condition) -> None:
    assert parse_filter(render(condition)).condition == condition


@given(st.text(max_size=60) | st.text("()\"'andornot=<>.,10 \\", max_size=60))
def test_any_text_is_a_filter_or_refused(text: str) -> None:
    try:
        condition = parse_filter(text).condition
    except InputError:
        return
    assert condition is None or parse_filter(render(condition)).condition == condition


def test_and_binds_closer_than_or_and_not_closest() -> None:
    a, b, c = (Holds(Name(name)) for name in "abc")
    assert parse_filter("a or b and not c").condition == Or((a, And((b, Not(c)))))
    assert parse_filter("(a or b) and c").condition == And((Or((a, b)), c))


def test_words_of_the_language_may_be_written_in_capitals() -> None:
    assert parse_filter("NOT a AND b IS NOT Empty").condition == And(
        (Not(Holds(Name("a"))), Emptiness(Name("b"), negated=True))
    )


def test_the_whole_language_in_one_filter() -> None:
    text = (
        "night = 20261120 and score >= .9 and (mag < 19 or meta.rb > 0.5) and label is empty "
        "and object ~ 'ZTF18*' and cone(10.5, -41.2, 30) and scorer(\"braai-v2\").score > 0.8 "
        'and labelled_by("anna") = "real" and comment contains "comet" and kind in (alert, streak) '
        'and band != "i" and passes == true and first_seen > "2026-11-20T03:00" '
        'and meta."odd name" not in (1, 2)'
    )
    condition = parse_filter(text).condition
    assert isinstance(condition, And)
    assert len(condition.parts) == 14
    assert parse_filter(render(condition)).condition == condition


@pytest.mark.parametrize("text", ["", "   ", "\n\t"])
def test_nothing_lets_everything_pass(text: str) -> None:
    assert parse_filter(text).condition is None


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        ("mag <", 6, "expected a number, a text in quotes, true or false, found the end"),
        ("mag < 19 mag", 10, "expected 'and', 'or' or the end"),
        ("(mag < 19", 10, "expected '\\)', found the end"),
        ("mag < 1e999", 7, "too large"),
        ("mag < 1.2.3", 7, "not a number"),
        ("mag < 12abc", 7, "not a number"),
        ("and", 1, "expected the name of a field"),
        ("a = 'open", 5, "no closing '"),
        ("a = 'b\x00c'", 5, "control character U\\+0000"),
        ("a = '\ud800'", 5, "control character U\\+D800"),
        ("mag; drop", 4, "';' means nothing here"),
        ("mag -- x", 5, "not a number"),
        ("mag /* x */ < 1", 5, "'/' means nothing here"),
        ("\uff4dag < 1", 1, "means nothing here"),
        ("mag is 3", 8, "expected 'empty' or 'not empty'"),
        ("mag not 3", 9, "expected 'in' behind 'not'"),
        ("mag in ()", 9, "expected a number"),
        ("meta. < 3", 7, "expected a name"),
        ("cone(1, 2)", 1, "expected cone\\(right ascension"),
        ("cone(1, 2, true)", 1, "expected cone\\(right ascension"),
        ("not " * (DEEPEST + 1) + "a", 4 * DEEPEST + 1, "within each other"),
        ("(" * 10_000, LONGEST_FILTER + 1, "10000 characters"),
        ("(" * 5_000, DEEPEST + 1, "within each other"),
        ("a = '" + "x" * 501 + "'", 5, "501 characters"),
        (" or ".join("a" * (MOST_TESTS + 1)), 5 * MOST_TESTS + 1, "more than 100 tests"),
        ("a in (" + ",".join("1" * 600) + ")", 1008, "more than 500 values"),
    ],
)
def test_mistakes_are_shown_with_their_place(text: str, place: int, reason: str) -> None:
    with pytest.raises(InputError, match=reason) as caught:
        parse_filter(text)
    assert f"(character {place})" in str(caught.value)


def test_the_caret_stands_below_the_mistake() -> None:
    with pytest.raises(InputError) as caught:
        parse_filter("x" * 100 + " < 19 and ? " + "y" * 100)
    shown, caret = caught.value.reason.splitlines()[1:]
    assert shown[caret.index("^")] == "?"
    assert re.match(r"  \.\.\.x+ < 19 and \? y+\.\.\.$", shown)
