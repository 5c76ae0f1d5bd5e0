"""What servers send, as pixels: channels found wherever they lie, gaps and damages named."""

from __future__ import annotations

import gzip
import io
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from PIL import Image, ImageDraw

from skysieve.errors import InputError
from skysieve.sources.archives.answer_images import read_fits_cube, read_jpeg, require_kind

SIDE = 24
BANDS = ("g", "r", "z")


def cube(*shape: int) -> np.ndarray:
    return np.random.default_rng(1).normal(0, 1, shape or (3, SIDE, SIDE)).astype(np.float32)


def fits_file(pixels: np.ndarray, **cards: Any) -> bytes:
    hdu, file = fits.PrimaryHDU(pixels), io.BytesIO()
    hdu.header.update(cards)
    hdu.writeto(file)
    return file.getvalue()


def jpeg(picture: Image.Image, **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, "JPEG", **options)
    return file.getvalue()


def colours(scale: int = 60) -> Image.Image:
    levels = np.random.default_rng(1).normal(scale, 10, (SIDE, SIDE, 3)).clip(0, 255)
    return Image.fromarray(levels.astype(np.uint8))


def kind_of(call: Any, *arguments: Any) -> str:
    with pytest.raises(InputError) as caught:
        call(*arguments)
    return caught.value.kind


def test_a_picture_is_red_green_blue_with_the_first_row_on_top() -> None:
    body = jpeg(colours(), quality=95)
    with Image.open(io.BytesIO(body)) as picture:
        expected = np.asarray(picture)
    found = read_jpeg(body, SIDE, "a")
    assert (found.pixels.shape, found.pixels.dtype, found.notes) == ((3, SIDE, SIDE), np.uint8, ())
    np.testing.assert_array_equal(found.pixels, expected.transpose(2, 0, 1))


def test_a_grey_picture_is_noted() -> None:
    found = read_jpeg(jpeg(colours().convert("L")), SIDE, "a")
    assert found.notes == ("grey-as-colour",)
    np.testing.assert_array_equal(found.pixels[0], found.pixels[2])


def test_the_message_of_skyserver_is_no_sky() -> None:
    page = Image.new("RGB", (120, 120))
    ImageDraw.Draw(page).text((5, 50), "Requested (ra, dec) is\noutside the SDSS footprint", fill="white")
    assert kind_of(read_jpeg, jpeg(page), 120, "a") == "outside-footprint"


def test_a_star_that_fills_the_picture_is_sky() -> None:
    levels = np.random.default_rng(1).integers(0, 90, (SIDE, SIDE, 3), dtype=np.uint8)
    levels[:18] = 255
    assert read_jpeg(jpeg(Image.fromarray(levels)), SIDE, "a").pixels.max() == 255


@pytest.mark.parametrize("length", [0, 2, 20, 200, 400])
def test_every_cut_of_a_picture_is_found(length: int) -> None:
    body = jpeg(colours())
    assert kind_of(read_jpeg, body[:length], SIDE, "a") in ("empty-file", "not-an-image", "bad-image")
    assert kind_of(read_jpeg, body[:length] + bytes(9), SIDE, "a") in ("not-an-image", "bad-image")


def test_planes_of_a_cube_are_bands() -> None:
    pixels = cube()
    found = read_fits_cube(fits_file(pixels, BANDS="grz", BAND0="g", BAND1="r", BAND2="z"), BANDS, SIDE, "a")
    assert (found.pixels.dtype, found.notes) == (np.float32, ())
    np.testing.assert_array_equal(found.pixels, pixels)


@pytest.mark.parametrize("axis", [1, 2])
def test_channels_elsewhere_are_moved_and_noted(axis: int) -> None:
    pixels = cube()
    found = read_fits_cube(fits_file(np.moveaxis(pixels, 0, axis), BANDS="grz"), BANDS, SIDE, "a")
    assert found.notes == ("channels-moved",)
    np.testing.assert_array_equal(found.pixels, pixels)


@pytest.mark.parametrize("cards", [{"BANDS": "zrg"}, {"BAND0": "z", "BAND1": "r", "BAND2": "g"}])
def test_channels_in_another_order_are_put_right_and_noted(cards: dict[str, str]) -> None:
    pixels = cube()
    found = read_fits_cube(fits_file(pixels, **cards), BANDS, SIDE, "a")
    assert found.notes == ("channels-reordered",)
    np.testing.assert_array_equal(found.pixels, pixels[::-1])


def test_one_band_may_be_a_plain_image_a_gzipped_or_a_degenerate_one() -> None:
    pixels = cube(SIDE, SIDE)
    for body in (fits_file(pixels), gzip.compress(fits_file(pixels)), fits_file(pixels[None, None])):
        np.testing.assert_array_equal(read_fits_cube(body, ["r"], SIDE, "a").pixels[0], pixels)


def test_gaps_are_noted_until_they_are_all_there_is() -> None:
    pixels = cube()
    pixels[2] = 0
    assert read_fits_cube(fits_file(pixels), BANDS, SIDE, "a").notes == ("no-z-data",)
    pixels = cube()
    pixels[1, :3] = np.nan
    found = read_fits_cube(fits_file(pixels), BANDS, SIDE, "a")
    assert found.notes == ("partly-covered",)
    assert np.isnan(found.pixels[1, :3]).all()
    pixels[:, :13] = 0
    assert kind_of(read_fits_cube, fits_file(pixels), BANDS, SIDE, "a") == "outside-footprint"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (fits_file(cube(4, SIDE, SIDE)), "wrong-channels"),
        (fits_file(cube(), BANDS="gri"), "wrong-channels"),
        (fits_file(cube(2, 3, SIDE, SIDE)), "wrong-channels"),
        (fits_file(cube(3, SIDE, SIDE - 1)), "wrong-size"),
        (fits_file(cube())[:-100], "bad-image"),
        (fits_file(cube())[:2880], "bad-image"),
        (gzip.compress(fits_file(cube()))[:500], "bad-image"),
        (b"SIMPLE  = nonsense".ljust(2880), "bad-image"),
        (b"<!DOCTYPE html><title>503</title>", "not-an-image"),
        (b"", "empty-file"),
    ],
)
def test_what_is_no_cube_is_named(body: bytes, kind: str) -> None:
    assert kind_of(read_fits_cube, body, BANDS, SIDE, "a") == kind


def test_a_page_instead_of_a_table_shows_its_beginning() -> None:
    require_kind(b"#Table1\nra,dec\n", ".csv", "q")
    with pytest.raises(InputError, match="a table was asked for, the answer begins with '<html><h1>No</h1>"):
        require_kind(b" <html><h1>No</h1>", ".csv", "q")


def test_damage_amid_a_picture_is_found() -> None:
    body = jpeg(Image.fromarray(np.random.default_rng(2).integers(0, 255, (120, 120, 3), dtype=np.uint8)))
    noise = np.random.default_rng(3).bytes(4000)
    assert kind_of(read_jpeg, body[:2000] + noise + body[6000:], 120, "a") == "bad-image"


@pytest.mark.parametrize("options", [{"progressive": True}, {"optimize": True}, {"restart_marker_rows": 1}])
def test_any_sound_picture_is_read(options: dict[str, Any]) -> None:
    for seed in range(20):
        levels = np.random.default_rng(seed).integers(0, 255, (SIDE, SIDE, 3), dtype=np.uint8)
        body = jpeg(Image.fromarray(levels), quality=90, **options)
        assert read_jpeg(body, SIDE, "a").pixels.shape == (3, SIDE, SIDE)
