"""What of a network learns in fine-tuning, at which rate, and what rests."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from skysieve.errors import ConfigurationError
from skysieve.training.fine_tuning import FineTuningConfig
from skysieve.training.fine_tuning_blocks import Block, trace

__all__ = ["FineTuningPlan", "describe_blocks", "plan_fine_tuning"]


@dataclass(frozen=True)
class FineTuningPlan:
    """The blocks of one network, each with the factor of its learning rate.

    Parameters
    ----------
    blocks : tuple of Block
        From the input to the head.
    factors : tuple of float
        Of the learning rate of each; 0 is frozen.
    resting : tuple of str
        Modules that compute as in scoring all the time: what is frozen, what stands among it
        (dropout), and normalisation whose statistics are kept.
    """

    blocks: tuple[Block, ...]
    factors: tuple[float, ...]
    resting: tuple[str, ...]

    @property
    def trained(self) -> tuple[Block, ...]:
        """The blocks that learn."""
        return tuple(block for block, factor in zip(self.blocks, self.factors, strict=True) if factor)

    @property
    def frozen(self) -> tuple[Block, ...]:
        """The blocks that do not."""
        return tuple(block for block, factor in zip(self.blocks, self.factors, strict=True) if not factor)

    def groups(self, network: nn.Module) -> list[dict[str, Any]]:
        """Return the groups of parameters for an optimizer, one a block that learns.

        Each has the key ``rate_factor`` besides ``params``.
        """
        return [
            {"params": list(_parameters(network, block)), "rate_factor": factor}
            for block, factor in zip(self.blocks, self.factors, strict=True)
            if factor and block.parameters
        ]

    def resting_modules(self, network: nn.Module) -> tuple[nn.Module, ...]:
        """Return the modules that stay in evaluation mode."""
        return tuple(network.get_submodule(name) for name in self.resting)

    @contextlib.contextmanager
    def applied(self, network: nn.Module) -> Iterator[None]:
        """Ask no gradients of frozen parameters inside the block; then leave them as they were."""
        frozen = [each for block in self.frozen for each in _parameters(network, block)]
        asked = [parameter.requires_grad for parameter in frozen]
        try:
            for parameter in frozen:
                parameter.requires_grad_(False)
            yield
        finally:
            for parameter, before in zip(frozen, asked, strict=True):
                parameter.requires_grad_(before)

    def to_json(self) -> dict[str, Any]:
        """Return what learned and what did not, for the files of a run."""
        rates = {block.name: factor for block, factor in zip(self.blocks, self.factors, strict=True)}
        return {
            "trained": {name: factor for name, factor in rates.items() if factor},
            "frozen": [name for name, factor in rates.items() if not factor],
            "trained_parameters": sum(block.parameters for block in self.trained),
        }


def plan_fine_tuning(network: nn.Module, x: Tensor, config: FineTuningConfig) -> FineTuningPlan:
    """Return which blocks of a network learn and how fast.

    Parameters
    ----------
    network : nn.Module
        Any network with a linear layer at its end.
    x : Tensor, shape (N, ...)
        Some samples as it takes them.
    config : FineTuningConfig
        Settings.

    Raises
    ------
    ConfigurationError
        If more blocks are to be trained than there are; the message lists them.

    Examples
    --------
    >>> from skysieve.networks import build_network
    >>> network = build_network("vgg6", shape=(3, 63, 63), outputs=1)
    >>> plan = plan_fine_tuning(network, torch.zeros(1, 3, 63, 63), FineTuningConfig("last-blocks"))
    >>> [block.name for block in plan.trained]
    ['fc_1', 'fc_out']
    """
    tracing = trace(network, x)
    blocks = tracing.blocks
    try:
        factors = config.rate_factors(len(blocks))
    except ConfigurationError as error:
        raise ConfigurationError(f"{error}: {describe_blocks(blocks)}") from None
    frozen = factors.count(0.0)
    resting = [name for block in blocks[:frozen] for name in block.modules]
    if frozen:
        # A module that is called behind the first block that learns, too, serves that one.
        resting += [name for name, begun in tracing.weightless.items() if begun <= frozen]
    if config.frozen_statistics:
        batch_norm = torch.nn.modules.batchnorm._BatchNorm
        resting += [
            name
            for name, module in network.named_modules()
            if isinstance(module, batch_norm) and name not in resting
        ]
    return FineTuningPlan(blocks, factors, tuple(resting))


def describe_blocks(blocks: tuple[Block, ...]) -> str:
    """Return the blocks in words, from the input to the head."""
    return ", ".join(f"{block.name} ({block.parameters:,} parameters)" for block in blocks)


def _parameters(network: nn.Module, block: Block) -> Iterator[nn.Parameter]:
    for name in block.modules:
        yield from network.get_submodule(name).parameters(recurse=False)
