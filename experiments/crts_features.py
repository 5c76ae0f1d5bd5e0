"""Classes of the variable stars of CRTS South from features of their light curves and trees.

Run by ``make experiments``; the documentation reads ``experiments/results/crts_features.json``. Features are
measured as ``skysieve features`` does, into ``runs/crts``; probabilities go to ``runs/crts/probabilities``,
and what is there is not fitted again. Test rows only judge; the weights of the balanced rule are chosen on
the validation rows. The periods of the catalogue are not used.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.preprocess.curve_features import FeatureConfiguration, write_features
from skysieve.preprocess.curve_features.measure import feature_names
from skysieve.recipes.feature_table import FeatureTable
from skysieve.recipes.tree_classifiers import fit_trees
from skysieve.samples import SampleSet
from variable_star_data import FOLDS, VariableStars, read_crts
from variable_star_figures import (
    balancing,
    by_class,
    figures,
    load_probabilities,
    save_probabilities,
    summary,
)

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("SKYSIEVE_DATA", ROOT.parent / "shared" / "data"))
RUNS = ROOT / "runs" / "crts"
RESULT = Path(__file__).parent / "results" / "crts_features.json"

#: Files of features and the sets in them.
MEASURED = {"features.parquet": ("statistics", "periods"), "folded.parquet": ("folded-shape",)}

#: Trees and their arguments; the slow ones take small steps, and see a fifth of the features at each split.
CLASSIFIERS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "boosting": ("boosting", {}),
    "slow": ("boosting", {"max_iter": 250, "learning_rate": 0.06, "max_leaf_nodes": 12, "max_features": 0.2}),
    "trees": (
        "extra-trees",
        {"n_estimators": 200, "min_samples_split": 2, "min_samples_leaf": 2, "max_features": 0.3},
    ),
}

#: Each method: its feature sets, its classifier, and what it is called in tables.
METHODS: Mapping[str, tuple[tuple[str, ...], str, str]] = {
    "features-statistics": (("statistics",), "boosting", "statistics, boosting"),
    "features-periods": (("statistics", "periods"), "boosting", "+ periods, boosting"),
    "features-folded": (("statistics", "periods", "folded-shape"), "boosting", "+ folded shape, boosting"),
    "features-slow": (("statistics", "periods", "folded-shape"), "slow", "+ folded shape, slow boosting"),
    "features-trees": (("statistics", "periods", "folded-shape"), "trees", "+ folded shape, random trees"),
}

#: Methods whose probabilities are averaged, and what that is called.
AVERAGED = ("features-slow", "features-trees")
ENSEMBLE = "features-ensemble"
ENSEMBLE_TITLE = "mean of slow boosting and random trees"

Parts = dict[str, NDArray[np.float64]]


def measure(stars: VariableStars, folder: Path, workers: int = 2) -> None:
    """Write the light curves as a sample set, and the files of features that are not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    curves = folder / "curves.parquet"
    if not curves.exists():
        columns = {"label": stars.labels, "fold": stars.folds}
        stars.curves.samples(columns, classes=stars.classes).write(curves)
    for name, sets in MEASURED.items():
        if not (folder / name).exists():
            write_features(curves, folder / name, FeatureConfiguration(sets=sets), workers=workers)


def feature_table(folder: Path, sets: Sequence[str], bands: Sequence[str] = ("V",)) -> FeatureTable:
    """Return the features of some sets of all stars."""
    tables = []
    for name, inside in MEASURED.items():
        for each in sets:
            if each in inside:
                columns = feature_names(FeatureConfiguration(sets=(each,)), bands)
                tables.append(FeatureTable.of(SampleSet.open(folder / name), columns))
    names = tuple(name for table in tables for name in table.names)
    return FeatureTable(names, np.concatenate([table.values for table in tables], axis=1))


def probabilities(
    classifier: str,
    table: FeatureTable,
    labels: NDArray[np.int64],
    parts: Mapping[str, NDArray[np.int64]],
    classes: tuple[str, ...],
) -> Parts:
    """Fit on the training rows; return the probabilities of the others, shape (rows, classes)."""
    train, others = parts["train"], [name for name in parts if name != "train"]
    kind, arguments = CLASSIFIERS[classifier]
    trees = fit_trees(kind, table.values[train], labels[train], len(classes), arguments, seed=0)
    return {name: trees.predict_proba(table.values[parts[name]]) for name in others}


