"""What SQL finds is what the filter says, on both databases; what is no filter reaches no database."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from skysieve.errors import InputError
from skysieve.service.database.tables import (
    Campaign,
    CampaignItem,
    Candidate,
    Comment,
    Label,
    MetadataField,
    Night,
    Score,
    Scorer,
    Taxonomy,
    User,
    Verdict,
)
from skysieve.service.filters.compile import compile_filter
from skysieve.service.filters.syntax import (
    And,
    Call,
    Comparison,
    Condition,
    Emptiness,
    Holds,
    Membership,
    Meta,
    Name,
    Not,
    Operand,
    Or,
    render,
)
from skysieve.service.service import Service

START = datetime(2026, 11, 20, 3, tzinfo=UTC)
TEXTS = [
    "",
    "g",
    "r",
    "ZTF18abc",
    "ztf18ABC",
    "a%b_c",
    "50% [x]*?",
    "'; DROP TABLE labels; --",
    "Äé☄",
    'q"u\\o',
]
METADATA = {"rb": "number", "isdiffpos": "truth", "diaSource.flag": "text", "odd name": "number"}
NIGHTS = ["unknown", "20261119", "20261120", "20261121"]


def _fill(service: Service) -> None:
    random = np.random.default_rng(2)

    def any_of(values: list[Any]) -> Any:
        return values[random.integers(len(values))]

    with service.database.writing() as session:
        nights = [Night(name=name) for name in NIGHTS]
        anna, ben = User(name="anna", role="SCANNER"), User(name="ben", role="SCANNER")
        taxonomy = Taxonomy(name="t", classes=[])
        scorers = [
            Scorer(kind="alert", identity=digit * 64, name="braai", is_sieve=False, place="")
            for digit in "ab"
        ]
        session.add_all([*nights, anna, ben, taxonomy, *scorers])
        session.add_all([MetadataField(name=name, type=kind) for name, kind in METADATA.items()])
        session.flush()
        campaign = Campaign(name="Comets 2026", state="open", taxonomy_id=taxonomy.id)
        session.add(campaign)
        session.flush()
        for number in range(40):
            fields = {
                "rb": any_of([None, 0, 1, 0.25, -3, 2**60, "text", True]),
                "isdiffpos": any_of([True, False, None, 1, "true"]),
                "diaSource.flag": any_of([*TEXTS, None, 5, ["list"], {"a": 1}]),
                "odd name": any_of([1.5, -1, None]),
                "notasked": 1,
            }
            candidate = Candidate(
                kind=any_of(["alert", "streak"]),
                survey="ZTF",
                name=f"{number}",
                object_id=any_of(TEXTS),
                night_id=any_of(nights).id,
                jd=any_of([None, 2461365.5, 2461365.625]),
                band=any_of(["", "g", "r", "i"]),
                mag=any_of([None, 17.0, 18.5, 19.0]),
                score=any_of([None, 0.0, 0.5, 0.9, 1.0]),
                passes=any_of([None, True, False]),
                label=any_of(["", "real", "bogus"]),
                label_count=any_of([0, 1, 2]),
                first_seen=START + timedelta(hours=number % 4),
                # Some are absent, some are null.
                fields={name: value for name, value in fields.items() if value is not None or number % 2},
            )
            session.add(candidate)
            session.flush()
            for user in (anna, ben):
                for withdrawn in (None, START):
                    if random.uniform() < 0.4:
                        session.add(
                            Label(
                                candidate_id=candidate.id,
                                user_id=user.id,
                                taxonomy_id=taxonomy.id,
                                value=any_of(["real", "bogus"]),
                                withdrawn_at=withdrawn,
                            )
                        )
            if random.uniform() < 0.5:
                session.add(Comment(candidate_id=candidate.id, user_id=anna.id, text=any_of(TEXTS[1:])))
            for scorer in scorers:
                if random.uniform() < 0.6:
                    value = any_of([0.1, 0.5, 0.9])
                    session.add(
                        Score(candidate_id=candidate.id, scorer_id=scorer.id, member="score", value=value)
                    )
                    session.add(
                        Verdict(candidate_id=candidate.id, scorer_id=scorer.id, rule="ok", passes=value > 0.3)
                    )
            if random.uniform() < 0.3:
                session.add(CampaignItem(campaign_id=campaign.id, candidate_id=candidate.id, position=number))


class Memory:
    """The same candidates in Python, and what the language means, said a second time."""

    def __init__(self, service: Service) -> None:
        with service.database.reading() as session:
            self.candidates = [
                SimpleNamespace(
                    id=row.id,
                    night=row.night.name,
                    **{
                        name: getattr(row, column)
                        for name, column in {
                            "kind": "kind",
                            "object": "object_id",
                            "jd": "jd",
                            "band": "band",
                            "mag": "mag",
                            "score": "score",
                            "passes": "passes",
                            "label": "label",
                            "labels": "label_count",
                            "first_seen": "first_seen",
                        }.items()
                    },
                    fields=dict(row.fields),
                )
                for row in session.scalars(select(Candidate))
            ]
            self.labels = session.execute(
                select(Label.candidate_id, User.name, Label.value)
                .join(User, User.id == Label.user_id)
                .where(Label.withdrawn_at.is_(None))
            ).all()
            self.comments = session.execute(select(Comment.candidate_id, Comment.text)).all()
            self.scores = session.execute(
                select(Score.candidate_id, Scorer.identity, Score.value).join(
                    Scorer, Scorer.id == Score.scorer_id
                )
            ).all()
            self.verdicts = session.execute(
                select(Verdict.candidate_id, Scorer.identity, Verdict.passes).join(
                    Scorer, Scorer.id == Verdict.scorer_id
                )
            ).all()
            self.items = set(session.scalars(select(CampaignItem.candidate_id)))

    def found(self, condition: Condition) -> set[int]:
        return {row.id for row in self.candidates if self._holds(row, condition)}

    def _holds(self, row: SimpleNamespace, condition: Condition) -> bool:
        match condition:
            case And(parts):
                return all(self._holds(row, part) for part in parts)
            case Or(parts):
                return any(self._holds(row, part) for part in parts)
            case Not(part):
                return not self._holds(row, part)
            case Comparison(operand, sign, value):
                return any(_compares(one, sign, value, operand) for one in self._values(row, operand))
            case Membership(operand, values, negated):
                return any(
                    any(_compares(one, "=", value, operand) for value in values) != negated
                    for one in self._values(row, operand)
                )
            case Emptiness(operand, negated):
                empty = not [one for one in self._values(row, operand) if one not in ("", "unknown")]
                return empty != negated
            case Holds(operand):
                values = self._values(row, operand)
                return bool(values) if operand == Call("labelled_by", ("anna",)) else True in values
        raise AssertionError(condition)

    def _values(self, row: SimpleNamespace, operand: Operand) -> list[Any]:
        match operand:
            case Meta(name):
                value = row.fields.get(name)
                right = {"number": (int, float), "truth": (bool,), "text": (str,)}[METADATA[name]]
                return [value] if type(value) in right else []
            case Name("any_label"):
                return [value for number, _, value in self.labels if number == row.id]
            case Name("comment"):
                return [text for number, text in self.comments if number == row.id]
            case Name("observed"):
                if row.jd is None:
                    return []
                return [datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=row.jd - 2440587.5)]
            case Name(name):
                value = getattr(row, name)
                return [] if value is None else [value]
            case Call("labelled_by", (user,)):
                return [value for number, name, value in self.labels if (number, name) == (row.id, user)]
            case Call("campaign"):
                return [row.id in self.items]
            case Call("scorer" | "verdict" as name, (scorer, *_)):
                rows = self.scores if name == "scorer" else self.verdicts
                return [
                    value
                    for number, identity, value in rows
                    if number == row.id and (scorer == "braai" or identity.startswith(scorer))
                ]
        raise AssertionError(operand)


SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def _compares(one: Any, sign: str, value: Any, operand: Operand) -> bool:
    if operand == Name("night"):
        if sign not in ("=", "!=") and one == "unknown":
            return False
        value = str(value)
    if isinstance(one, datetime):
        value = datetime.fromisoformat(value).replace(tzinfo=UTC)
    if isinstance(one, str) and sign in ("~", "!~"):
        pattern = re.escape(value).replace(r"\*", ".*").replace(r"\?", ".")
        return (re.fullmatch(pattern, one, re.DOTALL) is not None) == (sign == "~")
    if sign == "contains":
        return value.encode().lower() in one.encode().lower()
    if isinstance(one, int | float) and not isinstance(one, bool):
        one = float(one)
    return SIGNS[sign](one, value)


NUMBERS = st.sampled_from([0, 1, 0.5, 0.9, 17.0, 18.5, -3, 2**59, 2461365.5, 1e300, -1e300, 10**18 - 1])
PATTERNS = st.sampled_from(
    [*TEXTS, "ZTF*", "*abc", "*", "?", "??", "*%*", "*[[]*", "*[a-z]*", "Z?F*c", "*'*", "**"]
)
TIMES = st.sampled_from(
    ["2026-11-20", "2026-11-20T03:00", "2026-11-20T04:00:00", "2026-11-20 05:00:00.000001"]
)
ORDER = st.sampled_from(list(SIGNS))


def _tests(
    operands: list[Operand], values: st.SearchStrategy, signs: st.SearchStrategy, *, lists: bool
) -> Any:
    any_operand = st.sampled_from(operands)
    tests = [
        st.builds(Comparison, any_operand, signs, values),
        st.builds(Emptiness, any_operand, st.booleans()),
    ]
    if lists:
        many = st.lists(values, min_size=1, max_size=4).map(tuple)
        tests.append(st.builds(Membership, any_operand, many, st.booleans()))
    return st.one_of(*tests)


TEXT_OPERANDS = [
    Name("object"),
    Name("band"),
    Name("label"),
    Name("any_label"),
    Name("comment"),
    Meta("diaSource.flag"),
    Call("labelled_by", ("anna",)),
]
NUMBER_OPERANDS = [
    Name("mag"),
    Name("score"),
    Name("jd"),
    Name("labels"),
    Name("id"),
    Meta("rb"),
    Meta("odd name"),
    Call("scorer", ("braai",), "score"),
    Call("scorer", ("bbbbbbbb",)),
]
TRUTH_OPERANDS = [
    Name("passes"),
    Meta("isdiffpos"),
    Call("verdict", ("braai", "ok")),
    Call("campaign", ("Comets 2026",)),
]
TESTS = st.one_of(
    _tests(
        TEXT_OPERANDS,
        PATTERNS | st.just("real"),
        st.sampled_from(["=", "!=", "~", "!~", "contains"]),
        lists=True,
    ),
    _tests(NUMBER_OPERANDS, NUMBERS, ORDER, lists=True),
    st.builds(Comparison, st.sampled_from(TRUTH_OPERANDS), st.sampled_from(["=", "!="]), st.booleans()),
    st.builds(Holds, st.sampled_from([*TRUTH_OPERANDS, Call("labelled_by", ("anna",))])),
    _tests([Name("first_seen")], TIMES, ORDER, lists=False),
    _tests([Name("night")], st.sampled_from([20261119, 20261120, 20300101]), ORDER, lists=True),
    st.builds(Comparison, st.just(Name("night")), st.sampled_from(["=", "!="]), st.just("unknown")),
    st.builds(
        Membership, st.just(Name("kind")), st.just(("alert", "streak")) | st.just(("streak",)), st.booleans()
    ),
)


def _compound(parts: st.SearchStrategy) -> st.SearchStrategy:
    several = st.lists(parts, min_size=2, max_size=4).map(tuple)
    return st.one_of(st.builds(And, several), st.builds(Or, several), st.builds(Not, parts))


@pytest.fixture
def filled(service: Service) -> Service:
    _fill(service)
    return service


def test_sql_finds_what_the_filter_says(filled: Service) -> None:
    memory = Memory(filled)
    seen = set()
    with filled.database.reading() as session:

        @settings(max_examples=300, deadline=None)
        @given(st.recursive(TESTS, _compound, max_leaves=6))
        def check(condition: Condition) -> None:
            for by_index in (True, False):
                compiled = compile_filter(session, render(condition), by_index=by_index)
                found = set(session.scalars(select(Candidate.id).where(compiled)))
                assert found == memory.found(condition), render(condition)
            seen.add(len(found))

        check()
    assert len(seen) > 10


def test_a_condition_and_its_opposite_share_the_candidates(filled: Service) -> None:
    with filled.database.reading() as session:
        for text in ("mag < 19", "meta.rb > 0", "band = g", "passes", "labelled_by('anna') = 'real'"):
            found = [
                set(session.scalars(select(Candidate.id).where(compile_filter(session, one))))
                for one in (text, f"not {text}")
            ]
            assert not found[0] & found[1]
            assert len(found[0] | found[1]) == 40


def test_observed_is_the_time_of_the_exposure(filled: Service) -> None:
    memory = Memory(filled)
    with filled.database.reading() as session:
        for text in ('observed > "2026-11-21T01:00"', 'observed <= "2026-11-21T01:00Z"', "observed is empty"):
            found = set(session.scalars(select(Candidate.id).where(compile_filter(session, text))))
            jd = 2461365.5 + 1 / 24
            expected = {
                row.id
                for row in memory.candidates
                if (row.jd is None) == ("empty" in text)
                and (row.jd is None or (row.jd > jd) == (">" in text))
            }
            assert found == expected
            assert found


def test_nothing_lets_every_candidate_pass(filled: Service) -> None:
    with filled.database.reading() as session:
        assert len(session.scalars(select(Candidate.id).where(compile_filter(session, " "))).all()) == 40


ATTACKS = [
    "'; DROP TABLE candidates; --",
    "' OR '1'='1",
    '" OR 1=1 --',
    "\\'; --",
    "%' UNION SELECT password_hash FROM users --",
    "$1 :param_1 %(param_1)s %s ? {0}",
    "\ufb00 \uff07 OR 1=1",
    "/* */ ; VACUUM",
    "[[:alpha:]]",
]


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_would_be_code_is_only_text(filled: Service, attack: str) -> None:
    with filled.database.writing() as session:
        candidate = session.get(Candidate, 1)
        assert candidate is not None
        candidate.object_id = attack
    quoted = '"' + attack.replace("\\", "\\\\").replace('"', '\\"') + '"'
    with filled.database.reading() as session:
        for text in (f"object = {quoted}", f"object in ({quoted})", f"object contains {quoted}"):
            found = session.scalars(select(Candidate.id).where(compile_filter(session, text))).all()
            assert found == [1]
        for text in (
            f"comment contains {quoted}",
            f"any_label = {quoted}",
            f"meta.'diaSource.flag' ~ {quoted}",
        ):
            assert not session.scalars(select(Candidate.id).where(compile_filter(session, text))).all()
        for text in (f"meta.{quoted} = 1", f"scorer({quoted}) > 1", f"labelled_by({quoted})", attack):
            with pytest.raises(InputError):
                compile_filter(session, text)
        assert session.scalar(select(func.count(Candidate.id))) == 40


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("scor > 0.9", "no field is called 'scor'; did you mean score"),
        ("rb > 0.9", "no field is called 'rb'; did you mean meta.rb"),
        ("meta.rbb > 0.9", "no candidate has a field 'rbb' in its metadata; did you mean rb"),
        ('scorer("brai").score > 1', "no scorer is called 'brai'; did you mean braai"),
        ('labelled_by("ann") = "real"', "no user is called 'ann' "),
        ('campaign("Comet 2026")', "did you mean Comets 2026"),
        ("scores(1)", "there is no 'scores' with parentheses; did you mean scorer"),
        ("scorer > 1", 'scorer is written scorer\\("NAME"\\).MEMBER'),
        ('verdict("braai")', "expected verdict"),
        ('labelled_by("anna").x', "expected labelled_by"),
        ("mag", "this is a number: say what it is compared with"),
        ("mag = bright", "expected a number, found 'bright'"),
        ("mag = true", "expected a number, found True"),
        ("mag ~ '1*'", "a number is not compared by ~; use one of"),
        ("band < 'g'", "a text is not compared by <"),
        ("band = 3", "expected a text in quotes"),
        ("passes = 1", "expected true or false, found 1"),
        ("passes in (true)", "a truth is not compared by in"),
        ("kind = alrt", "'alrt' is never found here; did you mean alert"),
        ("night = 5", "expected a night such as 20261120"),
        ("night < unknown", "neither before nor after"),
        ("night = 20261120.5", "expected a night"),
        ("first_seen > 'soon'", "expected a time such as"),
        ("first_seen > '0001-01-01T00:00+23:00'", "expected a time such as"),
        ("first_seen > 3", "expected a time in quotes"),
        ("object ~ '*a*a*a*a*a*a*a*a*'", "more than 8 stars"),
        ("cone(0, 91, 1)", "a declination from -90 to 90"),
    ],
)
def test_wrong_names_and_types_are_told(sqlite_service: Service, text: str, reason: str) -> None:
    _fill(sqlite_service)
    with sqlite_service.database.reading() as session, pytest.raises(InputError, match=reason) as caught:
        compile_filter(session, text)
    assert caught.value.kind == "bad-filter"
    assert "^" in caught.value.reason
