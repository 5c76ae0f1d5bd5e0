"""The truth of a night, joined by id; what is no truth is refused with its reason."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from skysieve.errors import ConfigurationError
from skysieve.scoring.streak_truth import read_streak_truth


def write(folder: Path, text: str) -> Path:
    path = folder / "truth.csv"
    path.write_text(text)
    return path


def test_rows_are_joined_by_id_and_by_nothing_else(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "id,os,rb,kind,magnitude,group\nc,0,1,satellite,,g\na,1,,asteroid,19.5,\nz,1,1,asteroid,18,\n",
    )
    truth = read_streak_truth(path, ["a", "b", "c"])
    assert truth.known.tolist() == [True, False, True]
    assert {name: labels.tolist() for name, labels in truth.labels.items()} == {
        "os": [1, -1, 0],
        "rb": [-1, -1, 1],
    }
    assert truth.kinds is not None
    assert truth.kinds.tolist() == ["asteroid", "", "satellite"]
    np.testing.assert_array_equal(truth.parameters["magnitude"], [19.5, np.nan, np.nan])
    assert truth.groups.tolist() == ["a", "b", "g"]


def test_the_three_stages_do_for_a_truth(tmp_path: Path) -> None:
    truth = read_streak_truth(write(tmp_path, "id,rb,sl,kd\na,1,1,0\n"), ["a"])
    assert list(truth.labels) == ["rb", "sl", "kd"]
    assert truth.kinds is None
    assert truth.parameters == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"columns: none\); it needs id and os"),
        ("candid,label\n1,0\n", r"columns: candid, label\); it needs id and os"),
        ("id,rb,sl\na,1,1\n", "it needs id and os"),
        ("id,os\na,2\n", "os holds labels other than 0, 1"),
        ("id,os\na,real\n", "os holds something else than numbers"),
        ("id,os\na,1\na,0\n", "two rows of a that differ"),
        ("id,os\nz,1\n", "tells none of the 1 scored streaks; expected ids such as a"),
    ],
)
def test_what_is_no_truth_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        read_streak_truth(write(tmp_path, text), ["a"])


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="is no table of the truth"):
        read_streak_truth(tmp_path / "none.csv", ["a"])
    (tmp_path / "truth.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigurationError, match="is no table of the truth"):
        read_streak_truth(tmp_path / "truth.csv", ["a"])
