"""Artefacts among objects of ZTF from statistics of their frames, from their light curves, and from both.

Run by ``make experiments``; the documentation reads ``experiments/results/snad_fusion.json``. The folds are
the published ones. Nothing is chosen by a test fold: boosting has the arguments of `skysieve.recipes`, and
late fusion is the mean of logits, which has no argument at all. What is told by frames alone, boosted or by
networks, is that of ``experiments/snad_sequence.py``, which runs first where it has not. One object of 2,230
has no light-curve features; it stays, with its features missing.
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

from skysieve.preprocess.sequence_statistics import sequence_statistics, statistic_names
from skysieve.recipes.feature_classifiers import fit_feature_classifier
from skysieve.recipes.feature_table import FeatureTable
from snad_data import SnadData, read_light_curve_features, read_snad
from snad_sequence import BOOSTED as FRAMES
from snad_sequence import CLASSES, FOLDS, NETWORK, PUBLISHED, figures_by_fold, take_objects
from snad_sequence import held_out_logits as logits_of_frames

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("SKYSIEVE_DATA", ROOT.parent / "shared" / "data"))
RESULT = Path(__file__).parent / "results" / "snad_fusion.json"

RUNS = ROOT / "runs" / "snad_fusion"

#: Whose logits each late fusion means.
FUSED = {
    "late fusion": ("frames", "light curve"),
    "late fusion of network and light curve": ("network", "light curve"),
    "late fusion of three": ("frames", "light curve", "both"),
    "late fusion of three and the network": ("frames", "light curve", "both", "network"),
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
    """Return the features of light curves, alone and beside those of frames, in the order of the objects."""
    frames = FeatureTable(statistic_names(36), sequence_statistics(data.sequences))
    names, by_id = read_light_curve_features(folder)
    missing = [np.nan] * len(names)
    curves = FeatureTable(names, np.array([by_id.get(oid, missing) for oid in data.ids.tolist()]))
    both = FeatureTable(frames.names + curves.names, np.hstack([frames.values, curves.values]))
    return {"light curve": curves, "both": both}


def boosted_logits(
    data: SnadData, made: dict[str, FeatureTable], folds: int, kept: Path | None
) -> dict[str, NDArray[np.float64]]:
    """Return the logits of every object from boostings that did not see its fold; folds in ``kept`` stay."""
    logits = {name: np.full(len(data.ids), np.nan) for name in made}
    for fold in range(folds):
        test, path = data.folds == fold, None if kept is None else kept / f"fold{fold}.npz"
        if path is not None and path.is_file():
            with np.load(path) as stored:
                told = dict(stored)
        else:
            told = {}
            for name, table in made.items():
                fitted = fit_feature_classifier("boosting", table.take(~test), data.labels[~test], CLASSES)
                told[name] = logit(np.clip(fitted.scores(table.take(test)), 1e-6, 1 - 1e-6))
                print(f"fold {fold}  {name}", flush=True)
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
                np.savez(path.with_suffix(".part.npz"), **told)
                path.with_suffix(".part.npz").rename(path)
        for name in made:
            logits[name][test] = told[name]
    return logits


def measure(folder: Path, *, quick: bool = False) -> dict[str, Any]:
    """Return the figures of all classifiers by fold, with mean and standard deviation."""
    data, folds = read_snad(folder), FOLDS
    if quick:
        data, folds = take_objects(data, 400), 1
        told = logits_of_frames(data, folder, folds=1, kept=None, epochs=2)["logits"]
    else:
        told = logits_of_frames(data, folder)["logits"]
    logits = {"frames": told[FRAMES], "network": told[NETWORK], "published BiGRU": told[PUBLISHED]}
    logits |= boosted_logits(data, tables(data, folder), folds, None if quick else RUNS)
    for name, parts in FUSED.items():
        logits[name] = np.mean([logits[part] for part in parts], axis=0)
    results: dict[str, Any] = {}
    for name, each in logits.items():
        results[name] = figures_by_fold(data, each, folds)
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
    content = measure(DATA, quick=arguments.quick)
    if arguments.quick:
        return
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n")
    print(f"table: {RESULT}")


if __name__ == "__main__":
    main()
