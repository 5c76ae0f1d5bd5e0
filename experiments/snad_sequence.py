"""Artefacts among objects of ZTF from the sequence of their frames alone: a network of statistics of frames.

Run by ``make experiments``; the documentation reads ``experiments/results/snad_sequence.json``. The folds are
the published ones. Of the other four folds an eighth, stratified, chooses the epoch. Sizes, thinning and
learning rate were chosen before by such eighths, the mean over the five folds. The test fold only judges,
at a probability of .5. Networks that differ in their seed alone are meaned in logits, and so are they and
boosted statistics, with no weight fitted. Logits of a fold that is done are kept under
``runs/snad_sequence``.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import logit
from sklearn.metrics import f1_score, roc_auc_score
from sklearn.model_selection import train_test_split

from skysieve.networks import build_network
from skysieve.networks.snad_rnn import import_snad_rnn, sequence_logits
from skysieve.preprocess.sequence_statistics import sequence_statistics, statistic_names
from skysieve.recipes.feature_classifiers import fit_feature_classifier
from skysieve.recipes.feature_table import FeatureTable
from skysieve.training.configuration import TrainingConfig
from skysieve.training.examples import Examples
from skysieve.training.execution import seeded_network
from skysieve.training.fit import fit
from skysieve.training.predict import predict_logits
from skysieve.training.ragged import RaggedSequences
from skysieve.training.thinning import Thinning
from snad_data import SnadData, read_snad

__all__ = ["figures", "figures_by_fold", "held_out_logits", "take_objects"]

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("SKYSIEVE_DATA", ROOT.parent / "shared" / "data"))
RUNS = ROOT / "runs" / "snad_sequence"
RESULT = Path(__file__).parent / "results" / "snad_sequence.json"

FOLDS, SEEDS, CLASSES = 5, 3, ("other", "artefact")
NETWORK, BOOSTED, PUBLISHED = "network, mean of seeds", "boosted statistics", "published BiGRU"
BOTH = "network and boosted statistics"
CONFIG = TrainingConfig(
    epochs=12,
    batch_size=32,
    learning_rate=2e-3,
    betas=(0.9, 0.99),
    weight_decay=0.05,
    optimizer="adamw",
    schedule="cosine",
    warmup_epochs=1,
    label_smoothing=0.05,
    precision="float32",
    device="cpu",
    threads=1,
    seed=1,
)
THINNING = Thinning(keep=(0.2, 0.6), least=5)
#: Bars: the published figures (accuracy at a threshold that the test fold chose), and a reference run of
#: scikit-learn on the same objects with more statistics.
BARS = {
    NETWORK: {"roc_auc": 0.91},
    BOTH: {"roc_auc": 0.91},
    PUBLISHED: {"roc_auc": 0.856, "accuracy": 0.80},
    BOOSTED: {"roc_auc": 0.909},
}


def parts_of(data: SnadData, fold: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return the objects that train, those that choose the epoch, and those that judge."""
    rest = np.flatnonzero(data.folds != fold)
    train, chooses = train_test_split(rest, test_size=1 / 8, random_state=fold, stratify=data.labels[rest])
    return np.sort(train), np.sort(chooses), np.flatnonzero(data.folds == fold)


def network_logits(
    data: SnadData, inputs: RaggedSequences, fold: int, epochs: int, seeds: int
) -> dict[str, NDArray[np.float64]]:
    """Return logits of the test objects from each seed, (seeds, n), and areas of what chose the epochs."""
    train, chooses, test = parts_of(data, fold)
    logits, chosen = [], []
    for seed in range(1, seeds + 1):
        network = seeded_network(lambda: build_network("frame-statistics", shape=(36,), outputs=1), seed)
        config = dataclasses.replace(CONFIG, epochs=epochs, seed=seed)
        with tempfile.TemporaryDirectory() as folder:
            trained, validation = (
                Examples(inputs, data.labels[rows], rows=rows) for rows in (train, chooses)
            )
            found = fit(network, trained, validation, config, folder, progress=False, augmenter=THINNING)
        logits.append(predict_logits(found.network, inputs, rows=test)[:, 0])
        area = roc_auc_score(data.labels[chooses], predict_logits(found.network, inputs, rows=chooses)[:, 0])
        chosen.append(float(area))
        print(f"fold {fold}  seed {seed}  epoch {found.best_epoch}  choosing part AUC {area:.4f}", flush=True)
    return {"network": np.array(logits, np.float64), "choosing": np.array(chosen)}


def fold_logits(
    data: SnadData, inputs: RaggedSequences, folder: Path, fold: int, epochs: int, seeds: int
) -> dict[str, NDArray[np.float64]]:
    """Return what the classifiers say of the objects of a fold that they did not see."""
    began = time.process_time()
    told = network_logits(data, inputs, fold, epochs, seeds)
    told["network_cpu_seconds"] = np.array(time.process_time() - began)
    test = data.folds == fold
    table = FeatureTable(statistic_names(36), sequence_statistics(data.sequences))
    fitted = fit_feature_classifier("boosting", table.take(~test), data.labels[~test], CLASSES)
    told[BOOSTED] = logit(np.clip(fitted.scores(table.take(test)), 1e-6, 1 - 1e-6))
    weights = folder / "snad" / "published_weights" / "rnn_wd_2dir" / f"model{fold}.zip"
    raw = sequence_logits(import_snad_rnn(weights), [data.sequences[row] for row in np.flatnonzero(test)])
    told[PUBLISHED] = np.asarray(raw[:, 1] - raw[:, 0], np.float64)
    return told


