"""Cutouts as pictures: a stretch that shows both star and noise, missing pixels in a colour of their own."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from PIL import Image

from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.evaluation.arrays import FloatArray
from skysieve.evaluation.plot_style import COLOURS, styled

__all__ = [
    "MISSING_COLOUR",
    "cutout_to_rgb",
    "cutouts_to_data_uri",
    "grey_to_data_uri",
    "indexed_to_data_uri",
    "triplet_gallery",
]

MISSING_COLOUR = (126, 87, 168)
"""Violet, which no grey image holds: pixels that were not measured."""

LARGEST_MEASURED = 1e30
"""Beyond it a pixel is a sentinel for missing (ZTF templates hold -3.4e38)."""

UPSAMPLED = 2
GAP = 2


def cutout_to_rgb(image: npt.ArrayLike) -> npt.NDArray[np.uint8]:
    """Turn one cutout into a grey picture.

    The stretch is linear within the noise and logarithmic above it (asinh, softened
    at 3 sigma), from 3 sigma below the median to the 99.7th percentile or 6 sigma
    above the median, whichever is higher; sigma is the scaled median absolute
    deviation. Noise looks like noise, and neither a hot pixel nor a saturated star
    decides the contrast.

    Parameters
    ----------
    image : array_like, shape (H, W)
        Pixels in any unit; NaN, infinite and beyond 1e30 in size: missing.

    Returns
    -------
    ndarray of uint8, shape (H, W, 3)
        First row on top; missing pixels are violet (`MISSING_COLOUR`).

    Raises
    ------
    SampleSetError
        If the array is no image.

    Examples
    --------
    >>> import numpy as np
    >>> cutout_to_rgb(np.array([[0.0, 1.0], [2.0, np.nan]]))[1, 1].tolist()
    [126, 87, 168]
    """
    pixels = np.asarray(image, dtype=np.float64)
    if pixels.ndim != 2 or pixels.size == 0:
        raise SampleSetError(f"a cutout of shape {pixels.shape}; expected (height, width)")
    measured = np.isfinite(pixels) & (np.abs(pixels) < LARGEST_MEASURED)
    picture = np.empty((*pixels.shape, 3), dtype=np.uint8)
    picture[...] = MISSING_COLOUR
    if measured.any():
        picture[measured] = np.round(255 * _stretch(pixels[measured]))[:, None]
    return picture


def cutouts_to_data_uri(cutouts: npt.ArrayLike) -> str:
    """Return the channels of one sample, side by side, as a ``data:`` address of a PNG.

    Parameters
    ----------
    cutouts : array_like, shape (C, H, W)
        Each channel is stretched by itself, as in `cutout_to_rgb`.

    Examples
    --------
    >>> import numpy as np
    >>> cutouts_to_data_uri(np.zeros((3, 63, 63)))[:26]
    'data:image/png;base64,iVBO'
    """
    channels = _channels(cutouts)
    ground = np.zeros((channels[0].shape[0], GAP, 4), dtype=np.uint8)
    strip: list[npt.NDArray[np.uint8]] = []
    for channel in channels:
        rgb = cutout_to_rgb(channel)
        strip += [np.dstack([rgb, np.full(rgb.shape[:2], 255, dtype=np.uint8)]), ground]
    picture = np.concatenate(strip[:-1], axis=1)
    # Browsers blur small images that they enlarge, unless the pixels are already blocks.
    blocks = picture.repeat(UPSAMPLED, axis=0).repeat(UPSAMPLED, axis=1)
    return _data_uri(Image.fromarray(blocks))


def grey_to_data_uri(cutout: npt.ArrayLike) -> str:
    """Return a grey cutout as a ``data:`` address of a PNG, its grey levels as they are.

    Parameters
    ----------
    cutout : array_like of uint8, shape (H, W) or (1, H, W)
        Already stretched to what the survey distributes: positive light is dark.

    Raises
    ------
    SampleSetError
        If it is no such image.

    Examples
    --------
    >>> import numpy as np
    >>> grey_to_data_uri(np.full((144, 144), 204, dtype=np.uint8))[:26]
    'data:image/png;base64,iVBO'
    """
    array = np.asarray(cutout)
    grey = array[0] if array.ndim == 3 and array.shape[0] == 1 else array
    if grey.ndim != 2 or grey.size == 0 or grey.dtype != np.uint8:
        raise SampleSetError(
            f"a grey cutout of shape {array.shape}, {array.dtype}; expected (H, W) or (1, H, W), uint8"
        )
    return _data_uri(Image.fromarray(grey))


def indexed_to_data_uri(
    indices: npt.NDArray[np.uint8], palette: npt.NDArray[np.integer[Any]], *, transparent: int | None = None
) -> str:
    """Return a picture of few colours as a ``data:`` address of a PNG, a third as large as with full colours.

    Parameters
    ----------
    indices : ndarray of uint8, shape (H, W)
        Number of the colour of each pixel.
    palette : ndarray of int, shape (P, 3)
        The colours, at most 256.
    transparent : int, optional
        Number of the colour that lets the page through.

    Examples
    --------
    >>> import numpy as np
    >>> black_and_white = np.array([[0, 0, 0], [255, 255, 255]], dtype=np.uint8)
    >>> indexed_to_data_uri(np.eye(9, dtype=np.uint8), black_and_white)[:26]
    'data:image/png;base64,iVBO'
    """
    image = Image.fromarray(indices)
    image.putpalette(palette.astype(np.uint8).tobytes())
    return _data_uri(image, **({} if transparent is None else {"transparency": transparent}))


@styled
def triplet_gallery(
    cutouts: Sequence[npt.ArrayLike],
    titles: Sequence[str],
    *,
    channels: Sequence[str] = ("science", "template", "difference"),
    columns: int = 3,
) -> Figure:
    """Draw samples as rows of their channels, each sample under its title (id, label, score).

    Parameters
    ----------
    cutouts : sequence of array_like, each (C, H, W)
        The samples; sizes may differ.
    titles : sequence of str
        One a sample.
    channels : sequence of str
        Names of the channels, written on top.
    columns : int
        Samples side by side.

    Raises
    ------
    ConfigurationError
        If there is no sample, or not one title a sample.
    """
    if not cutouts or len(cutouts) != len(titles) or columns < 1:
        raise ConfigurationError(
            f"{len(cutouts)} samples, {len(titles)} titles, {columns} columns; "
            "expected one title a sample, and at least one of each"
        )
    k = len(channels)
    across, down = min(columns, len(cutouts)), -(-len(cutouts) // columns)
    figure = Figure(figsize=(1.05 * k * across + 0.2, 1.35 * down + 0.2), layout="constrained")
    cells = np.atleast_2d(np.asarray(figure.subfigures(down, across, squeeze=False)))
    for position, (sample, title) in enumerate(zip(cutouts, titles, strict=True)):
        cell = cells[position // across, position % across]
        cell.suptitle(title, fontsize=7.5, parse_math=False)
        for axes, channel, name in zip(
            cell.subplots(1, k, squeeze=False)[0], _channels(sample), channels, strict=True
        ):
            axes.imshow(cutout_to_rgb(channel), interpolation="nearest")
            axes.set_axis_off()
            if position < across:
                axes.set_title(name, fontsize=7, color=COLOURS["muted"])
    return figure


def _data_uri(image: Image.Image, **options: int) -> str:
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", optimize=True, **options)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _stretch(values: FloatArray) -> FloatArray:
    """Map measured pixels, shape (N,), to brightness in [0, 1]."""
    median = np.median(values)
    sigma = 1.4826 * np.median(np.abs(values - median)) or np.ptp(values) / 9
    if sigma == 0:
        return np.full(values.shape, 0.5)
    low = median - 3 * sigma
    high = max(np.percentile(values, 99.7), median + 6 * sigma)
    softened = np.arcsinh((np.clip(values, low, high) - low) / (3 * sigma))
    brightness: FloatArray = softened / np.arcsinh((high - low) / (3 * sigma))
    return brightness


def _channels(cutouts: npt.ArrayLike) -> npt.NDArray[np.float64]:
    array = np.asarray(cutouts, dtype=np.float64)
    if array.ndim != 3 or array.size == 0:
        raise SampleSetError(f"cutouts of shape {array.shape}; expected (channels, height, width)")
    return array
