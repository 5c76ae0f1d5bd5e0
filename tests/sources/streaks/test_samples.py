"""Tests of `skysieve.sources.streaks.samples`, on a simulated night."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.samples import SampleSet
from skysieve.samples.findings import count_findings
from skysieve.sources.simulators.streak_night import StreakNightSummary, simulate_streak_night
from skysieve.sources.streaks.night import StreakCutout, list_streak_night, read_streak
from skysieve.sources.streaks.samples import streaks_to_samples


@pytest.fixture(scope="module")
def streak_night(tmp_path_factory: pytest.TempPathFactory) -> StreakNightSummary:
    folder = tmp_path_factory.mktemp("night")
    return simulate_streak_night(folder, n=6, seed=8, real_fraction=0.5, bad_files=True)


def test_night_with_truth_as_labels(streak_night: StreakNightSummary, tmp_path: Path) -> None:
    samples = streaks_to_samples([streak_night.night], labels=streak_night.truth)
    with streak_night.truth.open(encoding="utf-8") as stream:
        truth = {row["id"]: row for row in csv.DictReader(stream)}
    rows = [truth[name] for name in samples.scalar("_id")]
    for family in ("rb", "sl", "kd", "os"):
        assert samples.scalar(family).tolist() == [int(row[family]) for row in rows]
    np.testing.assert_array_equal(samples.labels, samples.scalar("os"))
    for item in list_streak_night([streak_night.night], expect=()).items:
        outcome = read_streak(item)
        if isinstance(outcome, StreakCutout):
            at = samples.ids.tolist().index(item.row["streakid"])
            np.testing.assert_array_equal(samples.tensor("cutouts")[at, 0], outcome.grey)
    assert samples.tensor("cutouts").dtype == np.uint8
    assert samples.groups.tolist() == [pid // 10_000 for pid in samples.scalar("pid")]
    again = SampleSet.open(samples.write(tmp_path / "streaks.parquet"))
    np.testing.assert_array_equal(again.tensor("cutouts"), samples.tensor("cutouts"))


def test_labels_without_cutouts_are_counted(streak_night: StreakNightSummary) -> None:
    samples = streaks_to_samples([streak_night.night], labels={"strkid10001_pid1_scimref.jpg": ["streak"]})
    assert (samples.labels == -1).all()
    assert count_findings(samples.findings)["label-without-cutout"] == 1


def test_groups_by_column(streak_night: StreakNightSummary) -> None:
    samples = streaks_to_samples([streak_night.night], group="pid")
    assert len(np.unique(samples.groups)) > 1
    with pytest.raises(ConfigurationError, match="'object': no streak has this column"):
        streaks_to_samples([streak_night.night], group="object")


def test_nothing_usable_is_an_error_that_says_why(tmp_path: Path) -> None:
    (tmp_path / "strkid10001_pid1_scimref.jpg").write_bytes(b"")
    with pytest.raises(SampleSetError, match="0 bytes"):
        streaks_to_samples([tmp_path])
