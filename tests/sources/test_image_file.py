"""Image files of all kinds: the numbers that were written, or an error that says why not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from PIL import Image

from skysieve.errors import InputError
from skysieve.sources import image_file
from skysieve.sources.image_file import read_image

RAMP = np.arange(20, dtype="f4").reshape(4, 5)


def kind_of(path: Path, **options: Any) -> str:
    with pytest.raises(InputError) as caught:
        read_image(path, item="x", **options)
    assert caught.value.item == "x"
    return caught.value.kind


@pytest.mark.parametrize("ending", [".fits", ".fits.gz", ".fit", ".fts", ".FITS"])
def test_fits_images_are_read(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a{ending}"
    fits.PrimaryHDU(RAMP).writeto(tmp_path / f"a{ending.lower()}")
    (tmp_path / f"a{ending.lower()}").rename(path)
    image = read_image(path, item="x")
    assert image.dtype == np.float32
    assert image.dtype.isnative
    np.testing.assert_array_equal(image, RAMP[None])


def test_compressed_fits_is_read(tmp_path: Path) -> None:
    hdus = [fits.PrimaryHDU(), fits.CompImageHDU(RAMP, quantize_level=0)]
    fits.HDUList(hdus).writeto(tmp_path / "a.fits.fz")
    np.testing.assert_array_equal(read_image(tmp_path / "a.fits.fz", item="x"), RAMP[None])


def test_nan_stays(tmp_path: Path) -> None:
    fits.PrimaryHDU(np.array([[np.nan, 1.0]], "f4")).writeto(tmp_path / "a.fits")
    np.testing.assert_array_equal(read_image(tmp_path / "a.fits", item="x"), [[[np.nan, 1.0]]])


def test_planes_of_a_cube_are_channels(tmp_path: Path) -> None:
    cube = np.stack([RAMP, RAMP + 1, RAMP + 2])
    fits.PrimaryHDU(cube).writeto(tmp_path / "a.fits")
    fits.PrimaryHDU(cube[None]).writeto(tmp_path / "b.fits")
    np.testing.assert_array_equal(read_image(tmp_path / "a.fits", item="x"), cube)
    np.testing.assert_array_equal(read_image(tmp_path / "b.fits", item="x"), cube)
    fits.PrimaryHDU(np.stack([cube, cube])).writeto(tmp_path / "c.fits")
    assert kind_of(tmp_path / "c.fits") == "bad-image"


def test_the_extension_is_chosen_by_number_or_name(tmp_path: Path) -> None:
    path = tmp_path / "a.fits"
    hdus = [fits.PrimaryHDU(), fits.ImageHDU(RAMP, name="SCI"), fits.ImageHDU(RAMP + 1, name="REF")]
    fits.HDUList(hdus).writeto(path)
    np.testing.assert_array_equal(read_image(path, item="x"), RAMP[None])
    np.testing.assert_array_equal(read_image(path, item="x", hdu=2), RAMP[None] + 1)
    np.testing.assert_array_equal(read_image(path, item="x", hdu="REF"), RAMP[None] + 1)
    assert kind_of(path, hdu="NONE") == "bad-image"
    assert kind_of(path, hdu=0) == "bad-image"


@pytest.mark.parametrize(
    ("mode", "channels"), [("L", 1), ("RGB", 3), ("RGBA", 3), ("LA", 1), ("1", 1), ("P", 3)]
)
def test_pictures_become_channels(tmp_path: Path, mode: str, channels: int) -> None:
    Image.new(mode, (5, 4), 0).save(tmp_path / "a.png")
    assert read_image(tmp_path / "a.png", item="x").shape == (channels, 4, 5)


def test_colours_keep_their_order_and_rows_theirs(tmp_path: Path) -> None:
    pixels = np.arange(4 * 5 * 3, dtype="u1").reshape(4, 5, 3)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_image(tmp_path / "a.png", item="x"), np.moveaxis(pixels, -1, 0))


@pytest.mark.parametrize("dtype", ["u1", "u2", "i4", "f4"])
def test_tiff_keeps_its_depth(tmp_path: Path, dtype: str) -> None:
    pixels = (RAMP * 10 + 3).astype(dtype)
    pixels[0, 0] = {"u1": 255, "u2": 65535, "i4": -7, "f4": 0.5}[dtype]
    Image.fromarray(pixels).save(tmp_path / "a.tif")
    np.testing.assert_array_equal(read_image(tmp_path / "a.tif", item="x"), pixels[None])


def test_png_keeps_16_bits(tmp_path: Path) -> None:
    pixels = (RAMP * 3000).astype("u2")
    Image.fromarray(pixels).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_image(tmp_path / "a.png", item="x"), pixels[None])


def test_pages_of_a_tiff_are_channels(tmp_path: Path) -> None:
    pages = [Image.fromarray(RAMP + index) for index in range(3)]
    pages[0].save(tmp_path / "a.tiff", save_all=True, append_images=pages[1:])
    image = read_image(tmp_path / "a.tiff", item="x")
    np.testing.assert_array_equal(image, np.stack([RAMP, RAMP + 1, RAMP + 2]))


def test_jpeg_is_read_nearly_as_written(tmp_path: Path) -> None:
    Image.new("L", (16, 8), 100).save(tmp_path / "a.jpg")
    np.testing.assert_allclose(read_image(tmp_path / "a.jpg", item="x"), np.full((1, 8, 16), 100), atol=2)


@pytest.mark.parametrize("name", ["a.fits", "a.fits.gz", "a.png", "a.jpg", "a.tif"])
@pytest.mark.parametrize("keep", [0.0, 0.01, 0.5, 0.9])
def test_a_truncated_image_is_an_input_error(tmp_path: Path, name: str, keep: float) -> None:
    path = tmp_path / name
    pixels = np.random.default_rng(1).integers(0, 255, (200, 200)).astype("u1")
    fits.PrimaryHDU(pixels).writeto(path) if "fits" in name else Image.fromarray(pixels).save(path)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * keep)])
    assert kind_of(path) == ("bad-image" if keep else "empty-file")


@pytest.mark.parametrize("name", ["a.fits", "a.png", "a.jpg", "a.tif"])
def test_random_bytes_are_an_input_error(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(np.random.default_rng(1).bytes(5000))
    assert kind_of(tmp_path / name) == "bad-image"


def test_a_table_is_not_an_image(tmp_path: Path) -> None:
    fits.BinTableHDU.from_columns([fits.Column("x", "E", array=[1.0])]).writeto(tmp_path / "a.fits")
    assert kind_of(tmp_path / "a.fits") == "bad-image"
    assert kind_of(tmp_path / "a.fits", hdu=1) == "bad-image"
    (tmp_path / "notes.txt").write_text("x")
    assert kind_of(tmp_path / "notes.txt") == "foreign-file"


@pytest.mark.parametrize("name", ["a.fits", "a.png"])
def test_an_image_beyond_measure_is_refused(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / name
    fits.PrimaryHDU(RAMP).writeto(path) if "fits" in name else Image.new("L", (5, 4)).save(path)
    monkeypatch.setattr(image_file, "MAX_PIXELS", 10)
    assert kind_of(path) == "oversized-image"


def test_a_compressed_fits_bomb_is_refused_before_it_unfolds(tmp_path: Path) -> None:
    path = tmp_path / "a.fits.fz"
    fits.HDUList([fits.PrimaryHDU(), fits.CompImageHDU(RAMP)]).writeto(path)
    data = path.read_bytes()
    for axis in (b"ZNAXIS1 =", b"ZNAXIS2 ="):
        at = data.index(axis)
        data = data[:at] + (axis + b"%21d" % 60_000).ljust(80) + data[at + 80 :]
    path.write_bytes(data)
    assert kind_of(path) == "oversized-image"


def test_a_file_that_may_not_be_read_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied")

    Image.new("L", (5, 4)).save(tmp_path / "a.png")
    monkeypatch.setattr(Image, "open", refuse)
    assert kind_of(tmp_path / "a.png") == "unreadable-file"
