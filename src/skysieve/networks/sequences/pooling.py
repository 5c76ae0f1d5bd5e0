"""From the states of a sequence to one vector: pooling that does not see padding."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

__all__ = ["AttentionPooling", "MaskedPooling", "Pooling", "weighted_mean"]

#: How states become one vector: the last of each direction, their mean, the mean by attention, or the mean
#: weighted by 1 / σ² of the points.
Pooling = Literal["last", "mean", "attention", "error"]


def weighted_mean(states: Tensor, weight: Tensor) -> Tensor:
    """Return the mean (N, H) of states (N, T, H) by weights (N, T), which are zero in padding.

    Examples
    --------
    >>> weighted_mean(torch.tensor([[[1.0], [3.0], [9.0]]]), torch.tensor([[1.0, 1.0, 0.0]]))
    tensor([[2.]])
    """
    return (states * weight[..., None]).sum(1) / weight.sum(1, keepdim=True)


class AttentionPooling(nn.Module):
    """Mean of states weighted by softmax of v · tanh(W h + b) over the steps that are no padding.

    Parameters
    ----------
    width : int
        H.
    hidden : int
        Rows of W.

    References
    ----------
    Bahdanau et al. 2015, arXiv:1409.0473; Yang et al. 2016, hierarchical attention.
    """

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.hidden, self.score = nn.Linear(width, hidden), nn.Linear(hidden, 1, bias=False)

    def forward(self, states: Tensor, valid: Tensor) -> Tensor:
        """Return (N, H) of states (N, T, H) and their mask (N, T)."""
        score = self.score(torch.tanh(self.hidden(states)))[..., 0].float()
        attention = score.masked_fill(~valid, -torch.inf).softmax(1).to(states.dtype)
        return weighted_mean(states, attention)


class MaskedPooling(nn.Module):
    """One of the ways of pooling, for states that are computed with the last ones beside them.

    Parameters
    ----------
    pooling : {"last", "mean", "attention", "error"}
        Which.
    width : int
        Features of a state.
    """

    def __init__(self, pooling: Pooling, width: int) -> None:
        super().__init__()
        self.pooling = pooling
        self.attention = AttentionPooling(width, max(1, width // 2)) if pooling == "attention" else None

    def forward(self, states: Tensor, last: Tensor, valid: Tensor, weight: Tensor) -> Tensor:
        """Return (N, H) of states (N, T, H), last states (N, H), mask (N, T) and weights (N, T)."""
        if self.pooling == "last":
            return last
        if self.attention is not None:
            pooled: Tensor = self.attention(states, valid)
            return pooled
        return weighted_mean(states, valid.to(states.dtype) if self.pooling == "mean" else weight)
