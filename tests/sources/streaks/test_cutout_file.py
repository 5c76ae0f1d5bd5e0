"""Tests of `skysieve.sources.streaks.cutout_file`."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from skysieve.errors import InputError
from skysieve.sources.streaks.cutout_file import GREY_AS_RGB, decode_cutout, resize_cutouts


def _sky(seed: int = 0, side: int = 157) -> NDArray[np.uint8]:
    noise = np.random.default_rng(seed).normal(204, 20.4, (side, side))
    return np.clip(np.round(noise), 0, 255).astype(np.uint8)


def _file(pixels: NDArray[Any], kind: str = "JPEG") -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, kind, **({"quality": 95} if kind == "JPEG" else {}))
    return stream.getvalue()


def _kind(data: bytes) -> str:
    with pytest.raises(InputError) as caught:
        decode_cutout(data, item="strkid7_pid7")
    assert caught.value.item == "strkid7_pid7"
    return caught.value.kind


def test_png_is_resized_as_pillow_does() -> None:
    sky = _sky()
    decoded = decode_cutout(_file(sky, "PNG"), item="a")
    expected = Image.fromarray(sky).resize((144, 144), Image.Resampling.BILINEAR)
    assert decoded.grey.dtype == np.uint8
    assert decoded.notes == ()
    np.testing.assert_array_equal(decoded.grey, np.asarray(expected))


def test_jpeg_is_decoded_as_by_image_open() -> None:
    data = _file(_sky())
    with Image.open(io.BytesIO(data)) as picture:
        expected = np.asarray(picture.convert("L").resize((144, 144), Image.Resampling.BILINEAR))
    np.testing.assert_array_equal(decode_cutout(data, item="a").grey, expected)


def test_resize_cutouts_agrees_with_decode_cutout() -> None:
    skies = np.stack([_sky(1), _sky(2)])
    singles = [decode_cutout(_file(sky, "PNG"), item="a").grey for sky in skies]
    np.testing.assert_array_equal(resize_cutouts(skies), np.stack(singles))
    assert resize_cutouts(skies[:0]).shape == (0, 144, 144)


@settings(max_examples=60, deadline=None)
@given(share=st.floats(0.0, 0.9999))
def test_truncated_jpeg_is_found_wherever_it_breaks_off(share: float) -> None:
    data = _file(_sky())
    kept = int(share * len(data))
    assert _kind(data[:kept]) == ("bad-image" if kept else "empty-file")


def test_jpeg_padded_with_zeros_is_found_as_cut() -> None:
    data = _file(_sky())
    assert _kind(data[: len(data) // 2].ljust(len(data), b"\0")) == "bad-image"


def test_jpeg_with_zeros_after_its_end_is_whole() -> None:
    data = _file(_sky())
    np.testing.assert_array_equal(
        decode_cutout(data + bytes(100), item="a").grey, decode_cutout(data, item="a").grey
    )


@pytest.mark.parametrize("cut", [0.3, 0.6, 0.99])
def test_truncated_png_is_bad(cut: float) -> None:
    data = _file(_sky(), "PNG")
    assert _kind(data[: int(cut * len(data))]) == "bad-image"


def test_error_page_is_bad_and_quoted() -> None:
    page = b"<!DOCTYPE html><title>401 Unauthorized</title>"
    assert _kind(page) == "bad-image"
    with pytest.raises(InputError, match=r"<!DOCTYPE.*error page"):
        decode_cutout(page, item="a")


def test_other_size_is_named() -> None:
    with pytest.raises(InputError, match="140 x 157 pixels, 157 x 157 are expected") as caught:
        decode_cutout(_file(_sky()[:140]), item="a")
    assert caught.value.kind == "wrong-size"
    assert decode_cutout(_file(_sky(side=63)), item="a", side=63).grey.shape == (144, 144)


def test_huge_announced_size_is_refused_before_unpacking() -> None:
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    chunk = struct.pack(">I", 13) + b"IHDR" + header + struct.pack(">I", zlib.crc32(b"IHDR" + header))
    assert _kind(b"\x89PNG\r\n\x1a\n" + chunk + _file(_sky(), "PNG")[33:]) == "wrong-size"


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_grey_saved_as_rgb_is_used_and_noted(kind: str) -> None:
    sky = _sky()
    decoded = decode_cutout(_file(np.repeat(sky[..., None], 3, axis=2), kind), item="a")
    assert decoded.notes == (GREY_AS_RGB,)
    plain = decode_cutout(_file(sky, kind), item="a").grey
    assert np.abs(decoded.grey.astype(int) - plain).max() <= 2


def test_palette_of_greys_is_used_and_noted() -> None:
    stream = io.BytesIO()
    Image.fromarray(_sky()).convert("P").save(stream, "PNG")
    assert decode_cutout(stream.getvalue(), item="a").notes == (GREY_AS_RGB,)


def test_coloured_picture_is_kept_aside() -> None:
    marked = np.repeat(_sky()[..., None], 3, axis=2)
    marked[70:90, 70:74] = (255, 0, 0)
    assert _kind(_file(marked)) == "coloured-image"


@pytest.mark.parametrize(
    "pixels",
    [
        _sky().astype(np.uint16) * 256,
        _sky() > 204,
        np.dstack([np.repeat(_sky()[..., None], 3, axis=2), np.full((157, 157), 90, np.uint8)]),
    ],
    ids=["16-bit", "bilevel", "transparent"],
)
def test_other_modes_are_kept_aside(pixels: NDArray[Any]) -> None:
    assert _kind(_file(pixels, "PNG")) == "wrong-mode"


def test_masked_cutout_is_kept_aside_and_partly_masked_one_is_used() -> None:
    flat = np.full((157, 157), 204, np.uint8)
    assert _kind(_file(flat)) == "all-masked"
    scraps = flat.copy()
    scraps[:10, :40] = _sky()[:10, :40]
    assert _kind(_file(scraps, "PNG")) == "all-masked"
    corner = flat.copy()
    corner[:40, :40] = _sky()[:40, :40]
    assert decode_cutout(_file(corner), item="a").notes == ()


@pytest.mark.realdata
def test_real_cutouts_are_not_taken_for_masked(real_data: Any) -> None:
    # The montage that they come from marks the ends of the streaks by red pixels: green lacks them.
    tiles = np.load(real_data / "deepstreaks" / "reals_zoo_24_tiles.npz")["tiles"][..., 1]
    for tile in tiles:
        square = np.ascontiguousarray(tile[:131, :131])
        assert decode_cutout(_file(square), item="a", side=131).grey.std() > 10
