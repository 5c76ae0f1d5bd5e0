"""Six types of galaxies in the pictures of EFIGI: Night Sky Net as published, and the compact network.

Run by ``make experiments``; the documentation reads ``experiments/results/efigi.json``. 3538 colour
pictures of SDSS, 88 x 88 pixels, types by experts (Baillard et al. 2011); five folds, stratified.
Everything is trained from random weights. The floor is what extremely randomised trees reach on oriented
gradients and pixels.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import balanced_accuracy_score, confusion_matrix

from galaxy_folds import FOLDS, Variant, judged_log_shares
from skysieve.evaluation.intervals import bootstrap_intervals
from skysieve.recipes.night_sky_net import NIGHT_SKY_NET
from skysieve.sources.galaxies import efigi_samples
from skysieve.training.configuration import AugmentationConfig, TrainingConfig

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("SKYSIEVE_DATA", ROOT.parent / "shared" / "data"))
RESULT = Path(__file__).parent / "results" / "efigi.json"

#: Accuracy and balanced accuracy without a network, taken over as a reference: no command here measures them.
FLOOR = {"accuracy": 0.664, "balanced_accuracy": 0.481}

#: Pixels that the pictures of 88 are averaged down to; Night Sky Net looks at the inner 60.
SIDE = 64
EVERY_SYMMETRY = AugmentationConfig(flips=True, rotations=True, shift=1.0)

VARIANTS = {
    "compact": Variant(
        "compact",
        TrainingConfig(
            epochs=60,
            batch_size=32,
            learning_rate=3e-3,
            optimizer="adamw",
            weight_decay=0.05,
            schedule="cosine",
            warmup_epochs=2,
            patience=60,
            monitor="loss",
            copies=300,
            most_copies=4,
            augmentation=EVERY_SYMMETRY,
        ),
        {"width": 32, "depth": 1, "dropout": 0.3},
    ),
    # As published, but for the copies: towards 10 000 of each class would be 60 000 pictures an epoch.
    "night-sky-net": Variant(
        "night-sky-net",
        replace(
            NIGHT_SKY_NET.configuration.training,
            patience=4,
            copies=300,
            most_copies=4,
            augmentation=EVERY_SYMMETRY,
        ),
        {"crop": 60},
    ),
}


def figures(labels: NDArray[np.int64], called: NDArray[np.int64]) -> dict[str, float]:
    """Return accuracy and balanced accuracy."""
    return {
        "accuracy": float((labels == called).mean()),
        "balanced_accuracy": float(balanced_accuracy_score(labels, called)),
    }


def measure(names: list[str], runs: Path, folds: list[int], *, quick: bool) -> dict[str, Any]:
    """Return the figures of the variants of these names."""
    samples = efigi_samples(DATA / "galaxies" / "efigi", side=SIDE)
    if quick:
        samples = samples.select(np.arange(0, len(samples), 8))
    labels = samples.labels
    results: dict[str, Any] = {}
    for name in names:
        variant = VARIANTS[name]
        if quick:
            training = replace(variant.training, epochs=2, warmup_epochs=0, patience=2)
            variant = replace(variant, training=training)
        print(name, flush=True)
        judged = judged_log_shares(samples, variant, runs / name, folds=folds)
        rows = np.isfinite(judged).all(1)
        truth, called = labels[rows], judged[rows].argmax(1)
        options = {"groups": samples.groups[rows], "seed": 1, "replicates": 1000}
        intervals = bootstrap_intervals(figures, truth, called, **options)
        matrix = confusion_matrix(truth, called, labels=range(len(samples.classes)))
        results[name] = {
            "figures": {figure: interval.to_json() for figure, interval in intervals.items()},
            "folds": folds,
            "galaxies": int(rows.sum()),
            "confusion": matrix.tolist(),
            "recall": {
                each: float(matrix[number, number] / max(matrix[number].sum(), 1))
                for number, each in enumerate(samples.classes)
            },
        }
        for figure, interval in intervals.items():
            print(f"  {figure:18s} {interval}   floor {FLOOR[figure]}", flush=True)
    return {
        "data": f"{len(samples)} colour pictures of EFIGI, averaged down to {SIDE} x {SIDE} pixels",
        "labels": samples.description.label_origin,
        "classes": list(samples.classes),
        "floor": FLOOR,
        "protocol": f"{FOLDS} folds, stratified; intervals by bootstrap over galaxies",
        "results": results,
    }


def main() -> None:
    """Train, judge, print, write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, default=ROOT / "runs" / "efigi")
    parser.add_argument("--networks", nargs="+", choices=list(VARIANTS), default=list(VARIANTS))
    parser.add_argument("--folds", type=int, nargs="+", default=list(range(FOLDS)))
    parser.add_argument("--quick", action="store_true", help="few pictures, two epochs, nothing written")
    arguments = parser.parse_args()
    if not (DATA / "galaxies" / "efigi").is_dir():
        sys.exit(f"{DATA / 'galaxies' / 'efigi'}: not found; set SKYSIEVE_DATA to the folder of real data")
    runs = arguments.runs.with_name(arguments.runs.name + "-quick") if arguments.quick else arguments.runs
    content = measure(arguments.networks, runs, arguments.folds, quick=arguments.quick)
    if arguments.quick:
        return
    if RESULT.is_file():
        content["results"] = json.loads(RESULT.read_text())["results"] | content["results"]
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n")
    print(f"table: {RESULT}")


if __name__ == "__main__":
    main()
