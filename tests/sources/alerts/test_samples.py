"""Alerts become a sample set whatever their fields are called and hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from skysieve.errors import SampleSetError
from skysieve.samples.findings import Finding
from skysieve.sources.alerts import Alert
from skysieve.sources.alerts.samples import alerts_to_samples


def alert(candid: int, candidate: Mapping[str, Any]) -> Alert:
    cutout = np.full((4, 4), candid, "f4")
    return Alert(candid, "", "ZTF", "", candidate, (cutout, cutout, cutout), f"{candid}.avro")


def test_fields_named_like_columns_of_fixed_meaning_are_kept() -> None:
    rows: list[dict[str, Any]] = [
        {
            "label": "real",
            "split": "test",
            "id": 7,
            "group": "g",
            "cutouts": 1,
            "packet_id": "own",
            "fold": 1,
        },
        {"label": "bogus"},
    ]
    samples = alerts_to_samples((alert(n, row) for n, row in enumerate(rows)), size=4, labels={0: 1})
    assert samples.labels.tolist() == [1, -1]
    assert samples.scalar("packet_label").tolist() == ["real", "bogus"]
    assert samples.scalar("packet_split").tolist() == ["test", ""]
    assert samples.scalar("packet_id").tolist() == ["own", ""]
    assert samples.scalar("packet_packet_id")[0] == 7
    assert {"packet_group", "packet_cutouts", "packet_fold"} <= set(samples.column_names)
    assert not {"split", "fold"} & set(samples.column_names)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([True, 2], [1.0, 2.0]),
        ([1, 2.5], [1.0, 2.5]),
        ([True, "a"], ["True", "a"]),
        ([1, "a"], ["1", "a"]),
        ([True, 0.5], [1.0, 0.5]),
        ([2**62, 1], [2**62, 1]),
    ],
)
def test_values_of_several_types_share_a_column(values: list[Any], expected: list[Any]) -> None:
    samples = alerts_to_samples((alert(n, {"x": value}) for n, value in enumerate(values)), size=4)
    assert samples.scalar("x").tolist() == expected


def test_the_first_reason_is_said_once() -> None:
    with pytest.raises(SampleSetError, match=r"^no usable alert; first reason: a\.avro: is cut off$"):
        alerts_to_samples([Finding("a.avro", "truncated-avro", "is cut off")])
