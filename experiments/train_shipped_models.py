"""Train the models that come with skysieve: simulated triplets first, then real alerts.

Run by ``make models``. Needs a Parquet table of real alerts with the columns of the braai recipe's
weak labels (``$SKYSIEVE_DATA/ztf_alerts.parquet``); docs/models.md says what is in it. Everything
has a fixed seed. What was finished before a kill is not done again.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path

from skysieve.configuration import override
from skysieve.models import Model, check_model
from skysieve.recipes.recipe import RECIPES
from skysieve.recipes.run import train_recipe
from skysieve.sources.simulators.kinds import KINDS
from skysieve.sources.simulators.samples import write_triplet_samples

ROOT = Path(__file__).parents[1]
SHIPPED = ROOT / "src" / "skysieve" / "models" / "shipped"
DATA = Path(os.environ.get("SKYSIEVE_DATA") or ROOT.parent / "shared" / "data")

TRIPLETS = 24_000
SEED = 20180824

#: A fluctuation of pure noise looks like a faint star: nothing is learned from it but doubt.
LEFT_OUT = {"noise"}

SIMULATED = {
    "training": {"epochs": 12, "learning_rate": 1e-3, "schedule": "cosine", "warmup_epochs": 1, "threads": 2},
    "splits": {"train": 0.9, "validation": 0.05, "test": 0.05},
}
REAL = {
    "training": {"epochs": 40, "learning_rate": 3e-4, "schedule": "cosine", "patience": 40, "threads": 2},
    "splits": {"train": 0.6, "validation": 0.2, "test": 0.2},
    "network": {"members": 1},
}


def train_on_simulation(runs: Path) -> Path:
    """Train the braai recipe on simulated triplets and return the model folder."""
    recipe = RECIPES.get("braai")
    triplets = runs / "triplets.parquet"
    if not triplets.exists():
        kinds = [kind for kind in KINDS if kind not in LEFT_OUT]
        write_triplet_samples(triplets, n=TRIPLETS, seed=SEED, kinds=kinds, progress=True)
    settings = override(recipe.configuration, SIMULATED)
    return train_recipe(recipe, [triplets], runs / "simulated", settings, name="braai-simulated").model.folder


def main() -> None:
    """Train, check and install the shipped models."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, default=ROOT / "runs" / "shipped", help="where the runs lie")
    arguments = parser.parse_args()
    alerts = DATA / "ztf_alerts.parquet"
    if not alerts.is_file():
        sys.exit(f"{alerts}: not found; set SKYSIEVE_DATA to the folder of the real alerts")
    arguments.runs.mkdir(parents=True, exist_ok=True)
    start = train_on_simulation(arguments.runs)
    recipe = RECIPES.get("braai")
    run = train_recipe(
        recipe,
        [alerts],
        arguments.runs / "braai-weak",
        override(recipe.configuration, REAL),
        name="braai-weak",
        start=start,
    )
    failed = [check for check in check_model(run.model) if check.outcome != "passed"]
    if failed:
        sys.exit(f"the trained model fails its checks: {failed}")
    shutil.rmtree(SHIPPED / "braai-weak", ignore_errors=True)
    shutil.copytree(run.model.folder, SHIPPED / "braai-weak")
    print((run.model.folder / "README.md").read_text())
    print(f"model: {Model.load('braai-weak').folder}\nreport: {run.report}")


if __name__ == "__main__":
    main()
