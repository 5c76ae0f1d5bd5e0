"""One image file, of any common kind, as channels of float32."""

from __future__ import annotations

import math
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import InputError

__all__ = ["IMAGE_SUFFIXES", "MAX_PIXELS", "read_image"]

_FITS = (".fits", ".fit", ".fts", ".fits.gz", ".fit.gz", ".fits.fz")
_PICTURES = (".png", ".jpg", ".jpeg", ".tif", ".tiff")
#: Endings of files that are taken for images.
IMAGE_SUFFIXES = _FITS + _PICTURES
#: Images that announce more values than this are refused before they are unpacked.
MAX_PIXELS = 1 << 28

# Modes of Pillow whose numbers are intensities already; others are converted.
_PLAIN_MODES = ("L", "I", "F", "RGB")
_CONVERSIONS = {"1": "L", "LA": "L", "La": "L"}


def read_image(path: Path, *, item: str, hdu: int | str | None = None) -> NDArray[np.float32]:
    """Read an image.

    Parameters
    ----------
    path : Path
        FITS (by its ending), PNG, JPEG or TIFF.
    item : str
        Name of the sample, for messages.
    hdu : int or str, optional
        Extension of a FITS file; by default the first that holds an image.

    Returns
    -------
    ndarray of float32, shape (C, H, W)
        As stored: rows of FITS from the first (the lowest on the sky), those of pictures
        from the top. Colours become three channels, transparency is left out, pages of a
        TIFF and planes of a FITS cube become channels. Nothing is scaled, NaN stays.

    Raises
    ------
    InputError
        ``bad-image``, ``empty-file``, ``oversized-image``, ``unreadable-file``, ``foreign-file``.
    """
    name = path.name.lower()
    if not name.endswith(IMAGE_SUFFIXES):
        reason = f"{path.name} is no image that can be read ({', '.join(IMAGE_SUFFIXES)})"
        raise InputError(item, "foreign-file", reason)
    try:
        if path.stat().st_size == 0:
            raise InputError(item, "empty-file", f"{path.name} holds 0 bytes")
        with warnings.catch_warnings():
            # Cards that bend the standard do not change the pixels; a truncated file is checked for.
            warnings.simplefilter("ignore")
            pixels = _read_fits(path, item, hdu) if name.endswith(_FITS) else _read_picture(path, item)
    except InputError:
        raise
    except PermissionError as error:
        raise InputError(item, "unreadable-file", f"{path.name} cannot be read: {error.strerror}") from error
    except Exception as error:  # astropy and Pillow raise many types on damaged files
        reason = f"{path.name} cannot be read as an image ({type(error).__name__}: {error})"
        raise InputError(item, "bad-image", reason) from error
    return np.ascontiguousarray(pixels, dtype=np.float32)


def _read_fits(path: Path, item: str, wanted: int | str | None) -> NDArray[Any]:
    from astropy.io import fits

    with fits.open(path, memmap=False) as hdus:
        if wanted is None:
            chosen = next((hdu for hdu in hdus if _holds_image(hdu)), None)
            if chosen is None:
                raise InputError(item, "bad-image", f"{path.name} has no extension with an image")
        else:
            chosen = hdus[wanted]
            if not _holds_image(chosen):
                raise InputError(item, "bad-image", f"extension {wanted!r} of {path.name} is not an image")
        _check_size(math.prod(chosen.shape), path, item)
        pixels: NDArray[Any] = chosen.data
    pixels = pixels.reshape([axis for axis in pixels.shape[:-3] if axis > 1] + list(pixels.shape[-3:]))
    if pixels.ndim not in (2, 3):
        raise InputError(item, "bad-image", f"{path.name} has {pixels.ndim} axes, an image has 2 or 3")
    return pixels.reshape(-1, *pixels.shape[-2:])


def _holds_image(hdu: Any) -> bool:
    return bool(hdu.is_image and len(hdu.shape) >= 2 and all(hdu.shape))


def _read_picture(path: Path, item: str) -> NDArray[Any]:
    from PIL import Image, ImageSequence

    with Image.open(path) as picture:
        pages = getattr(picture, "n_frames", 1)
        _check_size(pages * math.prod(picture.size) * len(picture.getbands()), path, item)
        planes = [_planes(page) for page in ImageSequence.Iterator(picture)]
    return np.concatenate(planes)


def _planes(page: Any) -> NDArray[Any]:
    """Return the channels of one picture, shape (C, H, W)."""
    if page.mode not in _PLAIN_MODES and not page.mode.startswith("I;16"):
        page = page.convert(_CONVERSIONS.get(page.mode, "RGB"))
    pixels = np.asarray(page)
    return pixels[None] if pixels.ndim == 2 else np.moveaxis(pixels, -1, 0)


def _check_size(pixels: int, path: Path, item: str) -> None:
    if pixels > MAX_PIXELS:
        reason = f"{path.name} announces {pixels:,} pixel values, more than the {MAX_PIXELS:,} of any sample"
        raise InputError(item, "oversized-image", reason)
