"""A sieve in place of boosted trees: judge what the search finds on whole frames by its cutouts.

The trees look at the fit, the sieve at the picture. Every candidate within the limits of the detector is cut
out as ``skysieve detect streaks --cutouts`` does and scored by all members; scores are kept in the run
folder. The joint score is the lowest of the families' highest: 0.5 and more is what passes the sieve's rule.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from detector_figures import figures
from skysieve.atomic_file import replacing
from skysieve.detection.streak_table import cut_out
from skysieve.evaluation.sieve_scores import SieveScores
from skysieve.models.sieve import Sieve
from skysieve.sources.simulators.streak_frames import StreakFrame

__all__ = ["joint_scores", "judge_by_sieve"]

#: Joint scores that are tried; 0 lets every candidate pass, the sieve's own thresholds come to 0.5.
CUTS = (0.0, 0.02, 0.1, 0.3, 0.5, 0.7, 0.9)


def joint_scores(sieve: Sieve, frame: dict[str, Any], difference: np.ndarray, scale: float) -> np.ndarray:
    """Return the joint score of the candidates of a frame, 0 for those beyond the detector's limits."""
    joint = np.zeros(len(frame["matched"]))
    rows = np.flatnonzero(frame["within_limits"])
    if not rows.size:
        return joint
    ends = {name: frame[f"found_{name}"] for name in ("x1", "y1", "x2", "y2")}
    streaks: list[Any] = [SimpleNamespace(**{name: ends[name][row] for name in ends}) for row in rows]
    images = cut_out(difference, streaks, scale)[:, None].astype(np.float32)
    scores = sieve.score(images)
    judged = SieveScores(
        families={member.name: member.family for member in sieve.members},
        scores=scores,
        thresholds={name: each.value for name, each in sieve.thresholds.items()},
        passed=sieve.decide(scores),
        groups=np.arange(len(rows)),
    )
    joint[rows] = judged.joint_score()
    return joint


def judge_by_sieve(
    place: str,
    frames: list[dict[str, Any]],
    simulate: Callable[[int], StreakFrame],
    passed: dict[str, list[np.ndarray]],
    runs: Path,
) -> dict[str, Any]:
    """Return figures of a sieve, and of the other judges on the same frames."""
    sieve = Sieve.load(place)
    joint, seconds = [], []
    for number, frame in enumerate(frames):
        path = runs / f"sieve-{sieve.identity[:12]}-{number:03d}.npz"
        if not path.exists():
            whole = simulate(number)
            start = time.perf_counter()
            found = joint_scores(sieve, frame, whole.difference, whole.pixel_scale)
            with replacing(path) as partial:
                np.savez_compressed(partial, joint=found, seconds=time.perf_counter() - start)
        with np.load(path) as file:
            joint.append(file["joint"])
            seconds.append(float(file["seconds"]))
    by_cut = []
    for cut in CUTS:
        every = figures(frames, [each >= cut for each in joint])
        by_cut.append({"joint_score": cut, "all": every["all"], "bar": every["bar"]})
    judges = passed | {"sieve": [each >= 0.5 for each in joint]}
    candidates = sum(int(frame["within_limits"].sum()) for frame in frames)
    return {
        "sieve": sieve.description.name,
        "identity": sieve.identity,
        "frames": len(frames),
        "candidates": candidates,
        "seconds_a_frame": float(np.median(seconds)),
        "judged": "all candidates of the search (matched filter S/N of 6) within the detector's limits",
        "results": {name: figures(frames, chosen) for name, chosen in judges.items()},
        "by_joint_score": by_cut,
    }
