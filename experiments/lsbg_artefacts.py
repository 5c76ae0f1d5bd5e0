"""Simulated galaxies of low surface brightness against artefacts: networks beside classifiers of features.

Run by ``make experiments``, or a part of it by ``--only``; the documentation reads
``experiments/results/lsbg_artefacts.json``. What DeepShadows (Tanoglidis et al. 2021) showed on pictures and
catalogues that were never published is asked here of simulated ones:

- ``baseline``: the published network and a compact one on pictures, a support vector machine and a random
  forest on features measured on the fluxes of the same subjects, and which kinds of artefacts each mistakes;
- ``noise``: what wrong labels cost, at random and in one direction;
- ``three-classes``: galaxies and two types of artefacts;
- ``uneven-sky``: the compact network and the classifiers of features where no sky is subtracted well.

Everything is SIMULATED. The simulator knows nothing of these figures: it was not made to reach them.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lsbg_classifiers import (
    CLASSIFIERS,
    NETWORKS,
    Effort,
    judged_by_features,
    judged_by_networks,
    judged_by_the_border,
)
from lsbg_figures import Judged, compare, mcnemar, roc_bands, shares_called, three_class_figures
from lsbg_noise import measure_noise
from lsbg_sets import LsbgSet, lsbg_set, three_class_set
from lsbg_uneven_sky import BRIGHTNESS, uneven_sky_set
from skysieve.recipes.deepshadows import DEEPSHADOWS, DEEPSHADOWS_THREE_CLASSES

ROOT = Path(__file__).parents[1]
RESULT = Path(__file__).parent / "results" / "lsbg_artefacts.json"

PARTS = ("baseline", "noise", "three-classes", "uneven-sky")

FULL = Effort(
    counts={"train": 8000, "validation": 2000, "test": 4000},
    epochs={"deepshadows": 40, "compact": 30, "noise": 10},
)
QUICK = Effort(
    counts={"train": 200, "validation": 80, "test": 120},
    epochs={"deepshadows": 2, "compact": 2, "noise": 1},
    fractions=(0.1,),
    biased=(0.1,),
    repeats=2,
    replicates=20,
)

#: Whose mistakes are compared with whose.
PAIRS = (
    ("deepshadows", "forest"),
    ("deepshadows", "svm"),
    ("compact", "forest"),
    ("compact", "svm"),
    ("compact", "deepshadows"),
)


def measure_baseline(
    found: LsbgSet,
    runs: Path,
    effort: Effort,
    networks: Sequence[str] = NETWORKS,
) -> dict[str, Any]:
    """Return the figures of all classifiers on the same test samples."""
    samples, test = found.samples, found.rows("test")
    labels, groups = samples.labels, samples.groups[test]
    scored, trained = judged_by_networks(DEEPSHADOWS, found, samples, runs, effort, networks)
    judged = {}
    for name, each in scored.items():
        assert each.ids.tolist() == samples.ids[test].astype(each.ids.dtype).tolist()
        judged[name] = Judged(each.scores, (each.scores >= 0.5).astype(np.int64))
    judged |= judged_by_features(found, labels, samples.classes)
    judged |= judged_by_the_border(found, labels, samples.classes)
    truth, reasons = labels[test], found.reasons[test]
    pairs = [pair for pair in PAIRS if set(pair) <= set(judged)]
    figures, differences = compare(truth, groups, judged, pairs, replicates=effort.replicates)
    seen = reasons == ""
    of_seen, _ = compare(
        truth[seen],
        groups[seen],
        {name: Judged(each.scores[seen], each.called[seen]) for name, each in judged.items()},
        (),
        replicates=effort.replicates,
    )
    for name, told in figures.items():
        print(f"  {name:18s} " + "  ".join(f"{figure} {each}" for figure, each in told.items()), flush=True)
    return {
        "training": trained,
        "figures": {name: _json(told) for name, told in figures.items()},
        "figures_where_measured": {name: _json(told) for name, told in of_seen.items()},
        "differences": [
            {"first": first, "second": second, "figures": _json(told)}
            | mcnemar(truth, judged[first].called, judged[second].called)
            for (first, second), told in differences.items()
        ],
        "missing": _missing(found),
        "called_lsbg_by_kind": {
            name: shares_called(samples.scalar("kind")[test], each.called) for name, each in judged.items()
        },
        "completeness_by_surface_brightness": _by_surface_brightness(found, judged),
        "roc": roc_bands(truth, groups, judged, replicates=effort.replicates),
    }


def measure_three_classes(found: LsbgSet, runs: Path, effort: Effort) -> dict[str, Any]:
    """Return what is told from what if artefacts are of two types."""
    samples, test = three_class_set(found), found.rows("test")
    scored, trained = judged_by_networks(DEEPSHADOWS_THREE_CLASSES, found, samples, runs, effort)
    called = {name: each.scores.argmax(1) for name, each in scored.items()}
    forests = judged_by_features(found, samples.labels, samples.classes, ("svm", "forest"))
    called |= {name: each.called for name, each in forests.items()}
    results = {
        name: three_class_figures(
            samples.labels[test], each, samples.groups[test], replicates=effort.replicates
        )
        for name, each in called.items()
    }
    for name, told in results.items():
        print(f"  {name:12s} {told['figures']['accuracy']['value']:.4f}  {told['confusion']}", flush=True)
    return {"classes": list(samples.classes), "training": trained, "results": results}


def _missing(found: LsbgSet) -> dict[str, Any]:
    """Count the samples without features, by split, by reason and, of the test split, by kind."""
    counts: dict[str, Any] = {}
    for split in ("train", "validation", "test"):
        reasons, number = np.unique(found.reasons[found.rows(split)], return_counts=True)
        counts[split] = dict(zip(reasons.tolist(), number.tolist(), strict=True))
        counts[split]["measured"] = counts[split].pop("", 0)
    test = found.rows("test")
    kinds, whole = found.samples.scalar("kind")[test], np.isfinite(found.features.values[test]).any(1)
    counts["test_share_without_any"] = shares_called(kinds, np.asarray(~whole, dtype=np.int64))
    return counts


def _by_surface_brightness(found: LsbgSet, judged: dict[str, Judged]) -> list[dict[str, Any]]:
    """Return the completeness of every classifier in bins of the true mean surface brightness."""
    test = found.rows("test")
    kinds, brightness = found.samples.scalar("kind")[test], found.samples.scalar("mu_eff")[test]
    bins = []
    for low, high in ((24.2, 24.7), (24.7, 25.2), (25.2, 25.7), (25.7, 26.5)):
        inside = (kinds == "lsbg") & (brightness >= low) & (brightness < high)
        if inside.any():
            called = {
                name: shares_called(kinds[inside], each.called[inside])["lsbg"]
                for name, each in judged.items()
            }
            bins.append({"low": low, "high": high, "called_lsbg": called})
    return bins


def _json(told: dict[str, Any]) -> dict[str, Any]:
    return {figure: each.to_json() for figure, each in told.items()}


def measure(parts: list[str], runs: Path, effort: Effort, workers: int) -> dict[str, Any]:
    """Return the figures of some parts."""
    found = lsbg_set(runs / "set", effort.counts, workers)
    measured: dict[str, Any] = {
        "data": "SIMULATED cutouts in the conditions of DES, "
        + ", ".join(f"{count:,} to {name}" for name, count in effort.counts.items()),
        "labels": found.samples.description.label_origin,
        "features": {"paper": list(found.sixteen().names), "with radii": list(found.features.names)},
        "classifiers": list(CLASSIFIERS),
    }
    for part in parts:
        print(part, flush=True)
        if part == "baseline":
            measured[part] = measure_baseline(found, runs / part, effort)
        elif part == "noise":
            measured[part] = measure_noise(found, runs / part, effort)
        elif part == "uneven-sky":
            uneven = uneven_sky_set(found, runs / "uneven-set")
            measured[part] = measure_baseline(uneven, runs / part, effort, ("compact",))
            measured[part]["mag_per_arcsec2"] = list(BRIGHTNESS)
        else:
            measured[part] = measure_three_classes(found, runs / part, effort)
    return measured


def main() -> None:
    """Simulate, train, judge, print, write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--runs", type=Path, default=ROOT / "runs" / "lsbg-artefacts")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), help="parts to measure")
    parser.add_argument("--workers", type=int, default=1, help="processes that simulate")
    parser.add_argument("--quick", action="store_true", help="few samples and epochs, nothing written")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.quick:
        runs = arguments.runs.with_name(arguments.runs.name + "-quick")
        shutil.rmtree(runs, ignore_errors=True)
        measure(arguments.only, runs, QUICK, arguments.workers)
        shutil.rmtree(runs)
        return
    content = measure(arguments.only, arguments.runs, FULL, arguments.workers)
    if RESULT.is_file():
        content = json.loads(RESULT.read_text()) | content
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n")
    print(f"table: {RESULT}")


if __name__ == "__main__":
    main()
