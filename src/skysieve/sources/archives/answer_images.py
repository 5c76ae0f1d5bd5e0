"""From the bytes that a server sent to pixels, with every doubt about them named."""

from __future__ import annotations

import gzip
import io
import re
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import InputError
from skysieve.sources.archives.cutout_service import Cutout

__all__ = [
    "CHANNELS_MOVED",
    "CHANNELS_REORDERED",
    "PARTLY_COVERED",
    "read_fits_cube",
    "read_jpeg",
    "require_kind",
]

#: Notes on cutouts that were put right, or are usable as they are.
CHANNELS_MOVED, CHANNELS_REORDERED = "channels-moved", "channels-reordered"
GREY_AS_COLOUR, PARTLY_COVERED = "grey-as-colour", "partly-covered"

_JPEG, _JPEG_END = b"\xff\xd8\xff", b"\xff\xd9"
_START_OF_SCAN = 0xDA
# In compressed pixels 0xFF is followed by 0, by a restart marker or by padding; between the scans of
# colours that are stored one after the other, also by tables and comments.
_MARKER = re.compile(rb"\xff[^\x00\xc4\xd0-\xd7\xda\xdb\xdd\xfe\xff]")
_STARTS = {".jpg": (_JPEG,), ".fits": (b"SIMPLE  =", b"\x1f\x8b"), ".csv": ()}
_NAMES = {".jpg": "a JPEG", ".fits": "FITS", ".csv": "a table"}
# SkyServer answers outside its footprint with a black picture that holds a line of text: 91 % of
# it is one colour, where that of the emptiest sky is below 8 %.
_FLAT_SHARE = 0.5
_WHITE = 250
_BLOCK = 2880
# More than any service gives; what unpacks beyond it is no cutout.
_MOST_BYTES = 1 << 30


def require_kind(body: bytes, suffix: str, item: str) -> None:
    """Refuse what is another kind of file than was asked for, such as an error page.

    Raises
    ------
    InputError
        ``empty-file``, ``not-an-image`` (``not-a-table`` for tables), with the beginning of the answer.
    """
    if not body:
        raise InputError(item, "empty-file", "the answer holds 0 bytes")
    starts = _STARTS[suffix]
    is_page = body[:512].lstrip().lower().startswith((b"<!doctype html", b"<html", b"<?xml"))
    if is_page or (starts and not body.startswith(starts)):
        text = " ".join(body[:300].decode("utf-8", "replace").split())
        shown = repr(text[:80]) if text.isprintable() else repr(body[:16])
        kind = "not-an-image" if starts else "not-a-table"
        raise InputError(item, kind, f"{_NAMES[suffix]} was asked for, the answer begins with {shown}")


def read_jpeg(body: bytes, side: int, item: str) -> Cutout:
    """Decode a colour picture.

    Parameters
    ----------
    body : bytes
        A whole JPEG.
    side : int
        Height and width that it must have.
    item : str
        Name of the sample, for messages.

    Returns
    -------
    Cutout
        Pixels uint8 of shape (3, side, side), red, green, blue, first row on top.

    Raises
    ------
    InputError
        As of `require_kind`; ``bad-image`` if it breaks off or is damaged; ``wrong-size``;
        ``outside-footprint`` if half of it or more is one flat colour.
    """
    from PIL.JpegImagePlugin import JpegImageFile

    require_kind(body, ".jpg", item)
    # Pillow fills a JPEG up that was cut and padded with zeros.
    if not body.rstrip(b"\0\r\n").endswith(_JPEG_END):
        raise InputError(item, "bad-image", f"the JPEG breaks off after {len(body):,} bytes")
    try:
        with JpegImageFile(io.BytesIO(body)) as picture:
            _require_shape((picture.height, picture.width), side, item)
            picture.load()
            if not picture.info.get("progressive"):
                _require_one_scan(body, item)
            notes = (GREY_AS_COLOUR,) if picture.mode == "L" else ()
            colours = np.asarray(picture.convert("RGB"))
    except InputError:
        raise
    except Exception as error:  # Pillow raises many types on damaged files
        reason = f"the JPEG cannot be decoded ({type(error).__name__}: {error})"
        raise InputError(item, "bad-image", reason) from error
    _require_sky(colours, item)
    return Cutout(np.ascontiguousarray(np.moveaxis(colours, -1, 0)), notes)


