"""Votes of Galaxy Zoo 2 from pictures: which shares of people would say smooth, featured, edge-on.

Run by ``make experiments``; the documentation reads ``experiments/results/galaxy_zoo_votes.json``. 1000
pictures of SDSS with the votes of some forty people each, five folds by galaxy, trained from random weights
on the counts of the votes (Dirichlet-multinomial likelihood) and, to compare, on their shares (cross-
entropy). Beside each error stand that of a constant, and the one that a perfect predictor would have
because so few people voted.
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

from galaxy_folds import FOLDS, Variant, judged_log_shares
from skysieve.recipes.galaxy_votes import vote_agreement
from skysieve.recipes.vote_targets import targets_of
from skysieve.sources.galaxies import galaxy_zoo2_samples
from skysieve.training.configuration import AugmentationConfig, TrainingConfig

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("SKYSIEVE_DATA", ROOT.parent / "shared" / "data"))
RESULT = Path(__file__).parent / "results" / "galaxy_zoo_votes.json"

TRAINING = TrainingConfig(
    epochs=60,
    batch_size=32,
    learning_rate=3e-3,
    optimizer="adamw",
    weight_decay=0.05,
    schedule="cosine",
    warmup_epochs=2,
    patience=60,
    augmentation=AugmentationConfig(flips=True, rotations=True, shift=2.0),
)
LOSSES = ("dirichlet-multinomial", "soft-cross-entropy")


def tenths(predicted: NDArray[np.float64], counted: NDArray[np.float64]) -> list[dict[str, float]]:
    """Return what people said of each tenth of the galaxies, those of the lowest predicted shares first."""
    told = []
    for rows in np.array_split(np.argsort(predicted, kind="stable"), 10):
        low, high = np.quantile(counted[rows], (0.16, 0.84))
        told.append(
            {
                "predicted": float(predicted[rows].mean()),
                "counted": float(counted[rows].mean()),
                "low": float(low),
                "high": float(high),
            }
        )
    return told


def measure(runs: Path, folds: list[int], losses: list[str], side: int, *, quick: bool) -> dict[str, Any]:
    """Return the figures of both losses."""
    samples = galaxy_zoo2_samples(DATA / "galaxies" / "galaxyzoo2", side=side)
    if quick:
        samples = samples.select(np.arange(0, len(samples), 5))
    votes = targets_of(samples, "dirichlet-multinomial")
    results: dict[str, Any] = {}
    for loss in losses:
        training = replace(TRAINING, loss=loss)
        if quick:
            training = replace(training, epochs=3, patience=3, warmup_epochs=0)
        variant = Variant("compact", training, {"width": 32, "depth": 1, "dropout": 0.3})
        print(loss, flush=True)
        judged = judged_log_shares(samples, variant, runs / loss, targets=votes, folds=folds)
        rows = np.isfinite(judged).all(1)
        predicted, counted = np.exp(judged[rows]), votes[rows].astype(np.float64)
        found = vote_agreement(predicted, counted, samples.groups[rows], samples.classes)
        results[loss] = {"folds": folds, "galaxies": found.galaxies, "classes": found.to_json()}
        shares = counted / counted.sum(1, keepdims=True)
        for number, name in enumerate(samples.classes):
            results[loss]["classes"][name]["tenths"] = tenths(predicted[:, number], shares[:, number])
        print(found, flush=True)
    return {
        "data": f"{len(samples)} pictures of Galaxy Zoo 2, averaged down to {side} x {side} pixels",
        "labels": samples.description.label_origin,
        "protocol": f"{FOLDS} folds by galaxy; intervals by bootstrap over galaxies",
        "results": results,
    }


def main() -> None:
    """Train, judge, print, write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, default=ROOT / "runs" / "galaxy-zoo-votes")
    parser.add_argument("--folds", type=int, nargs="+", default=list(range(FOLDS)))
    parser.add_argument("--losses", nargs="+", choices=LOSSES, default=list(LOSSES))
    parser.add_argument("--side", type=int, default=64)
    parser.add_argument("--quick", action="store_true", help="few pictures, three epochs, nothing written")
    arguments = parser.parse_args()
    folder = DATA / "galaxies" / "galaxyzoo2"
    if not folder.is_dir():
        sys.exit(f"{folder}: not found; set SKYSIEVE_DATA to the folder of real data")
    runs = arguments.runs.with_name(arguments.runs.name + "-quick") if arguments.quick else arguments.runs
    content = measure(runs, arguments.folds, arguments.losses, arguments.side, quick=arguments.quick)
    if arguments.quick:
        return
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n")
    print(f"table: {RESULT}")


if __name__ == "__main__":
    main()
