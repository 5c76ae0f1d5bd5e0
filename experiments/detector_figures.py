"""What is right and wrong about detections on frames of known truth: completeness, precision, errors.

Precision comes twice. ``precision`` leaves detections of satellites out: those are streaks, which a detector
is to find and a sieve to ditch. ``precision_counting_satellites`` counts them as wrong. Detections of trails
that are mostly masked are neither right nor wrong in both.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from skysieve.detection.detect import FoundCandidates, describe, is_within_limits
from skysieve.detection.matching import lies_on, match_streaks
from skysieve.detection.options import DetectionOptions
from skysieve.detection.streak import streak_columns
from skysieve.evaluation.intervals import wilson_interval
from skysieve.sources.simulators.streak_frames import StreakFrame

__all__ = [
    "MASKED",
    "best_cut",
    "compare",
    "figure_of",
    "figures",
    "gains",
    "judge",
    "load",
    "outcome",
    "rate",
]

#: Masked share of a trail up to which it is counted.
MASKED = 0.3
REPLICATES = 2000
LENGTHS = (0.0, 6.0, 12.0, 25.0, 50.0, 1e9)
PEAK_SNRS = (0.0, 2.0, 3.0, 5.0, 8.0, 12.0, 1e9)

Judged = tuple[list[dict[str, Any]], list[np.ndarray]]
"""Frames, and which of their candidates pass."""


def outcome(frame: StreakFrame, found: FoundCandidates, seconds: float) -> dict[str, Any]:
    """Return the candidates of a frame with their features and truth, as they are kept in the run folder."""
    columns = streak_columns([describe(found, number, 0.0) for number in range(len(found.candidates))])
    truth = np.column_stack([frame.truth[name] for name in ("x1", "y1", "x2", "y2")])
    ends = np.column_stack([columns[name] for name in ("x1", "y1", "x2", "y2")])
    return {
        "features": found.features,
        "within_limits": is_within_limits(found, DetectionOptions()),
        "matched": match_streaks(ends, truth),
        "satellite": lies_on(ends, frame.satellites) if len(frame.satellites) else np.zeros(len(ends), bool),
        "seconds": seconds,
        "fwhm": frame.fwhm,
        "measured_fwhm": found.fwhm,
        "satellites": frame.satellites,
        **{f"truth_{name}": column for name, column in frame.truth.items()},
        **{f"found_{name}": np.asarray(column) for name, column in columns.items()},
    }


def load(paths: list[Path]) -> list[dict[str, Any]]:
    """Read the frames."""
    frames = []
    for path in paths:
        with np.load(path) as file:
            frames.append({name: file[name] for name in file.files})
    return frames


def best_cut(frames: list[dict[str, Any]], scores: list[np.ndarray]) -> tuple[float, float]:
    """Return the score of the highest F1, of 0.05 to 0.95 in steps of 0.05, and this F1."""
    best = (-1.0, 0.5)
    for threshold in np.arange(0.05, 0.96, 0.05):
        counts = _counts(frames, [each >= threshold for each in scores]).sum(axis=0)
        best = max(best, (float(figure_of("f1", counts)), round(float(threshold), 2)))
    return best[1], best[0]


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
    satellite_length = gather("found", "length", "satellite")
    satellite_snr = gather("found", "peak_snr", "satellite")

    def cell(lengths: tuple[float, float], snrs: tuple[float, float]) -> dict[str, Any]:
        def inside(length: np.ndarray, snr: np.ndarray) -> np.ndarray:
            return (length >= lengths[0]) & (length < lengths[1]) & (snr >= snrs[0]) & (snr < snrs[1])

        true = inside(true_length, true_snr)
        right, wrong = inside(right_length, right_snr).sum(), inside(wrong_length, wrong_snr).sum()
        satellite = inside(satellite_length, satellite_snr).sum()
        return {
            "length": lengths,
            "peak_snr": snrs,
            "completeness": rate(found[true].sum(), true.sum()),
            "precision": rate(right, right + wrong),
            "precision_counting_satellites": rate(right, right + wrong + satellite),
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
        "detections": {
            part: sum(int(each[part].sum()) for each in judged)
            for part in ("reported", "right", "wrong", "satellite")
        },
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
    """Return what the classifier gains over fixed cuts on all trails."""
    return gains((frames, passed["classifier"]), (frames, passed["fixed cuts"]))


def gains(one: Judged, other: Judged) -> dict[str, Any]:
    """Return figures of one way on all trails less those of another, with paired bootstrap of frames."""
    counts = [_counts(*each) for each in (one, other)]
    frames = len(counts[0])
    drawn = np.random.default_rng(1).integers(frames, size=(REPLICATES, frames))
    found = {}
    for figure in ("completeness", "precision", "f1"):
        whole, sampled = (
            figure_of(figure, counts[0][rows].sum(axis=-2)) - figure_of(figure, counts[1][rows].sum(axis=-2))
            for rows in (np.arange(frames), drawn)
        )
        low, high = np.quantile(sampled, (0.025, 0.975))
        found[figure] = {"value": float(whole), "low": float(low), "high": float(high)}
    return found


def _counts(frames: list[dict[str, Any]], passed: list[np.ndarray]) -> np.ndarray:
    """Return how many are right, wrong and true on each frame, shape (n, 3)."""
    judged = [judge(frame, each) for frame, each in zip(frames, passed, strict=True)]
    return np.array([(each["right"].sum(), each["wrong"].sum(), each["countable"].sum()) for each in judged])


def figure_of(name: str, counts: np.ndarray) -> np.ndarray:
    """Return a figure of counts of right, wrong and true, shape (..., 3)."""
    right, wrong, true = (counts[..., part].astype(float) for part in range(3))
    if name == "completeness":
        return right / true
    return right / (right + wrong) if name == "precision" else 2.0 * right / (true + right + wrong)
