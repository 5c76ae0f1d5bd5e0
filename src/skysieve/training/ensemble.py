"""Several networks that differ in their seed alone, and the mean of their probabilities."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from skysieve.errors import ConfigurationError
from skysieve.training.configuration import TrainingConfig
from skysieve.training.examples import Examples
from skysieve.training.execution import seeded_network
from skysieve.training.fit import FitResult, fit

__all__ = ["Ensemble", "EnsembleResult", "fit_ensemble"]


class Ensemble(nn.Module):
    """The mean probability of several networks, as one network.

    It returns the logit of the mean probability (for several classes the
    logarithms of the mean probabilities), so that calibration and export work
    as for a single network.

    Parameters
    ----------
    networks : iterable of nn.Module
        Members; all take the same samples and return logits (N, outputs).

    References
    ----------
    Lakshminarayanan et al. 2017, arXiv:1612.01474 (deep ensembles).

    Examples
    --------
    >>> members = [nn.Linear(1, 1) for _ in range(3)]
    >>> x = torch.ones(4, 1)
    >>> mean = torch.stack([torch.sigmoid(member(x)) for member in members]).mean(0)
    >>> torch.allclose(torch.sigmoid(Ensemble(members)(x)), mean)
    True
    """

    def __init__(self, networks: Iterable[nn.Module]) -> None:
        super().__init__()
        self.networks = nn.ModuleList(networks)
        if not len(self.networks):
            raise ConfigurationError("an ensemble has no members; give it at least one network")

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (N, outputs) of preprocessed samples (N, ...)."""
        logits = torch.stack([network(x) for network in self.networks])
        if logits.shape[2] == 1:
            return _log_mean(_log_sigmoid(logits)) - _log_mean(_log_sigmoid(-logits))
        return _log_mean(torch.log_softmax(logits, dim=2))


def _log_mean(logarithms: Tensor) -> Tensor:
    return torch.logsumexp(logarithms, dim=0) - math.log(len(logarithms))


def _log_sigmoid(logits: Tensor) -> Tensor:
    # functional.logsigmoid is exported as log(sigmoid(x)), which is -inf for x < -104.
    return -functional.softplus(-logits)


@dataclass(frozen=True)
class EnsembleResult:
    """An ensemble and its members.

    Parameters
    ----------
    network : Ensemble
        In evaluation mode.
    members : tuple of FitResult
        One for each seed.
    """

    network: Ensemble
    members: tuple[FitResult, ...]


def fit_ensemble(
    make_network: Callable[[], nn.Module],
    train: Examples,
    validation: Examples,
    members: int,
    config: TrainingConfig,
    run_folder: str | Path,
    *,
    preprocess: Callable[[Tensor], Tensor] | None = None,
    resume: bool = True,
    progress: bool = True,
    fit_member: Callable[..., FitResult] = fit,
) -> EnsembleResult:
    """Train several networks with the seeds ``config.seed``, ``config.seed + 1`` ...

    Each runs in its own folder ``member_0``, ``member_1`` ...; when called
    again, finished members are not trained again and a broken one goes on.

    Parameters
    ----------
    make_network : callable
        Returns a new network; called with PyTorch seeded by the member's seed.
    train, validation, config, preprocess, resume, progress
        As for `fit`.
    members : int
        How many.
    run_folder : path-like
        Holds the folders of the members.
    fit_member : callable
        What trains a member; takes what `skysieve.training.fit.fit` takes.

    Raises
    ------
    ConfigurationError
        If there are no members.
    """
    if members < 1:
        raise ConfigurationError(f"an ensemble has at least one member; found members={members}")
    results = []
    for member in range(members):
        member_config = dataclasses.replace(config, seed=config.seed + member)
        result = fit_member(
            seeded_network(make_network, member_config.seed),
            train,
            validation,
            member_config,
            Path(run_folder) / f"member_{member}",
            preprocess=preprocess,
            resume=resume,
            progress=progress,
        )
        results.append(result)
    return EnsembleResult(Ensemble(result.network for result in results).eval(), tuple(results))
