"""The images of a candidate in one file: gzipped FITS, an extension a channel, written and read quickly.

The files conform to the FITS standard 4.0, so that every tool opens them. They are written and read
here without astropy, which takes longer to make three headers than a page has time for.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from isal import igzip_lib, isal_zlib
from numpy.typing import NDArray

from skysieve.errors import InputError, ServiceError
from skysieve.service.database.tables import Cutouts
from skysieve.service.files.content_store import ContentStore
from skysieve.sources.alerts.alert import CUTOUT_CHANNELS

__all__ = ["CHANNELS", "FITS_GZIP", "JPEG", "PNG", "load_images", "pack_images", "unpack_images"]

#: Channels of an alert, in their order.
CHANNELS: tuple[str, ...] = CUTOUT_CHANNELS
#: Media types of what `Cutouts` holds.
FITS_GZIP, JPEG, PNG = "application/fits+gzip", "image/jpeg", "image/png"

_CARD, _BLOCK = 80, 2880
_GZIP_WINDOW = 31
_END = b"END".ljust(_CARD)
_LONGEST_NAME = 68
_PICTURES = {JPEG: "JPEG", PNG: "PNG"}


def pack_images(images: Sequence[NDArray[np.float32]], channels: Sequence[str]) -> bytes:
    """Write images into one file.

    Parameters
    ----------
    images : sequence of ndarray, shape (H, W)
        One for each channel; they may differ in shape. NaN stays.
    channels : sequence of str
        Their names, which become ``EXTNAME``.

    Returns
    -------
    bytes
        Gzipped FITS of float32, of the media type `FITS_GZIP`. The same images give the same bytes.

    Raises
    ------
    InputError
        ``bad-cutouts`` if there are not as many names as images, a name comes twice or does not go
        into a card of FITS, or an image is not two-dimensional.

    Examples
    --------
    >>> data = pack_images([np.eye(2, dtype=np.float32)], ["difference"])
    >>> unpack_images(data)["difference"].tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    if len(images) != len(channels) or len(set(channels)) != len(channels):
        found = f"{len(images)} images are called {', '.join(channels)}"
        raise InputError("cutouts", "bad-cutouts", f"{found}; each needs a name of its own")
    parts = [_PRIMARY]
    for image, channel in zip(images, channels, strict=True):
        if image.ndim != 2 or not image.size:
            reason = f"has the shape {image.shape}; rows and columns are expected"
            raise InputError(channel, "bad-cutouts", reason)
        pixels = np.asarray(image, dtype=">f4").tobytes()
        parts += [_extension(channel, image.shape[0], image.shape[1]), pixels, bytes(-len(pixels) % _BLOCK)]
    packed: bytes = igzip_lib.compress(b"".join(parts), 1, flag=igzip_lib.COMP_GZIP)
    return packed


def unpack_images(data: bytes) -> dict[str, NDArray[np.float32]]:
    """Read a file of `pack_images`.

    Parameters
    ----------
    data : bytes
        The file.

    Returns
    -------
    dict of str to ndarray, shape (H, W), float32
        Images by their channels, in the order in which they were packed.

    Raises
    ------
    ServiceError
        If the file is damaged, or was not written by `pack_images`.
    """
    try:
        plain: bytes = isal_zlib.decompress(data, wbits=_GZIP_WINDOW)
        return dict(_images(plain))
    except Exception as error:  # IsalError, which the stubs of isal do not declare, and ValueError
        raise ServiceError(f"a file of cutouts is damaged ({error}); restore it from a backup") from error


