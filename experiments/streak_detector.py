"""How complete and how pure the streak detector is: frames of known truth, in other seeing than it knows.

Run by ``make experiments``; the documentation reads ``experiments/results/streak_detector.json``. The
classifier is trained on frames of its own (``--train`` writes ``streak_trees.json`` into the package),
judged on frames of other seeds and another seeing, and compared with fixed cuts. Finished frames are kept
in the run folder, so that the same command goes on where it stopped; remove them to search anew.

A trail is counted if at least 70 % of it lies on pixels with data. A detection is right if both its
ends are within 3 pixels of the line of a trail and the intersection of both segments is at least half of
their union; each trail is found once at most. Detections of satellites and of trails that are mostly
masked are neither right nor wrong; everything else is a false alarm.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import time
from concurrent.futures import ProcessPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from skysieve.atomic_file import replacing
from skysieve.detection.boosted_trees import BoostedTrees, shipped_trees
from skysieve.detection.cuts import passes_cuts
from skysieve.detection.detect import describe, detect_streaks, find_candidates, is_within_limits
from skysieve.detection.features import FEATURES
from skysieve.detection.matching import lies_on, match_streaks
from skysieve.detection.options import DetectionOptions
from skysieve.detection.streak import streak_columns
from skysieve.evaluation.intervals import wilson_interval
from skysieve.sources.simulators.camera import Camera
from skysieve.sources.simulators.streak_frames import simulate_streak_frame

ROOT = Path(__file__).parents[1]
RESULT = Path(__file__).parent / "results" / "streak_detector.json"
TREES = ROOT / "src" / "skysieve" / "detection" / "streak_trees.json"

TRAILS, MASKED = 40, 0.3
REPLICATES = 2000
TRAIN_SEED, TEST_SEED = 10_000, 50_000
LENGTHS = (0.0, 6.0, 12.0, 25.0, 50.0, 1e9)
PEAK_SNRS = (0.0, 2.0, 3.0, 5.0, 8.0, 12.0, 1e9)


def camera_of(number: int, part: str) -> Camera:
    """Return the seeing of a frame: ZTF's to train on, better and worse by turns to judge on."""
    if part == "train":
        return Camera(seeing=1.45, seeing_scatter=0.25)
    return Camera(seeing=(1.2, 1.45, 1.8, 2.2)[number % 4], seeing_scatter=0.05)


def run_frame(task: tuple[str, int, Path]) -> Path:
    """Simulate and search one frame, and keep all candidates with their features and truth."""
    part, number, folder = task
    path = folder / f"{part}-{number:03d}.npz"
    if path.exists():
        return path
    seed = (TRAIN_SEED if part == "train" else TEST_SEED) + number
    satellites = 1.5 if part == "train" else 0.4
    frame = simulate_streak_frame(TRAILS, seed=seed, camera=camera_of(number, part), satellites=satellites)
    start = time.perf_counter()
    found = find_candidates(frame.science, frame.reference, frame.difference, pixel_scale=frame.pixel_scale)
    seconds = time.perf_counter() - start
    columns = streak_columns([describe(found, number, 0.0) for number in range(len(found.candidates))])
    truth = np.column_stack([frame.truth[name] for name in ("x1", "y1", "x2", "y2")])
    ends = np.column_stack([columns[name] for name in ("x1", "y1", "x2", "y2")])
    with replacing(path) as partial:
        np.savez_compressed(
            partial,
            features=found.features,
            within_limits=is_within_limits(found, DetectionOptions()),
            matched=match_streaks(ends, truth),
            satellite=lies_on(ends, frame.satellites) if len(frame.satellites) else np.zeros(len(ends), bool),
            seconds=seconds,
            fwhm=frame.fwhm,
            measured_fwhm=found.fwhm,
            satellites=frame.satellites,
            **{f"truth_{name}": column for name, column in frame.truth.items()},
            **{f"found_{name}": np.asarray(column) for name, column in columns.items()},
        )
    return path


def load(paths: list[Path]) -> list[dict[str, Any]]:
    """Read the frames."""
    frames = []
    for path in paths:
        with np.load(path) as file:
            frames.append({name: file[name] for name in file.files})
    return frames


