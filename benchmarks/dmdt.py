"""dmdt images of light curves of 200 points a second, one core, against two references.

Ours: `skysieve.preprocess.dmdt.dmdt_images`. References: ``DmDt.points_many`` of light-curve, and
``numpy.triu_indices`` with ``numpy.histogram2d``, which is what most people write. All count the same
pairs on the edges of Mahabal+2017, one after another in each round; before anything is timed, all three
are compared, pair by pair. What is printed is the ratio of the best rounds in CPU time, which holds
on a machine that does other things, too; bars: 3 and 10.

A second table smears each pair by its error, against ``DmDt.gausses_many``.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable

import light_curve
import numpy as np
from numpy.typing import NDArray

from skysieve.preprocess.dmdt import BINS, dmdt_images
from skysieve.samples.light_curves import LightCurves

BINS_USED = BINS["mahabal2017"]
POINTS = 200
BARS = {"light-curve, points": 3.0, "numpy, triu and histogram2d": 10.0}


def survey_curves(n: int, seed: int = 0) -> LightCurves:
    """Return curves as of CRTS: four exposures a night within half an hour, over seven years."""
    rng = np.random.default_rng(seed)
    nights = np.sort(rng.uniform(0, 2500, (n, POINTS // 4)), axis=1)
    exposures = 0.007 * np.arange(4) + rng.normal(0, 0.001, (n, POINTS // 4, 4))
    times = np.round(np.sort((nights[..., None] + exposures).reshape(n, POINTS), axis=1), 5)
    phase = 2 * np.pi * times / rng.uniform(0.2, 1, (n, 1))
    error = rng.uniform(0.02, 0.2, (n, POINTS))
    value = np.round(15 + rng.uniform(0.1, 0.5, (n, 1)) * np.sin(phase) + rng.normal(0, error), 4)
    return LightCurves.from_lists(times, value, error)


def histograms(curves: LightCurves) -> NDArray[np.float64]:
    """Return the counts of numpy."""
    i, j = np.triu_indices(POINTS, 1)
    edges = (BINS_USED.dm, BINS_USED.dt)
    lists = zip(curves.value.reshape(-1, POINTS), curves.time.reshape(-1, POINTS), strict=True)
    return np.array(
        [np.histogram2d(value[j] - value[i], days[j] - days[i], edges)[0] for value, days in lists]
    )


def table(runs: dict[str, Callable[[], object]], n: int, rounds: int, title: str) -> None:
    """Time runs in turn and print curves a CPU second, and how many times as fast the first is."""
    best = dict.fromkeys(runs, float("inf"))
    for _ in range(rounds):
        for name, run in runs.items():
            began = time.process_time()
            run()
            best[name] = min(best[name], time.process_time() - began)
    ours = next(iter(best.values()))
    print(f"{title}, {n:,} curves of {POINTS} points, one core, best of {rounds} rounds")
    for name, seconds in best.items():
        bar = f"  bar x{BARS[name]:.0f}" if name in BARS else ""
        print(f"  {name:30s} {n / seconds:8,.0f} curves/s   ours is x{seconds / ours:5.2f}{bar}")


def main() -> None:
    """Compare, then print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--curves", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    curves = survey_curves(arguments.curves)
    began = time.perf_counter()
    counts = dmdt_images(curves, normalisation="counts")[:, 0]
    print(f"first call, with compilation or its cache: {time.perf_counter() - began:.1f} s")
    reference = light_curve.DmDt(
        np.array(BINS_USED.dt), np.array(BINS_USED.dm), dt_type="asis", dm_type="asis", n_jobs=1
    )
    pairs = [(curve.time, curve.value) for curve in curves]
    for name, others in {
        "light-curve": reference.points_many(pairs, sorted=True).transpose(0, 2, 1),
        "numpy": histograms(curves),
    }.items():
        if (differ := int(np.abs(counts - others).sum())) != 0:
            raise SystemExit(f"{differ} of {int(counts.sum()):,} pairs are counted elsewhere by {name}")
    print(f"{int(counts.sum()):,} pairs are in the same bins, all three ways")
    runs: dict[str, Callable[[], object]] = {
        "skysieve": lambda: dmdt_images(curves, normalisation="counts"),
        "light-curve, points": lambda: reference.points_many(pairs, sorted=True),
        "numpy, triu and histogram2d": lambda: histograms(curves),
    }
    table(runs, len(curves), arguments.rounds, "points")
    few = curves.span(0, max(1, len(curves) // 10))
    triples = [(curve.time, curve.value, curve.error) for curve in few]
    smeared = {
        "skysieve": lambda: dmdt_images(few, normalisation="counts", smear=True),
        "light-curve, gausses": lambda: reference.gausses_many(triples, sorted=True),
    }
    largest = np.abs(smeared["skysieve"]()[:, 0] - smeared["light-curve, gausses"]().transpose(0, 2, 1)).max()
    table(smeared, len(few), arguments.rounds, f"smeared by errors (largest difference {largest:.0e})")


if __name__ == "__main__":
    main()
