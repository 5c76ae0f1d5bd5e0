"""Votes to classes: the cut, the policy for those who do not know, and every kind of bad row."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.samples.findings import count_findings
from skysieve.samples.votes import GALAXY_ZOO_1, VoteScheme, classes_from_votes

COLUMNS = ("P_EDGE", "P_EL", "P_CW", "P_ACW", "P_MG", "P_DK")
TWO = VoteScheme({"smooth": ("s",), "featured": ("f",)}, dont_know=("d",))


def zoo(*rows: tuple[float, ...], votes: int = 100) -> dict[str, list[float]]:
    """Return a table of Galaxy Zoo 1."""
    table = {name: [row[number] for row in rows] for number, name in enumerate(COLUMNS)}
    return table | {"NVOTE": [votes] * len(rows)}


def test_both_turns_of_a_spiral_count_for_one_class() -> None:
    made = classes_from_votes(zoo((0, 0.04, 0.48, 0.48, 0, 0), (0, 0.06, 0.47, 0.47, 0, 0)), GALAXY_ZOO_1)
    assert made.labels.tolist() == [2, -1]
    np.testing.assert_allclose(made.agreement, [0.96, 0.94])
    assert made.votes[0].tolist() == [0, 4, 96, 0]


def test_a_cut_of_zero_labels_by_the_most_votes() -> None:
    made = classes_from_votes(zoo((0.3, 0.4, 0.2, 0.1, 0, 0), (0, 0.3, 0, 0, 0.4, 0.3)), GALAXY_ZOO_1, cut=0)
    assert made.labels.tolist() == [1, 3]


def test_those_who_do_not_know_count_or_are_left_out() -> None:
    table = {"s": [0.4, 0.97], "f": [0.01, 0.0], "d": [0.59, 0.03]}
    assert classes_from_votes(table, TWO).labels.tolist() == [-1, 0]
    dropped = classes_from_votes(table, replace(TWO, policy="drop"))
    assert dropped.labels.tolist() == [0, 0]
    np.testing.assert_allclose(dropped.votes[0], [0.4 / 0.41, 0.01 / 0.41])


def test_nobody_who_knows_is_no_label_even_without_a_cut() -> None:
    made = classes_from_votes({"s": [0, 1], "f": [0, 0], "d": [1, 0]}, replace(TWO, policy="drop"), cut=0)
    assert made.labels.tolist() == [-1, 0]


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ((0.5, 0.6, 0, 0, 0, 0), "votes-do-not-sum-to-one"),
        ((0.5, 0.4, 0, 0, 0, 0.05), "votes-do-not-sum-to-one"),
        ((-0.1, 1.1, 0, 0, 0, 0), "negative-votes"),
        ((float("nan"), 1, 0, 0, 0, 0), "missing-votes"),
        ((0, 0, 0, 0, 0, 0), "no-votes"),
    ],
)
def test_a_bad_row_costs_itself_only_and_is_named(row: tuple[float, ...], kind: str) -> None:
    made = classes_from_votes(
        zoo((0, 1, 0, 0, 0, 0), row, (1, 0, 0, 0, 0, 0)), GALAXY_ZOO_1, ids=["a", "b", "c"]
    )
    assert made.labels.tolist() == [1, -1, 0]
    assert np.isnan(made.votes[1]).all()
    finding = made.findings[0]
    assert (finding.item, finding.kind, finding.severity) == ("b", kind, "error")
    assert made.columns()["votes_elliptical"] == [100.0, None, 0.0]


def test_a_missing_value_of_a_table_is_missing() -> None:
    made = classes_from_votes({"s": [1, None], "f": [0, 0], "d": [0, 1]}, TWO)
    assert count_findings(made.findings)["missing-votes"] == 1


def test_rounded_shares_pass() -> None:
    assert classes_from_votes(zoo((0.005, 0.985, 0, 0, 0, 0)), GALAXY_ZOO_1).labels.tolist() == [1]


def test_one_class_only_is_told() -> None:
    kinds = count_findings(classes_from_votes(zoo((0, 1, 0, 0, 0, 0)), GALAXY_ZOO_1).findings)
    assert kinds["one-class-only"] == 1
    assert kinds["class-without-samples"] == 3


def test_below_the_cut_is_counted() -> None:
    made = classes_from_votes(zoo((0.5, 0.5, 0, 0, 0, 0), (0, 1, 0, 0, 0, 0)), GALAXY_ZOO_1)
    (note,) = (finding for finding in made.findings if finding.kind == "below-the-cut")
    assert note.reason.startswith("of 1 of 2 samples")


def test_counts_need_no_sum() -> None:
    scheme = replace(TWO, kind="counts")
    made = classes_from_votes({"s": [38, 3], "f": [2, 3], "d": [0, 3]}, scheme)
    assert made.labels.tolist() == [0, -1]
    assert made.votes.tolist() == [[38, 2], [3, 3]]


@given(
    st.lists(
        st.tuples(*[st.integers(0, 60)] * len(COLUMNS)).filter(lambda votes: sum(votes) > 0),
        min_size=1,
        max_size=20,
    ),
    st.floats(0.51, 1),
)
def test_labels_are_what_counting_gives(rows: list[tuple[int, ...]], cut: float) -> None:
    shares = [tuple(vote / sum(row) for vote in row) for row in rows]
    table = zoo(*shares) | {"NVOTE": [sum(row) for row in rows]}
    made = classes_from_votes(table, GALAXY_ZOO_1, cut=cut)
    for row, label, votes in zip(rows, made.labels, made.votes, strict=True):
        edge, elliptical, clockwise, anticlockwise, merger, _ = row
        counted = [edge, elliptical, clockwise + anticlockwise, merger]
        assert votes.tolist() == counted
        expected = [number for number, count in enumerate(counted) if count / sum(row) >= cut + 1e-9]
        if expected:
            assert label == expected[0]
        elif max(counted) / sum(row) < cut - 1e-9:
            assert label == -1


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"s": [1], "feat": [0], "d": [0]}, "no column 'f'; did you mean 'feat'"),
        ({"s": ["many"], "f": [0], "d": [0]}, "'s' of votes does not hold numbers"),
        ({"s": [2.0], "f": [0], "d": [0]}, "none of 1 rows .* row 0: the votes are 2, 0, 0: their sum is 2"),
    ],
)
def test_tables_that_cannot_be_used(table: dict[str, list[object]], message: str) -> None:
    with pytest.raises(SampleSetError, match=message):
        classes_from_votes(table, TWO)


def test_settings_that_make_no_sense() -> None:
    with pytest.raises(ConfigurationError, match=r"from 0 to 1, found 1\.5"):
        classes_from_votes(zoo((0, 1, 0, 0, 0, 0)), GALAXY_ZOO_1, cut=1.5)
    with pytest.raises(ConfigurationError, match="at least two classes"):
        VoteScheme({"a": ("x",)})
    with pytest.raises(ConfigurationError, match="'count'ed or 'drop'ped"):
        replace(TWO, policy="keep")
    with pytest.raises(ConfigurationError, match="tolerance"):
        replace(TWO, tolerance=-1)
