"""Cross-validation of networks on pictures of galaxies: what the experiments on EFIGI and Galaxy Zoo 2 share.

Of every five folds one judges; a tenth of the others chooses the epoch, the rest is learned from. A picture
is scored as the mean over the eight symmetries of the square, which change no label.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from skysieve.networks import build_network
from skysieve.preprocess import Pipeline
from skysieve.samples import SampleSet
from skysieve.samples.splits import assign_groups
from skysieve.training.augmentation import ALL, apply_symmetries
from skysieve.training.configuration import TrainingConfig
from skysieve.training.ensemble import fit_ensemble
from skysieve.training.examples import Examples
from skysieve.training.predict import predict_logits

__all__ = ["Variant", "judged_log_shares"]

FOLDS, SEED = 5, 42
#: Share of what is not judged that chooses the epoch.
CHOOSING = 0.1


@dataclass(frozen=True)
class Variant:
    """A network and its protocol.

    Parameters
    ----------
    network : str
        Name of the network.
    training : TrainingConfig
        Its protocol.
    arguments : dict
        Of the network.
    members : int
        Networks whose probabilities are averaged.
    """

    network: str
    training: TrainingConfig
    arguments: dict[str, Any] = field(default_factory=dict)
    members: int = 1


class AllSymmetries(nn.Module):
    """The mean probability of a network over the symmetries of the square, as logarithms."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        """Return logarithms of probabilities (N, K) of preprocessed samples (N, C, H, W)."""
        count = len(x)
        turned = [apply_symmetries(x, torch.full((count,), each)) for each in ALL]
        return torch.stack([self.network(each).softmax(1) for each in turned]).mean(0).log()


def judged_log_shares(
    samples: SampleSet,
    variant: Variant,
    folder: Path,
    *,
    targets: NDArray[np.float32] | None = None,
    folds: Sequence[int] = range(FOLDS),
) -> NDArray[np.float64]:
    """Return the logarithm of every probability, shape (N, K), by networks that never saw the picture's fold.

    Parameters
    ----------
    samples : SampleSet
        Labelled pictures.
    variant : Variant
        What is trained.
    folder : Path
        Holds a run for every fold; a killed experiment goes on.
    targets : ndarray, shape (N, K), optional
        Votes, for losses that read them.
    folds : sequence of int
        Folds to judge; the pictures of others get NaN.
    """
    images, labels = samples.tensor("cutouts"), samples.labels
    preprocess = Pipeline.of("picture-levels")
    parts = assign_groups(samples.groups, labels, np.ones(FOLDS), seed=SEED)
    judged = np.full((len(samples), len(samples.classes)), np.nan)

    def examples(rows: NDArray[np.int64]) -> Examples:
        return Examples(images, labels[rows], rows=rows, targets=None if targets is None else targets[rows])

    for fold in folds:
        rest = np.flatnonzero((parts != fold) & (labels >= 0))
        shares = np.array([1 - CHOOSING, CHOOSING])
        choosing = assign_groups(samples.groups[rest], labels[rest], shares, seed=SEED + fold) == 1
        fitted = fit_ensemble(
            lambda: build_network(
                variant.network,
                shape=images.shape[1:],
                outputs=len(samples.classes),
                **variant.arguments,
            ),
            examples(rest[~choosing]),
            examples(rest[choosing]),
            variant.members,
            variant.training,
            folder / f"fold_{fold}",
            preprocess=preprocess,
        )
        rows = np.flatnonzero(parts == fold)
        network = fitted.members[0].network if variant.members == 1 else fitted.network
        judged[rows] = predict_logits(AllSymmetries(network), images, preprocess=preprocess, rows=rows)
        right = float((judged[rows].argmax(1) == labels[rows]).mean())
        told = [f"{each.best_epoch} of {len(each.history)}, {each.seconds:.0f} s" for each in fitted.members]
        print(
            f"  fold {fold}: {right:.3f} of {len(rows)} are right; best epoch {'; '.join(told)}", flush=True
        )
    return judged