def read_fits_cube(body: bytes, bands: Sequence[str], side: int, item: str, *, trim: int = 0) -> Cutout:
    """Read a FITS image with one plane a band.

    Planes are brought first wherever the cube holds them, and into the order asked for where
    the header names them (``BAND0``, ``BAND1`` ... or ``BANDS``, as of the Legacy Survey viewer).

    Parameters
    ----------
    body : bytes
        A whole file, possibly gzipped.
    bands : sequence of str
        Names of the planes in the order wanted.
    side : int
        Height and width that they must have.
    item : str
        Name of the sample, for messages.
    trim : int
        Rows and columns that the server may have added at the far edges, to be cut off.

    Returns
    -------
    Cutout
        Pixels float32 of shape (C, side, side), in the unit of the file, first row lowest on
        the sky; pixels without data stay what they are (NaN or 0).

    Raises
    ------
    InputError
        As of `require_kind`; ``bad-image``, ``wrong-size``, ``wrong-channels``; ``outside-footprint``
        if no plane holds a value other than 0 and NaN, or half of all pixels or more hold none.
    """
    require_kind(body, ".fits", item)
    try:
        with warnings.catch_warnings():
            # Cards that bend the standard do not change the pixels; truncation is checked for.
            warnings.simplefilter("ignore")
            pixels, header = _first_image(body, item)
    except InputError:
        raise
    except Exception as error:  # astropy raises many types on damaged files
        reason = f"the FITS file cannot be read ({type(error).__name__}: {error})"
        raise InputError(item, "bad-image", reason) from error
    named = _named_bands(header)
    if named and sorted(named) != sorted(bands):
        reason = f"holds the bands {', '.join(named)}, {', '.join(bands)} were asked for"
        raise InputError(item, "wrong-channels", reason)
    pixels, moved = _planes_first(pixels, len(bands), item)
    _require_shape(pixels.shape[1:], side, item, trim)
    order = [named.index(band) for band in bands] if named else list(range(len(bands)))
    ordered = pixels[order, :side, :side].astype(np.float32)
    notes = [CHANNELS_MOVED] * moved + [CHANNELS_REORDERED] * (order != sorted(order))
    return Cutout(ordered, (*notes, *_coverage(ordered, bands, item)))


def _require_one_scan(body: bytes, item: str) -> None:
    """Refuse a picture with a marker amid its compressed pixels, which libjpeg passes over in silence.

    Longer damage hardly ever lacks one: every 256th byte of noise begins a marker.
    """
    place = 2
    while body[place + 1] != _START_OF_SCAN:
        place += 2 + int.from_bytes(body[place + 2 : place + 4], "big")
    if found := _MARKER.search(body, place + 2, body.rindex(_JPEG_END)):
        reason = f"the JPEG is damaged: a marker stands amid its pixels, at byte {found.start():,}"
        raise InputError(item, "bad-image", reason)


def _first_image(body: bytes, item: str) -> tuple[NDArray[Any], Any]:
    from astropy.io import fits

    if body.startswith(b"\x1f\x8b"):
        with gzip.open(io.BytesIO(body)) as stream:
            body = stream.read(_MOST_BYTES)
    if len(body) % _BLOCK:
        raise InputError(item, "bad-image", f"the FITS file breaks off after {len(body):,} bytes")
    with fits.open(io.BytesIO(body), memmap=False) as hdus:
        for hdu in hdus:
            if hdu.is_image and len(hdu.shape) >= 2 and all(hdu.shape):
                return np.array(hdu.data), hdu.header.copy()
    raise InputError(item, "bad-image", "the FITS file holds no image")


def _planes_first(pixels: NDArray[Any], count: int, item: str) -> tuple[NDArray[Any], bool]:
    """Return the planes of a cube along the first axis, and whether they lay elsewhere."""
    cube = pixels.reshape([size for size in pixels.shape[:-2] if size > 1] + list(pixels.shape[-2:]))
    if cube.ndim == 2:
        cube = cube[None]
    if cube.ndim != 3:
        raise InputError(item, "wrong-channels", f"the image has {pixels.ndim} axes, 2 or 3 were expected")
    axes = [axis for axis, size in enumerate(cube.shape) if size == count]
    if not axes:
        shape = " x ".join(map(str, cube.shape))
        reason = f"the cube is {shape} (FITS axes reversed), none of them holds the {count} bands asked for"
        raise InputError(item, "wrong-channels", reason)
    if 0 in axes:
        return cube, False
    return np.moveaxis(cube, axes[-1], 0), True


def _named_bands(header: Any) -> list[str]:
    """Return the names of the planes as the header gives them, or nothing."""
    named: list[str] = []
    while (card := f"BAND{len(named)}") in header:
        named.append(str(header[card]).strip())
    return named or list(str(header.get("BANDS", "")).replace(",", "").strip())


def _require_shape(found: Sequence[int], side: int, item: str, trim: int = 0) -> None:
    if all(side <= size <= side + trim for size in found):
        return
    shape = " x ".join(map(str, found))
    hint = "; it is cut off at the edge of the exposure" if trim and min(found) < side else ""
    raise InputError(item, "wrong-size", f"is {shape} pixels, {side} x {side} were asked for{hint}")


def _require_sky(colours: NDArray[np.uint8], item: str) -> None:
    flat = colours.reshape(-1, 3).astype(np.uint32)
    values, counts = np.unique(flat @ np.array([1 << 16, 1 << 8, 1], np.uint32), return_counts=True)
    most = int(counts.argmax())
    colour = [int(values[most]) >> shift & 255 for shift in (16, 8, 0)]
    share = counts[most] / len(flat)
    # A star that fills the picture is white, and is no gap.
    if share >= _FLAT_SHARE and min(colour) < _WHITE:
        reason = f"{share:.0%} of the picture is one colour (red, green, blue {colour}): no image lies there"
        raise InputError(item, "outside-footprint", reason)


def _coverage(pixels: NDArray[np.float32], bands: Sequence[str], item: str) -> list[str]:
    empty = (~np.isfinite(pixels) | (pixels == 0)).reshape(len(pixels), -1).mean(axis=1)
    if empty.mean() >= _FLAT_SHARE:
        reason = f"{empty.mean():.0%} of the pixels are 0 or NaN: no image lies there"
        raise InputError(item, "outside-footprint", reason)
    missing = [f"no-{band}-data" for band, share in zip(bands, empty, strict=True) if share == 1]
    partly = [PARTLY_COVERED] if any(0.02 < share < 1 for share in empty) else []
    return missing + partly
