"""Surveys: a new one is one new module that registers itself."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from skysieve.errors import InputError
from skysieve.sources.alerts import Alert, alerts_from_blob
from skysieve.sources.alerts.avro.schema import parse_writer_schema
from skysieve.sources.alerts.survey import SURVEYS, Identity, Survey, recognise_survey
from skysieve.sources.inputs import Blob


def test_the_surveys_are_found_by_walking_their_folder() -> None:
    assert list(SURVEYS) == ["LSST", "ZTF"]


def test_an_unknown_schema_names_what_is_known(packets: Any) -> None:
    schema = parse_writer_schema(json.dumps(packets.cutout).encode(), item="")
    with pytest.raises(InputError, match="fileName, stampData") as caught:
        recognise_survey(schema)
    assert caught.value.kind == "unknown-survey"
    assert "ZTF: " in caught.value.reason


def test_a_new_survey_needs_nothing_but_its_registration(
    packets: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    winter = Survey(
        name="WINTER",
        required=frozenset({"candid", "cutout_science", "cutout_template", "cutout_difference"}),
        wanted=("candid",),
        cutouts=("cutout_science", "cutout_template", "cutout_difference"),
        identify=lambda values, schema: Identity(values["candid"], "", schema.version, {}),
    )
    monkeypatch.setattr(SURVEYS, "_items", {**SURVEYS._items, "WINTER": winter})
    fields = [{"name": "candid", "type": "long"}] + [
        {"name": name, "type": ["null", "bytes"]} for name in winter.cutouts
    ]
    record = {"candid": 5, **dict.fromkeys(winter.cutouts, packets.stamp(np.ones((81, 81), "f4")))}
    data = packets.container([record], {"type": "record", "name": "winter", "fields": fields})
    (alert,) = alerts_from_blob(Blob("w.avro", data))
    assert isinstance(alert, Alert)
    assert (alert.survey, alert.candid, alert.cutouts[2].shape) == ("WINTER", 5, (81, 81))
