"""Losses for labels that are not one class: votes of many people, and sets of classes that are not ruled out.

All of them read the same logits as cross-entropy does, and leave their softmax (for one output the logistic
function) what it was: the probability of each class, or the expected share of the votes. Calibration, export
and scoring therefore need not know which loss a network was trained with.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.training.examples import Examples

__all__ = [
    "check_targets",
    "concentrations",
    "dirichlet_multinomial_losses",
    "partial_label_losses",
    "soft_cross_entropy_losses",
    "target_losses",
]

LARGEST_LOGIT = 12.0
"""Concentrations stay within exp(-12) and exp(12), beyond which votes tell nothing."""


def concentrations(logits: Tensor) -> Tensor:
    """Return the concentrations of a Dirichlet distribution, ``exp(logits)``, shape (N, K), float64.

    Their shares are the softmax of the logits; their sum says how much the votes of like samples agree
    beyond what the shares alone would allow.

    Examples
    --------
    >>> concentrations(torch.zeros(1, 3)).tolist()
    [[1.0, 1.0, 1.0]]
    """
    return logits.double().clamp(-LARGEST_LOGIT, LARGEST_LOGIT).exp()


def dirichlet_multinomial_losses(logits: Tensor, votes: Tensor) -> Tensor:
    """Return the negative log-likelihood of vote counts whose shares vary from sample to sample.

    The shares of a sample are a draw from a Dirichlet distribution with `concentrations` of the
    logits, its votes a multinomial draw from these. Many votes count more than few, and shares that
    the network does not know are not punished as if they were known (Walmsley et al. 2022,
    MNRAS 509, 3966).

    Parameters
    ----------
    logits : Tensor, shape (N, K), K >= 2
        Logarithms of the concentrations; held within +-12.
    votes : Tensor, shape (N, K)
        Counts.

    Returns
    -------
    Tensor, shape (N,), float32
        In natural logarithms, the multinomial coefficient included.

    Examples
    --------
    >>> loss = dirichlet_multinomial_losses(torch.zeros(1, 2), torch.tensor([[1.0, 2.0]]))
    >>> round(loss.exp().item(), 4)  # the four outcomes of three votes are equally likely
    4.0
    """
    alphas, counts = concentrations(logits), votes.double()
    total, counted = alphas.sum(1), counts.sum(1)
    ways = torch.lgamma(counted + 1) - torch.lgamma(counts + 1).sum(1)
    shares = (torch.lgamma(alphas + counts) - torch.lgamma(alphas)).sum(1)
    found: Tensor = torch.lgamma(total + counted) - torch.lgamma(total) - shares - ways
    return found.float()


def soft_cross_entropy_losses(logits: Tensor, votes: Tensor) -> Tensor:
    """Return the cross-entropy against the shares of the votes, shape (N,), float32.

    Every sample counts the same, however many votes it has.

    Parameters
    ----------
    logits : Tensor, shape (N, K), or (N, 1) for two classes
        Of the classes, or the log-odds of the second.
    votes : Tensor, shape (N, K)
        Counts or shares, with a positive sum.

    Examples
    --------
    >>> soft_cross_entropy_losses(torch.zeros(1, 1), torch.tensor([[3.0, 1.0]]))
    tensor([0.6931])
    """
    shares = votes.float() / votes.float().sum(1, keepdim=True)
    return -(shares * _log_probabilities(logits)).sum(1)


def partial_label_losses(logits: Tensor, allowed: Tensor) -> Tensor:
    """Return minus the logarithm of the probability that is on the classes not ruled out.

    A sample of which everything is allowed costs and teaches nothing; one with a single class is
    cross-entropy.

    Parameters
    ----------
    logits : Tensor, shape (N, K), or (N, 1) for two classes
        Of the classes, or the log-odds of the second.
    allowed : Tensor, shape (N, K)
        Positive where a sample may be of the class; at least one a sample.

    References
    ----------
    Jin & Ghahramani 2002, "Learning with multiple labels".

    Examples
    --------
    >>> partial_label_losses(torch.zeros(1, 4), torch.tensor([[1, 1, 0, 0]]))
    tensor([0.6931])
    """
    # The sum over all classes is exactly 1; rounded to more, the loss would be a little below 0.
    return -torch.logsumexp(_log_probabilities(logits).masked_fill(allowed <= 0, -torch.inf), dim=1).clamp(
        max=0.0
    )


_LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "dirichlet-multinomial": dirichlet_multinomial_losses,
    "soft-cross-entropy": soft_cross_entropy_losses,
    "partial": partial_label_losses,
}


def target_losses(loss: str, logits: Tensor, targets: Tensor) -> Tensor:
    """Return the loss of each sample by the name that it has in a training configuration.

    Parameters
    ----------
    loss : {"dirichlet-multinomial", "soft-cross-entropy", "partial"}
        Name.
    logits : Tensor, shape (N, outputs)
        Any floating dtype.
    targets : Tensor, shape (N, K)
        Votes, or allowed classes.
    """
    return _LOSSES[loss](logits, targets)


def check_targets(examples: Examples, outputs: int, loss: str, split: str) -> None:
    """Check that examples hold what a loss compares with.

    Raises
    ------
    SampleSetError
        If a loss on votes or sets of classes has none, their number is not that of the classes, or
        one has nothing in it.
    ConfigurationError
        If the network has a single output and the loss needs one a class.
    """
    if loss not in _LOSSES:
        return
    if loss == "dirichlet-multinomial" and outputs == 1:
        raise ConfigurationError(
            "the loss 'dirichlet-multinomial' needs a network with an output a class, this one has a single "
            "output for two classes; set training.loss to 'soft-cross-entropy'"
        )
    targets, classes = examples.targets, max(outputs, 2)
    if targets is None:
        raise SampleSetError(
            f"the loss {loss!r} needs votes or allowed classes of every sample of the {split} split; "
            "give a sample set with such columns, or set training.loss to 'cross-entropy'"
        )
    if targets.shape[1] != classes:
        raise SampleSetError(f"the {split} split has votes on {targets.shape[1]} classes, expected {classes}")
    empty = (targets.sum(1) <= 0).nonzero()[0]
    if len(empty):
        raise SampleSetError(
            f"{len(empty)} samples of the {split} split have no vote and no allowed class, "
            f"the first is number {empty[0]}; leave them out"
        )


def _log_probabilities(logits: Tensor) -> Tensor:
    logits = logits.float()
    if logits.shape[1] == 1:
        return torch.cat([functional.logsigmoid(-logits), functional.logsigmoid(logits)], dim=1)
    return torch.log_softmax(logits, dim=1)
