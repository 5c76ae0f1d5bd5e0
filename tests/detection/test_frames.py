from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from skysieve.detection.frames import read_frames
from skysieve.errors import InputError

NAMES = ("science", "reference", "difference")


def wcs(shift: float = 0.0) -> WCS:
    system = WCS(naxis=2)
    system.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    system.wcs.crval, system.wcs.crpix = [150.0, 2.0], [30.0 + shift, 25.0]
    system.wcs.cdelt = [-1.01 / 3600, 1.01 / 3600]
    return system


def write(folder: Path, *, shift: float = 0.0, header: bool = True, extension: bool = False) -> list[Path]:
    paths = []
    for number, name in enumerate(NAMES):
        cards = wcs(shift if name == "reference" else 0.0).to_header() if header else fits.Header()
        if name == "science":
            cards["EXPTIME"] = 30.0
        pixels = np.full((50, 60), float(number), np.float32)
        first = fits.ImageHDU(pixels, cards) if extension else fits.PrimaryHDU(pixels, cards)
        hdus = [fits.PrimaryHDU(), first] if extension else [first]
        paths.append(folder / f"{name}.fits")
        fits.HDUList(hdus).writeto(paths[-1])
    return paths


@pytest.mark.parametrize("extension", [False, True])
def test_frames_come_with_scale_and_exposure_time(tmp_path: Path, extension: bool) -> None:
    frames = read_frames(*write(tmp_path, extension=extension))
    assert [float(getattr(frames, name)[0, 0]) for name in NAMES] == [0.0, 1.0, 2.0]
    assert frames.difference.shape == (50, 60)
    assert frames.pixel_scale == pytest.approx(1.01)
    assert frames.seconds == 30.0


def test_without_world_coordinates_there_is_no_scale(tmp_path: Path) -> None:
    frames = read_frames(*write(tmp_path, header=False))
    assert frames.wcs is None
    assert frames.pixel_scale is None


def test_frames_of_other_places_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"reference\.fits: its middle is 7\.0 pixels") as caught:
        read_frames(*write(tmp_path, shift=7.0))
    assert caught.value.kind == "misaligned"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    paths = write(tmp_path)
    with pytest.raises(InputError, match=r"nowhere\.fits: does not exist"):
        read_frames(paths[0], tmp_path / "nowhere.fits", paths[2])


def test_other_shapes_and_cubes_are_refused(tmp_path: Path) -> None:
    paths = write(tmp_path)
    fits.PrimaryHDU(np.zeros((50, 61), np.float32)).writeto(paths[1], overwrite=True)
    with pytest.raises(InputError, match=r"reference\.fits \(50, 61\)"):
        read_frames(*paths)
    fits.PrimaryHDU(np.zeros((2, 50, 60), np.float32)).writeto(paths[1], overwrite=True)
    with pytest.raises(InputError, match="2 planes"):
        read_frames(*paths)


@pytest.mark.parametrize("content", [b"", b"not FITS at all"])
def test_damaged_files_are_refused(tmp_path: Path, content: bytes) -> None:
    paths = write(tmp_path)
    paths[2].write_bytes(content)
    with pytest.raises(InputError, match=r"difference\.fits"):
        read_frames(*paths)


@pytest.mark.parametrize("value", ["thirty", -5.0, 0.0, True])
def test_senseless_exposure_times_are_none(tmp_path: Path, value: object) -> None:
    paths = write(tmp_path)
    fits.setval(paths[0], "EXPTIME", value=value)
    assert read_frames(*paths).seconds is None
