from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skysieve.errors import ConfigurationError
from skysieve.evaluation.arrays import IntArray
from skysieve.evaluation.sieve_scores import SieveScores
from skysieve.evaluation.sieve_venn import count_regions, venn_counts

rows = st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans(), st.sampled_from([-1, 0, 1])))


@given(rows)
def test_every_streak_is_in_one_region(drawn: list[tuple[bool, bool, bool, int]]) -> None:
    table = np.array(drawn, dtype=np.int64).reshape(-1, 4)
    passes = {name: table[:, i].astype(bool) for i, name in enumerate(("rb", "sl", "kd"))}
    truth: IntArray = table[:, 3]
    counts = count_regions(passes, truth)
    assert len(counts.regions) == 8
    assert counts.total == len(drawn)
    assert sum(region.plausible for region in counts.regions) == (truth == 1).sum()
    assert sum(region.other for region in counts.regions) == (truth == 0).sum()
    assert counts.exactly("rb", "kd").total == (passes["rb"] & passes["kd"] & ~passes["sl"]).sum()
    assert counts.passing("sl").total == passes["sl"].sum()
    assert counts.passing().total == len(drawn)


def test_a_family_passes_what_some_member_passes() -> None:
    families = {"rb_a": "rb", "rb_b": "rb", "sl_a": "sl", "kd_a": "kd"}
    scores = {"rb_a": [0.9, 0.1], "rb_b": [0.1, 0.1], "sl_a": [0.5, 0.9], "kd_a": [0.49, 0.9]}
    sieve = SieveScores(families, scores, dict.fromkeys(families, 0.5), {"all": [False, False]}, [0, 1])
    counts = venn_counts(sieve)
    assert counts.exactly("rb", "sl").total == 1
    assert counts.exactly("sl", "kd").total == 1
    assert counts.to_json()["rb & sl & kd"] == {"total": 0, "plausible": 0, "other": 0}
    assert set(counts.to_json()) >= {"none", "rb", "rb & kd"}


def test_the_published_yields_are_one_diagram() -> None:
    # Duev et al.: totals passing each filter, each pair and all three, of 7 million streaks.
    published = {
        "rb": 568_887, "sl": 6_436_797, "kd": 181_209,
        "rb sl": 402_735, "rb kd": 57_513, "sl kd": 153_273, "rb sl kd": 33_623,
    }  # fmt: skip
    exact = {"rb sl kd": published["rb sl kd"]}
    for pair in ("rb sl", "rb kd", "sl kd"):
        exact[pair] = published[pair] - exact["rb sl kd"]
    for one in ("rb", "sl", "kd"):
        exact[one] = published[one] - sum(n for name, n in exact.items() if one in name.split())
    assert min(exact.values()) >= 0
    names = ("rb", "sl", "kd")
    passes = {
        name: np.concatenate([np.full(n // 1000, name in region.split()) for region, n in exact.items()])
        for name in names
    }
    counts = count_regions(passes, np.full(passes["rb"].size, -1))
    for region in published:
        assert abs(counts.passing(*region.split()).total - published[region] / 1000) < 4


def test_no_filter_no_diagram() -> None:
    with pytest.raises(ConfigurationError, match="no filter"):
        count_regions({}, np.zeros(3, dtype=np.int64))
