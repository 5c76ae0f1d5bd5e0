import gzip
import io
from pathlib import Path
from typing import Any

import fastavro
import numpy as np
import pytest
from astropy.io import fits

from skysieve.errors import ConfigurationError
from skysieve.sources.simulators.packet_schema import CANDIDATE_FIELDS, PRV_CANDIDATE_FIELDS, alert_schema
from skysieve.sources.simulators.packets import packet_bytes, stamp_bytes, write_packet

CANDIDATE: dict[str, Any] = {
    "candid": 2600336025515015000,
    "pid": 2600336025515,
    "jd": 2460354.83602,
    "fid": 2,
    "ra": 100.25,
    "dec": -5.5,
    "magpsf": 18.5,
    "sigmapsf": 0.05,
    "isdiffpos": "f",
}


def cutouts() -> list[np.ndarray]:
    rng = np.random.default_rng(3)
    images = list(rng.normal(100.0, 5.0, (3, 63, 50)).astype(np.float32))
    images[0][:3] = np.nan
    images[1][:3] = np.finfo(np.float32).min
    return images


def read(content: bytes) -> Any:
    (record,) = fastavro.reader(io.BytesIO(content))
    return record


def test_pixels_come_back_identical_through_fastavro_and_astropy() -> None:
    images = cutouts()
    record = read(packet_bytes(CANDIDATE, images, object_id="ZTF24aaaaaaa"))
    for name, image in zip(("Science", "Template", "Difference"), images, strict=True):
        blob = record[f"cutout{name}"]["stampData"]
        with fits.open(io.BytesIO(gzip.decompress(blob))) as hdus:
            hdus.verify("exception")
            assert hdus[0].header["BUNIT"] == "DN"
            np.testing.assert_array_equal(hdus[0].data, image)
            assert hdus[0].data.dtype == ">f4"


def test_values_come_back_and_scores_stay_null() -> None:
    record = read(packet_bytes(CANDIDATE, cutouts(), object_id="ZTF24aaaaaaa"))
    assert record["schemavsn"] == "4.02"
    assert record["candid"] == record["candidate"]["candid"] == CANDIDATE["candid"]
    assert record["candidate"]["ra"] == 100.25
    assert record["candidate"]["rb"] is None
    assert record["candidate"]["drb"] is None
    assert record["prv_candidates"] is None
    assert record["fp_hists"] is None
    assert record["cutoutDifference"]["fileName"].endswith("_targ_refmsci.fits.gz")


def test_earlier_detections_are_kept_with_the_fields_of_their_record() -> None:
    earlier = CANDIDATE | {"candid": 5, "exptime": 30.0}
    packet = packet_bytes(CANDIDATE, cutouts(), object_id="ZTF24aaaaaaa", prv_candidates=[earlier])
    (previous,) = read(packet)["prv_candidates"]
    assert previous["candid"] == 5
    assert "exptime" not in previous


def test_bytes_depend_on_the_content_only(tmp_path: Path) -> None:
    first, second = (packet_bytes(CANDIDATE, cutouts(), object_id="ZTF24aaaaaaa") for _ in range(2))
    assert first == second
    write_packet(tmp_path / "1.avro", CANDIDATE, cutouts(), object_id="ZTF24aaaaaaa")
    assert (tmp_path / "1.avro").read_bytes() == first
    assert stamp_bytes(cutouts()[0])[4:8] == b"\0\0\0\0"


def test_cutouts_may_be_missing_or_any_bytes() -> None:
    record = read(packet_bytes(CANDIDATE, [None, b"", cutouts()[2]], object_id="ZTF24aaaaaaa"))
    assert record["cutoutScience"] is None
    assert record["cutoutTemplate"]["stampData"] == b""


@pytest.mark.parametrize(
    ("candidate", "named"),
    [({"colour": 1.0} | CANDIDATE, "colour"), ({"candid": 1}, "jd"), (CANDIDATE | {"fid": None}, "fid")],
)
def test_wrong_fields_are_named(candidate: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigurationError, match=named):
        packet_bytes(candidate, cutouts(), object_id="ZTF24aaaaaaa")


def test_schema_is_valid_avro() -> None:
    assert fastavro.parse_schema(alert_schema())["name"] == "ztf.alert"


@pytest.mark.realdata
def test_schema_has_the_fields_and_the_union_order_of_real_packets(real_data: Path) -> None:
    checked = set()
    for path in sorted((real_data / "alerts_avro" / "ztf").glob("*.avro")):
        with path.open("rb") as file:
            schema: Any = fastavro.reader(file).writer_schema
        fields = {field["name"]: field["type"] for field in schema["fields"]}
        candidate = fields["candidate"]
        if schema.get("version") == "3.3":
            assert fields["cutoutScience"][1] == fields["prv_candidates"][1] == "null"
            for field in candidate["fields"]:
                expected = CANDIDATE_FIELDS[field["name"]]
                nullable = [expected[:-1], "null"] if expected.endswith("?") else expected
                assert field["type"] == nullable, field["name"]
            assert [field["name"] for field in candidate["fields"]] == list(CANDIDATE_FIELDS)
            previous = fields["prv_candidates"][0]["items"]["fields"]
            # Version 4.02 has no other change to this record than in its documentation.
            assert {field["name"] for field in previous} <= set(PRV_CANDIDATE_FIELDS)
            checked.add("3.3")
    assert checked == {"3.3"}
