"""New verdicts on scored streaks: other thresholds and rules, no network run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

from skysieve.errors import ConfigurationError
from skysieve.models import Sieve
from skysieve.models.rules import parse_rule
from skysieve.scoring.streak_table import read_description, redecide
from skysieve.scoring.streaks import score_streaks

torch.set_num_threads(1)


def test_other_thresholds_need_no_new_scores(
    streak_sieve: Sieve, night: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    score_streaks(streak_sieve, [night], tmp_path / "scores.parquet")
    strict = streak_sieve.with_thresholds({"rb": 1.0})
    monkeypatch.setattr(Sieve, "score", None)
    summary = score_streaks(strict, [night], tmp_path / "scores.parquet")
    assert (summary.scored, summary.new, summary.passed["plausible"]) == (40, 0, 0)


def test_new_verdicts_need_no_networks(streak_sieve: Sieve, night: Path, tmp_path: Path) -> None:
    table = pq.read_table(score_streaks(streak_sieve, [night], tmp_path / "scores.parquet").output)
    assert redecide(table).equals(table)
    strict = redecide(table, thresholds={"rb": 0.9, "rb-2": 0.2})
    passing = (table["rb-1"].to_numpy() >= np.float32(0.9)) | (table["rb-2"].to_numpy() >= np.float32(0.2))
    expected = passing & (table["sl-1"].to_numpy() >= 0.5)
    np.testing.assert_array_equal(strict["plausible"].to_numpy(), expected)
    description = read_description(strict.schema.metadata, "table")
    assert description["thresholds"]["rb-1"] == {"value": 0.9, "origin": "given"}
    assert description["counts"]["passed"]["plausible"] == expected.sum()
    other = redecide(table, rules={"twice": parse_rule({"at_least": 2, "of": "rb"})})
    assert "plausible" not in other.column_names
    expected = (table["rb-1"].to_numpy() >= 0.5) & (table["rb-2"].to_numpy() >= 0.5)
    np.testing.assert_array_equal(other["twice"].to_numpy(), expected)
    by_sieve = redecide(table, streak_sieve.with_thresholds({"rb": 0.9, "rb-2": 0.2}))
    assert by_sieve["plausible"].equals(strict["plausible"])


def test_impossible_verdicts_are_refused(streak_sieve: Sieve, night: Path, tmp_path: Path) -> None:
    table = pq.read_table(score_streaks(streak_sieve, [night], tmp_path / "scores.parquet").output)
    for thresholds, message in (
        ({"rv": 0.5}, r"did you mean 'rb'|known are"),
        ({"rb": 2}, "between 0 and 1"),
    ):
        with pytest.raises(ConfigurationError, match=message):
            redecide(table, thresholds=thresholds)
    for rule in ({"any": "kd"}, {"score": "rb-9"}):
        with pytest.raises(ConfigurationError, match=r"did you mean|known are"):
            redecide(table, rules={"r": parse_rule(rule)})
    with pytest.raises(ConfigurationError, match="cannot be called 'source'"):
        redecide(table, rules={"source": parse_rule({"any": "rb"})})
    with pytest.raises(ConfigurationError, match="other models"):
        redecide(table, Sieve.of_model(streak_sieve.members[0].model))
    with pytest.raises(ConfigurationError, match="not a table of streak scores"):
        redecide(table.replace_schema_metadata(None))
