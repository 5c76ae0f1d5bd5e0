"""Files of cutouts: as astropy reads them, as they are read here, and what is refused."""

import gzip
import io

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from skysieve.errors import InputError, ServiceError
from skysieve.service.candidates.images import (
    CHANNELS,
    FITS_GZIP,
    JPEG,
    PNG,
    load_images,
    pack_images,
    unpack_images,
)
from skysieve.service.database.tables import Cutouts
from skysieve.service.files.content_store import ContentStore

planes = hnp.arrays(np.float32, hnp.array_shapes(min_dims=2, max_dims=2, max_side=70))


@settings(deadline=None, max_examples=60)
@given(st.lists(planes, min_size=1, max_size=3))
def test_what_is_packed_is_unpacked_bit_by_bit(images):
    channels = CHANNELS[: len(images)]
    unpacked = unpack_images(pack_images(images, channels))
    assert tuple(unpacked) == channels
    for image, channel in zip(images, channels, strict=True):
        assert unpacked[channel].dtype == np.float32
        assert unpacked[channel].shape == image.shape
        assert unpacked[channel].tobytes() == image.tobytes()


def test_astropy_verifies_and_reads_the_file(tmp_path):
    rng = np.random.default_rng(1)
    images = [rng.normal(size=shape).astype(np.float32) for shape in ((63, 63), (50, 63), (1, 2))]
    images[0][3, 4] = np.nan
    path = tmp_path / "cutouts.fits.gz"
    path.write_bytes(pack_images(images, CHANNELS))
    with fits.open(path) as hdus:
        hdus.verify("exception")
        assert [hdu.header["EXTNAME"] for hdu in hdus[1:]] == list(CHANNELS)
        for image, channel in zip(images, CHANNELS, strict=True):
            np.testing.assert_array_equal(hdus[channel].data, image)


def test_other_types_become_float32_and_equal_images_equal_bytes():
    counts = np.arange(6, dtype=np.int16).reshape(2, 3)
    data = pack_images([counts], ["science"])
    assert unpack_images(data)["science"].tolist() == counts.tolist()
    assert data == pack_images([counts.astype(np.float64)], ["science"])
    assert len(gzip.decompress(data)) % 2880 == 0


@pytest.mark.parametrize(
    ("images", "channels"),
    [
        ([np.zeros((2, 2), np.float32)], ["a", "b"]),
        ([np.zeros((2, 2), np.float32)] * 2, ["a", "a"]),
        ([np.zeros((2, 2, 2), np.float32)], ["a"]),
        ([np.zeros((0, 2), np.float32)], ["a"]),
        ([np.zeros((2, 2), np.float32)], ["it's"]),
        ([np.zeros((2, 2), np.float32)], ["ä"]),
        ([np.zeros((2, 2), np.float32)], [""]),
        ([np.zeros((2, 2), np.float32)], ["a" * 69]),
        ([np.zeros((2, 2), np.float32)], ["a\nEND"]),
    ],
)
def test_what_is_no_set_of_cutouts_is_refused(images, channels):
    with pytest.raises(InputError) as raised:
        pack_images(images, channels)
    assert raised.value.kind == "bad-cutouts"


def test_damaged_files_are_told_of():
    whole = pack_images([np.ones((8, 8), np.float32)], ["science"])
    plain = gzip.decompress(whole)
    other = plain.replace(b"XTENSION= 'IMAGE   '", b"XTENSION= 'TABLE   '")
    nameless = plain.replace(b"EXTNAME ", b"COMMENT ")
    sizeless = plain.replace(b"NAXIS2  =                    8", b"NAXIS2  =                    x")
    damaged = [
        b"",
        whole[:60],
        b"\xff" + whole,
        *(gzip.compress(each) for each in (plain[2880:], plain[:-2880], other, nameless, sizeless)),
    ]
    for data in damaged:
        with pytest.raises(ServiceError, match="damaged"):
            unpack_images(data)


@pytest.mark.parametrize(("media_type", "format_"), [(JPEG, "JPEG"), (PNG, "PNG")])
def test_a_picture_is_loaded_as_grey_levels_at_its_own_size(tmp_path, media_type, format_):
    files = ContentStore(tmp_path)
    stream = io.BytesIO()
    Image.fromarray(np.full((157, 120), 204, np.uint8)).save(stream, format_)
    row = Cutouts(sha256=files.put(stream.getvalue()), media_type=media_type, channels=["difference"])
    images = load_images(files, row)
    assert list(images) == ["difference"]
    assert images["difference"].dtype == np.float32
    np.testing.assert_array_equal(images["difference"], np.full((157, 120), 204))
    row.sha256 = files.put(stream.getvalue()[:90])
    with pytest.raises(ServiceError, match="damaged"):
        load_images(files, row)


def test_cutouts_are_loaded_by_the_hash_of_their_file(tmp_path):
    files = ContentStore(tmp_path)
    data = pack_images([np.ones((3, 2), np.float32)], ["science"])
    row = Cutouts(sha256=files.put(data), media_type=FITS_GZIP, channels=["science"])
    assert load_images(files, row)["science"].shape == (3, 2)
    row.media_type = "text/html"
    with pytest.raises(ServiceError, match="text/html"):
        load_images(files, row)
