import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skysieve.detection.matching import lies_on, match_streaks, overlap

place = st.floats(0.0, 200.0)
segment = st.tuples(place, place, place, place)


@given(segment)
def test_a_segment_overlaps_itself_and_its_reverse(ends: tuple[float, ...]) -> None:
    reverse = (*ends[2:], *ends[:2])
    assert overlap([ends, reverse], [ends], 3.0).ravel() == pytest.approx([1.0, 1.0], abs=1e-6)


@given(st.lists(segment, max_size=6), st.lists(segment, max_size=6))
def test_matches_are_one_to_one(found: list[tuple[float, ...]], true: list[tuple[float, ...]]) -> None:
    matched = match_streaks(np.reshape(found, (-1, 4)), np.reshape(true, (-1, 4)))
    assert matched.shape == (len(found),)
    used = matched[matched >= 0]
    assert len(set(used.tolist())) == used.size
    assert (used < max(len(true), 1)).all()


def test_half_of_a_trail_is_enough_and_a_third_is_not() -> None:
    true = [[0.0, 0.0, 60.0, 0.0]]
    assert match_streaks([[0.0, 0.0, 32.0, 0.0]], true).tolist() == [0]
    assert match_streaks([[0.0, 0.0, 20.0, 0.0]], true).tolist() == [-1]
    assert match_streaks([[-50.0, 0.0, 80.0, 0.0]], true).tolist() == [-1]


def test_a_line_beside_the_trail_or_across_it_is_another() -> None:
    true = [[0.0, 0.0, 60.0, 0.0]]
    assert match_streaks([[0.0, 5.0, 60.0, 5.0]], true).tolist() == [-1]
    assert match_streaks([[30.0, -30.0, 30.0, 30.0]], true).tolist() == [-1]


def test_the_better_of_two_detections_is_the_match_and_the_other_a_duplicate() -> None:
    found = [[5.0, 0.0, 50.0, 0.0], [0.0, 0.0, 60.0, 0.0]]
    assert match_streaks(found, [[0.0, 0.0, 60.0, 0.0]]).tolist() == [-1, 0]


def test_pieces_of_a_satellite_lie_on_it() -> None:
    satellite = [[0.0, 0.0, 1000.0, 1000.0]]
    pieces = [[100.0, 101.0, 180.0, 181.0], [100.0, 200.0, 180.0, 280.0], [990.0, 990.0, 1400.0, 1400.0]]
    assert lies_on(pieces, satellite).tolist() == [True, False, False]
