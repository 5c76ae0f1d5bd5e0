"""How few features tell the variable stars of CRTS South apart.

Run by ``make experiments`` behind ``crts_features.py``; the documentation reads
``experiments/results/minimal_features.json``. Greedy removal fits hundreds of times, so it is done with
random forests on a sample of the stars, from the features that are most important in a forest of all. None of
it sees a star of the fold that judges. There, once, boosting on all stars of the other folds is judged with
all features, with those that removal began with, and with those that are left.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crts_features import RUNS, feature_table
from skysieve.recipes.feature_classifiers import fit_feature_classifier
from skysieve.recipes.feature_importances import permutation_importances
from skysieve.recipes.feature_table import FeatureTable
from skysieve.recipes.minimal_features import minimal_features
from skysieve.samples.splits import assign_groups
from variable_star_data import VariableStars, read_crts
from variable_star_figures import figures

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("SKYSIEVE_DATA", ROOT.parent / "shared" / "data"))
RESULT = Path(__file__).parent / "results" / "minimal_features.json"

SETS = ("statistics", "periods", "folded-shape")

#: Stars of the sample, features to begin with, folds of the removal, and how much accuracy may be lost.
STARS, BEGIN, FOLDS, LOSS = 1500, 25, 3, 0.01

#: The fold whose stars only judge.
JUDGING = 0


def sampled(stars: VariableStars, count: int) -> NDArray[np.int64]:
    """Return rows of a sample, stratified by class, without those that judge."""
    rest = np.flatnonzero(stars.folds != JUDGING)
    share = min(count / len(rest), 0.999)
    parts = assign_groups(rest, stars.labels[rest], np.array([share, 1 - share]), seed=0)
    return np.asarray(rest[parts == 0])


def most_important(stars: VariableStars, table: FeatureTable, rows: NDArray[np.int64]) -> tuple[str, ...]:
    """Return the features whose shuffling costs a forest most, on rows that it did not see."""
    parts = assign_groups(rows, stars.labels[rows], np.array([0.7, 0.3]), seed=1)
    seen, unseen = rows[parts == 0], rows[parts == 1]
    forest = fit_feature_classifier("forest", table.take(seen), stars.labels[seen], stars.classes)
    held = table.take(unseen)
    found = permutation_importances(forest, held, stars.labels[unseen], figure="accuracy", repeats=2)
    return tuple(name for name, _, _ in found.ranked()[:BEGIN])


def judged(stars: VariableStars, table: FeatureTable, names: tuple[str, ...]) -> dict[str, Any]:
    """Return the figures on the fold that judges, of boosting on the stars of all others."""
    table, test = table.checked(names), stars.folds == JUDGING
    fitted = fit_feature_classifier("boosting", table.take(~test), stars.labels[~test], stars.classes)
    return {"count": len(names)} | figures(stars.labels[test], fitted.predicted(table.take(test)))


def measure(stars: VariableStars, table: FeatureTable, count: int, least: int) -> dict[str, Any]:
    """Return the order of removal, the smallest set, and what it costs."""
    rows = sampled(stars, count)
    begin = most_important(stars, table, rows)
    some = table.checked(begin).take(rows)
    options: dict[str, Any] = {
        "loss": LOSS,
        "figure": "accuracy",
        "candidates": 2,
        "folds": FOLDS,
        "least": least,
    }
    found = minimal_features(
        "forest", some, stars.labels[rows], stars.curves.ids[rows], stars.classes, **options
    )
    sets = {"all features": table.names, "removal began with": begin, "smallest set": found.features}
    return found.to_json() | {
        "data": f"{len(rows):,} of {len(stars.labels):,} stars of CRTS South; random forests",
        "protocol": f"{FOLDS} folds for the removal; judged once by boosting on fold {JUDGING}",
        "judged": {name: judged(stars, table, features) for name, features in sets.items()},
    }


def main() -> None:
    """Measure, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few stars, few steps, nothing written")
    arguments = parser.parse_args()
    if not (RUNS / "folded.parquet").exists():
        sys.exit(f"{RUNS}: no features; run experiments/crts_features.py --only measure first")
    stars, table = read_crts(DATA), feature_table(RUNS, SETS)
    count, least = (400, BEGIN - 1) if arguments.quick else (STARS, 1)
    content = measure(stars, table, count, least)
    print(
        {
            name: {key: round(value, 4) for key, value in told.items()}
            for name, told in content["judged"].items()
        }
    )
    print(", ".join(content["features"]))
    if not arguments.quick:
        RESULT.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n")
        print(f"table: {RESULT}")


if __name__ == "__main__":
    main()
