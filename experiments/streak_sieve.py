"""How well the shipped sieve does on simulated streaks it has never seen, and on 24 real ones.

Run by ``make experiments``; the documentation reads ``experiments/results/streak_sieve.json``. All labels
are those of the simulator. The 24 real cutouts are known near-Earth objects, all positive: that the sieve
keeps them is a smoke test, no figure. Two networks are also trained alike (same samples, same epochs, same
everything but the network, each at the best of the same learning rates), to compare the published VGG6 with
the compact one.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from skysieve.configuration import override
from skysieve.evaluation.sieve_evaluation import SieveEvaluation
from skysieve.evaluation.sieve_figures import sieve_figures_json
from skysieve.models.sieve import Sieve
from skysieve.networks import build_network
from skysieve.recipes.deepstreaks import DEEPSTREAKS, family_samples
from skysieve.recipes.judge_sieve import judge_samples
from skysieve.recipes.run import train_samples
from skysieve.recipes.sieve_recipe import SieveConfiguration
from skysieve.recipes.train_sieve import train_sieve
from skysieve.samples import SampleSet
from skysieve.samples.splits import with_splits
from skysieve.scoring.sample_scores import score_pool
from skysieve.sources.simulators.streaks.samples import write_streak_samples
from skysieve.sources.streaks.cutout_file import CUTOUT_SIDE, resize_cutouts
from streak_sets import test_set

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("SKYSIEVE_DATA") or ROOT.parent / "shared" / "data")
RESULT = Path(__file__).parent / "results" / "streak_sieve.json"
CORES = len(os.sched_getaffinity(0))

#: The three families without the one-shot classifier and without pretraining.
ALIKE = {"samples": 20_000, "epochs": 3, "seed": 20260103}
ALIKE_SETTINGS = {
    "members": 1,
    "families": ["rb", "sl", "kd"],
    "max_fpr": 0.008,
    "model": {
        "preprocess": ["sky-noise-units"],
        "splits": {"train": 0.8, "validation": 0.15, "test": 0.05},
        "training": {
            "epochs": ALIKE["epochs"],
            "batch_size": 32,
            "schedule": "cosine",
            "augmentation": {"flips": True, "rotations": True},
            "threads": 1,
        },
        # Steps of an isotonic calibration on a network that knows little are steeper than float32 is exact.
        "calibration": {"method": "temperature"},
        "evaluation": {"replicates": 100},
    },
}
#: Tried for each network on the family ``kd``; the one with the lowest validation loss trains all families.
LEARNING_RATES = (3e-4, 1e-3, 3e-3, 1e-2)
NETWORKS: dict[str, dict[str, Any]] = {
    "vgg6": {"name": "vgg6", "arguments": {}},
    "streaknet": {"name": "streaknet", "arguments": {"depth": 2}},
}


def judge(sieve: Sieve, samples: SampleSet, name: str) -> SieveEvaluation:
    """Score and judge a test set; a family is judged on the samples that it is asked about."""
    families = {member.family for member in sieve.members} | {"os"}
    scores = score_pool(sieve, samples, threads=CORES, progress=True).scores
    labels = {family: family_samples(samples, family).labels for family in sorted(families)}
    return judge_samples(sieve, samples, scores, split=name, labels=labels)


def real_cutouts(sieve: Sieve) -> dict[str, Any]:
    """Return what the sieve says about the 24 real cutouts.

    They are 131 x 132 pixels; around each, empty sky with its noise is drawn to 157 x 157. The second
    channel is used: the montage they come from has a few red pixels.
    """
    tiles = np.load(DATA / "deepstreaks" / "reals_zoo_24_tiles.npz")["tiles"][..., 1]
    noise = np.random.default_rng(1).normal(204.0, 20.4, (len(tiles), CUTOUT_SIDE, CUTOUT_SIDE))
    cutouts = noise.round().clip(0, 255).astype(np.uint8)
    top, left = (CUTOUT_SIDE - tiles.shape[1]) // 2, (CUTOUT_SIDE - tiles.shape[2]) // 2
    cutouts[:, top : top + tiles.shape[1], left : left + tiles.shape[2]] = tiles
    scores = sieve.score(resize_cutouts(cutouts)[:, None].astype(np.float32))
    decided = sieve.decide(scores)
    return {
        "of": len(tiles),
        "kept": int(decided["plausible"].sum()),
        "kept_by_one_shot": int(decided["one-shot"].sum()),
        "lost": np.flatnonzero(~decided["plausible"]).tolist(),
        "scores": {name: [round(float(value), 4) for value in values] for name, values in scores.items()},
    }


def settings_of(network: dict[str, Any], learning_rate: float) -> SieveConfiguration:
    """Return how a network is trained: as the others, at its own learning rate."""
    changed = {"model": {"network": network, "training": {"learning_rate": learning_rate}}}
    return override(override(DEEPSTREAKS.configuration, ALIKE_SETTINGS), changed)


def best_learning_rate(runs: Path, name: str, path: Path) -> dict[str, float]:
    """Return the lowest validation loss of the family ``kd`` by learning rate, the best first."""
    losses = {}
    for rate in LEARNING_RATES:
        settings = settings_of(NETWORKS[name], rate).model
        shares = {part: getattr(settings.splits, part) for part in ("train", "validation", "test")}
        samples = with_splits(SampleSet.open(path), shares, seed=settings.splits.seed)
        folder = runs / f"alike-{name}" / f"kd-{rate:g}"
        train_samples(
            DEEPSTREAKS.families["kd"], family_samples(samples, "kd"), folder, settings, name=f"{name}-kd"
        )
        history = json.loads((folder / "training" / "member_0" / "history.json").read_text())
        losses[f"{rate:g}"] = min(epoch["validation_loss"] for epoch in history)
    return dict(sorted(losses.items(), key=lambda each: each[1]))


def alike(runs: Path, samples: SampleSet) -> dict[str, Any]:
    """Train networks with the same samples, each at the best of the same learning rates, and judge them."""
    path = runs / "alike.parquet"
    if not path.exists():
        write_streak_samples(
            path, n=ALIKE["samples"], seed=ALIKE["seed"], real_fraction=0.45, workers=CORES, progress=True
        )
    found = {}
    for name, network in NETWORKS.items():
        tried = best_learning_rate(runs, name, path)
        rate = float(next(iter(tried)))
        run = train_sieve(
            DEEPSTREAKS,
            [path],
            runs / f"alike-{name}" / f"sieve-{rate:g}",
            settings_of(network, rate),
            name=name,
            workers=CORES,
        )
        judged = sieve_figures_json(judge(run.sieve, samples, "same conditions"))
        built = build_network(network["name"], shape=(1, 144, 144), outputs=1, **network["arguments"])
        found[name] = {
            "parameters": sum(each.numel() for each in built.parameters()),
            "validation_loss_by_learning_rate": tried,
            "learning_rate": rate,
            "members": judged["members"],
            "rules": judged["rules"],
        }
    return ALIKE | {"networks": found}


def main() -> None:
    """Judge the shipped sieve, train two networks alike, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, default=ROOT / "runs" / "streaks", help="where the runs lie")
    parser.add_argument("--without-alike", action="store_true", help="keep that comparison as it is")
    arguments = parser.parse_args()
    sieve = Sieve.load("streaks")
    result: dict[str, Any] = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    result |= {
        "sieve": sieve.identity,
        "machine": {"cores": CORES},
        "labels": "SIMULATED: truth of the simulator",
        "sets": {},
    }
    sets = {name: test_set(arguments.runs, name, CORES) for name in ("same conditions", "other conditions")}
    for name, samples in sets.items():
        evaluation = judge(sieve, samples, name)
        result["sets"][name] = sieve_figures_json(evaluation)
        print(f"{name}: {evaluation.n:,} cutouts")
        for rule in evaluation.rules:
            print(f"  {rule.name:10s} TPR {rule.tpr}  FPR {rule.fpr}  purity at 1 in 200 {rule.purity}")
        for kind in evaluation.kinds:
            shares = ", ".join(f"{rule} {interval}" for rule, interval in kind.rules.items())
            print(f"  {kind.kind:18s} {kind.n:6,d} {shares}")
    if (DATA / "deepstreaks").is_dir():
        result["real_cutouts"] = real_cutouts(sieve)
        print({name: result["real_cutouts"][name] for name in ("of", "kept", "kept_by_one_shot", "lost")})
    if not arguments.without_alike:
        result["like_for_like"] = alike(arguments.runs, sets["same conditions"])
        for name, network in result["like_for_like"]["networks"].items():
            print(name, network["parameters"], network["learning_rate"], network["rules"]["plausible"]["tpr"])
    RESULT.write_text(json.dumps(result, indent=1, sort_keys=True) + "\n")
    print(f"results: {RESULT}")


if __name__ == "__main__":
    main()