def run(stars: VariableStars, folder: Path, folds: Sequence[int]) -> None:
    """Leave the probabilities of every method and fold."""
    for method, (sets, classifier, _) in METHODS.items():
        table: FeatureTable | None = None
        for fold in folds:
            if (folder / "probabilities" / method / f"fold_{fold}.npz").exists():
                continue
            table = table or feature_table(folder, sets)
            begin = time.process_time()
            found = probabilities(classifier, table, stars.labels, stars.parts(fold), stars.classes)
            found["cpu_seconds"] = np.array(time.process_time() - begin)
            save_probabilities(folder / "probabilities" / method, fold, found)
    for fold in folds:
        given = [load_probabilities(folder / "probabilities" / method, fold) for method in AVERAGED]
        mean = {name: np.mean([each[name] for each in given], axis=0) for name in given[0]}
        mean["cpu_seconds"] = np.array(sum(each["cpu_seconds"] for each in given))
        save_probabilities(folder / "probabilities" / ENSEMBLE, fold, mean)


def judge(stars: VariableStars, folder: Path, folds: Sequence[int]) -> dict[str, Any]:
    """Return the figures of every method, by the likeliest class and by the balanced rule."""
    titles = {method: title for method, (_, _, title) in METHODS.items()} | {ENSEMBLE: ENSEMBLE_TITLE}
    results: dict[str, Any] = {}
    for method, title in titles.items():
        told = judge_method(stars, folder / "probabilities" / method, folds)
        for rule, name in (("likeliest", title), ("balanced", f"{title}, balanced rule")):
            results[name] = told[rule]
            print(name, {key: round(told[rule][key]["mean"], 4) for key in ("accuracy", "balanced_accuracy")})
    return {
        "data": f"{len(stars.labels):,} stars of CRTS South, {len(stars.classes)} classes",
        "protocol": f"{len(folds)} stratified folds, 70 % to learn from, 10 % to choose, 20 % to judge; mean "
        "and standard deviation (population) over the folds",
        "classes": list(stars.classes),
        "results": results,
    }


def judge_method(stars: VariableStars, folder: Path, folds: Sequence[int]) -> dict[str, Any]:
    """Return the figures of a method over the folds under both rules, with those of each class."""
    found: dict[str, list[NDArray[np.int64]]] = {"likeliest": [], "balanced": []}
    labels, seconds = [], 0.0
    for fold in folds:
        given, parts = load_probabilities(folder, fold), stars.parts(fold)
        weights = balancing(stars.labels[parts["validation"]], given["validation"])
        labels.append(stars.labels[parts["test"]])
        found["likeliest"].append(given["test"].argmax(1))
        found["balanced"].append((given["test"] * weights).argmax(1))
        seconds += float(given["cpu_seconds"])
    told = {}
    for rule, called in found.items():
        figured = [figures(*pair) for pair in zip(labels, called, strict=True)]
        classes = by_class(np.concatenate(labels), np.concatenate(called), stars.classes)
        told[rule] = summary(figured) | {"cpu_seconds": round(seconds, 1), "classes": classes}
    return told


def main() -> None:
    """Measure features, fit, judge, and write the table; or what the arguments name."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=("measure", "judge"), help="do this part only")
    parser.add_argument(
        "--quick", action="store_true", help="20 stars of each class, one fold, nothing is kept"
    )
    arguments = parser.parse_args()
    if not (DATA / "lightcurves").is_dir():
        sys.exit(f"{DATA / 'lightcurves'}: not found; set SKYSIEVE_DATA to the folder of the real data")
    stars = read_crts(DATA)
    if arguments.quick:
        rows = [np.flatnonzero(stars.labels == each)[:20] for each in range(len(stars.classes))]
        quick(stars.take(np.concatenate(rows)))
        return
    if arguments.only != "judge":
        measure(stars, RUNS)
    if arguments.only != "measure":
        run(stars, RUNS, range(FOLDS))
        content = judge(stars, RUNS, range(FOLDS))
        RESULT.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n")
        print(f"table: {RESULT}")


def quick(stars: VariableStars) -> None:
    """Go through everything with a few stars, in a folder that is thrown away."""
    with tempfile.TemporaryDirectory() as folder:
        measure(stars, Path(folder), workers=1)
        run(stars, Path(folder), (0,))
        judge(stars, Path(folder), (0,))


if __name__ == "__main__":
    main()