def train(frames: list[dict[str, Any]]) -> tuple[BoostedTrees, float]:
    """Fit boosted trees on two thirds of the frames and choose the threshold on the others."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    fold = np.arange(len(frames)) % 3

    def fit(chosen: list[dict[str, Any]]) -> BoostedTrees:
        rows = np.concatenate([frame["features"] for frame in chosen])
        real = np.concatenate([(frame["matched"] >= 0) | frame["satellite"] for frame in chosen])
        model = HistGradientBoostingClassifier(
            random_state=0,
            max_iter=120,
            learning_rate=0.08,
            max_leaf_nodes=12,
            min_samples_leaf=15,
            l2_regularization=1.0,
        ).fit(rows, real)
        return as_trees(model)

    best = (-1.0, 0.5)
    held_out: list[dict[str, Any]] = []
    for part in range(3):
        trees = fit([frame for frame, number in zip(frames, fold, strict=True) if number != part])
        held_out += [
            frame | {"score": trees.predict(frame["features"])}
            for frame, number in zip(frames, fold, strict=True)
            if number == part
        ]
    for threshold in np.arange(0.05, 0.96, 0.05):
        chosen = [judge(frame, frame["score"] >= threshold) for frame in held_out]
        right = sum(int(each["right"].sum()) for each in chosen)
        wrong = sum(int(each["wrong"].sum()) for each in chosen)
        true = sum(int(each["countable"].sum()) for each in chosen)
        f1 = 2.0 * right / (true + right + wrong)
        best = max(best, (f1, round(float(threshold), 2)))
    return fit(frames), best[1]


def as_trees(model: Any) -> BoostedTrees:
    """Copy the nodes of scikit-learn's trees."""
    trees = []
    for (predictor,) in model._predictors:
        nodes = predictor.nodes
        leaf = nodes["is_leaf"].astype(bool)
        trees.append(
            {
                "feature": np.where(leaf, -1, nodes["feature_idx"]).tolist(),
                "threshold": [
                    0.0 if end else float(f"{t:.6g}")
                    for t, end in zip(nodes["num_threshold"], leaf, strict=True)
                ],
                "left": nodes["left"].tolist(),
                "right": nodes["right"].tolist(),
                "value": [float(f"{v:.5g}") for v in nodes["value"]],
            }
        )
    return BoostedTrees(FEATURES, float(model._baseline_prediction.ravel()[0]), tuple(trees))


def judge(frame: dict[str, Any], passed: np.ndarray) -> dict[str, Any]:
    """Say which candidates are reported, right and wrong, and which trails are found."""
    reported = passed & frame["within_limits"]
    countable = frame["truth_masked_fraction"] <= MASKED
    matched = frame["matched"]
    known = matched >= 0
    right = reported & known & countable[np.maximum(matched, 0)] if len(countable) else reported & False
    neutral = (known & ~right) | frame["satellite"]
    found = np.zeros(len(countable), dtype=bool)
    found[matched[right]] = True
    return {
        "reported": reported,
        "right": right,
        "wrong": reported & ~right & ~neutral,
        "satellite": reported & frame["satellite"] & ~known,
        "countable": countable,
        "found": found,
    }


def rate(count: int, total: int) -> dict[str, Any]:
    """Return a share with its Wilson interval."""
    interval = wilson_interval(int(count), int(total))
    return {"n": int(total), "value": interval.value, "low": interval.low, "high": interval.high}


