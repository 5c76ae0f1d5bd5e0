"""``samples propose`` and ``samples label``: the whole round, and what they refuse."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from skysieve.cli.application import application
from skysieve.samples import SampleSet

Call = Callable[[list[str]], tuple[str, str]]
pytestmark = pytest.mark.xdist_group("examples")
PROPOSE = ["samples", "propose", "streak-sieve", "streaks", "-o", "chosen.parquet"]


@pytest.mark.usefixtures("streak_place")
def test_what_was_labelled_is_not_proposed_again(call: Call) -> None:
    said, _ = call([*PROPOSE, "--strategy", "random", "--count", "5", "--csv", "filled.csv"])
    assert "5 of 11 samples are proposed" in said
    ids, labels = [], ["id,rb,sl"]
    for row in csv.DictReader(Path("filled.csv").read_text().splitlines()):
        assert set(row) == {"id", "rb", "sl"}
        ids.append(int(row["id"]))
        labels.append(f"{row['id']},streak,0")
    Path("filled.csv").write_text("\n".join(labels))
    merge = [
        "samples",
        "label",
        "chosen.parquet",
        "filled.csv",
        "-o",
        "labelled.parquet",
        "--origin",
        "a test",
    ]
    assert "rb: bogus 0, streak 5, unlabelled 0" in call(merge)[0]
    labelled = SampleSet.open("labelled.parquet")
    assert labelled.ids.tolist() == ids
    assert labelled.description.label_origin == "a test"
    assert np.nansum(labelled.scalar("proposal_weight")) == pytest.approx(11)
    again = ["samples", "propose", "streak-sieve", "labelled.parquet", "-o", "none.parquet"]
    assert "all 5 samples have labels" in call(again)[1]
    assert "5 of 5 samples are proposed" in call([*again, "--relabel"])[0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--strategy", "luck"], "no strategy is called 'luck'"),
        (["--strategy", "random=few"], "'few' is no number of samples"),
        (["--bin", "high"], "expected NAME=JSON"),
        (["--bin", 'high={"any": "rv"}'], "did you mean 'rb'?"),
        (["--per-group", "0"], "per_group is 1 or more"),
    ],
)
@pytest.mark.usefixtures("streak_place")
def test_options_that_are_none_are_refused(options: list[str], message: str, call: Call) -> None:
    assert message in call([*PROPOSE, *options])[1]
    assert not Path("chosen.parquet").exists()


@pytest.mark.usefixtures("streak_place")
def test_labels_need_an_origin_and_files_that_exist(call: Call) -> None:
    merge = ["samples", "label", "proposed.parquet", "labels.csv", "-o", "labelled.parquet"]
    assert CliRunner().invoke(application, merge).exit_code == 2
    assert "say who labelled" in call([*merge, "--origin", ""])[1]
    assert "nowhere.csv" in call([*merge[:3], "nowhere.csv", *merge[4:], "--origin", "a test"])[1]
    assert not Path("labelled.parquet").exists()


@pytest.mark.usefixtures("streak_place")
def test_samples_of_a_night_of_streaks_say_where_they_came_from(call: Call) -> None:
    words = [
        "samples",
        "streaks",
        "streaks",
        "-o",
        "night.parquet",
        "--labels",
        "classes.json",
        "--group",
        "pid",
    ]
    said, _ = call([*words, "--label-origin", "a test"])
    assert "11 samples in 11 groups: other 1, unlabelled 10" in said
    night = SampleSet.open("night.parquet")
    assert night.description.label_origin == "a test"
    assert night.description.origin["inputs"] == ["streaks"]
    assert (night.scalar("rb") == 1).sum() == 1


@pytest.mark.usefixtures("streak_place")
def test_a_night_of_streaks_can_be_labelled_without_a_model(call: Call) -> None:
    call(["samples", "streaks", "streaks", "-o", "night.parquet"])
    Path("labels.csv").write_text("id;rb;sl;os\n1;streak;long;Other\n2;bogus;;\n")
    merge = [
        "samples",
        "label",
        "night.parquet",
        "labels.csv",
        "-o",
        "labelled.parquet",
        "--origin",
        "a test",
    ]
    said, _ = call(merge)
    assert "rb: bogus 1, streak 1, unlabelled 9" in said
    assert "sl: long 1, short 0, unlabelled 10" in said
