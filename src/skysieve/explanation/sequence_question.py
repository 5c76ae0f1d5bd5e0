"""The question about sequences: what at which step speaks to this network for that class."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from skysieve.explanation.question import Space, class_logits
from skysieve.explanation.value_entrance import has_entrance, values_changed
from skysieve.networks.sequences.sequence_network import lengths_of, valid_steps

__all__ = ["SequenceQuestion"]


@dataclass(frozen=True)
class SequenceQuestion:
    """A network, a batch of padded sequences, and the class of each that is to be explained.

    Parameters
    ----------
    network : nn.Module
        Takes sequences (N, T, F), padded with NaN, and returns logits (N, K); in evaluation mode.
    sequences : Tensor, shape (N, T, F), float32
        The batch.
    classes : Tensor, shape (N,), int64
        The class to explain.
    columns : tuple of int
        The columns that are varied: values of a light curve, all numbers of a frame. All others, such as
        times, errors and bands, stay as they are.
    """

    network: nn.Module
    sequences: Tensor
    classes: Tensor
    columns: tuple[int, ...]

    @functools.cached_property
    def valid(self) -> Tensor:
        """Which steps are no padding, shape (N, T), bool."""
        return valid_steps(lengths_of(self.sequences), self.sequences.shape[1])

    @functools.cached_property
    def measured(self) -> Tensor:
        """Which of the varied values were measured, shape (N, T, D), bool."""
        return self.sequences[..., list(self.columns)].isfinite() & self.valid[..., None]

    def standardised(self, space: Space) -> bool:
        """Say whether values of a space are in units of the scatter of their curve, from its mean."""
        return space == "network" and has_entrance(self.network)

    def start(self, space: Space) -> Tensor:
        """Return the values of a space, shape (N, T, D), 0 where there is none."""
        if not self.standardised(space):
            return torch.where(self.measured, self.sequences[..., list(self.columns)], 0.0)
        found: list[Tensor] = []

        def noted(values: Tensor) -> Tensor:
            found.append(values)
            return values

        with torch.no_grad(), values_changed(self.network, noted):
            self.network(self.sequences)
        return torch.where(self.measured, found[0], 0.0)

    def mean(self, values: Tensor) -> Tensor:
        """Return the mean of each sequence and column at all its steps, shape (N, T, D)."""
        count = self.measured.sum(1, keepdim=True).clamp(min=1)
        return (torch.where(self.measured, values, 0.0).sum(1, keepdim=True) / count).expand_as(values)

    def logit(self, values: Tensor, space: Space) -> Tensor:
        """Return the logit of each sequence's class, shape (N,), for values of a space."""
        if self.standardised(space):
            with values_changed(self.network, lambda _: values):
                return class_logits(self.network(self.sequences), self.classes)
        whole = list(self.sequences.unbind(-1))
        for number, column in enumerate(self.columns):
            known = self.measured[..., number]
            whole[column] = torch.where(known, values[..., number], whole[column])
        return class_logits(self.network(torch.stack(whole, dim=-1)), self.classes)

    def gradient(self, values: Tensor, space: Space) -> Tensor:
        """Return the gradient of each sequence's logit by its own values, shape (N, T, D).

        0 where nothing was measured.
        """
        varied = values.detach().requires_grad_()
        with torch.enable_grad():
            # In evaluation mode no sequence knows of the others: the gradient of the sum is that of each.
            total = self.logit(varied, space).sum()
        (gradient,) = torch.autograd.grad(total, varied)
        return torch.where(self.measured & gradient.isfinite(), gradient, 0.0)