def figures(frames: list[dict[str, Any]], passed: list[np.ndarray]) -> dict[str, Any]:
    """Return completeness and precision, in all and against length and S/N, and errors of parameters."""
    judged = [judge(frame, chosen) for frame, chosen in zip(frames, passed, strict=True)]

    def gather(kind: str, name: str, part: str) -> np.ndarray:
        return np.concatenate(
            [frame[f"{kind}_{name}"][j[part]] for frame, j in zip(frames, judged, strict=True)]
        )

    true_length, true_snr = gather("truth", "length", "countable"), gather("truth", "peak_snr", "countable")
    found = np.concatenate([each["found"][each["countable"]] for each in judged])
    right_length, right_snr = gather("found", "length", "right"), gather("found", "peak_snr", "right")
    wrong_length, wrong_snr = gather("found", "length", "wrong"), gather("found", "peak_snr", "wrong")

    def cell(lengths: tuple[float, float], snrs: tuple[float, float]) -> dict[str, Any]:
        def inside(length: np.ndarray, snr: np.ndarray) -> np.ndarray:
            return (length >= lengths[0]) & (length < lengths[1]) & (snr >= snrs[0]) & (snr < snrs[1])

        true = inside(true_length, true_snr)
        right, wrong = inside(right_length, right_snr).sum(), inside(wrong_length, wrong_snr).sum()
        return {
            "length": lengths,
            "peak_snr": snrs,
            "completeness": rate(found[true].sum(), true.sum()),
            "precision": rate(right, right + wrong),
        }

    everything = (0.0, 1e9)
    pairs = [list(pairwise(edges)) for edges in (LENGTHS, PEAK_SNRS)]
    satellites = sum(len(frame["satellites"]) for frame in frames)
    flagged = [
        ("crosses-edge" in flags or "long" in flags)
        for frame, each in zip(frames, judged, strict=True)
        for flags in frame["found_flags"][each["satellite"]]
    ]
    return {
        "bar": cell((12.0, 1e9), (8.0, 1e9)),
        "all": cell(everything, everything),
        "by_length": [cell(each, everything) for each in pairs[0]],
        "by_length_above_snr_8": [cell(each, (8.0, 1e9)) for each in pairs[0]],
        "by_peak_snr": [cell(everything, each) for each in pairs[1]],
        "by_peak_snr_above_12_pixels": [cell((12.0, 1e9), each) for each in pairs[1]],
        "false_alarms_per_frame": sum(int(each["wrong"].sum()) for each in judged) / len(frames),
        "satellites": {"crossings": satellites, "detections": len(flagged), "flagged": int(sum(flagged))},
        "parameters": parameter_errors(frames, judged),
    }


def parameter_errors(frames: list[dict[str, Any]], judged: list[dict[str, Any]]) -> dict[str, Any]:
    """Return median and 68 % of the errors of right detections of 12 pixels and S/N 8 a beam, and pulls."""
    rows: dict[str, list[np.ndarray]] = {}
    for frame, each in zip(frames, judged, strict=True):
        chosen = np.flatnonzero(each["right"])
        true = frame["matched"][chosen]
        bright = (frame["truth_length"][true] >= 12.0) & (frame["truth_peak_snr"][true] >= 8.0)
        chosen, true = chosen[bright], true[bright]
        for name, values in errors_of(frame, chosen, true).items():
            rows.setdefault(name, []).append(values)
    found = {}
    for name, parts in rows.items():
        values = np.concatenate(parts)
        if values.size:
            low, middle, high = np.quantile(values, (0.16, 0.5, 0.84))
            found[name] = {
                "median": float(middle),
                "half_of_68_percent": float(0.5 * (high - low)),
                "absolute_68_percent": float(np.quantile(np.abs(values), 0.68)),
                "n": int(values.size),
            }
    return found


def errors_of(frame: dict[str, Any], chosen: np.ndarray, true: np.ndarray) -> dict[str, np.ndarray]:
    """Return found minus true."""
    measured = {
        name: frame[f"found_{name}"][chosen]
        for name in ("length", "pa", "flux", "flux_error", "length_error")
    }
    real = {name: frame[f"truth_{name}"][true] for name in ("length", "pa", "flux")}
    ends = [
        np.column_stack([frame[f"found_{a}"][chosen], frame[f"found_{b}"][chosen]])
        for a, b in (("x1", "y1"), ("x2", "y2"))
    ]
    goals = [
        np.column_stack([frame[f"truth_{a}"][true], frame[f"truth_{b}"][true]])
        for a, b in (("x1", "y1"), ("x2", "y2"))
    ]
    straight = np.hypot(*(ends[0] - goals[0]).T) + np.hypot(*(ends[1] - goals[1]).T)
    crossed = np.hypot(*(ends[0] - goals[1]).T) + np.hypot(*(ends[1] - goals[0]).T)
    length = measured["length"] - real["length"]
    flux = measured["flux"] - real["flux"]
    return {
        "end_distance_px": 0.5 * np.minimum(straight, crossed),
        "length_px": length,
        "length_pull": length / measured["length_error"],
        "pa_deg": (measured["pa"] - real["pa"] + 90.0) % 180.0 - 90.0,
        "flux_fraction": flux / real["flux"],
        "flux_pull": flux / measured["flux_error"],
    }


