"""Sample sets of streak cutouts, scored into tables like those of a night."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

from skysieve.errors import ConfigurationError, ContractError, SampleSetError
from skysieve.models import Model, Sieve, write_sieve
from skysieve.samples import Description, SampleSet, TensorColumn
from skysieve.scoring.streak_cutouts import read_streak_cutouts
from skysieve.scoring.streak_night_report import write_report_of_streaks
from skysieve.scoring.streak_samples import score_streak_samples
from skysieve.scoring.streak_table import read_description
from skysieve.scoring.streaks import score_streaks
from skysieve.sources.streaks.samples import streaks_to_samples

torch.set_num_threads(1)
MEMBERS = ("rb-1", "rb-2", "sl-1", "os")


@pytest.fixture
def samples(night: Path, tmp_path: Path) -> Path:
    """Return the night as a sample set, of which the sieve's families are also labels."""
    return streaks_to_samples([night]).write(tmp_path / "samples.parquet")


def test_a_sample_set_has_the_scores_of_its_night(
    streak_sieve: Sieve, night: Path, samples: Path, tmp_path: Path
) -> None:
    summary = score_streak_samples(streak_sieve, samples, tmp_path / "scores.parquet")
    table = pq.read_table(summary.output)
    of_night = pq.read_table(score_streaks(streak_sieve, [night], tmp_path / "night.parquet").output)
    rows = {row["streakid"]: row for row in of_night.to_pylist()}
    opened = SampleSet.open(samples)
    assert table["id"].to_pylist() == opened.ids.tolist()
    assert table.schema.field("id").type == pq.read_schema(samples).field("id").type
    for row in table.to_pylist():
        for name in (*MEMBERS, "rb", "sl", "plausible", "one-shot"):
            assert row[name] == rows[row["id"]][name]
    assert table["sample_rb"].to_pylist() == opened.scalar("rb").tolist()
    assert "cutouts" not in table.column_names
    description = read_description(table.schema.metadata, "scores")
    before = read_description(of_night.schema.metadata, "night")
    assert {name: description[name] for name in before} == before
    assert summary.passed == before["counts"]["passed"]
    assert (summary.scored, summary.new) == (40, 40)


def test_the_second_time_gives_the_same_and_others_are_not_replaced(
    streak_sieve: Sieve, night: Path, samples: Path, tmp_path: Path
) -> None:
    output = tmp_path / "scores.parquet"
    first = score_streak_samples(streak_sieve, samples, output).output.read_bytes()
    assert score_streak_samples(streak_sieve, samples, output).output.read_bytes() == first
    of_night = score_streaks(streak_sieve, [night], tmp_path / "night.parquet").output
    with pytest.raises(ConfigurationError, match=r"differs in: samples.*--restart"):
        score_streak_samples(streak_sieve, samples, of_night)
    score_streak_samples(streak_sieve, samples, of_night, restart=True)
    assert of_night.read_bytes() == first


def test_the_report_shows_the_cutouts_of_the_set(streak_sieve: Sieve, samples: Path, tmp_path: Path) -> None:
    sieve = write_sieve(
        tmp_path / "loose",
        name="loose",
        members=streak_sieve.members,
        rules={"all": {"any": "rb"}},
        thresholds={"rb": 0.0},
    )
    summary = score_streak_samples(sieve, samples, tmp_path / "scores.parquet")
    source = pq.read_table(summary.output)["source"][7].as_py()
    images = SampleSet.open(samples).tensor("cutouts")
    np.testing.assert_array_equal(read_streak_cutouts([source])[source], images[7, 0])
    assert read_streak_cutouts(["gone.parquet::3", f"{samples}::x"]) == {}
    page = write_report_of_streaks(sieve, summary, tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.count('alt="Difference image of ') == 40


def test_other_sets_and_models_are_refused(streak_sieve: Sieve, samples: Path, tmp_path: Path) -> None:
    output = tmp_path / "scores.parquet"
    with pytest.raises(ContractError, match="a streak cutout is"):
        score_streak_samples(Model.load("braai-weak"), samples, output)
    layout = Description({"stamps": TensorColumn((1, 4, 4))})
    columns = {"id": [1], "group": [1], "stamps": np.ones((1, 1, 4, 4), np.float32)}
    other = SampleSet.from_columns(columns, layout).write(tmp_path / "other.parquet")
    with pytest.raises(ContractError, match="no tensor column 'cutouts'"):
        score_streak_samples(streak_sieve, other, output)
    with pytest.raises(SampleSetError, match="not a readable"):
        score_streak_samples(streak_sieve, tmp_path / "none.parquet", output)
    assert not output.exists()
