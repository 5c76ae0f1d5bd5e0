"""From DES to HSC on simulated galaxies of low surface brightness: what some target samples bring.

Run by ``make experiments``, or for one network by ``--only``; the documentation reads
``experiments/results/lsbg_transfer.json``. As DeepShadows (Tanoglidis et al. 2021) was, networks are trained
in the conditions of DES and judged in those of HSC, before and after learning from a few target samples: its
head alone, the whole network, and beside both a network that learns from the same target samples from random
weights. The target survey is deeper and sharper, has another stretch and another seed, and its artefacts come
in other shares.

Everything is SIMULATED. The published figures are of real pictures and stand beside ours for their shape, not
for their level.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from skysieve.configuration import as_dict, override
from skysieve.models.model import Model
from skysieve.recipes.configuration import Configuration
from skysieve.recipes.deepshadows import DEEPSHADOWS
from skysieve.recipes.run import train_samples
from skysieve.recipes.transfer import transfer_curve
from skysieve.recipes.transfer_configuration import TransferConfig
from skysieve.samples import SampleSet
from skysieve.sources.simulators.galaxies import Survey, survey_named
from skysieve.sources.simulators.galaxies.samples import write_lsbg_samples

ROOT = Path(__file__).parents[1]
RESULT = Path(__file__).parent / "results" / "lsbg_transfer.json"

SOURCE_SEED, TARGET_SEED = 20261122, 20261123

#: Artefacts of the target: fewer stars and ghosts, more cirrus, which a deeper survey shows.
TARGET_KINDS = {
    "lsbg": 0.50,
    "star-halo": 0.05,
    "ghost": 0.02,
    "arm-knots": 0.13,
    "diffuse-light": 0.06,
    "cirrus": 0.16,
    "compact-group": 0.08,
}

#: Tables 2 and 6 of the paper, on real pictures: 640 + 640 objects of HSC, 320 to learn from.
PUBLISHED = [
    {"size": 0, "accuracy": 0.821, "roc_auc": 0.902, "precision": 0.849, "recall": 0.786},
    {"size": 320, "accuracy": 0.876, "roc_auc": 0.936, "precision": 0.841, "recall": 0.932},
]

FIGURES = ("accuracy", "roc_auc", "precision", "recall")


@dataclass(frozen=True)
class Effort:
    """How much is simulated and trained.

    Parameters
    ----------
    source : dict of str to int
        Samples of each split of the source.
    pool, test : int
        Target samples that may be learned from, and that judge.
    epochs : dict of str to int
        Of each network on the source.
    scratch : int
        Epochs from random weights on target samples.
    curve : TransferConfig
        What is measured.
    """

    source: dict[str, int]
    pool: int
    test: int
    epochs: dict[str, int]
    scratch: int
    curve: TransferConfig


FULL = Effort(
    source={"train": 6000, "validation": 1000, "test": 1000},
    pool=2600,
    test=2000,
    epochs={"deepshadows": 20, "compact": 12},
    scratch=60,
    curve=TransferConfig(
        sizes=(0, 20, 80, 320, 1280), strategies=("head", "whole"), draws=3, permutations=100, replicates=300
    ),
)
QUICK = Effort(
    source={"train": 200, "validation": 60, "test": 100},
    pool=120,
    test=100,
    epochs={"deepshadows": 2, "compact": 2},
    scratch=2,
    curve=TransferConfig(
        sizes=(0, 20, 60), strategies=("head", "whole"), draws=2, permutations=5, replicates=20
    ),
)

#: The published network with the published protocol; a compact one with a modern one.
NETWORKS: dict[str, dict[str, Any]] = {
    "deepshadows": {},
    "compact": {
        "network.name": "compact",
        "network.arguments": {"width": 24},
        "training.optimizer": "adamw",
        "training.learning_rate": 3e-3,
        "training.weight_decay": 0.05,
        "training.schedule": "cosine",
        "training.batch_size": 64,
    },
}


def simulated(path: Path, counts: dict[str, int], seed: int, survey: Survey, **options: Any) -> Path:
    """Return a set with a split, simulated unless it is there."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        raw, partial = path.with_suffix(".raw.parquet"), path.with_suffix(".part")
        write_lsbg_samples(raw, sum(counts.values()), seed, survey=survey, progress=True, **options)
        split = np.repeat(list(counts), list(counts.values()))
        how = {"split": {"kind": "split", "method": "in the order of the simulation, each a sky of its own"}}
        SampleSet.open(raw).with_columns({"split": split}, splits=how).write(partial)
        partial.rename(path)
        raw.unlink()
    return path


