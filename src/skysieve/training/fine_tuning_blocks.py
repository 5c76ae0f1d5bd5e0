"""The blocks of any network, in the order in which samples pass through them, its head last."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from skysieve.errors import ConfigurationError

__all__ = ["Block", "Tracing", "blocks_of", "trace"]

#: Layers that belong to what they normalise, not to a block of their own.
_NORMS = (nn.modules.batchnorm._NormBase, nn.GroupNorm, nn.LayerNorm)


@dataclass(frozen=True)
class Block:
    """A part of a network that is frozen or trained as one.

    Parameters
    ----------
    name : str
        As in ``named_modules``; of several modules the first that is called.
    modules : tuple of str
        The modules that hold its weights.
    parameters : int
        How many numbers it can learn.
    """

    name: str
    modules: tuple[str, ...]
    parameters: int


@dataclass(frozen=True)
class Tracing:
    """What was called when samples passed through a network.

    Parameters
    ----------
    blocks : tuple of Block
        From the input to the head.
    weightless : dict of str to int
        Modules without weights (pooling, dropout), and how many blocks had begun when each was
        called last.
    """

    blocks: tuple[Block, ...]
    weightless: dict[str, int]


def blocks_of(network: nn.Module, x: Tensor) -> tuple[Block, ...]:
    """Return the blocks of a network in the order in which samples pass through them.

    Every module at the top of the network that holds weights is a block; a chain at its top
    (``nn.Sequential``) of parts that have parts themselves is opened, each part a block, as stages of
    residual blocks are. Normalisation belongs to the block before it. The head is the linear layer that
    is called last, on its own. Nothing is written per network.

    Parameters
    ----------
    network : nn.Module
        Any network of images; left as it was.
    x : Tensor, shape (N, ...)
        Some samples as it takes them.

    Raises
    ------
    ConfigurationError
        If the last layer with weights is not linear.

    Examples
    --------
    >>> from skysieve.networks import build_network
    >>> network = build_network("deepshadows", shape=(3, 64, 64), outputs=1)
    >>> [block.name for block in blocks_of(network, torch.zeros(1, 3, 64, 64))]
    ['conv1', 'conv2', 'conv3', 'fc_1', 'fc_out']
    """
    return trace(network, x).blocks


def trace(network: nn.Module, x: Tensor) -> Tracing:
    """Return the blocks of a network, and when its modules without weights are called; see `blocks_of`."""
    calls = _calls(network, x)
    weighted = [name for name, module in network.named_modules() if _owns_weights(module)]
    # What is used without being called comes first: nothing tells where it belongs.
    ordered = [name for name in weighted if name not in calls]
    ordered += [name for name in dict.fromkeys(calls) if name in set(weighted)]
    head = _head(network, ordered)
    members: dict[str, list[str]] = {}
    block = ""
    for name in ordered:
        own = "" if name == head else _place(network, name)
        joins = members and isinstance(network.get_submodule(name), _NORMS) and own == name
        block = block if joins else own or name
        members.setdefault(block, []).append(name)
    blocks = tuple(_block(network, place, names) for place, names in members.items())
    begun = {name: number for number, names in enumerate(members.values(), 1) for name in names}
    weightless: dict[str, int] = {}
    reached = 0
    for name in calls:
        reached = max(reached, begun.get(name, 0))
        if name not in begun:
            weightless[name] = reached
    return Tracing(blocks, weightless)


def _calls(network: nn.Module, x: Tensor) -> list[str]:
    """Return the names of modules that hold weights or have no parts, call by call."""
    called: list[str] = []

    def note(name: str) -> Callable[..., None]:
        def hook(*_: Any) -> None:
            called.append(name)

        return hook

    handles = [
        module.register_forward_pre_hook(note(name))
        for name, module in network.named_modules()
        if _owns_weights(module) or not list(module.children())
    ]
    modes = [(module, module.training) for module in network.modules()]
    network.eval()
    try:
        with torch.inference_mode():
            network(x)
    finally:
        for module, mode in modes:
            module.training = mode
        for handle in handles:
            handle.remove()
    return called


def _owns_weights(module: nn.Module) -> bool:
    return any(True for _ in module.parameters(recurse=False)) or any(
        True for _ in module.buffers(recurse=False)
    )


def _head(network: nn.Module, ordered: list[str]) -> str:
    last = network.get_submodule(ordered[-1]) if ordered else None
    if not isinstance(last, nn.Linear):
        found = type(last).__name__ if last is not None else "nothing"
        raise ConfigurationError(
            f"{type(network).__name__} ends in {found}; fine-tuning needs a linear layer at the end, "
            "which is the head that is trained first"
        )
    return ordered[-1]


def _place(network: nn.Module, name: str) -> str:
    """Return the name of the block at the top of the network that a module lies in."""
    top, _, rest = name.partition(".")
    part = network.get_submodule(top)
    opened = isinstance(part, nn.Sequential | nn.ModuleList) and any(
        list(child.children()) and any(True for _ in child.parameters()) for child in part
    )
    return f"{top}.{rest.partition('.')[0]}" if rest and opened else top


def _block(network: nn.Module, name: str, modules: list[str]) -> Block:
    parameters = sum(
        parameter.numel()
        for each in modules
        for parameter in network.get_submodule(each).parameters(recurse=False)
    )
    return Block(name or type(network).__name__, tuple(modules), parameters)
