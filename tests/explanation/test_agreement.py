"""Maps against masks: known cases, and what chance gives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import jaccard_score

from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.explanation.agreement import mask_agreement, mask_intervals, top_pixels


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1000), share=st.floats(0.02, 0.6))
def test_iou_is_the_jaccard_index(seed: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    maps, masks = rng.random((3, 9, 7)), rng.random((3, 9, 7)) < share
    found = mask_agreement(maps, masks, threshold=0.7)
    for number, (each, mask) in enumerate(zip(maps, masks, strict=True)):
        if not mask.any():
            assert np.isnan(found.iou_top[number])
            continue
        top = np.zeros(63, dtype=bool)
        top[np.argsort(-each.ravel())[: mask.sum()]] = True
        assert found.iou_top[number] == pytest.approx(jaccard_score(mask.ravel(), top))
        bright = each >= 0.7 * each.max()
        assert found.iou_threshold[number] == pytest.approx(jaccard_score(mask.ravel(), bright.ravel()))
        assert found.share[number] == pytest.approx(each[mask].sum() / each.sum())
        assert found.pointing[number] == mask.ravel()[each.argmax()]


def test_a_map_of_nothing_points_nowhere() -> None:
    masks = np.ones((1, 4, 4))
    found = mask_agreement(np.zeros((1, 4, 4)), masks)
    assert found.iou_top == found.iou_threshold == found.pointing == found.share == 0


def test_what_speaks_against_the_class_does_not_count() -> None:
    maps = np.zeros((1, 4, 4))
    maps[0, 0, 0], maps[0, 3, 3] = 1.0, -9.0
    masks = np.zeros((1, 4, 4))
    masks[0, 0, 0] = 1
    found = mask_agreement(maps, masks)
    assert found.iou_top == found.pointing == found.share == 1


def test_pixels_drawn_at_random_agree_as_chance_says() -> None:
    rng = np.random.default_rng(0)
    masks = np.zeros((400, 20, 20))
    masks[:, 5:12, 3:14] = 1
    found = mask_agreement(rng.random(masks.shape), masks)
    assert found.iou_top.mean() == pytest.approx(found.chance_iou.mean(), abs=0.01)
    assert found.pointing.mean() == pytest.approx(found.coverage.mean(), abs=0.08)
    assert found.share.mean() == pytest.approx(found.coverage.mean(), abs=0.01)


def test_the_pointing_game_may_miss_by_a_tolerance() -> None:
    maps, masks = np.zeros((1, 9, 9)), np.zeros((1, 9, 9))
    maps[0, 4, 6] = 1
    masks[0, 4, 4] = 1
    assert [mask_agreement(maps, masks, tolerance=n).pointing[0] for n in (0, 1, 2)] == [0, 0, 1]


def test_a_flat_map_has_no_more_top_pixels_than_asked_for() -> None:
    assert top_pixels(np.ones((1, 10)), np.array([3])).sum() == 3


def test_intervals_leave_out_what_is_not_known() -> None:
    values = np.r_[np.random.default_rng(0).normal(0.5, 0.1, 50), np.full(50, np.nan)]
    found = mask_intervals({"iou": values}, np.arange(100), replicates=200)["iou"]
    assert found.value == pytest.approx(np.nanmean(values))
    assert found.low < found.value < found.high
    assert found.high - found.low < 0.1
    with pytest.raises(SampleSetError, match="no sample has such a figure"):
        mask_intervals({"iou": np.full(3, np.nan)}, np.arange(3))


def test_bad_input_is_refused() -> None:
    with pytest.raises(SampleSetError, match=r"expected both \(N, H, W\)"):
        mask_agreement(np.zeros((1, 4, 4)), np.zeros((1, 1, 4, 4)))
    with pytest.raises(ConfigurationError, match="threshold is 0"):
        mask_agreement(np.zeros((1, 4, 4)), np.zeros((1, 4, 4)), threshold=0)