def trained(name: str, source: Path, runs: Path, effort: Effort) -> Model:
    """Return the model of the source survey, trained unless it is there."""
    folder = runs / f"source-{name}"
    settings: Configuration = override(DEEPSHADOWS.configuration, NETWORKS[name])
    epochs = effort.epochs[name]
    settings = replace(
        settings, training=replace(settings.training, epochs=epochs, patience=epochs, threads=1)
    )
    if (folder / "report.html").exists():
        model = Model.load(folder / "model")
        if model.description.provenance["configuration"] != as_dict(settings):
            raise SystemExit(f"{folder}: holds a model of other settings; remove {runs}")
        return model
    return train_samples(DEEPSHADOWS, SampleSet.open(source), folder, settings, name=name).model


def measure(name: str, runs: Path, effort: Effort) -> dict[str, Any]:
    """Return the curve of one network and the shift between the surveys."""
    source = simulated(runs / "des.parquet", effort.source, SOURCE_SEED, survey_named("des"))
    split = {"train": effort.pool, "test": effort.test}
    target = simulated(runs / "hsc.parquet", split, TARGET_SEED, survey_named("hsc"), kinds=TARGET_KINDS)
    model = trained(name, source, runs, effort)
    # What begins at random needs longer, and is given up where it has long stopped getting better.
    longer = {"training.epochs": effort.scratch, "training.patience": max(effort.scratch // 3, 1)}
    found = transfer_curve(
        model,
        [target],
        runs / f"transfer-{name}",
        effort.curve,
        source=[source],
        tuned={"training.threads": 1},
        scratch={**longer, "training.batch_size": 16, "training.threads": 1},
    )
    told = json.loads(found.written.table.read_text())
    for point in told["points"]:
        for part in ("figures", "change", "over_scratch", "draws", "deviation"):
            point[part] = {figure: point[part][figure] for figure in FIGURES if figure in point[part]}
        # Precision may not be defined where nothing is called a galaxy.
        figures = ", ".join(f"{each} {point['figures'][each]['value']:.3f}" for each in FIGURES[:2])
        print(f"  {point['strategy']:9s} {point['size']:5d}  {figures}", flush=True)
    at_home = model.description.figures["test"]
    return {
        "identity": model.identity,
        "at_home": {figure: at_home[figure] for figure in FIGURES},
        "points": told["points"],
        "shift": told["shift"],
    }


def main() -> None:
    """Simulate, train, judge, print, write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, default=ROOT / "runs" / "lsbg-transfer")
    parser.add_argument("--only", nargs="+", choices=list(NETWORKS), default=list(NETWORKS))
    parser.add_argument("--quick", action="store_true", help="few samples and epochs, nothing written")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    effort = QUICK if arguments.quick else FULL
    runs = arguments.runs.with_name(arguments.runs.name + "-quick") if arguments.quick else arguments.runs
    content: dict[str, Any] = {
        "data": f"SIMULATED: trained in the conditions of DES ({effort.source['train']:,} samples), judged "
        f"on {effort.test:,} in those of HSC, with artefacts in other shares",
        "labels": "SIMULATED: labels are the truth of the simulator.",
        "protocol": f"{effort.curve.draws} draws of the target samples, a quarter of each chooses the epoch; "
        "called at a probability of 0.5; intervals by bootstrap over the target samples that judge",
        "published": PUBLISHED,
        "networks": {},
    }
    if RESULT.exists() and not arguments.quick:
        content["networks"] = json.loads(RESULT.read_text()).get("networks", {})
    for name in arguments.only:
        print(name, flush=True)
        content["networks"][name] = measure(name, runs, effort)
        if not arguments.quick:
            RESULT.parent.mkdir(exist_ok=True)
            RESULT.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n")
            print(f"table: {RESULT}")


if __name__ == "__main__":
    main()
