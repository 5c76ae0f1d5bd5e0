import gzip
import io
import zlib

import fastavro
import numpy as np
import pytest
from astropy.io import fits
from astropy.utils.exceptions import AstropyUserWarning

from skysieve.sources.simulators.bad_packets import BAD_PACKET_KINDS, Packet

CANDIDATE = {
    "candid": 7,
    "pid": 1,
    "jd": 2.46e6,
    "fid": 1,
    "ra": 1.0,
    "dec": 2.0,
    "magpsf": 19.0,
    "sigmapsf": 0.1,
}
IMAGES = np.random.default_rng(0).normal(100.0, 5.0, (3, 63, 63)).astype(np.float32)
SOUND = Packet(CANDIDATE, (IMAGES[0], IMAGES[1], IMAGES[2]), "ZTF24aaaaaaa")


def science(content: bytes) -> np.ndarray:
    record = next(fastavro.reader(io.BytesIO(content)))
    return np.array(fits.getdata(io.BytesIO(gzip.decompress(record["cutoutScience"]["stampData"]))))


def test_the_sound_packet_is_sound() -> None:
    np.testing.assert_array_equal(science(SOUND.to_bytes()), IMAGES[0])


@pytest.mark.parametrize("name", ["truncated-avro", "foreign-text", "text-named-avro", "zero-byte"])
def test_no_record_can_be_read(name: str) -> None:
    with pytest.raises((ValueError, EOFError)):
        next(fastavro.reader(io.BytesIO(BAD_PACKET_KINDS[name].damage(SOUND))))


@pytest.mark.parametrize("name", ["truncated-gzip", "empty-cutout", "header-only"])
def test_the_record_can_be_read_and_the_science_cutout_cannot(name: str) -> None:
    content = BAD_PACKET_KINDS[name].damage(SOUND)
    assert next(fastavro.reader(io.BytesIO(content)))["candid"] == 7
    with pytest.raises((EOFError, OSError, zlib.error, TypeError, ValueError, AstropyUserWarning)):
        science(content)


def test_the_science_cutout_holds_nothing() -> None:
    null = next(fastavro.reader(io.BytesIO(BAD_PACKET_KINDS["null-cutout"].damage(SOUND))))
    assert null["cutoutScience"] is None
    assert np.isnan(science(BAD_PACKET_KINDS["all-nan-cutout"].damage(SOUND))).all()


def test_sizes_are_those_of_the_names() -> None:
    assert science(BAD_PACKET_KINDS["oversized-cutout"].damage(SOUND)).shape == (80, 80)
    undersized = science(BAD_PACKET_KINDS["undersized-cutout"].damage(SOUND))
    np.testing.assert_array_equal(undersized, IMAGES[0][:, :50])


def test_only_the_undersized_packet_is_to_be_scored() -> None:
    assert [kind.name for kind in BAD_PACKET_KINDS.values() if kind.scorable] == ["undersized-cutout"]
