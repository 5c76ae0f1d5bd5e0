"""The registry of networks and the one way to build a network by name."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from skysieve.errors import ConfigurationError
from skysieve.registry import Registry

if TYPE_CHECKING:
    from torch import nn

__all__ = ["NETWORKS", "build_network"]

NETWORKS: Registry[Callable[..., nn.Module]] = Registry("network", package="skysieve.networks")
"""Networks by name. An entry is called as ``entry(shape, outputs, **arguments)``."""


def build_network(name: str, *, shape: tuple[int, ...], outputs: int, **arguments: Any) -> nn.Module:
    """Build a registered network.

    The weights are drawn from PyTorch's global generator: call
    ``torch.manual_seed`` first for a repeatable start.

    Parameters
    ----------
    name : str
        Name in `NETWORKS`, for instance ``vgg6``.
    shape : tuple of int
        Shape of one sample without the batch axis; (C, H, W) for cutouts.
    outputs : int
        Number of logits: 1 for real against bogus, else the number of classes.
    **arguments
        Further arguments of the network, such as ``dropout``.

    Raises
    ------
    UnknownNameError
        If no network has that name.
    ConfigurationError
        If the network has no such argument or cannot take samples of that shape.

    Examples
    --------
    >>> network = build_network("vgg6", shape=(3, 63, 63), outputs=1)
    >>> sum(parameter.numel() for parameter in network.parameters())
    312081
    >>> build_network("vgg6", shape=(3, 63, 63), outputs=1, drop_out=0.5)
    Traceback (most recent call last):
        ...
    skysieve.errors.ConfigurationError: network 'vgg6' has no argument 'drop_out'; did you mean 'dropout'?
    """
    factory = NETWORKS.get(name)
    if outputs < 1:
        raise ConfigurationError(
            f"network {name!r} cannot have {outputs} outputs; give 1 for two classes, else their number"
        )
    _check_arguments(name, factory, arguments)
    return factory(tuple(shape), outputs, **arguments)


def _check_arguments(name: str, factory: Callable[..., nn.Module], arguments: dict[str, Any]) -> None:
    parameters = inspect.signature(factory).parameters
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
        return
    known = [p.name for p in parameters.values() if p.name not in ("shape", "outputs")]
    for argument in arguments:
        if argument not in known:
            near = difflib.get_close_matches(argument, known, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]!r}?" if near else f"it has: {', '.join(known) or 'none'}"
            raise ConfigurationError(f"network {name!r} has no argument {argument!r}; {hint}")
