"""The published classifiers of frame sequences, judged again with their own weights on their own folds.

Run by ``make experiments``; the documentation reads ``experiments/results/snad_published.json``. Artefacts
among 2,230 objects of ZTF, from the embeddings of their frames in r. The published networks saw the zeros
that fill a batch as frames; beside them stands what the same weights give when sequences end at their end.
Whether the embeddings' half precision costs a digit is told by the largest difference of the areas.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from skysieve.networks.snad_rnn import Padding, import_snad_rnn, sequence_logits
from snad_data import SnadData, read_snad
from snad_table import over_folds, write_table

RESULT = Path(__file__).parent / "results" / "snad_published.json"

#: Folder of the weights, and the areas under the ROC curve of the last published epoch, by fold.
NETWORKS = {
    "GRU": ("rnn_baseline", (0.8244, 0.8315, 0.8442, 0.8270, 0.8640)),
    "BiGRU": ("rnn_wd_2dir", (0.8441, 0.8733, 0.8488, 0.8533, 0.8612)),
}
PADDINGS: tuple[Padding, ...] = ("published", "masked")


def judge(data: SnadData, weights: Path, fold: int, padding: Padding) -> dict[str, float]:
    """Return the figures of published weights on the fold that they did not see."""
    rows = np.flatnonzero(data.folds == fold)
    network = import_snad_rnn(weights / f"model{fold}.zip", padding=padding)
    logits = sequence_logits(network, [data.sequences[row] for row in rows])
    labels, score = data.labels[rows], logits[:, 1] - logits[:, 0]
    return {
        "roc_auc": float(roc_auc_score(labels, score)),
        "accuracy": float(((score > 0) == labels).mean()),
    }


def measure(folder: Path, folds: int = 5) -> dict[str, Any]:
    """Return the figures of all networks and folds."""
    data = read_snad(folder)
    networks: dict[str, Any] = {}
    for name, (weights, published) in NETWORKS.items():
        found: dict[str, Any] = {"published_roc_auc": list(published[:folds])}
        for padding in PADDINGS:
            each = [
                judge(data, folder / "snad" / "published_weights" / weights, fold, padding)
                for fold in range(folds)
            ]
            found[padding] = {
                figure: over_folds([one[figure] for one in each], digits=6)
                for figure in ("roc_auc", "accuracy")
            }
            print(name, padding, found[padding]["roc_auc"], flush=True)
        difference = np.subtract(found["published"]["roc_auc"]["by_fold"], published[:folds])
        found["largest_difference"] = float(np.abs(difference).max())
        networks[name] = found
    return {
        "data": f"{len(data.ids):,} objects of ZTF in r, {len(data.labels[data.labels == 1]):,} artefacts; "
        "embeddings of semtim/RB_ZTF in half precision",
        "protocol": "published weights, published folds and batches; mean and standard deviation over folds "
        "(population); accuracy at .5",
        "networks": networks,
    }


if __name__ == "__main__":
    write_table(
        RESULT,
        lambda folder, quick: measure(folder, 1 if quick else 5),
        description=__doc__,
        quick="one fold",
    )
