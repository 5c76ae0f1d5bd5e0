"""What wrong labels cost a network that tells galaxies of low surface brightness from artefacts.

The curves are those of ``skysieve uncertainty label-noise``: labels of the training split are made wrong, as
in the paper, while validation and test stay clean. The network is the compact one, because each curve is
several trainings; so it is the shape of the curves that compares with the published one, not their height.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from lsbg_classifiers import Effort, settings_of
from lsbg_sets import LsbgSet
from skysieve.recipes.deepshadows import DEEPSHADOWS
from skysieve.recipes.scored_samples import SCORES
from skysieve.recipes.uncertainty.label_noise import NoiseCurve, label_noise_curve
from skysieve.recipes.uncertainty.runs import DONE

__all__ = ["DIRECTIONS", "measure_noise"]

#: Of which class wrong labels are, and which they become.
DIRECTIONS: dict[str, tuple[str | None, str | None]] = {
    "random": (None, None),
    "lsbg to artifact": ("lsbg", "artifact"),
    "artifact to lsbg": ("artifact", "lsbg"),
}


def measure_noise(found: LsbgSet, runs: Path, effort: Effort) -> dict[str, Any]:
    """Return the figures at every share of wrong labels, for noise of every direction."""
    settings = settings_of("compact", effort.epochs["noise"], effort.replicates)
    curves = {}
    for name, (source, target) in DIRECTIONS.items():
        folder = runs / name.replace(" ", "-")
        if name != "random":
            _share_clean_runs(runs / "random", folder)
        curve = label_noise_curve(
            DEEPSHADOWS,
            [found.path],
            folder,
            settings,
            fractions=effort.fractions if name == "random" else effort.biased,
            source=source,
            target=target,
            clean_validation=True,
            repeats=effort.repeats,
        )
        curves[name] = _told(curve)
        for point in curve.points:
            print(f"  {name:18s} {point.fraction:5.2f}  {point.figures['accuracy']}", flush=True)
    return {
        "network": "compact",
        "epochs": effort.epochs["noise"],
        "repeats": effort.repeats,
        "noisy": "training labels only",
        "curves": curves,
    }


def _share_clean_runs(first: Path, folder: Path) -> None:
    """Give a curve the finished runs on clean labels of another: no direction is in them."""
    for done in sorted(first.glob("noise_0_repeat_*")):
        place = folder / done.name
        place.mkdir(parents=True, exist_ok=True)
        for name in (SCORES, DONE):
            shutil.copy(done / name, place / name)


def _told(curve: NoiseCurve) -> list[dict[str, Any]]:
    kept = {"accuracy": "accuracy", "recall": "completeness", "precision": "purity", "roc_auc": "roc_auc"}
    return [
        {
            "fraction": point.fraction,
            "wrong": point.wrong,
            "figures": {name: point.figures[figure].to_json() for figure, name in kept.items()},
            "change": {name: point.change[figure].to_json() for figure, name in kept.items()},
            "deviation": {name: point.deviation[figure] for figure, name in kept.items()},
        }
        for point in curve.points
    ]
