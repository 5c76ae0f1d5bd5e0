"""What to do about a rare class: class weights, copies, focal loss, or nothing, on SIMULATED galaxies.

Run by ``make experiments``, or a part of it by ``--only``; the documentation reads
``experiments/results/rare_class.json``. One galaxy in a hundred is a merger. A compact network learns to find
them in five ways, each for as many steps, from several seeds with other mergers each; the last epoch is
judged, as the schedule ends there: the validation loss, which does not know of weights, is no fair judge of
ways that bend probabilities on purpose.

Test and validation hold more mergers than one in a hundred, because thirty tell little of recall; every
figure weighs them so that they count as one in a hundred.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.metrics import average_precision_score

from skysieve.evaluation.calibration_fitting import fit_temperature
from skysieve.evaluation.metrics import precision_at_prevalence
from skysieve.networks import build_network
from skysieve.preprocess import Pipeline
from skysieve.samples import SampleSet
from skysieve.sources.simulators.galaxies.samples import write_galaxy_samples
from skysieve.training.configuration import AugmentationConfig, TrainingConfig
from skysieve.training.examples import Examples
from skysieve.training.execution import seeded_network
from skysieve.training.fit import fit
from skysieve.training.predict import predict_logits

ROOT = Path(__file__).parents[1]
RESULT = Path(__file__).parent / "results" / "rare_class.json"

SHARE, SIZE = 0.01, 32
OTHERS = {"elliptical": 1 / 3, "face-on-spiral": 1 / 3, "edge-on-disc": 1 / 3}

#: Ways to learn, and the settings in which they differ.
WAYS: dict[str, dict[str, Any]] = {
    "plain": {},
    "class weights": {"class_weights": "balanced"},
    "copies": {"most_copies": 25},
    "focal loss": {"loss": "focal"},
    "focal loss and class weights": {"loss": "focal", "class_weights": "balanced"},
}


@dataclass(frozen=True)
class Effort:
    """How long everything takes.

    Parameters
    ----------
    train, validation, test : tuple of int
        Other galaxies and mergers; of ``train`` the mergers of each seed.
    seeds, epochs, replicates : int
        Runs of every way; epochs of those without copies; of the bootstrap.
    """

    train: tuple[int, int]
    validation: tuple[int, int]
    test: tuple[int, int]
    seeds: int
    epochs: int
    replicates: int


FULL = Effort((5940, 60), (2970, 200), (5940, 500), seeds=4, epochs=12, replicates=400)
QUICK = Effort((198, 12), (99, 20), (99, 20), seeds=2, epochs=2, replicates=10)


@dataclass(frozen=True, eq=False)
class Sample:
    """Pictures and whether they are of mergers."""

    pictures: NDArray[np.uint8]
    labels: NDArray[np.int64]

    @property
    def weights(self) -> NDArray[np.float64]:
        """What each counts, so that mergers are as rare as they are on the sky; the sum is 1."""
        positive = self.labels == 1
        others, mergers = (1 - SHARE) / (~positive).sum(), SHARE / positive.sum()
        found: NDArray[np.float64] = np.where(positive, mergers, others)
        return found


def simulated(folder: Path, name: str, number: int, counts: tuple[int, int]) -> Sample:
    """Return other galaxies and mergers, simulated unless they are there."""
    parts = []
    for label, (count, kinds) in enumerate(zip(counts, (OTHERS, {"merger": 1.0}), strict=True)):
        path = folder / f"{name}-{label}-{count}.parquet"
        if not path.exists():
            partial = path.with_suffix(".part")
            write_galaxy_samples(partial, count, seed=100 * number + label, kinds=kinds, size=SIZE)
            partial.rename(path)
        parts.append(SampleSet.open(path).tensor("cutouts"))
    return Sample(np.concatenate(parts), np.repeat([0, 1], counts))


def settings_of(way: str, seed: int, effort: Effort) -> TrainingConfig:
    """Return the protocol of a way; copies make epochs longer, so that there are fewer of them."""
    base = TrainingConfig(
        epochs=effort.epochs,
        patience=effort.epochs,
        batch_size=32,
        optimizer="adamw",
        learning_rate=3e-3,
        weight_decay=0.05,
        schedule="cosine",
        warmup_epochs=1,
        augmentation=AugmentationConfig(flips=True, rotations=True),
        precision="float32",
        device="cpu",
        threads=1,
        seed=seed,
    )
    changed = replace(base, **WAYS[way])
    if way != "copies":
        return changed
    others, mergers = effort.train
    shown = others + min(mergers * changed.most_copies, others)
    epochs = max(2, round(effort.epochs * (others + mergers) / shown))
    return replace(changed, copies=others, epochs=epochs, patience=epochs)


def logits_of(
    way: str, seed: int, folder: Path, train: Sample, judged: Sequence[Sample], effort: Effort
) -> list[NDArray[np.float64]]:
    """Return the logits of validation and test by the last epoch of a run; a finished one is not repeated."""
    done = folder / f"{way.replace(' ', '-')}-{seed}.npz"
    if not done.exists():
        config = settings_of(way, seed, effort)
        others, mergers = effort.train
        # Every seed learns from other mergers: which sixty they are matters more than the order.
        own = others + mergers * seed + np.arange(mergers)
        learned = np.concatenate([np.arange(others), own])
        network = seeded_network(lambda: build_network("compact", shape=(3, SIZE, SIZE), outputs=1), seed)
        preprocess = Pipeline.of("picture-levels")
        found: list[NDArray[np.float32]] = []

        def keep(record: Any) -> None:
            if record.epoch == config.epochs:
                found.extend(predict_logits(network, each.pictures, preprocess=preprocess) for each in judged)

        place = done.with_suffix("")
        shutil.rmtree(place, ignore_errors=True)
        fit(
            network,
            Examples(train.pictures, train.labels[learned], rows=learned),
            Examples(judged[0].pictures, judged[0].labels),
            config,
            place,
            preprocess=preprocess,
            progress=False,
            on_epoch=keep,
        )
        partial = done.with_suffix(".part.npz")
        np.savez(partial, *found)
        partial.rename(done)
        shutil.rmtree(place)
    with np.load(done) as stored:
        return [stored[name][:, 0].astype(np.float64) for name in stored.files]


def best_f1(logits: NDArray[np.float64], sample: Sample) -> float:
    """Return the logit from which calling a galaxy a merger has the best F1 at the true share."""
    order = np.argsort(-logits)
    weight, positive = sample.weights[order], sample.labels[order] == 1
    right, called = np.cumsum(weight * positive), np.cumsum(weight)
    return float(logits[order][np.argmax(2 * right / (called + SHARE))])


@dataclass(frozen=True, eq=False)
class Run:
    """Logits of the test galaxies, before and after calibration, and the threshold chosen on validation."""

    raw: NDArray[np.float64]
    calibrated: NDArray[np.float64]
    cut: float

    @classmethod
    def of(cls, validation: Sample, logits: Sequence[NDArray[np.float64]]) -> Run:
        """Calibrate on the validation galaxies, thinned to the true share, and choose the threshold."""
        chosen, tested = logits
        others = int((validation.labels == 0).sum())
        natural = np.arange(others + max(2, round(others * SHARE / (1 - SHARE))))
        fitted = fit_temperature(chosen[natural], validation.labels[natural], bias=True)
        probability = np.asarray(fitted(tested)).clip(1e-12, 1 - 1e-12)
        return cls(tested, np.log(probability / (1 - probability)), best_f1(chosen, validation))

    def figures(self, rows: NDArray[np.int64], labels: NDArray[np.int64]) -> dict[str, float]:
        """Return the figures on some of the test galaxies, mergers weighed as one in a hundred."""
        sample = Sample(np.empty(0, np.uint8), labels[rows])
        raw = self.raw[rows]
        found = {
            "average_precision": float(
                average_precision_score(sample.labels, raw, sample_weight=sample.weights)
            )
        }
        for name, called in {
            "chosen": raw >= self.cut,
            "half": raw >= 0,
            "half_calibrated": self.calibrated[rows] >= 0,
        }.items():
            recall, fpr = (float(called[sample.labels == each].mean()) for each in (1, 0))
            found |= {
                f"{name}_recall": recall,
                f"{name}_precision": precision_at_prevalence(recall, fpr, SHARE),
                f"{name}_f1": 2 * recall * SHARE / (SHARE + recall * SHARE + fpr * (1 - SHARE)),
            }
        for name, logits in {"raw": raw, "calibrated": self.calibrated[rows]}.items():
            surprise = np.logaddexp(0, np.where(sample.labels == 1, -logits, logits))
            found[f"{name}_log_loss"] = float(sample.weights @ surprise)
            found[f"{name}_mean_probability"] = float(sample.weights @ expit(logits))
        return found


def judged(runs: dict[str, list[Run]], test: Sample, replicates: int) -> dict[str, Any]:
    """Return mean figures of every way with intervals from drawing seeds and test galaxies anew.

    The same draws serve all ways, so that differences to the plain way are those of the same galaxies.
    """
    generator = np.random.default_rng(1)
    classes = [np.flatnonzero(test.labels == each) for each in (0, 1)]
    seeds = len(next(iter(runs.values())))
    everything = np.arange(len(test.labels))
    whole = {way: _mean([run.figures(everything, test.labels) for run in of]) for way, of in runs.items()}
    drawn: dict[str, list[dict[str, float]]] = {way: [] for way in runs}
    for _ in range(replicates):
        rows = np.concatenate([generator.choice(each, len(each)) for each in classes])
        picked = generator.integers(seeds, size=seeds)
        for way, of in runs.items():
            once = {k: of[k].figures(rows, test.labels) for k in set(picked.tolist())}
            drawn[way].append(_mean([once[k] for k in picked.tolist()]))
    told: dict[str, Any] = {}
    for way, of in runs.items():
        told[way] = {
            "figures": {
                name: _ends(value, [each[name] for each in drawn[way]]) for name, value in whole[way].items()
            },
            "by_seed": [run.figures(everything, test.labels)["average_precision"] for run in of],
        }
        if way != "plain" and "plain" in runs:
            pairs = list(zip(drawn[way], drawn["plain"], strict=True))
            told[way]["more_than_plain"] = {
                name: _ends(
                    whole[way][name] - whole["plain"][name], [one[name] - other[name] for one, other in pairs]
                )
                for name in ("average_precision", "chosen_f1", "calibrated_log_loss")
            }
    return told


def _mean(found: Sequence[dict[str, float]]) -> dict[str, float]:
    # A precision without a call is not defined; the others still have a mean.
    return {name: _mean_of([each[name] for each in found]) for name in found[0]}


def _mean_of(values: Sequence[float]) -> float:
    defined = [value for value in values if np.isfinite(value)]
    return float(np.mean(defined)) if defined else float("nan")


def _ends(value: float, drawn: Sequence[float]) -> dict[str, float | None]:
    defined = [each for each in drawn if np.isfinite(each)]
    if not (defined and np.isfinite(value)):
        return {"value": None, "low": None, "high": None}
    low, high = np.quantile(defined, [0.025, 0.975])
    return {"value": value, "low": float(low), "high": float(high)}


def measure(effort: Effort, folder: Path, ways: Sequence[str]) -> dict[str, Any]:
    """Train what is not trained yet in some ways, and judge all that are complete."""
    folder.mkdir(parents=True, exist_ok=True)
    others, mergers = effort.train
    train = simulated(folder, "train", 1, (others, mergers * effort.seeds))
    validation = simulated(folder, "validation", 2, effort.validation)
    test = simulated(folder, "test", 3, effort.test)
    runs: dict[str, list[Run]] = {}
    for way in WAYS:
        places = [folder / f"{way.replace(' ', '-')}-{seed}.npz" for seed in range(effort.seeds)]
        if way not in ways and not all(place.exists() for place in places):
            continue
        runs[way] = []
        for seed in range(effort.seeds):
            logits = logits_of(way, seed, folder, train, (validation, test), effort)
            runs[way].append(Run.of(validation, logits))
            print(f"  {way}, seed {seed}", flush=True)
    results = judged(runs, test, effort.replicates)
    for way, told in results.items():
        shown = told["figures"]["average_precision"]
        print(f"{way:30s} average precision {shown['value']:.3f} ({shown['low']:.3f} to {shown['high']:.3f})")
    return {
        "data": f"SIMULATED galaxies of {SIZE} pixels; {others:,} others and {mergers} mergers to learn "
        f"from, {effort.test[0]:,} and {effort.test[1]} to judge, mergers weighed as 1 in 100",
        "protocol": f"compact network, the steps of {effort.epochs} epochs, {effort.seeds} seeds with other "
        "mergers each, last epoch; thresholds and calibration from validation; intervals of 95 % from "
        "drawing seeds and test galaxies anew",
        "share": SHARE,
        "seeds": effort.seeds,
        "results": results,
    }


def main() -> None:
    """Measure, print and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few galaxies and epochs, nothing written")
    parser.add_argument("--only", choices=WAYS, action="append", help="train this way only; may be repeated")
    parser.add_argument("--runs", type=Path, default=ROOT / "runs" / "rare_class", help="folder of the runs")
    arguments = parser.parse_args()
    ways = arguments.only or list(WAYS)
    if arguments.quick:
        with tempfile.TemporaryDirectory() as folder:
            measure(QUICK, Path(folder), ways)
        return
    content = measure(FULL, arguments.runs, ways)
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n")
    print(f"table: {RESULT}")


if __name__ == "__main__":
    main()
