"""Artefacts among objects of ZTF from statistics of their frames, from their light curves, and from both.

Run by ``make experiments``; the documentation reads ``experiments/results/snad_fusion.json``. The folds are
the published ones. Nothing is chosen by a test fold: boosting has the arguments of `skysieve.recipes`, and
late fusion is the mean of logits, which has no argument at all. One object of 2,230 has no light-curve
features; it stays, with its features missing.
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
from numpy.typing import NDArray
from scipy.special import logit
from sklearn.metrics import f1_score, roc_auc_score

from skysieve.networks.snad_rnn import import_snad_rnn, sequence_logits
from skysieve.preprocess.sequence_statistics import sequence_statistics, statistic_names
from skysieve.recipes.feature_classifiers import fit_feature_classifier
from skysieve.recipes.feature_table import FeatureTable
from snad_data import SnadData, read_light_curve_features, read_snad

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("SKYSIEVE_DATA", ROOT.parent / "shared" / "data"))
RESULT = Path(__file__).parent / "results" / "snad_fusion.json"

CLASSES = ("other", "artefact")
#: Which tables each boosting takes.
BOOSTED = {"frames": ("frames",), "light curve": ("light curve",), "both": ("frames", "light curve")}
#: Whose logits each late fusion means.
FUSED = {
    "late fusion": ("frames", "light curve"),
    "late fusion of three": ("frames", "light curve", "both"),
    "late fusion of three and the published BiGRU": ("frames", "light curve", "both", "published BiGRU"),
}
#: Bars: the published network, and reference runs of scikit-learn on the same objects.
BARS = {
    "published BiGRU": {"roc_auc": 0.856, "accuracy": 0.793},
    "frames": {"roc_auc": 0.909},
    "light curve": {"roc_auc": 0.947, "accuracy": 0.874},
    "both": {"roc_auc": 0.964, "accuracy": 0.909},
}


def tables(data: SnadData, folder: Path) -> dict[str, FeatureTable]:
    """Return the features of frames and of light curves, in the order of the objects."""
    frames = FeatureTable(statistic_names(36), sequence_statistics(data.sequences))
    names, by_id = read_light_curve_features(folder)
    missing = [np.nan] * len(names)
    curves = FeatureTable(names, np.array([by_id.get(oid, missing) for oid in data.ids.tolist()]))
    both = FeatureTable(frames.names + curves.names, np.hstack([frames.values, curves.values]))
    return {"frames": frames, "light curve": curves, "both": both}


def held_out_logits(
    data: SnadData, folder: Path, made: dict[str, FeatureTable], folds: int
) -> dict[str, NDArray[np.float64]]:
    """Return the logits of every object from classifiers that did not see its fold, shape (N,)."""
    logits = {name: np.full(len(data.ids), np.nan) for name in (*BOOSTED, "published BiGRU")}
    for fold in range(folds):
        test = data.folds == fold
        for name in BOOSTED:
            table = made[name]
            fitted = fit_feature_classifier("boosting", table.take(~test), data.labels[~test], CLASSES)
            logits[name][test] = logit(np.clip(fitted.scores(table.take(test)), 1e-6, 1 - 1e-6))
            area = roc_auc_score(data.labels[test], logits[name][test])
            print(f"fold {fold}  {name:12s} AUC {area:.4f}", flush=True)
        weights = folder / "snad" / "published_weights" / "rnn_wd_2dir" / f"model{fold}.zip"
        raw = sequence_logits(import_snad_rnn(weights), [data.sequences[row] for row in np.flatnonzero(test)])
        logits["published BiGRU"][test] = raw[:, 1] - raw[:, 0]
    for name, parts in FUSED.items():
        logits[name] = np.mean([logits[part] for part in parts], axis=0)
    return logits


def figures(labels: NDArray[np.int64], logits: NDArray[np.float64]) -> dict[str, float]:
    """Return the figures of one fold; the threshold is a probability of .5."""
    called = logits > 0
    return {
        "roc_auc": float(roc_auc_score(labels, logits)),
        "accuracy": float((called == labels).mean()),
        "f1": float(f1_score(labels, called)),
    }


def measure(folder: Path, folds: int = 5) -> dict[str, Any]:
    """Return the figures of all classifiers by fold, with mean and standard deviation."""
    data = read_snad(folder)
    if folds < 5:
        keep = np.random.default_rng(0).permutation(len(data.ids))[:400]
        data = SnadData(
            data.ids[keep], data.labels[keep], data.folds[keep], [data.sequences[row] for row in keep]
        )
    logits = held_out_logits(data, folder, tables(data, folder), folds)
    results: dict[str, Any] = {}
    for name, each in logits.items():
        by_fold = [figures(data.labels[data.folds == k], each[data.folds == k]) for k in range(folds)]
        results[name] = {
            figure: {
                "by_fold": [round(one[figure], 4) for one in by_fold],
                "mean": float(np.mean([one[figure] for one in by_fold])),
                "sd": float(np.std([one[figure] for one in by_fold])),
            }
            for figure in by_fold[0]
        }
        text = "  ".join(
            f"{figure} {of['mean']:.4f} +- {of['sd']:.4f}" for figure, of in results[name].items()
        )
        print(f"{name:45s} {text}", flush=True)
    return {
        "data": f"{len(data.ids):,} objects of ZTF in r; embeddings of semtim/RB_ZTF in half precision, "
        "54 light-curve features of snad-space/ztf_real_bogus_clf",
        "protocol": "published folds; mean and standard deviation (population) over them; "
        "accuracy and F1 at .5",
        "bars": BARS,
        "results": results,
    }


def main() -> None:
    """Measure, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="400 objects, one fold, nothing written")
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
