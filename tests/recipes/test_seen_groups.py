"""What a model has seen is known again, through a start and in another set."""

from __future__ import annotations

import numpy as np

from skysieve.recipes.seen_groups import SEEN_GROUPS, seen_finding, seen_groups, seen_samples
from skysieve.samples import Description, SampleSet


def sample_set(groups: list[object], **origin: object) -> SampleSet:
    columns = {"id": np.arange(len(groups)), "group": groups}
    return SampleSet.from_columns(columns, Description(origin=origin))


def test_seen_groups_are_known_again() -> None:
    trained = sample_set(["a", "a", "b", "c"])
    provenance = {SEEN_GROUPS: seen_groups(trained, np.array([0, 1, 2]))}
    assert len(provenance[SEEN_GROUPS]) == 2
    assert {len(digest) for digest in provenance[SEEN_GROUPS]} == {16}
    seen = seen_samples(sample_set(["c", "b", "d", "a"]), provenance)
    assert seen is not None
    assert seen.tolist() == [False, True, False, True]
    (finding,) = seen_finding(seen)
    assert finding.severity == "warning"
    assert finding.reason.startswith("2 of 4 samples")
    assert seen_finding(np.zeros(3, dtype=bool)) == ()


def test_what_a_model_started_from_has_seen_counts() -> None:
    first = {SEEN_GROUPS: seen_groups(sample_set(["a", "b"]), np.arange(2))}
    second = {SEEN_GROUPS: seen_groups(sample_set(["c"]), np.arange(1), first)}
    seen = seen_samples(sample_set(["a", "c", "d"]), second)
    assert seen is not None
    assert seen.tolist() == [True, True, False]


def test_a_model_that_does_not_say_is_not_blamed() -> None:
    assert seen_samples(sample_set(["a"]), {}) is None
    assert seen_finding(None) == ()


def test_numbers_of_two_simulations_are_not_the_same_group() -> None:
    first = sample_set([0, 1], simulator="triplets", seed=1, n=2)
    provenance = {SEEN_GROUPS: seen_groups(first, np.arange(2))}
    more, other = (sample_set([0, 1, 2], simulator="triplets", seed=seed, n=3) for seed in (1, 2))
    counts = [seen.sum() for each in (more, other) if (seen := seen_samples(each, provenance)) is not None]
    assert counts == [2, 0]


def test_a_simulation_that_a_start_model_noted_group_by_group_counts_as_a_whole() -> None:
    origin = {"simulator": "triplets", "seed": 1, "n": 2}
    start = {SEEN_GROUPS: ["0123456789abcdef"], "samples": origin}
    provenance = {SEEN_GROUPS: seen_groups(sample_set(["a"]), np.arange(1), start)}
    assert len(provenance[SEEN_GROUPS]) == 2
    more, other = (sample_set([0, 1, 2], simulator="triplets", seed=seed, n=3) for seed in (1, 2))
    for samples, expected in (
        (more, [True] * 3),
        (other, [False] * 3),
        (sample_set(["a", "b"]), [True, False]),
    ):
        seen = seen_samples(samples, provenance)
        assert seen is not None
        assert seen.tolist() == expected


def test_the_test_split_of_the_simulation_that_a_start_model_learned_from_is_not_seen() -> None:
    simulated = sample_set(list(range(6)), simulator="streaks", seed=1, n=6)
    origin = dict(simulated.description.origin)
    start = {SEEN_GROUPS: seen_groups(simulated, np.array([0, 1, 2])), "samples": origin}
    provenance = {SEEN_GROUPS: seen_groups(simulated, np.array([2, 3]), start)}
    seen = seen_samples(simulated, provenance)
    assert seen is not None
    assert seen.tolist() == [True] * 4 + [False] * 2


def test_a_part_of_a_joined_set_is_known_again_alone() -> None:
    parts = [{"simulator": "streaks", "seed": seed, "n": 3} for seed in (7, 8)]
    joined = sample_set(list(range(6)), simulator="streaks", parts=parts)
    provenance = {SEEN_GROUPS: seen_groups(joined, np.array([1, 3, 5]))}
    for seed, expected in ((7, [False, True, False]), (8, [True, False, True]), (9, [False] * 3)):
        seen = seen_samples(sample_set([0, 1, 2], simulator="streaks", seed=seed, n=3), provenance)
        assert seen is not None
        assert seen.tolist() == expected


def test_a_hundred_thousand_simulated_groups_fit_into_a_few_kilobytes() -> None:
    groups = np.arange(100_000)
    simulated = sample_set(groups.tolist(), simulator="streaks", seed=1, n=100_000)
    rows = np.flatnonzero(np.random.default_rng(1).random(100_000) < 0.9)
    noted = seen_groups(simulated, rows)
    assert sum(map(len, noted)) < 20_000
    seen = seen_samples(simulated, {SEEN_GROUPS: noted})
    assert seen is not None
    assert np.flatnonzero(seen).tolist() == rows.tolist()
