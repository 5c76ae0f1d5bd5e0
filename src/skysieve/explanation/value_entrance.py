"""Where the standardised values of light curves enter a network, so that they can be varied there.

Networks of light curves standardise every curve by its own mean and scatter. A curve that is drawn towards
its mean then looks the same to them until it is nearly flat, and a single point that is moved moves the scale
of all others. Behind the standardisation neither happens.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

from skysieve.networks.sequences.gru_d import GruD
from skysieve.networks.sequences.naul import NaulNet
from skysieve.networks.sequences.recurrent import RecurrentNet
from skysieve.networks.sequences.transformer import TimeTransformer

__all__ = ["has_entrance", "values_changed"]

#: Takes the standardised values (N, T, D) of a batch and returns those that the network reads instead.
Change = Callable[[Tensor], Tensor]

#: Column of the value among what these networks read of a step: behind the gap.
VALUE = 1


def has_entrance(network: nn.Module) -> bool:
    """Say whether a network standardises curves, and where is known.

    Examples
    --------
    >>> has_entrance(GruD((2,))), has_entrance(RecurrentNet((36,), times=False))
    (True, False)
    """
    return isinstance(network, GruD) or _first_module(network) is not None


@contextlib.contextmanager
def values_changed(network: nn.Module, change: Change) -> Iterator[None]:
    """Let a network read changed values as long as the block lasts.

    Parameters
    ----------
    network : nn.Module
        One that `has_entrance`.
    change : callable
        From standardised values (N, T, D), D = 1 or the bands of ``gru-d``, to those that are read.

    Examples
    --------
    >>> network, curve = GruD((2,), hidden=4).eval(), torch.tensor([[[0.0, 15.0], [1.0, 16.0]]])
    >>> with values_changed(network, lambda values: -values):
    ...     turned = network(curve)
    >>> bool(turned == network(curve))
    False
    """
    if isinstance(network, GruD):
        states = network.states

        def changed_states(value: Tensor, observed: Tensor, time: Tensor) -> Tensor:
            return states(change(value), observed, time)

        # Over the method, on this one network only.
        network.__dict__["states"] = changed_states
        try:
            yield
        finally:
            del network.__dict__["states"]
        return

    def before(_: nn.Module, given: tuple[Any, ...]) -> tuple[Any, ...]:
        steps, *others = given
        values = change(steps[..., VALUE : VALUE + 1])
        return (_with_values(steps, values), *others)

    first = _first_module(network)
    if first is None:
        raise TypeError(f"{type(network).__name__} has no place where standardised values enter")
    handle = first.register_forward_pre_hook(before)
    try:
        yield
    finally:
        handle.remove()


def _first_module(network: nn.Module) -> nn.Module | None:
    """Return the module that is given the steps of standardised curves."""
    if isinstance(network, RecurrentNet):
        return network.recurrent if network.times else None
    if isinstance(network, NaulNet):
        return network.encoder
    return network.fc_point if isinstance(network, TimeTransformer) else None


def _with_values(steps: Tensor, values: Tensor) -> Tensor:
    return torch.cat([steps[..., :VALUE], values, steps[..., VALUE + 1 :]], dim=-1)
