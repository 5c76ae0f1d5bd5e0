"""Stamps: from the bytes of one cutout, gzipped FITS or plain, to its pixels.

Opening a stamp with `astropy.io.fits` takes a hundred times longer than the
62 x 62 numbers are worth, so that the plain two-dimensional image which every
survey sends is read directly, and everything else is left to astropy.
"""

from __future__ import annotations

import io
import math
import warnings
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray

from skysieve.errors import InputError

__all__ = ["MAX_STAMP_BYTES", "decode_stamp"]

#: A stamp that unfolds to more than this is refused, whatever it claims to be.
MAX_STAMP_BYTES = 1 << 26

_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_WINDOW = 31
_CARD, _BLOCK = 80, 2880
_END = b"END".ljust(_CARD)
_DTYPES = {8: ">u1", 16: ">i2", 32: ">i4", -32: ">f4", -64: ">f8"}
# Keywords that change what the stored numbers mean: left to astropy.
_SCALING = (b"BSCALE  ", b"BZERO   ", b"BLANK   ")


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where the pixels of a primary image are: numbers of ``dtype`` from byte ``offset`` on."""

    dtype: np.dtype[Any]
    shape: tuple[int, int]
    offset: int

    @property
    def end(self) -> int:
        return self.offset + self.shape[0] * self.shape[1] * self.dtype.itemsize


def decode_stamp(data: bytes, *, item: str) -> NDArray[np.float32]:
    """Decode one cutout.

    Parameters
    ----------
    data : bytes
        A FITS file, gzipped or not. The first two-dimensional image in it is
        taken; LSST adds the variance and the PSF as further extensions.
    item : str
        Name of the cutout, for messages.

    Returns
    -------
    ndarray of float32, shape (H, W)
        Pixels as stored (the first row first), scaled by BSCALE and BZERO, in
        native byte order. NaN and sentinels stay, undersized cutouts stay small.

    Raises
    ------
    InputError
        ``empty-cutout``, ``truncated-gzip``, ``bad-gzip``, ``oversized-cutout``
        or ``bad-fits``.

    Examples
    --------
    >>> import gzip, io
    >>> import numpy as np
    >>> from astropy.io import fits
    >>> file = io.BytesIO()
    >>> fits.PrimaryHDU(np.arange(6, dtype=">f4").reshape(2, 3)).writeto(file)
    >>> decode_stamp(gzip.compress(file.getvalue()), item="cutoutScience")
    array([[0., 1., 2.],
           [3., 4., 5.]], dtype=float32)
    """
    if not data:
        raise InputError(item, "empty-cutout", "holds 0 bytes where a FITS image was expected")
    if data.startswith(_GZIP_MAGIC):
        data = _gunzip(data, item)
    layout = _layout(data)
    if layout is None:
        return _decode_by_astropy(data, item)
    if layout.end > len(data):
        shape = " x ".join(map(str, layout.shape))
        reason = f"announces {shape} pixels up to byte {layout.end:,}, and ends at {len(data):,}"
        raise InputError(item, "bad-fits", reason)
    height, width = layout.shape
    pixels = np.frombuffer(data, layout.dtype, height * width, layout.offset)
    return pixels.reshape(layout.shape).astype(np.float32)


def _gunzip(data: bytes, item: str) -> bytes:
    parts: list[bytes] = []
    room = MAX_STAMP_BYTES
    while data.startswith(_GZIP_MAGIC):
        stream = isal_zlib.decompressobj(wbits=_GZIP_WINDOW)
        try:
            parts.append(stream.decompress(data, room))
        except Exception as error:  # IsalError, which the stubs of isal do not declare as a type
            raise InputError(item, "bad-gzip", f"does not unpack: {error}") from error
        room -= len(parts[-1])
        if not stream.eof:
            if room <= 0:
                reason = f"unpacks to more than {MAX_STAMP_BYTES:,} bytes, too much for a stamp"
                raise InputError(item, "oversized-cutout", reason)
            reason = f"breaks off: its gzip stream has no end within {len(data):,} bytes"
            raise InputError(item, "truncated-gzip", reason)
        data = stream.unused_data
        if room <= 0:
            break
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _layout(data: bytes) -> _Layout | None:
    """Return the layout of a plain primary image, or None if astropy is needed."""
    end = data.find(_END, 0, 64 * _BLOCK)
    if end < 0 or end % _CARD:
        return None
    header = data[:end]
    # ZTF stamps share a few headers; those of LSST hold a WCS each and are only as quick as they are short.
    return _parse_header(header)


@lru_cache(maxsize=1024)
def _parse_header(header: bytes) -> _Layout | None:
    cards = _mandatory_values(header)
    if cards is None or any(_has_keyword(header, keyword) for keyword in _SCALING):
        return None
    bitpix, axes, width, height = cards
    if axes != 2 or bitpix not in _DTYPES or width < 1 or height < 1:
        return None
    offset = -(-(len(header) + _CARD) // _BLOCK) * _BLOCK
    return _Layout(np.dtype(_DTYPES[bitpix]), (height, width), offset)


def _mandatory_values(header: bytes) -> list[int] | None:
    """Return BITPIX, NAXIS, NAXIS1 and NAXIS2, which the standard puts right after SIMPLE."""
    values: list[int] = []
    for index, keyword in enumerate((b"SIMPLE  =", b"BITPIX  =", b"NAXIS   =", b"NAXIS1  =", b"NAXIS2  =")):
        card = header[index * _CARD : (index + 1) * _CARD]
        if not card.startswith(keyword):
            return None
        value = card[len(keyword) :].split(b"/")[0].strip()
        if index == 0:
            if value != b"T":
                return None
        elif value.lstrip(b"-").isdigit():
            values.append(int(value))
        else:
            return None
    return values


def _has_keyword(header: bytes, keyword: bytes) -> bool:
    at = header.find(keyword)
    while at >= 0:
        if at % _CARD == 0:
            return True
        at = header.find(keyword, at + 1)
    return False


def _decode_by_astropy(data: bytes, item: str) -> NDArray[np.float32]:
    from astropy.io import fits

    try:
        with warnings.catch_warnings():
            # What astropy warns of (cards that bend the standard) does not change the pixels.
            warnings.simplefilter("ignore")
            with fits.open(io.BytesIO(data), memmap=False) as hdus:
                pixels = next((_image(hdu, item) for hdu in hdus if _is_plane(hdu)), None)
    except InputError:
        raise
    except Exception as error:  # astropy raises many types on files that are not FITS
        raise InputError(
            item, "bad-fits", f"cannot be read as FITS ({type(error).__name__}: {error})"
        ) from error
    if pixels is None:
        raise InputError(item, "bad-fits", "holds no two-dimensional image in any extension")
    return pixels


def _is_plane(hdu: Any) -> bool:
    return bool(hdu.is_image and len(hdu.shape) == 2 and all(hdu.shape))


def _image(hdu: Any, item: str) -> NDArray[np.float32]:
    if math.prod(hdu.shape) * abs(int(hdu.header["BITPIX"])) // 8 > MAX_STAMP_BYTES:
        shape = " x ".join(map(str, hdu.shape))
        raise InputError(item, "oversized-cutout", f"announces {shape} pixels, too many for a stamp")
    return np.ascontiguousarray(hdu.data, dtype=np.float32)
