"""The best combination of features and networks on the variable stars of CRTS South.

Run by ``make experiments`` behind ``crts_features.py`` and ``crts_networks.py``, whose probabilities in
``runs/crts/probabilities`` it reads; the documentation reads ``experiments/results/crts_combination.json``.
Logarithms of probabilities are added, each method with a weight of its own (log-linear pooling), and each
class with an offset. Weights and offsets are learned on the validation rows, with a penalty that holds them
near the equal mean; test rows only judge.
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
from scipy.optimize import minimize
from scipy.special import log_softmax

from variable_star_data import FOLDS, VariableStars, read_crts
from variable_star_figures import balancing, by_class, figures, load_probabilities, summary

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("SKYSIEVE_DATA", ROOT.parent / "shared" / "data"))
PROBABILITIES = ROOT / "runs" / "crts" / "probabilities"
RESULT = Path(__file__).parent / "results" / "crts_combination.json"


#: Methods of features that are in the combination: the ensemble is their mean.
MEMBERS = ("features-slow", "features-trees")

#: Methods of features that are told on fresh stars.
FEATURES = ("features-statistics", "features-periods", "features-folded", "features-ensemble")

#: Added to probabilities, so that a sure error is not infinitely wrong.
FLOOR = 1e-4

#: Of the penalty on weights (from the equal mean) and on offsets, for each validation row.
PENALTY = 0.01

Probabilities = Mapping[str, NDArray[np.float64]]


def pooled(
    weights: NDArray[np.float64], offsets: NDArray[np.float64], logs: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the logarithms of the pooled probabilities, shape (N, K), of logs of shape (M, N, K)."""
    return np.asarray(log_softmax(np.tensordot(weights, logs, axes=1) + offsets, axis=1))


