"""Tests of `skysieve.sources.streaks.labels`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from skysieve.errors import InputError
from skysieve.samples.findings import count_findings
from skysieve.sources.streaks.labels import CLASS_LABELS, read_streak_labels


@pytest.mark.realdata
def test_labels_of_the_zooniverse_project(real_data: Path) -> None:
    labels = read_streak_labels(real_data / "deepstreaks" / "zooniverse.20180824_010749.json")
    assert len(labels.labels) == 2287
    assert count_findings(labels.findings) == {"skipped-label": 404, "several-labels": 11}
    assert Counter(labels.labels.values()) == {
        (0, -1, 0, 0): 1205 + 412 + 171,
        (-1, -1, -1, -1): 404 + 11,
        (1, 0, 0, 0): 40,
        (1, -1, 0, 0): 23,
        (1, 1, 0, 0): 17,
        (1, 1, 1, 1): 4,
    }
    assert labels.labels[4951508718150039, 495150871815] == (1, -1, 0, 0)


def test_what_is_short_is_a_streak_and_what_is_plausible_is_kept() -> None:
    for rb, sl, kd, os in CLASS_LABELS.values():
        assert not (rb == 0 and sl >= 0)
        assert not (os == 1 and kd == 0)


def test_unknown_classes_and_foreign_names_are_warnings() -> None:
    labels = read_streak_labels({"strkid10001_pid1_scimref.jpg": ["comet"], "a.jpg": ["streak"]})
    assert [(f.kind, f.severity) for f in labels.findings] == [
        ("unknown-class", "warning"),
        ("foreign-name", "warning"),
    ]
    assert labels.labels == {(10001, 1): (-1, -1, -1, -1)}


def test_table_of_labels(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text(
        "id,class,rb,kd\nstrkid10001_pid1,cosmic RAYS,,1\nstrkid20001_pid2,,0,\nstrkid3,streak,1,1\n"
    )
    labels = read_streak_labels(path)
    assert labels.labels == {(10001, 1): (1, 1, 1, 0), (20001, 2): (0, -1, -1, -1)}
    assert [finding.kind for finding in labels.findings] == ["foreign-name"]


@pytest.mark.parametrize("content", ["[1]", '{"a": "b"}', "{"])
def test_other_json_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "labels.json"
    path.write_text(content)
    with pytest.raises(InputError) as caught:
        read_streak_labels(path)
    assert caught.value.kind == "bad-table"
    with pytest.raises(InputError, match="do not exist"):
        read_streak_labels(tmp_path / "none.json")
