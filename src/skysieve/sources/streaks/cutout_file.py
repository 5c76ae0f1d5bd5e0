"""Streak cutouts as the depot distributes them: small grey JPEG (or PNG) pictures, decoded once and strictly.

What a network sees is the decoded picture, resized from 157 to 144 pixels by Pillow's bilinear
filter, as DeepStreaks (Duev et al. 2019, MNRAS 486, 4158) did. Every picture is decoded and
resized once, whatever number of networks looks at it.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile

from skysieve.errors import InputError

__all__ = ["CUTOUT_SIDE", "GREY_AS_RGB", "INPUT_SIDE", "Decoded", "decode_cutout", "resize_cutouts"]

#: Side of a cutout in the depot, pixels of 1.01 arcsec.
CUTOUT_SIDE = 157
#: Side of what networks are given.
INPUT_SIDE = 144
#: Note on a grey picture that was stored with three channels.
GREY_AS_RGB = "grey-as-rgb"

_JPEG_START, _JPEG_END = b"\xff\xd8\xff", b"\xff\xd9"
_PNG_START = b"\x89PNG\r\n\x1a\n"
# Rounding of the two chroma channels moves red, green and blue of a grey JPEG apart by up to two
# levels each; a colour that means something is far stronger.
_GREY_TOLERANCE = 4
# Sky noise spreads over some fifty levels (one sigma is 20.4), so that three neighbouring levels
# hold 6 % of an open cutout. Where they hold this share, all is masked but for scraps of noise.
_MASKED_SHARE = 0.98
_COLOUR_MODES = frozenset({"RGB", "RGBA", "LA", "P", "PA"})


@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    """A decoded cutout.

    Parameters
    ----------
    grey : ndarray of uint8, shape (144, 144)
        Grey levels, first row on top.
    notes : tuple of str
        What is unusual about the file and does no harm: `GREY_AS_RGB`.
    """

    grey: NDArray[np.uint8]
    notes: tuple[str, ...] = ()


def decode_cutout(data: bytes, *, item: str, side: int = CUTOUT_SIDE) -> Decoded:
    """Decode one cutout and resize it for the networks.

    Parameters
    ----------
    data : bytes
        A whole JPEG or PNG file.
    item : str
        Name of the streak, for messages.
    side : int
        Height and width that the picture must have, pixels.

    Returns
    -------
    Decoded

    Raises
    ------
    InputError
        ``empty-file``; ``bad-image`` if it is no picture, breaks off or is damaged; ``wrong-size``,
        found before anything is unpacked; ``coloured-image``; ``wrong-mode`` for 16-bit, bilevel,
        transparent or four-colour pictures; ``all-masked`` if more than 98 % of the pixels lie
        within three neighbouring grey levels, so that there is nothing to judge.

    Examples
    --------
    >>> sky = np.random.default_rng(1).normal(204, 20.4, (157, 157)).clip(0, 255).astype(np.uint8)
    >>> file = io.BytesIO()
    >>> Image.fromarray(sky).save(file, "JPEG")
    >>> decode_cutout(file.getvalue(), item="strkid1_pid1").grey.shape
    (144, 144)
    """
    try:
        with _open(data, item) as picture:
            if picture.size != (side, side):
                found = f"{picture.size[1]} x {picture.size[0]}"
                reason = f"the cutout has {found} pixels, {side} x {side} are expected"
                raise InputError(item, "wrong-size", reason)
            picture.load()
            grey = picture if picture.mode == "L" else _to_grey(picture, item)
    except InputError:
        raise
    except Exception as error:  # Pillow raises many types on damaged files
        reason = f"the cutout cannot be decoded ({type(error).__name__}: {error}); fetch the file again"
        raise InputError(item, "bad-image", reason) from error
    _check_not_masked(grey, item)
    notes = () if grey is picture else (GREY_AS_RGB,)
    return Decoded(np.asarray(_resize(grey)), notes)


def resize_cutouts(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Resize cutouts as `decode_cutout` does.

    Parameters
    ----------
    grey : ndarray of uint8, shape (N, H, W)
        Grey levels.

    Returns
    -------
    ndarray of uint8, shape (N, 144, 144)

    Examples
    --------
    >>> resize_cutouts(np.full((2, 157, 157), 204, np.uint8)).shape
    (2, 144, 144)
    """
    resized = np.empty((len(grey), INPUT_SIDE, INPUT_SIDE), dtype=np.uint8)
    for place, cutout in zip(resized, grey, strict=True):
        place[...] = np.asarray(_resize(Image.fromarray(cutout)))
    return resized


def _resize(grey: Image.Image) -> Image.Image:
    return grey.resize((INPUT_SIDE, INPUT_SIDE), Image.Resampling.BILINEAR)


def _open(data: bytes, item: str) -> ImageFile:
    """Read the header; the two classes are named since `Image.open` would try every format there is."""
    if not data:
        raise InputError(item, "empty-file", "the cutout holds 0 bytes; fetch the file again")
    if data.startswith(_JPEG_START):
        # Pillow fills a JPEG up that was cut and padded with zeros, as an interrupted download may be.
        if not data.endswith(_JPEG_END) and not data.rstrip(b"\0\r\n").endswith(_JPEG_END):
            reason = f"the JPEG breaks off after {len(data):,} bytes; fetch the file again"
            raise InputError(item, "bad-image", reason)
        return JpegImageFile(io.BytesIO(data))
    if data.startswith(_PNG_START):
        return PngImageFile(io.BytesIO(data))
    reason = f"is neither JPEG nor PNG, it begins with {data[:16]!r}; is it an error page of a server?"
    raise InputError(item, "bad-image", reason)


def _to_grey(picture: Image.Image, item: str) -> Image.Image:
    """Return a picture of another mode as grey levels, if that is what it holds."""
    mode = picture.mode
    if mode not in _COLOUR_MODES:
        reason = f"the picture is of Pillow's mode {mode!r}; 8-bit grey levels ('L') are expected"
        raise InputError(item, "wrong-mode", reason)
    colours = np.asarray(picture.convert("RGBA"))
    if colours[..., 3].min() < 255:
        raise InputError(item, "wrong-mode", "the picture is transparent in places; grey levels are expected")
    red, green, blue = (colours[..., channel].astype(np.int16) for channel in range(3))
    contrast = max(int(np.abs(red - green).max()), int(np.abs(blue - green).max()))
    if contrast > _GREY_TOLERANCE:
        reason = f"the picture is coloured (its channels differ by up to {contrast} levels), grey is expected"
        raise InputError(item, "coloured-image", reason)
    return picture.convert("RGB").convert("L")


def _check_not_masked(grey: Image.Image, item: str) -> None:
    levels = grey.histogram()
    peak = max(range(256), key=levels.__getitem__)
    held = sum(levels[max(peak - 1, 0) : peak + 2])
    share = held / (grey.width * grey.height)
    if share > _MASKED_SHARE:
        reason = f"{share:.1%} of the cutout is masked (flat at level {peak}): there is nothing to judge"
        raise InputError(item, "all-masked", reason)
