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


def test_a_simulation_that_a_model_started_from_is_noted_as_a_whole() -> None:
    first = sample_set([0, 1], simulator="triplets", seed=1, n=2)
    start = {SEEN_GROUPS: seen_groups(first, np.arange(2)), "samples": dict(first.description.origin)}
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