def learned(
    logs: NDArray[np.float64], labels: NDArray[np.int64], penalty: float = PENALTY
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return weights, shape (M,), and offsets, shape (K,), that fit the labels of the validation rows."""
    methods, count, classes = logs.shape
    rows = np.arange(count)

    def loss(free: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights, offsets = free[:methods], free[methods:]
        found = pooled(weights, offsets, logs)
        error = np.exp(found)
        error[rows, labels] -= 1
        slopes = np.concatenate([np.einsum("mnk,nk->m", logs, error) / count, error.mean(0)])
        away = np.concatenate([weights - 1 / methods, offsets])
        return float(-found[rows, labels].mean() + penalty * away @ away), slopes + 2 * penalty * away

    begin = np.concatenate([np.full(methods, 1 / methods), np.zeros(classes)])
    limits = [(0.0, None)] * methods + [(None, None)] * classes
    found = minimize(loss, begin, jac=True, method="L-BFGS-B", bounds=limits).x
    return found[:methods], found[methods:]


def combined(
    given: Mapping[str, Probabilities], labels: NDArray[np.int64]
) -> tuple[dict[str, NDArray[np.float64]], dict[str, float]]:
    """Return the pooled probabilities of all rows, and the weight of each method.

    Parameters
    ----------
    given : mapping of str to mapping
        Probabilities of every method for the ``validation`` and ``test`` rows.
    labels : ndarray
        Of the validation rows.
    """
    parts = {
        part: np.stack([np.log(np.asarray(each[part]) + FLOOR) for each in given.values()])
        for part in ("validation", "test")
    }
    weights, offsets = learned(parts["validation"], labels)
    made = {part: np.exp(pooled(weights, offsets, logs)) for part, logs in parts.items()}
    return made, dict(zip(given, weights.tolist(), strict=True))


def networks(folder: Path, folds: Sequence[int]) -> tuple[str, ...]:
    """Return the methods other than features that are complete."""
    return tuple(
        sorted(
            path.name
            for path in folder.iterdir()
            if not path.name.startswith("features-")
            and all((path / f"fold_{fold}.npz").exists() for fold in folds)
        )
    )


def judge(
    stars: VariableStars, folder: Path, methods: Sequence[str], folds: Sequence[int]
) -> dict[str, dict[str, Any]]:
    """Return the figures of the combination of some methods under both rules."""
    found: dict[str, list[NDArray[np.int64]]] = {"likeliest": [], "balanced": []}
    labels, learned_weights, begin = [], [], time.process_time()
    for fold in folds:
        parts = stars.parts(fold)
        validation = stars.labels[parts["validation"]]
        given = {method: load_probabilities(folder / method, fold) for method in methods}
        made, weights = combined(given, validation)
        found["likeliest"].append(made["test"].argmax(1))
        balanced = balancing(validation, made["validation"])
        found["balanced"].append((made["test"] * balanced).argmax(1))
        labels.append(stars.labels[parts["test"]])
        learned_weights.append(weights)
    seconds = time.process_time() - begin
    mean = {method: float(np.mean([each[method] for each in learned_weights])) for method in methods}
    told = {}
    for rule, called in found.items():
        figured = [figures(*pair) for pair in zip(labels, called, strict=True)]
        classes = by_class(np.concatenate(labels), np.concatenate(called), stars.classes)
        told[rule] = summary(figured) | {
            "cpu_seconds": round(seconds, 1),
            "classes": classes,
            "weights": mean,
        }
    return told


def fresh_figures(stars: VariableStars, folder: Path) -> dict[str, dict[str, float]]:
    """Return the figures of each method on the stars that nobody looked at before, by the likeliest class."""
    told = {}
    fresh = stars.fresh()
    for method in (*FEATURES, *networks(folder, range(FOLDS))):
        called = np.empty(len(stars.labels), dtype=np.int64)
        for fold in range(FOLDS):
            called[stars.parts(fold)["test"]] = load_probabilities(folder / method, fold)["test"].argmax(1)
        told[method] = {"all": figures(stars.labels, called)}
        told[method] |= {"fresh": figures(stars.labels[fresh], called[fresh])}
    return told


def measure(stars: VariableStars, folder: Path, folds: Sequence[int]) -> dict[str, Any]:
    """Return the figures of features with each network, of all networks, and of everything."""
    others = networks(folder, folds)
    sets: dict[str, tuple[str, ...]] = {"features": MEMBERS}
    sets |= {f"features + {name}": (*MEMBERS, name) for name in others}
    if len(others) > 1:
        sets["all networks"] = others
        sets["features + all networks"] = (*MEMBERS, *others)
    results = {}
    for title, methods in sets.items():
        for rule, told in judge(stars, folder, methods, folds).items():
            results[title if rule == "likeliest" else f"{title}, balanced rule"] = told
            values = {name: round(told[name]["mean"], 4) for name in ("accuracy", "balanced_accuracy")}
            print(title, rule, values, flush=True)
    return {
        "data": f"{len(stars.labels):,} stars of CRTS South, {len(stars.classes)} classes",
        "protocol": f"{len(folds)} stratified folds; weights learned on the 10 % that choose, judged on the "
        "20 % of each fold; mean and standard deviation (population) over the folds; CPU seconds are of the "
        "weights alone",
        "classes": list(stars.classes),
        "results": results,
    } | _on_fresh(stars, folder, folds)


def _on_fresh(stars: VariableStars, folder: Path, folds: Sequence[int]) -> dict[str, Any]:
    """Return the figures on fresh stars, if all folds are there."""
    if len(folds) < FOLDS:
        return {}
    return {"fresh_stars": int(stars.fresh().sum()), "fresh": fresh_figures(stars, folder)}


def main() -> None:
    """Measure, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one fold, nothing written")
    arguments = parser.parse_args()
    if not (DATA / "lightcurves").is_dir():
        sys.exit(f"{DATA / 'lightcurves'}: not found; set SKYSIEVE_DATA to the folder of the real data")
    if not all((PROBABILITIES / method).is_dir() for method in MEMBERS):
        sys.exit(f"{PROBABILITIES}: no probabilities of features; run experiments/crts_features.py first")
    content = measure(read_crts(DATA), PROBABILITIES, range(1 if arguments.quick else FOLDS))
    if not arguments.quick:
        RESULT.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n")
        print(f"table: {RESULT}")


if __name__ == "__main__":
    main()