def compare(frames: list[dict[str, Any]], passed: dict[str, list[np.ndarray]]) -> dict[str, Any]:
    """Return what the classifier gains over fixed cuts on all trails, with paired bootstrap of frames."""
    counts = {}
    for name, chosen in passed.items():
        judged = [judge(frame, each) for frame, each in zip(frames, chosen, strict=True)]
        counts[name] = np.array(
            [(each["right"].sum(), each["wrong"].sum(), each["countable"].sum()) for each in judged]
        )
    rng = np.random.default_rng(1)
    drawn = rng.integers(len(frames), size=(REPLICATES, len(frames)))
    gains = {}
    for figure in ("completeness", "precision", "f1"):
        whole, sampled = (
            figure_of(figure, counts["classifier"][rows].sum(axis=-2))
            - figure_of(figure, counts["fixed cuts"][rows].sum(axis=-2))
            for rows in (np.arange(len(frames)), drawn)
        )
        low, high = np.quantile(sampled, (0.025, 0.975))
        gains[figure] = {"value": float(whole), "low": float(low), "high": float(high)}
    return gains


def figure_of(name: str, counts: np.ndarray) -> np.ndarray:
    """Return a figure of counts of right, wrong and true, shape (..., 3)."""
    right, wrong, true = (counts[..., part].astype(float) for part in range(3))
    if name == "completeness":
        return right / true
    return right / (right + wrong) if name == "precision" else 2.0 * right / (true + right + wrong)


def time_frame(workers: int) -> dict[str, Any]:
    """Return the wall time of the whole detection on one frame after another, and the peak of memory."""
    seconds = []
    for number in range(3):
        frame = simulate_streak_frame(TRAILS, seed=TEST_SEED + number, camera=camera_of(number, "test"))
        start = time.perf_counter()
        detect_streaks(
            frame.science,
            frame.reference,
            frame.difference,
            pixel_scale=frame.pixel_scale,
            workers=workers,
        )
        seconds.append(time.perf_counter() - start)
    return {
        "threads": workers,
        "seconds": seconds,
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "load_average": os.getloadavg()[0],
    }


def main() -> None:
    """Run all frames, train if asked to, and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, default=ROOT / "runs" / "streak-detector")
    parser.add_argument("--frames", type=int, default=20, help="frames to judge on")
    parser.add_argument("--train-frames", type=int, default=20, help="frames to train on")
    parser.add_argument("--train", action="store_true", help="train the classifier and ship it")
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    arguments.runs.mkdir(parents=True, exist_ok=True)
    tasks = [("test", number, arguments.runs) for number in range(arguments.frames)]
    training = [
        ("train", number, arguments.runs)
        for number in range(arguments.train_frames if arguments.train else 0)
    ]
    with ProcessPoolExecutor(arguments.workers) as pool:
        paths = list(pool.map(run_frame, tasks + training))
    frames, train_frames = load(paths[: len(tasks)]), load(paths[len(tasks) :])
    if arguments.train:
        trees, threshold = train(train_frames)
        TREES.write_text(trees.to_json() + "\n")
        shipped_trees.cache_clear()
        print(f"threshold chosen on training frames: {threshold}")
    trees = shipped_trees()
    scores = [trees.predict(frame["features"]) for frame in frames]
    least = DetectionOptions().minimum_score
    passed = {
        "classifier": [score >= least for score in scores],
        "fixed cuts": [passes_cuts(frame["features"]) for frame in frames],
    }
    content = {
        "data": f"{len(frames)} simulated frames of 3,080 x 3,072 pixels, {TRAILS} trails each",
        "seeds": [TEST_SEED, TEST_SEED + len(frames) - 1],
        "seeing": "1.2, 1.45, 1.8 and 2.2 arcsec by turns before integration over the pixel",
        "counted": f"trails with at most {MASKED:.0%} of their length masked",
        "cores": len(os.sched_getaffinity(0)),
        "time_of_a_frame": time_frame(2),
        "minimum_score": least,
        "minimum_score_is": "that of the highest F1 on the training frames, by threefold cross-validation",
        "training": "20 frames of other seeds, seeing 1.45 arcsec with 25 % scatter, 1.5 satellites each",
        "results": {name: figures(frames, chosen) for name, chosen in passed.items()},
        "classifier_less_fixed_cuts": compare(frames, passed),
    }
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n")
    for name, found in content["results"].items():
        bar = found["bar"]
        print(name, {part: round(bar[part]["value"], 4) for part in ("completeness", "precision")})
    print(f"table: {RESULT}")


if __name__ == "__main__":
    main()
