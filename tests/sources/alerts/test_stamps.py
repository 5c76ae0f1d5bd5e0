"""Stamps: the same pixels as astropy, and a kind of its own for each way to be broken."""

from __future__ import annotations

import gzip
import io
import warnings
from pathlib import Path
from typing import Any

import fastavro
import numpy as np
import pyarrow.parquet as pq
import pytest
from astropy.io import fits
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from skysieve.errors import InputError
from skysieve.sources.alerts import stamps
from skysieve.sources.alerts.stamps import decode_stamp

NAMES = ("cutoutScience", "cutoutTemplate", "cutoutDifference")


def by_astropy(data: bytes) -> np.ndarray:
    """Read the first image the usual way."""
    plain = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with fits.open(io.BytesIO(plain)) as hdus:
            return np.array(next(hdu.data for hdu in hdus if hdu.is_image and hdu.header["NAXIS"] == 2))


def assert_same_bits(found: np.ndarray, truth: np.ndarray) -> None:
    assert found.dtype == np.dtype("=f4")
    assert found.dtype.isnative
    assert found.flags.c_contiguous
    assert found.flags.writeable
    np.testing.assert_array_equal(found.view("u4"), truth.astype("f4").view("u4"))


def kind_of(data: bytes) -> str:
    with pytest.raises(InputError) as caught:
        decode_stamp(data, item="7: cutoutScience")
    assert caught.value.item == "7: cutoutScience"
    return caught.value.kind


@pytest.mark.realdata
def test_all_stamps_of_the_real_table_are_those_of_astropy(
    real_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = pq.read_table(real_data / "ztf_alerts.parquet", columns=list(NAMES))
    assert len(table) == 876
    monkeypatch.setattr(stamps, "_decode_by_astropy", None)
    for name in NAMES:
        for data in table[name].to_pylist():
            assert_same_bits(decode_stamp(data, item=name), by_astropy(data))


@pytest.mark.realdata
def test_all_stamps_of_real_packets_are_those_of_astropy(
    real_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stamps, "_decode_by_astropy", None)
    for path in sorted((real_data / "alerts_avro").glob("lsst/*.avro")):
        with path.open("rb") as file:
            for record in fastavro.reader(file):
                for name in NAMES:
                    assert_same_bits(decode_stamp(record[name], item=name), by_astropy(record[name]))


@given(
    hnp.arrays(
        st.sampled_from([">f4", ">f8", ">i2", ">i4", "u1"]),
        hnp.array_shapes(min_dims=2, max_dims=2, max_side=12),
    ),
    st.booleans(),
    st.integers(0, 60),
)
@settings(deadline=None)
def test_generated_images_are_read_as_by_astropy(pixels: np.ndarray, zipped: bool, cards: int) -> None:
    file = io.BytesIO()
    header = fits.Header([(f"KEY{index}", "END     BSCALE  ") for index in range(cards)])
    fits.PrimaryHDU(pixels, header).writeto(file)
    data = gzip.compress(file.getvalue()) if zipped else file.getvalue()
    with np.errstate(over="ignore", invalid="ignore"):
        truth = pixels.astype("f4")
        found = decode_stamp(data, item="stamp")
    np.testing.assert_array_equal(found, truth)


def test_nan_and_sentinels_stay(packets: Any) -> None:
    pixels = np.array([[np.nan, np.inf], [-np.inf, np.finfo("f4").min]], dtype="f4")
    assert_same_bits(decode_stamp(packets.stamp(pixels), item="a"), pixels)


def test_undersized_cutouts_stay_small(packets: Any) -> None:
    assert decode_stamp(packets.stamp(np.ones((63, 41), "f4")), item="a").shape == (63, 41)


def test_further_extensions_are_left_alone(packets: Any) -> None:
    pixels = np.ones((30, 31), "f4")
    assert_same_bits(decode_stamp(packets.stamp(pixels, zipped=False, extensions=2), item="a"), pixels)


def test_the_mandatory_cards_need_not_be_aligned() -> None:
    """ZTF writes ``SIMPLE  =  T`` where the standard wants the T in column 30; astropy warns of it."""
    file = io.BytesIO()
    fits.PrimaryHDU(np.ones((2, 2), ">f4")).writeto(file)
    data = file.getvalue().replace(b"SIMPLE  =                    T", b"SIMPLE  =  T                  ")
    assert_same_bits(decode_stamp(data, item="a"), np.ones((2, 2)))


def test_a_comment_is_not_taken_for_the_end_of_the_header() -> None:
    pixels = np.arange(6, dtype="f4").reshape(2, 3)
    header = fits.Header()
    header.add_history("END")
    for _ in range(60):
        header.add_blank()
    file = io.BytesIO()
    fits.PrimaryHDU(pixels, header).writeto(file)
    assert_same_bits(decode_stamp(file.getvalue(), item="a"), pixels)


@pytest.mark.parametrize(
    "make",
    [
        lambda image: fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(image)]),
        lambda image: fits.HDUList([fits.PrimaryHDU(), fits.CompImageHDU(image, quantize_level=0)]),
        lambda image: fits.HDUList([fits.PrimaryHDU(np.ones(3)), fits.ImageHDU(image)]),
        lambda image: fits.HDUList([fits.PrimaryHDU(image.astype("u2"))]),
    ],
    ids=["extension", "compressed", "vector first", "unsigned by BZERO"],
)
def test_unusual_files_are_left_to_astropy(make: Any) -> None:
    image = np.arange(70000, 70900, dtype="f4").reshape(30, 30) % 60000
    file = io.BytesIO()
    make(image).writeto(file)
    np.testing.assert_array_equal(decode_stamp(file.getvalue(), item="a"), image)


