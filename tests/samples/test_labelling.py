"""Labels that come back in a table: merged where they are clear, named where they are not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from skysieve.errors import InputError, SampleSetError
from skysieve.samples import Description, SampleSet
from skysieve.samples.labelling import answers_of, merge_labels, read_label_table

WHO = "two observers, 2026"


@pytest.fixture
def unlabelled() -> SampleSet:
    columns = {"id": [10, 20, 30], "group": [1, 2, 3], "label": [None] * 3, "rb": np.full(3, -1)}
    answers = {"label": ["bogus", "real"], "rb": ["bogus", "streak"]}
    return SampleSet.from_columns(
        columns, Description(classes=("bogus", "real"), origin={"answers": answers})
    )


def test_labels_come_from_words_and_numbers_and_survive_the_disk(
    unlabelled: SampleSet, tmp_path: Path
) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("id,label,rb\n10,Real,0\n30, bogus ,streak\n20,,\n", encoding="utf-8")
    merged, findings = merge_labels(unlabelled, path, origin=WHO)
    again = SampleSet.open(merged.write(tmp_path / "labelled.parquet"))
    assert not findings
    assert again.labels.tolist() == [1, -1, 0]
    assert again.scalar("rb").tolist() == [0, -1, 1]
    assert again.description.label_origin == WHO


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_tables_of_any_office_are_read(delimiter: str, tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("\ufeff" + delimiter.join(["id", "label"]) + "\r\n" + f"10{delimiter}real\r\n20\r\n\r\n")
    assert read_label_table(path) == {"id": ["10", "20"], "label": ["real", ""]}


def test_what_is_unclear_is_named_and_costs_itself_only(unlabelled: SampleSet) -> None:
    table = {
        "id": ["10", "20", "99", "30", "30", "10"],
        "label": ["real", "galaxy", "real", "real", "bogus", "real"],
        "comment": [""] * 6,
    }
    merged, findings = merge_labels(unlabelled, table, origin=WHO)
    assert merged.labels.tolist() == [1, -1, -1]
    assert [(each.item, each.kind) for each in findings] == [
        ("99", "unknown-id"),
        ("comment", "unknown-column"),
        ("20", "unknown-class"),
        ("30", "contradictory-label"),
    ]


def test_labels_of_before_stay_unless_others_are_given(unlabelled: SampleSet) -> None:
    first, _ = merge_labels(unlabelled, {"id": [10, 20], "label": ["real", "real"]}, origin="one observer")
    second, findings = merge_labels(first, {"id": [10, 20], "label": ["bogus", ""]}, origin=WHO)
    assert second.labels.tolist() == [0, 1, -1]
    assert [each.kind for each in findings] == ["changed-label"]
    assert second.description.label_origin == f"one observer; then {WHO}"


def test_a_column_can_be_new(unlabelled: SampleSet) -> None:
    answers = {"kd": ("ditch", "keep")}
    merged, _ = merge_labels(unlabelled, {"id": [20], "kd": ["keep"]}, origin=WHO, answers=answers)
    assert merged.scalar("kd").tolist() == [-1, 1, -1]


def test_the_classes_of_a_set_are_its_answers() -> None:
    columns = {"id": [1], "group": [1]}
    assert answers_of(SampleSet.from_columns(columns, Description())) == {}
    plain = SampleSet.from_columns(columns, Description(classes=("a", "b")))
    assert answers_of(plain) == {"label": ("a", "b")}


def test_tables_without_use_are_refused(unlabelled: SampleSet, tmp_path: Path) -> None:
    with pytest.raises(SampleSetError, match="say who labelled"):
        merge_labels(unlabelled, {"id": [10], "label": ["real"]}, origin=" ")
    with pytest.raises(SampleSetError, match="expected id and one or more of label, rb"):
        merge_labels(unlabelled, {"id": [10], "verdict": ["real"]}, origin=WHO)
    with pytest.raises(InputError, match="do not exist"):
        read_label_table(tmp_path / "absent.csv")
    broken = tmp_path / "broken.csv"
    for text in (b"name,label\n", b"", b"\xff\xfe\x00", b"id,id\n", b'id,label\n1,"a\n'):
        broken.write_bytes(text)
        with pytest.raises(InputError):
            read_label_table(broken)
