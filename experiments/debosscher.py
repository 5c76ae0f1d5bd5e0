"""Classes of the variable stars of Debosscher et al. 2007 (Hipparcos and OGLE), from features and trees.

Run by ``make experiments``; the documentation reads ``experiments/results/debosscher.json``. Classes of ten
stars or more, ten stratified folds. There are few stars: nothing is chosen, and nine of ten folds teach.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.preprocess.curve_features import FeatureConfiguration, measure_features
from skysieve.preprocess.curve_features.measure import feature_names
from skysieve.recipes.feature_table import FeatureTable
from skysieve.recipes.tree_classifiers import fit_trees
from variable_star_data import VariableStars, read_debosscher
from variable_star_figures import by_class, figures, summary

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("SKYSIEVE_DATA", ROOT.parent / "shared" / "data"))
RESULT = Path(__file__).parent / "results" / "debosscher.json"

#: Trees and their arguments.
CLASSIFIERS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "slow": ("boosting", {"max_iter": 400, "learning_rate": 0.04, "max_leaf_nodes": 12, "max_features": 0.2}),
    "trees": (
        "extra-trees",
        {"n_estimators": 400, "min_samples_split": 2, "min_samples_leaf": 2, "max_features": 0.3},
    ),
}

#: Feature sets of each table, and the trees that learn from it.
TABLES = {
    "statistics": (("statistics",), ("trees",)),
    "+ periods": (("statistics", "periods"), ("trees",)),
    "+ folded shape": (("statistics", "periods", "folded-shape"), ("trees", "slow")),
}

#: What classifiers are called in tables, and the mean of those of a table.
MEAN = "mean"
NAMES = {"slow": "slow boosting", "trees": "random trees", MEAN: "mean of both"}


def probabilities(
    stars: VariableStars, table: NDArray[np.float64], classifier: str, folds: Sequence[int]
) -> NDArray[np.float64]:
    """Return the probabilities of every star from trees that did not see its fold; NaN in other folds."""
    made = np.full((len(stars.labels), len(stars.classes)), np.nan)
    kind, arguments = CLASSIFIERS[classifier]
    for fold in folds:
        train, test = stars.folds != fold, stars.folds == fold
        count = len(stars.classes)
        trees = fit_trees(kind, table[train], stars.labels[train], count, arguments, seed=0)
        made[test] = trees.predict_proba(table[test])
    return made


def measure(stars: VariableStars, folds: Sequence[int]) -> dict[str, Any]:
    """Return the figures of every table and of every classifier of trees."""
    results: dict[str, Any] = {}
    every = TABLES["+ folded shape"][0]
    measured = measure_features(stars.curves, FeatureConfiguration(sets=every))
    features = FeatureTable(measured.names, measured.values)
    for title, (sets, classifiers) in TABLES.items():
        table = features.checked(feature_names(FeatureConfiguration(sets=sets), stars.curves.bands)).values
        found, spent = {}, {}
        for classifier in classifiers:
            begin = time.process_time()
            found[classifier] = probabilities(stars, table, classifier, folds)
            spent[classifier] = time.process_time() - begin
        if len(found) > 1:
            found[MEAN] = np.mean(list(found.values()), axis=0)
            spent[MEAN] = sum(spent.values())
        for classifier, given in found.items():
            told = judged(stars, given, folds) | {"cpu_seconds": round(spent[classifier], 1)}
            results[f"{title}, {NAMES[classifier]}"] = told
            print(title, classifier, round(told["accuracy"]["mean"], 4), flush=True)
    return {
        "data": f"{len(stars.labels):,} stars of Hipparcos and OGLE, {len(stars.classes)} classes",
        "protocol": f"{len(folds)} stratified folds; mean and standard deviation (population) over them",
        "classes": list(stars.classes),
        "results": results,
    }


def judged(stars: VariableStars, given: NDArray[np.float64], folds: Sequence[int]) -> dict[str, Any]:
    """Return the figures over the folds, and those of each class."""
    rows = [np.flatnonzero(stars.folds == fold) for fold in folds]
    figured = [figures(stars.labels[each], given[each].argmax(1)) for each in rows]
    every = np.concatenate(rows)
    classes = by_class(stars.labels[every], given[every].argmax(1), stars.classes)
    return summary(figured) | {"classes": classes}


def main() -> None:
    """Measure, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one fold, nothing written")
    arguments = parser.parse_args()
    if not (DATA / "lightcurves").is_dir():
        sys.exit(f"{DATA / 'lightcurves'}: not found; set SKYSIEVE_DATA to the folder of the real data")
    content = measure(read_debosscher(DATA), range(1 if arguments.quick else 10))
    if not arguments.quick:
        RESULT.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n")
        print(f"table: {RESULT}")


if __name__ == "__main__":
    main()
