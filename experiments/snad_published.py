"""The published classifiers of frame sequences, judged again with their own weights on their own folds.

Run by ``make experiments``; the documentation reads ``experiments/results/snad_published.json``. Artefacts
among 2,230 objects of ZTF, from the embeddings of their frames in r. The published networks saw the zeros
that fill a batch as frames; beside them stands what the same weights give when sequences end at their end.
Whether the embeddings' half precision costs a digit is told by the largest difference of the areas.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.metrics import roc_auc_score

from skysieve.networks.snad_rnn import Padding, import_snad_rnn, sequence_logits
from snad_data import SnadData, read_snad

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("SKYSIEVE_DATA", ROOT.parent / "shared" / "data"))
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
                figure: {
                    "by_fold": [round(one[figure], 6) for one in each],
                    "mean": float(np.mean([one[figure] for one in each])),
                    "sd": float(np.std([one[figure] for one in each])),
                }
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


def main() -> None:
    """Measure, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one fold, nothing written")
    arguments = parser.parse_args()
    if not (DATA / "snad").is_dir():
        sys.exit(f"{DATA / 'snad'}: not found; set SKYSIEVE_DATA to the folder of the real data")
    torch.set_num_threads(1)
    content = measure(DATA, 1 if arguments.quick else 5)
    if arguments.quick:
        return
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n")
    print(f"table: {RESULT}")


if __name__ == "__main__":
    main()