def test_bscale_and_bzero_are_applied() -> None:
    hdu = fits.PrimaryHDU(np.arange(6, dtype="f4").reshape(2, 3))
    hdu.scale("int16", bscale=0.5, bzero=1.0)
    file = io.BytesIO()
    hdu.writeto(file)
    np.testing.assert_array_equal(decode_stamp(file.getvalue(), item="a"), np.arange(6).reshape(2, 3))


def test_gzip_members_in_a_row_are_one_file(packets: Any) -> None:
    plain = packets.stamp(zipped=False)
    parts = gzip.compress(plain[:5000]) + gzip.compress(plain[5000:])
    assert_same_bits(decode_stamp(parts, item="a"), by_astropy(plain))


def test_padding_after_the_pixels_may_be_missing(packets: Any) -> None:
    plain = packets.stamp(np.ones((3, 3), "f4"), zipped=False)
    assert decode_stamp(plain[: 2880 + 36], item="a").shape == (3, 3)


@pytest.mark.parametrize(
    ("data", "kind"),
    [(b"", "empty-cutout"), (b"\x1f\x8b\x08", "truncated-gzip"), (b"\x1f\x8bnonsense!!", "bad-gzip"),
     (b"nonsense", "bad-fits"), (gzip.compress(b"", mtime=0), "bad-fits"), (b"END".ljust(80), "bad-fits")],
)  # fmt: skip
def test_each_way_to_be_broken_has_its_kind(data: bytes, kind: str) -> None:
    assert kind_of(data) == kind


def test_a_checksum_that_is_wrong_is_noticed(packets: Any) -> None:
    data = bytearray(packets.stamp())
    data[-6] ^= 1
    assert kind_of(bytes(data)) == "bad-gzip"


def test_a_bomb_is_refused_before_it_unfolds() -> None:
    assert kind_of(gzip.compress(bytes(stamps.MAX_STAMP_BYTES + 1))) == "oversized-cutout"


def test_a_bomb_inside_fits_is_refused_before_it_unfolds() -> None:
    hdu = fits.CompImageHDU(np.zeros((4, 4), "f4"))
    file = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(file)
    data = file.getvalue()
    for axis in (b"ZNAXIS1 =", b"ZNAXIS2 ="):
        at = data.index(axis)
        data = data[:at] + (axis + b"%21d" % 60_000).ljust(80) + data[at + 80 :]
    assert kind_of(data) == "oversized-cutout"


def test_pixels_that_are_announced_and_missing_are_not_invented() -> None:
    card = "{:<8}= {:>20}".format
    header = [
        card("SIMPLE", "T"),
        card("BITPIX", -32),
        card("NAXIS", 2),
        card("NAXIS1", 10**9),
        card("NAXIS2", 10**9),
    ]
    data = "".join(line.ljust(80) for line in [*header, "END"]).ljust(2880).encode()
    assert kind_of(data + bytes(2880)) == "bad-fits"


@settings(deadline=None, max_examples=60)
@given(st.data(), st.booleans())
def test_a_truncated_stamp_is_an_input_error(packets: Any, data: st.DataObject, zipped: bool) -> None:
    whole = packets.stamp(zipped=zipped)
    cut = data.draw(st.integers(0, len(whole) - 1 if zipped else 2880 + 63 * 63 * 4 - 1))
    assert kind_of(whole[:cut]) in ("empty-cutout", "truncated-gzip", "bad-fits")


@settings(deadline=None, max_examples=60)
@given(
    st.binary(max_size=300),
    st.sampled_from([b"", b"\x1f\x8b\x08", b"SIMPLE  =                    T", b"SIMPLE"]),
)
def test_random_bytes_are_an_input_error_and_nothing_else(data: bytes, start: bytes) -> None:
    kind_of(start + data)
