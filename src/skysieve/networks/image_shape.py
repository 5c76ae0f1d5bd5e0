"""The least that a network asks of the shape of its samples."""

from __future__ import annotations

from skysieve.errors import ConfigurationError

__all__ = ["require_image_shape"]


def require_image_shape(network: str, shape: tuple[int, ...], smallest: int, *, instead: str = "") -> None:
    """Refuse a shape that is not (C, H, W), or whose sides are too small for a network.

    Parameters
    ----------
    network : str
        Name of the network, for the error.
    shape : tuple of int
        Shape of one sample.
    smallest : int
        Pixels that H and W have at least.
    instead : str
        A network that takes smaller samples, to name in the error.

    Raises
    ------
    ConfigurationError
        If the shape does not do.

    Examples
    --------
    >>> require_image_shape("vgg6", (3, 63, 63), 20)
    >>> require_image_shape("vgg6", (3, 63, 12), 20, instead="compact")
    Traceback (most recent call last):
        ...
    skysieve.errors.ConfigurationError: network 'vgg6' takes (C, H, W) with H and W of at least 20 pixels, \
found (3, 63, 12); pad the cutouts or choose network 'compact'
    """
    if len(shape) == 3 and min(shape[1:]) >= smallest:
        return
    choice = f" or choose network {instead!r}" if instead else ""
    raise ConfigurationError(
        f"network {network!r} takes (C, H, W) with H and W of at least {smallest} pixels, "
        f"found {shape}; pad the cutouts{choice}"
    )