def load_images(files: ContentStore, cutouts: Cutouts) -> dict[str, NDArray[np.float32]]:
    """Return the images of a candidate from the files.

    Parameters
    ----------
    files : ContentStore
        The files of the service.
    cutouts : Cutouts
        The row that names the file.

    Returns
    -------
    dict of str to ndarray, shape (H, W), float32
        By channel. A picture has one, ``difference``: its grey levels, 0 to 255, at its own size, the
        first row on top.

    Raises
    ------
    ServiceError
        If the file is missing or damaged.
    """
    data = files.get(cutouts.sha256)
    if cutouts.media_type == FITS_GZIP:
        return unpack_images(data)
    if cutouts.media_type not in _PICTURES:
        known = ", ".join([FITS_GZIP, *_PICTURES])
        raise ServiceError(f"cutouts of the type {cutouts.media_type!r} cannot be shown; known are {known}")
    return {cutouts.channels[0] if cutouts.channels else CHANNELS[-1]: _grey(data, cutouts.media_type)}


@dataclass(frozen=True, slots=True)
class _Layout:
    channel: str
    height: int
    width: int

    @property
    def size(self) -> int:
        return 4 * self.height * self.width


def _card(keyword: str, value: str) -> bytes:
    """Return a card in the fixed format: numbers and truth values end in column 30."""
    text = value.ljust(20) if value.startswith("'") else value.rjust(20)
    return f"{keyword:<8}= {text}".ljust(_CARD).encode("ascii")


def _header(*cards: tuple[str, str]) -> bytes:
    header = b"".join(_card(*card) for card in cards) + _END
    return header.ljust(-(-len(header) // _BLOCK) * _BLOCK)


_PRIMARY = _header(("SIMPLE", "T"), ("BITPIX", "8"), ("NAXIS", "0"), ("EXTEND", "T"))


@lru_cache(maxsize=1024)
def _extension(channel: str, height: int, width: int) -> bytes:
    printable = channel.isascii() and channel.isprintable() and channel == channel.strip()
    if not printable or "'" in channel or not 0 < len(channel) <= _LONGEST_NAME:
        reason = f"cannot be the name of an extension of FITS; it takes {_LONGEST_NAME} letters of ASCII"
        raise InputError(repr(channel), "bad-cutouts", reason)
    return _header(
        ("XTENSION", "'IMAGE   '"),
        ("BITPIX", "-32"),
        ("NAXIS", "2"),
        ("NAXIS1", str(width)),
        ("NAXIS2", str(height)),
        ("PCOUNT", "0"),
        ("GCOUNT", "1"),
        ("EXTNAME", f"'{channel:<8}'"),
    )


def _images(data: bytes) -> list[tuple[str, NDArray[np.float32]]]:
    if not data.startswith(_PRIMARY):
        raise ValueError("it does not begin as one")
    found = []
    position = len(_PRIMARY)
    while position < len(data):
        layout = _layout(data[position : position + _BLOCK])
        position += _BLOCK
        if position + layout.size > len(data):
            raise ValueError(f"it ends within the channel {layout.channel}")
        pixels = np.frombuffer(data, ">f4", layout.height * layout.width, position)
        found.append((layout.channel, pixels.reshape(layout.height, layout.width).astype(np.float32)))
        position += -(-layout.size // _BLOCK) * _BLOCK
    return found


@lru_cache(maxsize=1024)
def _layout(header: bytes) -> _Layout:
    cards = [header[at : at + _CARD].decode("ascii") for at in range(0, len(header), _CARD)]
    values = {card[:8].strip(): card[10:].strip() for card in cards if card[8:10] == "= "}
    if values.get("XTENSION") != "'IMAGE   '" or values.get("BITPIX") != "-32" or values.get("NAXIS") != "2":
        raise ValueError("an extension is no plane of float32")
    try:
        channel = values["EXTNAME"].strip("'").rstrip()
        return _Layout(channel, int(values["NAXIS2"]), int(values["NAXIS1"]))
    except KeyError as error:
        raise ValueError(f"an extension lacks {error}") from None


def _grey(data: bytes, media_type: str) -> NDArray[np.float32]:
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data), formats=[_PICTURES[media_type]]) as picture:
            return np.asarray(picture.convert("L"), dtype=np.float32)
    except Exception as error:  # Pillow raises many types on damaged files
        raise ServiceError(f"a picture is damaged ({error}); restore it from a backup") from error
