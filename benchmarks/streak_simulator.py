"""Simulated streak cutouts of 157 x 157 pixels a second, on all cores.

Three figures: cutouts alone, with the JPEG round trip, and as a sample set on disk (JPEG round trip, resized
to 144 pixels, Parquet). Every core simulates another part of the same numbered samples.
"""

from __future__ import annotations

import os
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from skysieve.sources.simulators.streaks import simulate_streaks
from skysieve.sources.simulators.streaks.samples import write_streak_samples

CUTOUTS, PART = 8_000, 500


def simulate_part(part: int, jpeg: bool) -> int:
    """Simulate one part and return how many cutouts it has."""
    return len(simulate_streaks(PART, seed=1, start=part * PART, jpeg=jpeg))


def main() -> None:
    """Print the rates."""
    cores = len(os.sched_getaffinity(0))
    with ProcessPoolExecutor(cores, mp_context=get_context("spawn")) as pool:
        list(pool.map(simulate_part, range(cores), [True] * cores))  # start-up is not counted
        for jpeg, name in ((False, "cutouts"), (True, "cutouts with JPEG round trip")):
            began = time.perf_counter()
            done = sum(pool.map(simulate_part, range(CUTOUTS // PART), [jpeg] * (CUTOUTS // PART)))
            print(f"{name}: {done / (time.perf_counter() - began):,.0f} a second on {cores} cores")
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        write_streak_samples(Path(folder) / "set.parquet", n=CUTOUTS, seed=1, workers=cores)
        spent = time.perf_counter() - began
        print(f"sample set on disk, start-up included: {CUTOUTS / spent:,.0f} a second on {cores} cores")


if __name__ == "__main__":
    main()
