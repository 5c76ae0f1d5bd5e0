"""Maps of attribution as pictures: over the image that they are about, with a bar of their colours."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image

from skysieve.errors import SampleSetError
from skysieve.evaluation.cutout_images import cutout_to_rgb

__all__ = [
    "channel_pictures",
    "colour_bar",
    "full_scale",
    "ground_picture",
    "overlay_picture",
    "picture_to_data_uri",
]

Picture = npt.NDArray[np.uint8]

#: Names of the channels of a colour picture, reddest first: of a JPEG, and of three bands.
RED_TO_BLUE = (("red", "green", "blue"), ("z", "r", "g"), ("i", "r", "g"))

#: Colours of attribution from none to the most, on a ramp that gets lighter: a grey print tells it, too.
FOR = ((120, 16, 90), (214, 58, 58), (252, 158, 38), (255, 236, 110))
AGAINST = ((16, 44, 130), (26, 104, 210), (66, 178, 238), (170, 240, 255))

#: How much of the ground the largest attribution covers.
OPACITY = 0.85

#: The ground keeps this share of its contrast, so that single pixels of colour are seen on noise.
CONTRAST, DARKEST = 0.55, 20

#: Share of the pixels whose attribution is within the scale of colours.
WITHIN_SCALE = 0.995

#: Colour of the outline of a true mask.
OUTLINE = (120, 255, 140)


def ground_picture(cutouts: npt.NDArray[np.generic], channels: Sequence[str] = ()) -> Picture:
    """Return one picture of a sample: in colour if its channels are colours, else in grey.

    Parameters
    ----------
    cutouts : ndarray, shape (C, H, W)
        The sample.
    channels : sequence of str
        Names of its channels. The channel ``difference``, which holds what is asked about, is shown if
        there is one; else the mean of the stretched channels.

    Returns
    -------
    ndarray of uint8, shape (H, W, 3)

    Raises
    ------
    SampleSetError
        If the array is no image of several channels.

    Examples
    --------
    >>> ground_picture(np.zeros((3, 4, 5)), ("red", "green", "blue")).shape
    (4, 5, 3)
    """
    if cutouts.ndim != 3 or cutouts.size == 0:
        raise SampleSetError(f"cutouts of shape {cutouts.shape}; expected (channels, height, width)")
    for names in RED_TO_BLUE:
        if set(names) == set(channels):
            return _in_colour(np.stack([cutouts[list(channels).index(name)] for name in names], axis=-1))
    if "difference" in channels:
        return cutout_to_rgb(cutouts[list(channels).index("difference")])
    if len(cutouts) == 1:
        return cutout_to_rgb(cutouts[0])
    grey: Picture = np.mean([cutout_to_rgb(channel) for channel in cutouts], axis=0).astype(np.uint8)
    return grey


def channel_pictures(
    cutouts: npt.NDArray[np.generic], channels: Sequence[str] = ()
) -> list[tuple[str, Picture]]:
    """Return the pictures of a sample with their names: one in colour, or one a channel in grey.

    Examples
    --------
    >>> [name for name, _ in channel_pictures(np.zeros((2, 4, 4)), ("science", "template"))]
    ['science', 'template']
    """
    if any(set(names) == set(channels) for names in RED_TO_BLUE) or len(cutouts) == 1:
        name = channels[0] if len(cutouts) == 1 and channels else "image"
        return [(name, ground_picture(cutouts, channels))]
    names = list(channels) or [f"channel {number}" for number in range(len(cutouts))]
    return [(name, cutout_to_rgb(channel)) for name, channel in zip(names, cutouts, strict=True)]


def overlay_picture(
    ground: Picture, attribution: npt.NDArray[np.generic], mask: npt.NDArray[np.generic] | None = None
) -> Picture:
    """Lay a map over a picture; the more attribution, the brighter and the less transparent.

    Parameters
    ----------
    ground : ndarray of uint8, shape (H, W, 3)
        The picture.
    attribution : ndarray, shape (H, W)
        The map. Warm colours speak for the class, cold ones against it; `full_scale` and more has the
        brightest colour.
    mask : ndarray, shape (H, W), optional
        Where the object is known to be; its border is drawn in green.

    Examples
    --------
    >>> ground = np.zeros((4, 4, 3), dtype=np.uint8)
    >>> overlay_picture(ground, np.eye(4))[0, 0].tolist(), overlay_picture(ground, np.eye(4))[0, 1].tolist()
    ([219, 203, 96], [20, 20, 20])
    """
    values = np.asarray(attribution, dtype=np.float64)
    if values.shape != ground.shape[:2]:
        raise SampleSetError(f"a map of shape {values.shape} for an image of {ground.shape[:2]} pixels")
    scale = full_scale(values)
    share = np.minimum(np.abs(values) / scale, 1.0) if scale > 0 else np.zeros_like(values)
    colours = np.where((values < 0)[..., None], _ramp(share, AGAINST), _ramp(share, FOR))
    cover = OPACITY * np.minimum(1.0, 1.5 * share)[..., None]
    mixed = (1 - cover) * (DARKEST + CONTRAST * ground.astype(np.float64)) + cover * colours
    if mask is not None and np.any(mask):
        mixed[_border(np.asarray(mask) != 0)] = OUTLINE
    return np.asarray(mixed, dtype=np.uint8)


def full_scale(attribution: npt.NDArray[np.generic]) -> float:
    """Return the size of attribution that has the brightest colour: all but few pixels are below it.

    Examples
    --------
    >>> full_scale(np.r_[np.linspace(0, 1, 1001), -50.0].reshape(2, 501)).__round__(3)
    0.996
    """
    sizes = np.abs(np.asarray(attribution, dtype=np.float64))
    return float(np.quantile(sizes, WITHIN_SCALE)) or float(sizes.max())


def colour_bar(signed: bool, width: int = 192, height: int = 8) -> Picture:
    """Return the bar of colours as they look over a middle grey: none on the left, most on the right.

    Of a signed map: most against on the left, none in the middle.

    Examples
    --------
    >>> colour_bar(True).shape
    (8, 192, 3)
    """
    ground = np.full((height, width, 3), 128, dtype=np.uint8)
    line = np.linspace(-1.0 if signed else 0.0, 1.0, width)
    return overlay_picture(ground, np.broadcast_to(line, (height, width)))


def picture_to_data_uri(picture: Picture) -> str:
    """Return a picture as a ``data:`` address of a PNG.

    Examples
    --------
    >>> picture_to_data_uri(np.zeros((2, 2, 3), dtype=np.uint8))[:26]
    'data:image/png;base64,iVBO'
    """
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, format="PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _in_colour(picture: npt.NDArray[np.generic]) -> Picture:
    """Return (H, W, 3) in colour: grey levels as they are, fluxes through the stretch of a cutout."""
    values = np.asarray(picture, dtype=np.float64)
    if np.isfinite(values).all() and values.min() >= 0 and 1.5 < values.max() <= 255:
        return values.astype(np.uint8)
    return np.stack([cutout_to_rgb(values[..., band])[..., 0] for band in range(3)], axis=-1)


def _ramp(
    share: npt.NDArray[np.float64], colours: tuple[tuple[int, int, int], ...]
) -> npt.NDArray[np.float64]:
    places = np.linspace(0, 1, len(colours))
    return np.stack([np.interp(share, places, [c[band] for c in colours]) for band in range(3)], axis=-1)


def _border(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return the pixels of a mask that have a neighbour outside of it."""
    padded = np.pad(mask, 1)
    inner = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    border: npt.NDArray[np.bool_] = mask & ~inner
    return border
