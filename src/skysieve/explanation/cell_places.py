"""Where on the image the cells of an activation look: strides and paddings, followed through a network."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

__all__ = ["CellPlaces", "PlaceTape", "stretched"]

#: Operations that move what they keep the shape of.
_MOVING = ("flip", "roll", "rot90", "transpose", "permute", "grid_sample", "swap", "movedim")


@dataclass(frozen=True, slots=True)
class CellPlaces:
    """Centres of what the cells of an activation see, along rows and along columns of the image.

    Parameters
    ----------
    pitch : tuple of float
        Pixels from one cell to the next.
    first : tuple of float
        Pixel of the first cell; it may lie between two, and outside of the image.
    reach : tuple of float
        Pixels from the centre of what a cell sees to its end. Where ways of different reach meet, as behind a
        residual block, it is the longest; places of different reach are equal.
    """

    pitch: tuple[float, float] = (1.0, 1.0)
    first: tuple[float, float] = (0.0, 0.0)
    reach: tuple[float, float] = field(default=(0.5, 0.5), compare=False)

    def behind(
        self,
        kernel: tuple[int, int],
        stride: tuple[int, int],
        padding: tuple[int, int],
        dilation: tuple[int, int],
    ) -> CellPlaces:
        """Return the places behind a convolution or pooling.

        Examples
        --------
        >>> CellPlaces().behind((3, 3), (2, 2), (0, 0), (1, 1))
        CellPlaces(pitch=(2.0, 2.0), first=(1.0, 1.0), reach=(1.5, 1.5))
        """
        rows, columns = (
            (
                pitch * by,
                first + pitch * (0.5 * apart * (side - 1) - before),
                reach + pitch * 0.5 * apart * (side - 1),
            )
            for pitch, first, reach, side, by, before, apart in zip(
                self.pitch, self.first, self.reach, kernel, stride, padding, dilation, strict=True
            )
        )
        return CellPlaces((rows[0], columns[0]), (rows[1], columns[1]), (rows[2], columns[2]))


class PlaceTape(TorchFunctionMode):
    """Follows every operation on an image, and knows the places of the activations that it leads to.

    Convolutions, pooling, padding and crops are understood, and whatever keeps the shape of an activation is
    taken to keep its places. What else changes a shape makes them unknown.

    Parameters
    ----------
    image : Tensor, shape (N, C, H, W)
        Where the network starts from.

    Examples
    --------
    >>> network = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 5), torch.nn.ReLU(), torch.nn.MaxPool2d(2))
    >>> image = torch.zeros(1, 1, 12, 12)
    >>> with PlaceTape(image) as tape:
    ...     activation = network(image)
    >>> tape.places(activation)
    CellPlaces(pitch=(2.0, 2.0), first=(2.5, 2.5), reach=(3.0, 3.0))
    """

    def __init__(self, image: Tensor) -> None:
        super().__init__()
        # Tensors are kept beside their places, so that no other one gets their number.
        self._known: dict[int, tuple[Tensor, CellPlaces]] = {id(image): (image, CellPlaces())}

    def places(self, activation: Tensor) -> CellPlaces | None:
        """Return the places of an activation; None if they are not known."""
        found = self._known.get(id(activation))
        return None if found is None else found[1]

    def __torch_function__(
        self, operation: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        output = operation(*args, **(kwargs or {}))
        if isinstance(output, Tensor) and output.ndim == 4:
            name = getattr(operation, "__name__", str(operation)).strip("_")
            places = self._after(name, output, args, kwargs or {})
            if places is None:
                self._known.pop(id(output), None)
            else:
                self._known[id(output)] = (output, places)
        return output

    def _after(
        self, name: str, output: Tensor, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> CellPlaces | None:
        known = [each for each in _tensors(args) if id(each) in self._known]
        if not known:
            return None
        source, places = self._known[id(known[0])]
        if name == "getitem":
            return _cropped(places, args[1], source)
        if name == "pad":
            return _padded(places, source, output, kwargs.get("pad", args[1] if len(args) > 1 else ()))
        window = _window(name, args, kwargs)
        if window is not None:
            fits = _counts(source.shape[2:], *window) == tuple(output.shape[2:])
            return places.behind(*window) if fits else None
        joined = [self._known[id(each)][1] for each in known]
        alike = all(each.shape[2:] == output.shape[2:] for each in known)
        if not alike or any(each != places for each in joined) or any(each in name for each in _MOVING):
            return None
        reach = (max(each.reach[0] for each in joined), max(each.reach[1] for each in joined))
        return replace(places, reach=reach)


def stretched(coarse: Tensor, shape: tuple[int, int], places: CellPlaces | None) -> Tensor:
    """Return maps of cells as maps of pixels, bilinearly between the places of the cells.

    Parameters
    ----------
    coarse : Tensor, shape (N, 1, rows, columns)
        The maps.
    shape : tuple of int
        Rows and columns of the image.
    places : CellPlaces or None
        Where the cells look; None spreads them evenly over the image.

    Returns
    -------
    Tensor, shape (N, *shape)
        Beyond the outermost cells it is theirs as far as they see, and one pitch at most; farther out it
        is 0.

    Examples
    --------
    >>> coarse = torch.tensor([[[[1.0, 3.0]]]])
    >>> stretched(coarse, (1, 6), CellPlaces((1.0, 2.0), (0.0, 2.0), (0.5, 1.5)))
    tensor([[[0., 1., 1., 2., 3., 3.]]])
    """
    if places is None:
        return functional.interpolate(coarse, shape, mode="bilinear", align_corners=False)[:, 0]
    rows, columns = (
        _shares(pixels, cells, pitch, first, reach).to(coarse)
        for pixels, cells, pitch, first, reach in zip(
            shape, coarse.shape[2:], places.pitch, places.first, places.reach, strict=True
        )
    )
    return rows @ coarse[:, 0] @ columns.T


def _shares(pixels: int, cells: int, pitch: float, first: float, reach: float) -> Tensor:
    """Return what share each pixel of an axis has in each cell, shape (pixels, cells)."""
    away = torch.arange(pixels, dtype=torch.float64) - first
    # Farther out than to the next cell there could be, what a cell found would be put too far outwards.
    margin = min(reach, pitch)
    seen = (away >= -margin) & (away <= pitch * (cells - 1) + margin)
    cell = away / pitch
    away = torch.abs(cell.clamp(0, cells - 1)[:, None] - torch.arange(cells))
    return (1.0 - away).clamp(min=0.0) * seen[:, None]


def _tensors(args: Any) -> list[Tensor]:
    """Return the images among the arguments, those in lists too."""
    found: list[Tensor] = []
    for each in args:
        if isinstance(each, Tensor):
            found.append(each)
        elif isinstance(each, list | tuple):
            found.extend(_tensors(each))
    return found


_Window = tuple[tuple[int, int], tuple[int, int], tuple[int, int], tuple[int, int]]


def _window(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> _Window | None:
    """Return kernel, stride, padding and dilation of a convolution or pooling; None of what is neither."""
    if name == "conv2d":
        given = dict(zip(("input", "weight", "bias", "stride", "padding", "dilation"), args, strict=False))
        given |= kwargs
        kernel, stride = tuple(given["weight"].shape[2:]), _pair(given.get("stride", 1))
        dilation, padding = _pair(given.get("dilation", 1)), given.get("padding", 0)
        if padding == "same":
            padding = tuple(apart * (side - 1) // 2 for side, apart in zip(kernel, dilation, strict=True))
        return (kernel[0], kernel[1]), stride, _pair(0 if padding == "valid" else padding), dilation
    # `boolean_dispatch` is what max pooling is called in PyTorch.
    if name in ("boolean_dispatch", "max_pool2d", "avg_pool2d"):
        given = dict(zip(("input", "kernel_size", "stride", "padding", "dilation"), args, strict=False))
        given |= kwargs
        if "kernel_size" not in given:
            return None
        kernel = _pair(given["kernel_size"])
        dilation = _pair(1 if name == "avg_pool2d" else given.get("dilation", 1))
        return kernel, _pair(given.get("stride") or kernel), _pair(given.get("padding", 0)), dilation
    return None


def _pair(value: Any) -> tuple[int, int]:
    if isinstance(value, int):
        return value, value
    return (value[0], value[-1])


def _counts(shape: Any, kernel: Any, stride: Any, padding: Any, dilation: Any) -> tuple[int, ...]:
    """Return how many cells there are behind a window, to be sure that it was read right."""
    return tuple(
        math.floor((pixels + 2 * before - apart * (side - 1) - 1) / by) + 1
        for pixels, side, by, before, apart in zip(shape, kernel, stride, padding, dilation, strict=True)
    )


def _cropped(places: CellPlaces, index: Any, source: Tensor) -> CellPlaces | None:
    """Return the places of a crop by slices, whose step is 1 along rows and columns."""
    index = index if isinstance(index, tuple) else (index,)
    if not all(each is Ellipsis or isinstance(each, slice) for each in index):
        return None
    if Ellipsis in index:
        before, after = index[: index.index(Ellipsis)], index[index.index(Ellipsis) + 1 :]
        index = (*before, *[slice(None)] * (4 - len(before) - len(after)), *after)
    crops = [(*index, *[slice(None)] * 4)[axis].indices(source.shape[axis]) for axis in (2, 3)]
    if any(step != 1 for _, _, step in crops):
        return None
    rows, columns = (
        first + pitch * start
        for first, pitch, (start, _, _) in zip(places.first, places.pitch, crops, strict=True)
    )
    return replace(places, first=(rows, columns))


def _padded(places: CellPlaces, source: Tensor, output: Tensor, pad: Any) -> CellPlaces | None:
    """Return the places behind padding, (left, right, top, bottom) of the last axes."""
    left, right, top, bottom = (*pad, 0, 0, 0, 0)[:4]
    rows, columns = source.shape[2] + top + bottom, source.shape[3] + left + right
    if tuple(output.shape[2:]) != (rows, columns):
        return None
    first = (places.first[0] - places.pitch[0] * top, places.first[1] - places.pitch[1] * left)
    return replace(places, first=first)