def held_out_logits(
    data: SnadData, folder: Path, *, folds: int = FOLDS, kept: Path | None = RUNS, epochs: int = CONFIG.epochs
) -> dict[str, Any]:
    """Return logits (N,) of every classifier, each object's from one that did not see its fold.

    A fold whose logits are in ``kept`` is not trained again. ``seed 1`` ... are the networks one by one;
    ``cpu_seconds`` and ``choosing`` tell what they cost, and the areas of the parts that chose the epochs.
    """
    seeds = SEEDS if epochs == CONFIG.epochs else 1
    steps = np.concatenate(data.sequences).astype(np.float32)
    offsets = np.cumsum([0, *(len(sequence) for sequence in data.sequences)])
    inputs = RaggedSequences(steps, offsets)
    names = [*(f"seed {seed + 1}" for seed in range(seeds)), NETWORK, BOOSTED, BOTH, PUBLISHED]
    logits: dict[str, Any] = {name: np.full(len(data.ids), np.nan) for name in names}
    costs, choosing = [], []
    for fold in range(folds):
        path = None if kept is None else kept / f"fold{fold}.npz"
        if path is not None and path.is_file():
            with np.load(path) as stored:
                told = dict(stored)
        else:
            told = fold_logits(data, inputs, folder, fold, epochs, seeds)
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
                partial = path.with_suffix(".part.npz")
                np.savez(partial, **told)
                partial.rename(path)
        test = data.folds == fold
        for seed, each in enumerate(told["network"]):
            logits[f"seed {seed + 1}"][test] = each
        logits[NETWORK][test] = told["network"].mean(0)
        for name in (BOOSTED, PUBLISHED):
            logits[name][test] = told[name]
        costs.append(float(told["network_cpu_seconds"]))
        choosing.append([float(area) for area in told["choosing"]])
    logits[BOTH] = (logits[NETWORK] + logits[BOOSTED]) / 2
    return {"logits": logits, "cpu_seconds": costs, "choosing": choosing}


def figures(labels: NDArray[np.int64], logits: NDArray[np.float64]) -> dict[str, float]:
    """Return the figures of one fold; the threshold is a probability of .5."""
    called = logits > 0
    return {
        "roc_auc": float(roc_auc_score(labels, logits)),
        "accuracy": float((called == labels).mean()),
        "f1": float(f1_score(labels, called)),
    }


def figures_by_fold(data: SnadData, logits: NDArray[np.float64], folds: int) -> dict[str, Any]:
    """Return the figures of each fold, their mean and their (population) standard deviation."""
    parts = [figures(data.labels[data.folds == k], logits[data.folds == k]) for k in range(folds)]
    return {
        name: {
            "by_fold": [round(part[name], 4) for part in parts],
            "mean": float(np.mean([part[name] for part in parts])),
            "sd": float(np.std([part[name] for part in parts])),
        }
        for name in parts[0]
    }


def take_objects(data: SnadData, count: int) -> SnadData:
    """Return some of the objects, drawn at random."""
    keep = np.sort(np.random.default_rng(0).permutation(len(data.ids))[:count])
    sequences = [data.sequences[row] for row in keep]
    return SnadData(data.ids[keep], data.labels[keep], data.folds[keep], sequences)


def measure(folder: Path, *, quick: bool = False) -> dict[str, Any]:
    """Return the figures of all classifiers by fold."""
    data, folds = read_snad(folder), FOLDS
    if quick:
        data, folds = take_objects(data, 300), 1
        told = held_out_logits(data, folder, folds=1, kept=None, epochs=2)
    else:
        told = held_out_logits(data, folder)
    results = {name: figures_by_fold(data, each, folds) for name, each in told["logits"].items()}
    for name, of in results.items():
        text = "  ".join(f"{figure} {it['mean']:.4f} +- {it['sd']:.4f}" for figure, it in of.items())
        print(f"{name:32s} {text}", flush=True)
    return {
        "data": f"{len(data.ids):,} objects of ZTF in r; embeddings of semtim/RB_ZTF in half precision",
        "protocol": "published folds; an eighth of the training folds chooses the epoch; mean and standard "
        "deviation (population) over the folds; accuracy and F1 at .5",
        "bars": BARS,
        "seeds": SEEDS,
        "network_cpu_seconds_by_fold": [round(cost, 1) for cost in told["cpu_seconds"]],
        "choosing_part_roc_auc": float(np.mean(told["choosing"])),
        "results": results,
    }


def main() -> None:
    """Measure, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="300 objects, one fold, nothing written")
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
