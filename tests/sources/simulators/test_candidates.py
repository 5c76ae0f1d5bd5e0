import numpy as np
import pytest

from skysieve.sources.simulators.camera import Camera
from skysieve.sources.simulators.candidates import (
    Pointing,
    candidate_record,
    draw_pointing,
    draw_target,
    object_name,
)
from skysieve.sources.simulators.kinds import KINDS
from skysieve.sources.simulators.packet_schema import CANDIDATE_FIELDS
from skysieve.sources.simulators.triplets import simulate_detection


def test_night_number_date_and_julian_date_agree_with_a_real_alert() -> None:
    # candid 2481321673515010006 of ZTF was taken on 2023-10-18 at JD 2460235.8216782.
    pointing = Pointing(2481, 32167)
    assert pointing.date == "20231018"
    assert pointing.jd == pytest.approx(2460235.8216782, abs=1e-4)


def test_names_are_unique_and_like_the_surveys() -> None:
    names = {object_name(number, 2024) for number in range(1000)}
    assert len(names) == 1000
    assert all(len(name) == 12 and name.startswith("ZTF24") for name in names)


def test_later_exposures_are_later() -> None:
    rng = np.random.default_rng(0)
    first = draw_pointing(rng, 100)
    assert draw_pointing(rng, 100, first).jd > first.jd


@pytest.mark.parametrize("kind", ["nuclear-transient", "variable-star", "saturated-star", "noise"])
def test_record_is_complete_and_finite(kind: str) -> None:
    camera, rng = Camera(), np.random.default_rng(1)
    detection = simulate_detection(KINDS[kind], camera=camera, size=63, seed=1, index=3)
    target, pointing = draw_target(rng, "ZTF24aaaaaaa"), Pointing(2600, 33602)
    record = candidate_record(detection, target, pointing, camera, table_row=4, rng=rng)
    assert set(record) <= set(CANDIDATE_FIELDS)
    assert not {"rb", "drb"} & set(record)
    assert 10.0 < record["magpsf"] < 24.0
    assert record["sigmapsf"] > 0.0
    assert record["isdiffpos"] == ("t" if detection.positive else "f")
    assert record["candid"] // 10**6 == record["pid"]
    assert abs(record["dec"] - target.dec) < 1.0 / 3600.0
