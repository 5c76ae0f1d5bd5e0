"""Where in a network places are still known: its layers with two spatial axes, and their activations."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from skysieve.errors import ConfigurationError, UnknownNameError

__all__ = ["activation_of", "last_activation", "spatial_layers"]

#: What thins out or passes on an activation and has nothing of its own to show.
_PASSING = ("pool", "dropout", "boolean_dispatch", "identity", "contiguous", "clone", "detach")


def spatial_layers(network: nn.Module, x: Tensor) -> dict[str, tuple[int, ...]]:
    """Return the modules that return spatial activations, in the order in which they end.

    Parameters
    ----------
    network : nn.Module
        Any network of images.
    x : Tensor, shape (N, C, H, W)
        Its input.

    Returns
    -------
    dict of str to tuple of int
        Name of the module as in ``named_modules``, and (channels, rows, columns) of what it returns.

    Examples
    --------
    >>> network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(16, 1))
    >>> spatial_layers(network, torch.zeros(1, 1, 4, 4))
    {'0': (4, 2, 2), '1': (4, 2, 2)}
    """
    found: dict[str, tuple[int, ...]] = {}

    def note(name: str) -> Callable[..., None]:
        def hook(_: nn.Module, __: Any, output: Any) -> None:
            if _is_spatial(output):
                found.pop(name, None)
                found[name] = tuple(output.shape[1:])

        return hook

    hooks = [module.register_forward_hook(note(name)) for name, module in network.named_modules() if name]
    try:
        with torch.no_grad():
            network(x)
    finally:
        for hook in hooks:
            hook.remove()
    return found


def activation_of(network: nn.Module, x: Tensor, layer: str) -> tuple[Tensor, Tensor]:
    """Run a network and keep what one of its modules returns.

    Parameters
    ----------
    network, x
        As of `spatial_layers`.
    layer : str
        Name of the module, as in ``named_modules``.

    Returns
    -------
    logits : Tensor, shape (N, K)
    activation : Tensor, shape (N, channels, rows, columns)
        Part of the graph of the logits; of a module that is called twice, what it returned last.

    Raises
    ------
    UnknownNameError
        If there is no such module; the nearest names and those of all spatial layers are told.
    ConfigurationError
        If what the module returns has no places.
    """
    modules = dict(network.named_modules())
    if not layer or layer not in modules:
        raise UnknownNameError(_unknown(layer, spatial_layers(network, x)))
    kept: list[Any] = []

    def keep(_: nn.Module, __: Any, output: Any) -> Any:
        kept.append(output)
        # A copy goes on, so that what changes it in place leaves ours as it was.
        return output.clone() if isinstance(output, Tensor) else output

    hook = modules[layer].register_forward_hook(keep)
    try:
        logits = network(x)
    finally:
        hook.remove()
    if not kept or not _is_spatial(kept[-1]):
        names = ", ".join(spatial_layers(network, x)) or "none"
        raise ConfigurationError(
            f"the layer {layer!r} returns no spatial activation; layers that do: {names}. "
            "Methods that need none are saliency and integrated-gradients"
        )
    return logits, kept[-1]


def last_activation(network: nn.Module, x: Tensor) -> tuple[Tensor, Tensor, str]:
    """Run a network and keep its last spatial activation, wherever in its code that arises.

    The last one is what the last convolution leads to before pooling: behind its rectifier, behind
    the addition of a residual block. No module needs to return it: operations are followed, not modules.

    Parameters
    ----------
    network, x
        As of `spatial_layers`.

    Returns
    -------
    logits : Tensor, shape (N, K)
    activation : Tensor, shape (N, channels, rows, columns)
        Part of the graph of the logits.
    name : str
        The operation and the size of what it gave.

    Raises
    ------
    ConfigurationError
        If the network has no spatial activation behind a convolution.

    Examples
    --------
    >>> network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten())
    >>> last_activation(network, torch.zeros(1, 1, 4, 4))[2]
    'relu (4 x 2 x 2)'
    """
    with _Tape() as tape:
        logits = network(x)
    if tape.activation is None:
        raise ConfigurationError(
            f"{type(network).__name__} has no spatial layer behind a convolution, "
            "so that Grad-CAM has nothing to show; use saliency or integrated-gradients instead"
        )
    return logits, tape.activation, f"{tape.name} ({' x '.join(map(str, tape.activation.shape[1:]))})"


class _Tape(TorchFunctionMode):
    """Follows every operation, and holds the last spatial activation behind a convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.activation: Tensor | None = None
        self.name = ""

    def __torch_function__(
        self, operation: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        output = operation(*args, **(kwargs or {}))
        name = getattr(operation, "__name__", str(operation)).strip("_")
        follows = self.activation is not None or "conv" in name
        if follows and _is_spatial(output) and not any(passing in name for passing in _PASSING):
            self.activation, self.name = output, name
        return output


def _is_spatial(output: Any) -> bool:
    return isinstance(output, Tensor) and output.ndim == 4 and output.shape[2] * output.shape[3] > 1


def _unknown(layer: str, known: dict[str, tuple[int, ...]]) -> str:
    near = difflib.get_close_matches(layer, known, n=1, cutoff=0.3)
    hint = f"did you mean {near[0]!r}? " if near else ""
    names = ", ".join(f"{name} {shape}" for name, shape in known.items()) or "none"
    return f"no layer is called {layer!r}; {hint}Spatial layers are: {names}"
