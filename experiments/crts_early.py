"""How early the class of a variable star of CRTS South is known: from the first points of its curve.

A part of ``experiments/crts_networks.py``. Each classifier is judged on the first 10, 20, 50 and 100 % of the
points of each test curve. Those trained on whole curves meet short ones for the first time there; those
trained on cut curves have seen both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from torch import Tensor

from crts_methods import METHODS, Inputs, inputs_of
from crts_training import Fold, probabilities, trained
from skysieve.evaluation.early_classification import early_classification
from skysieve.networks.sequences.sequence_network import lengths_of, valid_steps
from skysieve.preprocess.curve_features import FeatureConfiguration, measure_features
from skysieve.samples.light_curves import LightCurves
from skysieve.training.ragged import RaggedSequences
from variable_star_data import VariableStars

__all__ = ["EARLY", "SHARES", "RandomCuts", "beginnings", "judge_early", "measure_early"]

#: Shares of the points of a curve, by name.
SHARES: Mapping[str, float] = {"10 %": 0.1, "20 %": 0.2, "50 %": 0.5, "100 %": 1.0}


@dataclass(frozen=True)
class Early:
    """A classifier: a method of `METHODS` or none for boosted statistics; and whether it learns from cuts.

    ``epochs`` are in place of those of the method, where an epoch shows more than each curve once.
    """

    method: str | None
    cut: bool
    epochs: int | None = None


EARLY: Mapping[str, Early] = {
    "recurrent, whole curves": Early("recurrent", cut=False),
    "recurrent, cut curves": Early("recurrent", cut=True),
    "dmdt, whole curves": Early("dmdt", cut=False),
    "dmdt, cut curves": Early("dmdt", cut=True, epochs=7),
    "boosted statistics, cut curves": Early(None, cut=True),
}


@dataclass(frozen=True)
class RandomCuts:
    """Show the beginning of each curve only, a share of its points drawn anew every time.

    Shares are even in their logarithm from ``least`` to 1, so that short curves are as common as long ones.
    """

    least: float = 0.1

    def __call__(self, samples: Tensor, generator: torch.Generator) -> Tensor:
        """Return sequences (N, T', F), padded with NaN."""
        lengths = lengths_of(samples)
        share = self.least ** torch.rand(len(samples), generator=generator)
        count = torch.ceil(share * lengths).long()
        cut = samples[:, : int(count.max())]
        return cut.masked_fill(~valid_steps(count, cut.shape[1])[..., None], torch.nan)


def beginnings(curves: LightCurves, share: float) -> LightCurves:
    """Return the first points of each curve, rounded up."""
    number = np.arange(len(curves.time)) - np.repeat(curves.offsets[:-1], curves.counts)
    return curves.keep(number < np.repeat(np.ceil(share * curves.counts), curves.counts))


def measure_early(
    name: str, stars: VariableStars, fold: int, folder: Path, epochs: int | None = None
) -> NDArray[np.float64]:
    """Return the probabilities of the test curves of a fold, shape (shares, N, K); kept in the folder."""
    way, parts = EARLY[name], stars.parts(fold)
    done = folder / "early" / name.replace(",", "").replace(" ", "-") / f"fold_{fold}.npz"
    if not done.exists():
        cuts = [beginnings(stars.curves, share) for share in SHARES.values()]
        if way.method is None:
            found = _boosted(cuts, stars.labels, parts)
        else:
            found = _by_network(way, cuts, stars, fold, folder, epochs)
        done.parent.mkdir(parents=True, exist_ok=True)
        partial = done.with_suffix(".part.npz")
        np.savez(partial, test=found)
        partial.rename(done)
    with np.load(done) as stored:
        return np.asarray(stored["test"])


def judge_early(
    stars: VariableStars, folds: Sequence[int], found: Sequence[NDArray[np.float64]], replicates: int = 1000
) -> dict[str, Any]:
    """Return accuracy by share of the points, all folds together, with intervals by bootstrap of curves."""
    rows = np.concatenate([stars.parts(fold)["test"] for fold in folds])
    scores = np.concatenate(found, axis=1)
    cuts = [beginnings(stars.curves.take(rows), share) for share in SHARES.values()]
    days = [cut.time[cut.offsets[1:] - 1] - cut.time[cut.offsets[:-1]] for cut in cuts]
    judged = early_classification(
        stars.labels[rows],
        dict(zip(SHARES, scores, strict=True)),
        points=[cut.counts for cut in cuts],
        days=days,
        groups=stars.curves.ids[rows],
        seed=1,
        replicates=replicates,
    )
    return judged.to_json()


def _by_network(
    way: Early, cuts: Sequence[LightCurves], stars: VariableStars, fold: int, folder: Path, epochs: int | None
) -> NDArray[np.float64]:
    parts, count = stars.parts(fold), len(stars.labels)
    method = METHODS[str(way.method)]
    inputs = _stacked([inputs_of(method, cut) for cut in cuts])
    shares = np.arange(len(cuts))[:, None] * count
    if way.cut:
        place = folder / "networks" / f"{way.method}-cut" / f"fold_{fold}"
        sequences = isinstance(inputs, RaggedSequences)
        # Cuts of sequences are drawn anew in every epoch; of images there are four for each curve.
        train = (shares[-1:] if sequences else shares) + parts["train"]
        labels = np.tile(stars.labels, len(cuts))
        rows = Fold(train.ravel(), (shares + parts["validation"]).ravel(), labels, len(stars.classes))
        augmenter = RandomCuts() if sequences else None
        one = trained(method, inputs, rows, place, epochs=epochs or way.epochs, augmenter=augmenter)
    else:
        place = folder / "networks" / str(way.method) / f"fold_{fold}"
        whole = inputs_of(method, stars.curves)
        rows = Fold(parts["train"], parts["validation"], stars.labels, len(stars.classes))
        one = trained(method, whole, rows, place, epochs=epochs)
    return np.stack([probabilities(one.network, inputs, first + parts["test"]) for first in shares.ravel()])


def _boosted(
    cuts: Sequence[LightCurves], labels: NDArray[np.int64], parts: Mapping[str, NDArray[np.int64]]
) -> NDArray[np.float64]:
    configuration = FeatureConfiguration(sets=("statistics",))
    values = [measure_features(cut, configuration).values for cut in cuts]
    # The arguments of `skysieve.recipes.feature_classifiers`.
    boosting = HistGradientBoostingClassifier(
        max_iter=200, learning_rate=0.07, l2_regularization=1.0, early_stopping=False, random_state=0
    )
    learned = np.concatenate([each[parts["train"]] for each in values])
    boosting.fit(learned, np.tile(labels[parts["train"]], len(cuts)))
    return np.stack([boosting.predict_proba(each[parts["test"]]) for each in values])


def _stacked(inputs: Sequence[Inputs]) -> Inputs:
    """Put the curves of all cuts behind each other."""
    sequences = [each for each in inputs if isinstance(each, RaggedSequences)]
    if not sequences:
        return np.concatenate([np.asarray(each) for each in inputs])
    lengths = np.concatenate([[0], *(each.lengths for each in sequences)])
    steps = np.concatenate([each.steps for each in sequences])
    return RaggedSequences(steps, np.cumsum(lengths), sequences[0].batch_tokens)
