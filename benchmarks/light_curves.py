"""Light curves a second: simulated, and read into sample sets from each form of table. One core, CPU time.

Curves are simulated ones of CRTS, some 200 points each; what the readers read is written before the
clock starts. A rate is the best of some runs.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from skysieve.samples.light_curves import LightCurves
from skysieve.sources.light_curves import CurveReading, write_curve_samples
from skysieve.sources.simulators.light_curves import CURVE_SURVEYS, simulate_light_curves


def tables(curves: LightCurves) -> tuple[pa.Table, pa.Table]:
    """Return the curves in long form, shuffled, and in nested form."""
    points = {"mjd": curves.time, "mag": curves.value, "magerr": curves.error}
    names = np.repeat(np.asarray(curves.ids), curves.counts)
    order = pa.array(np.random.default_rng(1).permutation(len(curves.time)))
    offsets = pa.array(curves.offsets.astype(np.int32))
    lists = {name: pa.ListArray.from_arrays(offsets, pa.array(each)) for name, each in points.items()}
    return pa.table({"id": names, **points}).take(order), pa.table({"id": curves.ids, **lists})


def rate(count: int, runs: int, work: Callable[[], object]) -> float:
    """Return items a second of CPU time, the best of some runs."""
    spent = []
    for _ in range(runs):
        began = time.process_time()
        work()
        spent.append(time.process_time() - began)
    return count / min(spent)


def main() -> None:
    """Print the rates."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-n", type=int, default=2000, help="light curves")
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    pa.set_cpu_count(1)
    curves = simulate_light_curves(given.n, seed=1).curves
    print(f"{given.n:,} light curves, {len(curves.time) / given.n:.0f} points each; a second of one core:")
    for name, survey in CURVE_SURVEYS.items():
        few = max(given.n // 10, 20)
        made = rate(
            few, given.runs, lambda survey=survey, few=few: simulate_light_curves(few, seed=1, survey=survey)
        )
        print(f"  simulated, {name}: {made:,.0f}")
    with tempfile.TemporaryDirectory() as folder:
        long, nested = tables(curves)
        files = {name: Path(folder) / name for name in ("long.parquet", "long.csv", "nested.parquet")}
        pq.write_table(long, files["long.parquet"])
        pyarrow.csv.write_csv(long, files["long.csv"])
        pq.write_table(nested, files["nested.parquet"])
        small = CurveReading(points_in_memory=len(curves.time) // 8)
        for name, file, reading in (
            ("nested Parquet", files["nested.parquet"], CurveReading()),
            ("long Parquet, shuffled", files["long.parquet"], CurveReading()),
            ("long Parquet, shuffled, sorted on disk", files["long.parquet"], small),
            ("long CSV, shuffled", files["long.csv"], CurveReading()),
        ):
            out = Path(folder) / "set.parquet"
            read = rate(
                given.n,
                given.runs,
                lambda file=file, out=out, reading=reading: write_curve_samples([file], out, reading),
            )
            print(f"  {name} to a sample set: {read:,.0f}")


if __name__ == "__main__":
    main()
