"""Do maps point at what is there, and do they owe that to learning: explanations against true masks.

Run by ``make experiments``; the documentation reads ``experiments/results/explanation_masks.json`` and shows
``docs/images/explanation-masks-*.jpg``. Everything is SIMULATED, labels and masks are the simulator's truth.
Maps of the class that a network calls are compared with the mask of the subject: those of the trained
network, of the same network with its weights in random order (several orders), and two that need no network,
how far a pixel is from the median of its channel, and how near it is to the middle.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from explanation_picture import Row, write_picture
from explanation_sets import MASK_SIGMA, MOST_COVERED, Masked, galaxies, lsbgs, streaks
from skysieve.evaluation.intervals import wilson_interval
from skysieve.explanation import attribute, mask_agreement, randomised_network
from skysieve.explanation.agreement import mask_intervals
from skysieve.explanation.randomisation import map_similarity
from skysieve.explanation.registry import build_explainer
from skysieve.networks import build_network
from skysieve.preprocess import Pipeline
from skysieve.recipes.explained_model import ExplainedModel
from skysieve.recipes.explanation_figures import CollectedFigures
from skysieve.training.configuration import AugmentationConfig, TrainingConfig
from skysieve.training.ensemble import fit_ensemble
from skysieve.training.examples import Examples

ROOT = Path(__file__).parents[1]
RESULT = Path(__file__).parent / "results" / "explanation_masks.json"
PICTURES = ROOT / "docs" / "images"

#: Methods with their settings, by the names under which they are told; FINER has the layer of the network.
FINER = "grad-cam, finer layer"
METHODS: dict[str, tuple[str, dict[str, Any]]] = {
    "grad-cam": ("grad-cam", {}),
    # As most implementations do: wherever the cells of the layer look.
    "grad-cam, cells spread evenly": ("grad-cam", {"even": True}),
    FINER: ("grad-cam", {}),
    "integrated-gradients": ("integrated-gradients", {"steps": 32}),
    "saliency": ("saliency", {}),
}
#: The figures that stand for all in the tables.
TOLD = ("iou_top", "iou_threshold", "pointing", "share")

EVERY_SYMMETRY = AugmentationConfig(flips=True, rotations=True)
COMPACT = TrainingConfig(
    epochs=25,
    batch_size=32,
    learning_rate=3e-3,
    optimizer="adamw",
    weight_decay=0.05,
    schedule="cosine",
    warmup_epochs=1,
    patience=25,
    augmentation=EVERY_SYMMETRY,
    threads=1,
    precision="float32",
)


@dataclass(frozen=True)
class Layout:
    """A network, its protocol, and a layer of more places than the last has."""

    network: str
    training: TrainingConfig
    finer: str
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Size:
    """How much of everything."""

    learned: int = 3600
    judged: int = 400
    compared: int = 256
    randomised: int = 5
    epochs: int | None = None


QUICK = Size(learned=160, judged=24, compared=12, randomised=3, epochs=2)


@dataclass(frozen=True)
class Part:
    """A set of samples, and the networks that are explained on it."""

    about: str
    simulate: Callable[[Path, int, int], Masked]
    layouts: dict[str, Layout]
    shown: tuple[str, ...]


PARTS = {
    "morphology": Part(
        f"galaxies of four classes, masks from {MASK_SIGMA['morphology']:g} sigma of a pixel's sky noise",
        galaxies,
        {
            "compact": Layout("compact", COMPACT, "stages.2", {"width": 32}),
            # Its four convolutions; dense layers of a quarter, as there are few samples.
            "night-sky-net": Layout(
                "night-sky-net",
                replace(COMPACT, epochs=20, learning_rate=5e-4, weight_decay=0.01, patience=20),
                "conv2",
                {"crop": 60, "dense": (512, 512, 512, 256)},
            ),
        },
        ("edge-on-disc", "face-on-spiral", "merger"),
    ),
    "lsbg": Part(
        f"LSBGs against artefacts, masks from {MASK_SIGMA['lsbg']:g} sigma of a pixel's sky noise",
        lsbgs,
        {
            "compact": Layout("compact", COMPACT, "stages.2", {"width": 32}),
            # With its L2 penalty; ten times its rate, as there are few steps.
            "deepshadows": Layout(
                "deepshadows",
                replace(COMPACT, optimizer="adadelta", learning_rate=1.0, weight_decay=0.0),
                "bn2",
            ),
        },
        ("lsbg", "compact-group", "ghost"),
    ),
    "streaks": Part(
        "trails of asteroids in difference images, masks of all within one FWHM of the trail",
        streaks,
        {},
        ("asteroid",) * 3,
    ),
}


def measure(name: str, runs: Path, size: Size, pictures: Path | None) -> dict[str, Any]:
    """Return the figures of one part, and write its picture."""
    part, runs = PARTS[name], runs / name
    runs.mkdir(parents=True, exist_ok=True)
    seen = part.simulate(runs / "judged.parquet", size.judged, 2)
    judged = seen.with_masks_to_judge()
    print(f"{name}: masks of {len(judged)} of {len(seen)} cover at most {MOST_COVERED:.0%}", flush=True)
    told: dict[str, Any] = {
        "about": part.about,
        "classes": list(judged.classes),
        "samples": {"simulated": len(seen), "judged": len(judged)},
        "coverage": {f"{q:g}": float(np.quantile(judged.coverage, q)) for q in (0.1, 0.5, 0.9)},
        "without_a_network": without_a_network(judged),
        "networks": {},
    }
    for number, (title, layer, network, preprocess) in enumerate(_networks(name, runs, size)):
        called = attribute(network, seen.images, "saliency", preprocess=preprocess).target
        right = wilson_interval(int((called == seen.labels).sum()), len(seen))
        print(f"  {title}: {right} are right", flush=True)
        methods, rows = explained(network, layer, preprocess, judged, size, part.shown)
        told["networks"][title] = {"right": right.to_json(), "methods": methods}
        if pictures is not None and not number:
            write_picture(pictures / f"explanation-masks-{name}.jpg", rows, judged.channels)
    return told


def _networks(name: str, runs: Path, size: Size) -> list[tuple[str, str, nn.Module, Pipeline]]:
    """Return the networks of a part: name, finer layer, network, preprocessing."""
    if name == "streaks":
        model = ExplainedModel.open("streaks/rb-1")
        return [("streaks/rb-1", "stages.2", model.network, model.preprocess)]
    learned = PARTS[name].simulate(runs / "learned.parquet", size.learned, 1)
    preprocess = Pipeline.of("picture-levels")
    return [
        (title, layout.finer, train(layout, learned, runs / title, preprocess, size.epochs), preprocess)
        for title, layout in PARTS[name].layouts.items()
    ]


def train(
    layout: Layout, learned: Masked, folder: Path, preprocess: Pipeline, epochs: int | None
) -> nn.Module:
    """Return a network that learned from all but the last tenth, which chose its epoch."""
    outputs = 1 if len(learned.classes) == 2 else len(learned.classes)
    training = replace(layout.training, epochs=epochs or layout.training.epochs)
    rows = np.arange(len(learned))
    learning, choosing = np.split(rows, [len(rows) * 9 // 10])
    fitted = fit_ensemble(
        lambda: build_network(
            layout.network, shape=learned.images.shape[1:], outputs=outputs, **layout.arguments
        ),
        Examples(learned.images, learned.labels[learning], rows=learning),
        Examples(learned.images, learned.labels[choosing], rows=choosing),
        1,
        training,
        folder,
        preprocess=preprocess,
    )
    (member,) = fitted.members
    print(f"  {layout.network}: epoch {member.best_epoch} of {len(member.history)}, {member.seconds:.0f} s")
    return member.network


def explained(
    network: nn.Module,
    layer: str,
    preprocess: Pipeline,
    judged: Masked,
    size: Size,
    shown: tuple[str, ...],
) -> tuple[dict[str, Any], list[Row]]:
    """Return the figures of every method, and the maps of samples to show."""
    others = [randomised_network(network, seed=seed) for seed in range(1, 1 + size.randomised)]
    groups, compared = np.arange(len(judged)), np.arange(min(size.compared, len(judged)))
    plain = _agreement(_contrast(judged.images), judged.masks)
    methods: dict[str, Any] = {}
    rows: list[Row] = []
    for title, (method, settings) in METHODS.items():
        explainer = build_explainer(method, settings | ({"layer": layer} if title == FINER else {}))
        found = attribute(network, judged.images, explainer, preprocess=preprocess)
        right = found.target == judged.labels
        if not rows:
            rows = _to_show(judged, right, shown, compared)
        trained = _agreement(found.maps, judged.masks)
        collected = CollectedFigures()
        collected.add(groups, trained, found.figures)
        agreements, similarities, nothing = [], [], []
        for number, other in enumerate(others):
            subset, classes = judged.images[compared], found.target[compared]
            again = attribute(other, subset, explainer, target=classes, preprocess=preprocess).maps
            agreements.append(_agreement(again, judged.masks[compared]))
            nothing.append(_nothing(again))
            similarities.append(map_similarity(found.maps[compared], again).columns())
            for row in rows if not number else ():
                row.add(title, found.maps[row.sample], again[row.sample])
        subset_of_trained = {name: values[compared] for name, values in trained.items()}
        collected.compare(compared, subset_of_trained, _mean(agreements), _mean(similarities))
        methods[title] = collected.summary(replicates=1000, seed=1).to_json() | {
            "settings": dict(found.settings),
            "incompleteness": collected.incompleteness(),
            "each_randomised": [
                {name: float(np.nanmean(each[name])) for name in TOLD} for each in agreements
            ],
            "nothing": {"trained": _nothing(found.maps), "randomised": float(np.mean(nothing))},
            "above_contrast": _told({name: trained[name] - plain[name] for name in TOLD}, groups),
            "by_class": {
                name: _told({each: trained[each][rows_of] for each in ("coverage", *TOLD)}, groups[rows_of])
                for number, name in enumerate(judged.classes)
                if (rows_of := judged.labels == number).any()
            },
        }
        print(f"    {title:30s} {_line(methods[title])}", flush=True)
    return methods, rows


def without_a_network(judged: Masked) -> dict[str, Any]:
    """Return the figures of maps that no network has drawn."""
    side = judged.masks.shape[-1]
    away = np.hypot(*(np.indices((side, side)) - (side - 1) / 2))
    maps = {
        "contrast": _contrast(judged.images),
        "middle": np.broadcast_to(away.max() - away, judged.masks.shape),
    }
    return {
        name: _told(_agreement(each, judged.masks), np.arange(len(judged))) for name, each in maps.items()
    }


def _contrast(images: NDArray[np.generic]) -> NDArray[np.float64]:
    """Return how far every pixel is from the median of its channel, all channels together."""
    values = images.astype(np.float64)
    away: NDArray[np.float64] = np.abs(values - np.median(values, axis=(2, 3), keepdims=True)).sum(axis=1)
    return away


def _to_show(
    judged: Masked, right: NDArray[np.bool_], shown: tuple[str, ...], compared: NDArray[np.int64]
) -> list[Row]:
    """Return the first samples of each kind that are called rightly, as many as it is named."""
    rows = []
    for number, kind in enumerate(shown):
        chosen = compared[(judged.kinds[compared] == kind) & right[compared]]
        if len(chosen) > (already := shown[:number].count(kind)):
            at = int(chosen[already])
            rows.append(Row(kind, at, judged.images[at], judged.masks[at]))
    return rows


def _agreement(maps: NDArray[Any], masks: NDArray[np.bool_]) -> dict[str, NDArray[np.float64]]:
    return mask_agreement(maps, masks).columns()


def _nothing(maps: NDArray[Any]) -> float:
    """Return the share of maps in which nothing speaks for the class; their figures are 0."""
    return float((maps.max(axis=(1, 2)) <= 0).mean())


def _mean(figures: list[dict[str, NDArray[np.float64]]]) -> dict[str, NDArray[np.float64]]:
    return {name: np.mean([each[name] for each in figures], axis=0) for name in figures[0]}


def _told(figures: Mapping[str, NDArray[np.float64]], groups: NDArray[Any]) -> dict[str, Any]:
    return {name: each.to_json() for name, each in mask_intervals(dict(figures), groups).items()}


def _line(told: Mapping[str, Any]) -> str:
    values = [
        f"{name} {told['mask'][name]['value']:.3f}, randomised {told['randomised'][name]['value']:.3f}"
        for name in ("iou_top", "pointing")
    ]
    return "; ".join(values)


def main() -> None:
    """Train, explain, compare, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, default=ROOT / "runs" / "explanation-masks")
    parser.add_argument("--only", nargs="+", choices=list(PARTS), default=list(PARTS))
    parser.add_argument("--quick", action="store_true", help="few samples, two epochs, nothing written")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    size = QUICK if arguments.quick else Size()
    runs = arguments.runs.with_name(arguments.runs.name + "-quick") if arguments.quick else arguments.runs
    pictures = runs if arguments.quick else PICTURES
    parts = {name: measure(name, runs, size, pictures) for name in arguments.only}
    if arguments.quick:
        return
    if RESULT.is_file():
        parts = json.loads(RESULT.read_text())["parts"] | parts
    content = {
        "data": "SIMULATED images; labels and masks are the simulator's truth",
        "protocol": (
            f"trained on {size.learned * 9 // 10:,} images, a tenth more chose the epoch; maps of the class "
            f"that is called; masks that cover at most {MOST_COVERED:.0%}; {size.randomised} networks with "
            f"the same weights in random order on {size.compared} images; 95 % intervals by bootstrap over "
            "images"
        ),
        "parts": parts,
    }
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n")
    print(f"table: {RESULT}")


if __name__ == "__main__":
    main()
