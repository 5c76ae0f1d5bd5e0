"""Train the sieve of streaks that comes with skysieve, on simulated cutouts alone.

Run by ``make models``, on two cores. Everything has a fixed seed; what was finished before a kill is not
done again. The published networks (VGG6, ResNet50, DenseNet121) are trained by the same recipe:
``skysieve train deepstreaks SET -o RUN --set model.network.name=resnet50``.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path

from skysieve.configuration import override
from skysieve.models import check_model
from skysieve.models.sieve import Sieve
from skysieve.recipes.sieve_recipe import SIEVE_RECIPES
from skysieve.recipes.train_sieve import train_sieve
from streak_sets import training_set

ROOT = Path(__file__).parents[1]
SHIPPED = ROOT / "src" / "skysieve" / "models" / "shipped" / "streaks"

SETTINGS = {
    "members": 2,
    "max_fpr": 0.008,
    "pretraining_epochs": 36,
    "model": {
        "preprocess": ["sky-noise-units"],
        "network": {"name": "streaknet", "arguments": {"depth": 2}},
        "training": {
            "epochs": 6,
            "batch_size": 64,
            "learning_rate": 2e-3,
            "optimizer": "adamw",
            "weight_decay": 1e-4,
            "schedule": "cosine",
            "warmup_epochs": 1,
            "patience": 16,
            "augmentation": {"flips": True, "rotations": True},
            "threads": 1,
        },
    },
}


def main() -> None:
    """Train, check and install the sieve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, default=ROOT / "runs" / "streaks", help="where the runs lie")
    arguments = parser.parse_args()
    recipe = SIEVE_RECIPES.get("deepstreaks")
    samples = training_set(arguments.runs, workers=len(os.sched_getaffinity(0)))
    run = train_sieve(
        recipe,
        [samples],
        arguments.runs / "sieve",
        override(recipe.configuration, SETTINGS),
        name="streaks",
        workers=len(os.sched_getaffinity(0)),
    )
    failed = [
        check
        for member in run.sieve.members
        for check in check_model(member.model)
        if check.outcome != "passed"
    ]
    if failed:
        sys.exit(f"the trained models fail their checks: {failed}")
    shutil.rmtree(SHIPPED, ignore_errors=True)
    shutil.copytree(run.sieve.folder, SHIPPED)
    sieve = Sieve.load("streaks")
    for rule in run.evaluation.rules:
        print(f"{rule.name}: recall {rule.tpr}, FPR {rule.fpr} (test split of the training set)")
    print(f"sieve: {sieve.folder} ({sieve.identity[:12]})\nreport: {run.report}")


if __name__ == "__main__":
    main()
