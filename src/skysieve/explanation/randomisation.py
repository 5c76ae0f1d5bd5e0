"""Do maps change when the network forgets: the same network with its weights in random order.

A method whose maps stay the same draws edges, not reasons (Adebayo et al. 2018).
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import rankdata
from torch import nn

from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.explanation.agreement import top_pixels
from skysieve.training.ensemble import Ensemble

__all__ = ["MapSimilarity", "cascade", "map_similarity", "randomised_network", "weighted_layers"]

#: Share of the pixels that `map_similarity` compares as the largest ones.
TOP_SHARE = 0.1


def weighted_layers(network: nn.Module) -> list[str]:
    """Return the names of the modules that hold weights themselves, from the output to the input.

    Examples
    --------
    >>> weighted_layers(nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(2, 1)))
    ['3', '0']
    """
    names = [
        name
        for name, module in network.named_modules()
        if next(module.parameters(recurse=False), None) is not None
    ]
    return names[::-1]


def randomised_network(network: nn.Module, *, seed: int, last: int | None = None) -> nn.Module:
    """Return a copy of a network whose weights stand in random order.

    Every weight and bias keeps its value and loses its place, within its own tensor. Activations thus keep
    about their size, which weights drawn anew would not: behind stored batch statistics they fade
    away, and a map of nothing differs from any other. Of a batch normalisation all
    tensors are reordered alike.

    Parameters
    ----------
    network : nn.Module
        Stays as it is.
    seed : int
        Seed of the order.
    last : int, optional
        Reorder so many layers only, counted from the output; all if not given. Of an ensemble, in each
        member.

    Raises
    ------
    ConfigurationError
        If the network has not so many layers.

    References
    ----------
    Adebayo et al. 2018, arXiv:1810.03292 (model parameter randomisation).

    Examples
    --------
    >>> network = nn.Linear(8, 8)
    >>> shuffled = randomised_network(network, seed=1)
    >>> bool((shuffled.weight == network.weight).all())
    False
    >>> torch.equal(shuffled.weight.flatten().sort().values, network.weight.flatten().sort().values)
    True
    """
    reordered = copy.deepcopy(network)
    generator = torch.Generator().manual_seed(seed)
    for member in list(reordered.networks) if isinstance(reordered, Ensemble) else [reordered]:
        names = weighted_layers(member)
        count = len(names) if last is None else last
        if not 0 <= count <= len(names):
            raise ConfigurationError(
                f"{count} layers are to be randomised; the network has {len(names)}: {', '.join(names)}"
            )
        modules = dict(member.named_modules())
        for name in names[:count]:
            _reorder(modules[name], generator)
    return reordered


def cascade(network: nn.Module, *, seed: int, steps: int = 5) -> Iterator[tuple[str, nn.Module]]:
    """Yield the network with more and more layers randomised, from the output to the input.

    Parameters
    ----------
    network : nn.Module
        Stays as it is.
    seed : int
        The same order of weights in every step, so that each step only adds to the one before it.
    steps : int
        How many networks; spread evenly over the layers, the last one being randomised completely.

    Yields
    ------
    name : str
        The first layer, seen from the input, that is randomised.
    network : nn.Module
        The copy.
    """
    names = weighted_layers(network.networks[0] if isinstance(network, Ensemble) else network)
    if steps < 1:
        raise ConfigurationError(f"steps is {steps}; expected 1 or more")
    for last in np.unique(np.ceil(np.linspace(0, len(names), steps + 1)[1:]).astype(int)):
        yield names[last - 1], randomised_network(network, seed=seed, last=int(last))


@dataclass(frozen=True)
class MapSimilarity:
    """How alike N pairs of maps are; NaN where a map is constant.

    Parameters
    ----------
    rank_correlation : ndarray, shape (N,), float64
        Spearman's correlation of the sizes of attribution, pixel by pixel.
    iou_top : ndarray, shape (N,), float64
        Intersection over union of the largest tenth of the pixels.
    """

    rank_correlation: NDArray[np.float64]
    iou_top: NDArray[np.float64]

    def columns(self) -> dict[str, NDArray[np.float64]]:
        """Return the figures by name, each of shape (N,)."""
        return {"rank_correlation": self.rank_correlation, "iou_top": self.iou_top}


def map_similarity(first: NDArray[Any], second: NDArray[Any]) -> MapSimilarity:
    """Compare maps of the same images, whatever their signs.

    Parameters
    ----------
    first, second : ndarray, shape (N, H, W)
        Maps, such as those of a network and of its randomised copy.

    Raises
    ------
    SampleSetError
        If the shapes differ.

    Examples
    --------
    >>> maps = np.random.default_rng(0).random((2, 8, 8))
    >>> map_similarity(maps, 2 * maps).rank_correlation.round(6)
    array([1., 1.])
    """
    if first.shape != second.shape or first.ndim != 3:
        raise SampleSetError(f"maps {first.shape} and {second.shape}; expected both (N, H, W)")
    sizes = [np.abs(maps.reshape(len(maps), -1)) for maps in (first, second)]
    ranks = [rankdata(each, axis=1) for each in sizes]
    centred = [each - each.mean(axis=1, keepdims=True) for each in ranks]
    product = (centred[0] * centred[1]).sum(axis=1)
    norm = np.sqrt((centred[0] ** 2).sum(axis=1) * (centred[1] ** 2).sum(axis=1))
    flat = norm == 0
    counts = np.full(len(first), max(1, round(TOP_SHARE * sizes[0].shape[1])))
    tops = [top_pixels(each, counts) for each in sizes]
    union = (tops[0] | tops[1]).sum(axis=1)
    shared = (tops[0] & tops[1]).sum(axis=1) / np.where(union, union, 1)
    return MapSimilarity(
        np.where(flat, np.nan, product / np.where(flat, 1, norm)), np.where(flat, np.nan, shared)
    )


@torch.no_grad()
def _reorder(module: nn.Module, generator: torch.Generator) -> None:
    if isinstance(module, nn.modules.batchnorm._NormBase):
        order = torch.randperm(module.num_features, generator=generator)
        for tensor in [*module.parameters(recurse=False), *module.buffers(recurse=False)]:
            if tensor.ndim:
                tensor.copy_(tensor[order.to(tensor.device)])
        return
    for tensor in module.parameters(recurse=False):
        order = torch.randperm(tensor.numel(), generator=generator).to(tensor.device)
        tensor.copy_(tensor.flatten()[order].view_as(tensor))
