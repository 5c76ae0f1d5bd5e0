from __future__ import annotations

import json

import numpy as np
import pytest

from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.evaluation.completeness import completeness_purity
from skysieve.evaluation.intervals import wilson_interval


@pytest.fixture
def night() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(12)
    magnitudes = rng.uniform(16, 21, 800)
    labels = rng.integers(0, 2, 800)
    scores = np.clip(labels * (22 - magnitudes) / 6 + rng.normal(0, 0.15, 800), 0, 1)
    return magnitudes, labels, scores


def test_bins_equal_a_count_by_hand(night: tuple[np.ndarray, ...]) -> None:
    magnitudes, labels, scores = night
    found = completeness_purity(magnitudes, labels, scores, 0.5, bins=[16, 18, 21])
    for each in found.bins:
        here = (magnitudes >= each.low) & (magnitudes < each.high)
        real, called = here & (labels == 1), here & (scores >= 0.5)
        assert (each.n, each.n_real, each.n_called) == (here.sum(), real.sum(), called.sum())
        assert each.completeness == wilson_interval((real & called).sum(), real.sum())
        assert each.purity == wilson_interval((real & called).sum(), called.sum())
    assert found.bins[0].completeness.value > found.bins[1].completeness.value


def test_a_number_of_bins_means_equal_shares(night: tuple[np.ndarray, ...]) -> None:
    found = completeness_purity(*night, 0.5, bins=4)
    assert [each.n for each in found.bins] == [200] * 4


def test_groups_widen_the_interval(night: tuple[np.ndarray, ...]) -> None:
    repeated = tuple(np.repeat(array, 4) for array in night)
    groups = np.repeat(np.arange(800), 4)
    free = completeness_purity(*repeated, 0.5, bins=1).bins[0].completeness
    tied = completeness_purity(*repeated, 0.5, bins=1, groups=groups, replicates=200).bins[0].completeness
    assert tied.method == "percentile"
    assert tied.value == free.value
    assert tied.high - tied.low > 1.5 * (free.high - free.low)


def test_missing_and_outside_are_counted_not_lost() -> None:
    found = completeness_purity(
        [np.nan, np.inf, 15, 17, 19, 30], [1, 1, 1, 1, 0, 0], [0.9] * 6, 0.5, bins=[16, 18, 19]
    )
    assert (found.n_missing, found.n_outside) == (2, 2)
    assert [each.n for each in found.bins] == [1, 1]


def test_nothing_measured_gives_no_bins() -> None:
    found = completeness_purity([np.nan, np.nan], [1, 0], [0.9, 0.1], 0.5)
    assert (found.bins, found.n_missing) == ((), 2)


def test_one_value_only_is_one_bin() -> None:
    assert len(completeness_purity([18.0, 18.0], [1, 0], [0.9, 0.1], 0.5).bins) == 1


def test_a_bin_without_real_ones_has_no_completeness() -> None:
    (only,) = completeness_purity([18.0, 18.5], [0, 0], [0.1, 0.2], 0.5, bins=[18, 19], groups=[1, 2]).bins
    assert np.isnan(only.completeness.value)
    assert np.isnan(only.purity.value)


def test_json() -> None:
    found = completeness_purity([17, 18], [1, 0], [0.9, 0.8], 0.5, bins=1, column="magpsf")
    assert json.loads(json.dumps(found.to_json()))["bins"][0]["purity"]["value"] == 0.5


def test_refusals() -> None:
    with pytest.raises(SampleSetError, match=r"magnitude has the shape \(1,\)"):
        completeness_purity([17], [1, 0], [0.9, 0.8], 0.5)
    for bins in (0, [18], [19, 18]):
        with pytest.raises(ConfigurationError):
            completeness_purity([17, 18], [1, 0], [0.9, 0.8], 0.5, bins=bins)
