"""Classes of the variable stars of CRTS South by networks: of dmdt images, of points, of folded points.

Run by ``make experiments``, or a part of it by ``--only``; the documentation reads
``experiments/results/crts_networks.json``. Every network is trained on the five folds that all methods share;
the validation part chooses the epoch, the test part only judges. Probabilities of both parts, not calibrated,
are left in ``runs/crts/probabilities`` for combinations. Periods are those that
``experiments/crts_features.py`` measured, never those of the catalogue. A fold that is done is not repeated.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import balanced_accuracy_score, f1_score, matthews_corrcoef

from crts_early import EARLY, judge_early, measure_early
from crts_methods import METHODS, fitted_background, folding_periods, inputs_of
from crts_training import Fold, probabilities, trained
from skysieve.preprocess.dmdt import dmdt_images
from variable_star_data import FOLDS, VariableStars, read_crts

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("SKYSIEVE_DATA", ROOT.parent / "shared" / "data"))
RUNS = ROOT / "runs" / "crts"
RESULT = Path(__file__).parent / "results" / "crts_networks.json"

Costs = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Experiment:
    """What is measured, and where it is kept.

    Parameters
    ----------
    stars : VariableStars
        Labelled curves with folds.
    periods : mapping of str to ndarray, shape (N,)
        Days, at which curves are folded, by their names in `PERIODS`.
    folder : Path
        Of runs and probabilities.
    folds : sequence of int
        Which ones judge.
    epochs : int, optional
        In place of those of the methods.
    replicates : int
        Of the bootstrap.
    """

    stars: VariableStars
    periods: Mapping[str, NDArray[np.float64]]
    folder: Path
    folds: Sequence[int] = tuple(range(FOLDS))
    epochs: int | None = None
    replicates: int = 1000

    def probabilities_file(self, name: str, fold: int) -> Path:
        """Return where the probabilities of a method are kept."""
        return self.folder / "probabilities" / name / f"fold_{fold}.npz"

    def is_done(self, name: str) -> bool:
        """Return whether all folds of a method are."""
        return all(self.probabilities_file(name, fold).exists() for fold in self.folds)

    def train(self, name: str, fold: int) -> Costs:
        """Train a method on a fold unless it is done, write its probabilities, return what it cost."""
        method, parts, stars = METHODS[name], self.stars.parts(fold), self.stars
        done, place = self.probabilities_file(name, fold), self.folder / "networks" / name / f"fold_{fold}"
        if done.exists():
            return _read(place)
        background, more = None, {}
        if method.reading in ("dmdt less common", "dmdt less classes"):
            file = self.folder / "networks" / "dmdt-background" / f"fold_{fold}.npz"
            images = dmdt_images(stars.curves.take(parts["train"]))
            background = fitted_background(file, images, stars.labels[parts["train"]], stars.classes)
            more = {"background_cpu_seconds": background.fitted["cpu_seconds"]}
        inputs = inputs_of(method, stars.curves, self.periods, background)
        rows = Fold(parts["train"], parts["validation"], stars.labels, len(stars.classes))
        one = trained(method, inputs, rows, place, epochs=self.epochs)
        found = {part: probabilities(one.network, inputs, parts[part]) for part in ("validation", "test")}
        cost = one.cost | more | {"settings": asdict(method)}
        (place / "cost.json").write_text(json.dumps(cost))
        done.parent.mkdir(parents=True, exist_ok=True)
        partial = done.with_suffix(".part.npz")
        np.savez(partial, validation=found["validation"], test=found["test"])
        partial.rename(done)
        return _read(place)

    def judged(self, name: str) -> dict[str, Any]:
        """Return the figures of a method of which all folds are done."""
        by_fold, costs = [], []
        for fold in self.folds:
            with np.load(self.probabilities_file(name, fold)) as stored:
                by_fold.append(figures(self.stars.labels[self.stars.parts(fold)["test"]], stored["test"]))
            costs.append(self.train(name, fold))
        told: dict[str, Any] = {figure: _spread([one[figure] for one in by_fold]) for figure in by_fold[0]}
        told |= {fact: costs[0][fact] for fact in ("settings", "parameters", "epochs")}
        told["best_epochs"] = [cost["best_epoch"] for cost in costs]
        for cost in ("cpu_seconds", "background_cpu_seconds"):
            if cost in costs[0]:
                told[cost] = sum(each[cost] for each in costs)
        return told


def _read(place: Path) -> Costs:
    return dict(json.loads((place / "cost.json").read_text()))


def figures(labels: NDArray[np.int64], found: NDArray[np.float64]) -> dict[str, float]:
    """Return how good probabilities (N, K) are, the largest being the class.

    Examples
    --------
    >>> figures(np.array([0, 0, 1]), np.array([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7]]))["balanced_accuracy"]
    0.75
    """
    named = found.argmax(axis=1)
    return {
        "accuracy": float((named == labels).mean()),
        "balanced_accuracy": float(balanced_accuracy_score(labels, named)),
        "macro_f1": float(f1_score(labels, named, average="macro")),
        "mcc": float(matthews_corrcoef(labels, named)),
    }


def measure(experiment: Experiment, methods: Sequence[str], early: Sequence[str]) -> dict[str, Any]:
    """Train what is named and not done yet; return the figures of all that is complete."""
    results: dict[str, Any] = {}
    for name in METHODS:
        if name in methods:
            for fold in experiment.folds:
                cost = experiment.train(name, fold)
                print(f"  {name}, fold {fold}: {cost['cpu_seconds']:.0f} s", flush=True)
        if experiment.is_done(name):
            results[name] = experiment.judged(name)
            shown = results[name]
            text = "  ".join(f"{figure} {shown[figure]['mean']:.4f}" for figure in ("accuracy", "macro_f1"))
            print(f"{name:20s} {text}  {shown['cpu_seconds']:.0f} s", flush=True)
    return {
        "data": f"{len(experiment.stars.labels):,} variable stars of CRTS South of "
        f"{len(experiment.stars.classes)} classes, in V",
        "protocol": f"{len(experiment.folds)} folds stratified by class; an eighth of the rest chooses the "
        "epoch; mean and standard deviation (population) over the folds; one core, few epochs, settings from "
        "the validation part of the first fold",
        "results": results,
        "early": {
            "protocol": "first points of the test curves of all folds; intervals of 95 % by bootstrap of "
            "curves",
            "classifiers": _early(experiment, early),
        },
    }


def _early(experiment: Experiment, names: Sequence[str]) -> dict[str, Any]:
    told = {}
    for name in names:
        found = [
            measure_early(name, experiment.stars, fold, experiment.folder, experiment.epochs)
            for fold in experiment.folds
        ]
        told[name] = judge_early(experiment.stars, experiment.folds, found, experiment.replicates)
        accuracies = [cut["accuracy"]["value"] for cut in told[name]["truncations"]]
        print(f"{name:32s} {'  '.join(f'{value:.4f}' for value in accuracies)}", flush=True)
    return told


def _spread(by_fold: Sequence[float]) -> dict[str, Any]:
    rounded = [round(value, 4) for value in by_fold]
    return {"by_fold": rounded, "mean": float(np.mean(by_fold)), "sd": float(np.std(by_fold))}


def quick(stars: VariableStars, periods: Mapping[str, NDArray[np.float64]]) -> None:
    """Do all of it on a tenth of the stars, one epoch and one fold; folding only where periods are there."""
    rows = np.concatenate([np.flatnonzero(stars.labels == each)[::10] for each in range(len(stars.classes))])
    of_few = {name: days[rows] for name, days in periods.items()}
    methods = [
        name for name, method in METHODS.items() if "folded" not in method.reading or method.period in of_few
    ]
    with tempfile.TemporaryDirectory() as folder:
        experiment = Experiment(stars.take(rows), of_few, Path(folder), folds=(0,), epochs=1, replicates=10)
        measure(experiment, methods, list(EARLY))


def main() -> None:
    """Measure, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the stars, nothing written")
    choices = [*METHODS, "early"]
    parser.add_argument("--only", choices=choices, action="append", help="this part only; may be repeated")
    parser.add_argument("--runs", type=Path, default=RUNS, help="folder of the runs")
    parser.add_argument("--result", type=Path, default=RESULT, help="table to write")
    arguments = parser.parse_args()
    if not (DATA / "lightcurves").is_dir():
        sys.exit(f"{DATA / 'lightcurves'}: not found; set SKYSIEVE_DATA to the folder of the real data")
    torch.set_num_threads(1)
    stars = read_crts(DATA)
    periods = folding_periods(arguments.runs, stars)
    if arguments.quick:
        quick(stars, periods)
        return
    only = arguments.only or choices
    for part in only:
        write(Experiment(stars, periods, arguments.runs), part, arguments.result)


def write(experiment: Experiment, part: str, path: Path) -> None:
    """Measure one part, and write it beside what the table holds of the others."""
    early = list(EARLY) if part == "early" else []
    content = measure(experiment, [part] if part in METHODS else [], early)
    if not early and path.exists():
        content["early"] = json.loads(path.read_text()).get("early", content["early"])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n")
    print(f"table: {path}", flush=True)


if __name__ == "__main__":
    main()
