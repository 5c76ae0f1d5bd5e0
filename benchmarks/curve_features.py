"""Features and periods of light curves on one core, beside the libraries that others use. Needs all extras.

Features: from Parquet to Parquet, against the package light-curve on curves that are in memory already:
called curve by curve with its defaults (it checks what it is given), and as one batch without checks, of
lists and of an Arrow array. The set ``malanchev2021`` has the same 32 features, which are compared before
anything is timed; the bar is .9 of the fastest of the three ways. The set ``light-curve`` calls the package
itself, so that reading, checking and writing are added; ``statistics`` has 39 features of its own.

Periods: everything that the set ``periods`` does, against the periodogram alone by astropy's ``fast`` on the
same 100,000 frequencies up to 20 a day; bar: 25. Rounds of all are interleaved; the time is the processor's,
of all threads. Memory: the peak of a process that measures sets of two sizes, and the time a curve.
"""

from __future__ import annotations

import os

# Before numpy is loaded: one core for each.
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", RAYON_NUM_THREADS="1")

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
from astropy.timeseries import LombScargle

from skysieve.preprocess.curve_features import (
    FeatureConfiguration,
    PeriodOptions,
    measure_features,
    write_features,
)
from skysieve.preprocess.curve_features.period_search import grid
from skysieve.preprocess.curve_features.sets.light_curve import LightCurvePackage
from skysieve.preprocess.curve_features.sets.malanchev2021 import Malanchev2021
from skysieve.samples.description import Description
from skysieve.samples.light_curves import LightCurves
from skysieve.samples.parquet import SampleWriter

POINTS, CURVES, ROUNDS = 200, 10_000, 5
PERIOD_CURVES = 6
SIZES = (10_000, 40_000)

#: Relative difference that is allowed: the package holds the shares of percentiles as float32.
TOLERANCE = 3e-5

#: Points of a curve at the edge of the range about the median that may be on its other side.
AT_THE_EDGE = 1

STATISTICS = FeatureConfiguration(sets=("statistics",))

PEAK = """
import resource, sys
from skysieve.preprocess.curve_features import FeatureConfiguration, write_features
write_features(sys.argv[1], sys.argv[2], FeatureConfiguration(sets=("statistics",)))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def drawn(count: int, seed: int = 1) -> LightCurves:
    """Draw curves as a survey has them: magnitudes to 1e-4, times to 1e-5 days."""
    generator = np.random.default_rng(seed)
    # No two points of one time, which the package refuses when it checks.
    time = (5 * (np.arange(POINTS) + generator.uniform(0, 0.99, (count, POINTS)))).round(5)
    period = generator.uniform(0.2, 5, (count, 1))
    value = 15 + 0.3 * np.sin(2 * np.pi * time / period) + generator.normal(0, 0.05, time.shape)
    return LightCurves.from_lists(time, value.round(4), generator.uniform(0.02, 0.1, time.shape).round(4))


def written(path: Path, count: int) -> Path:
    """Write a set of curves as readers do: in parts, not as one row group."""
    with SampleWriter(path, Description(tensors=drawn(1).layout())) as writer:
        for first in range(0, count, 1_000):
            ids = np.arange(first, first + 1_000)
            writer.write({"id": ids, "group": ids} | drawn(1_000, seed=first).columns())
    return path


def seconds(work: Callable[[], object]) -> float:
    """Return the processor's time of a call."""
    began = time.process_time()
    work()
    return time.process_time() - began


def interleaved(works: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Return the best time of each over rounds in which each is called once."""
    for work in works.values():
        work()
    rounds = [{name: seconds(work) for name, work in works.items()} for _ in range(ROUNDS)]
    return {name: min(each[name] for each in rounds) for name in works}


def compare(curves: LightCurves) -> None:
    """Stop if the features of our kernel are not those of the package."""
    names = LightCurvePackage().names
    ours, theirs = Malanchev2021().measure(curves), LightCurvePackage().measure(curves)
    allowed = TOLERANCE * np.abs(theirs) + 1e-9
    allowed[:, names.index("lc_median_buffer_range_percentage_10")] = AT_THE_EDGE / POINTS + 1e-9
    if Malanchev2021().names != names or not (np.abs(ours - theirs) <= allowed).all():
        raise SystemExit("features differ from those of the package light-curve")
    print(f"{len(names)} features of {len(curves):,} curves are those of the package light-curve")


def as_arrow(curves: LightCurves) -> pa.Array:
    """Return the curves as one Arrow array, which the package reads without a copy."""
    points = {"t": curves.time, "m": curves.value, "sigma": curves.error}
    return pa.LargeListArray.from_arrays(curves.offsets, pa.StructArray.from_arrays(points.values(), points))


def features(folder: Path) -> None:
    """Compare features from Parquet to Parquet with the package on curves in memory."""
    curves = drawn(CURVES)
    compare(curves)
    given, made = written(folder / "curves.parquet", CURVES), folder / "features.parquet"
    rows, arrow = [(curve.time, curve.value, curve.error) for curve in curves], as_arrow(curves)
    extractor, batch = LightCurvePackage().extractor, {"n_jobs": 1, "sorted": True, "check": False}
    fields = {"t": "t", "m": "m", "sigma": "sigma"}
    raw: dict[str, Callable[[], object]] = {
        "light-curve in memory, curve by curve": lambda: np.stack([extractor(*row) for row in rows]),
        "light-curve in memory, a batch of lists, unchecked": lambda: extractor.many(rows, **batch),
        "light-curve in memory, an Arrow batch, unchecked": lambda: extractor.many(
            arrow, arrow_fields=fields, **batch
        ),
    }
    ours: dict[str, Callable[[], object]] = {
        f"skysieve {name}, Parquet to Parquet": partial(
            write_features, given, made, FeatureConfiguration(sets=(name,))
        )
        for name in ("malanchev2021", "light-curve", "statistics")
    }
    found = interleaved(raw | ours)
    fastest = min(found[name] for name in raw)
    for name, spent in found.items():
        bar = ", bar .9" if "malanchev2021" in name else ""
        print(f"{name:52s} {CURVES / spent:8,.0f} curves/s, x{fastest / spent:.2f} of the fastest raw{bar}")


def periods() -> None:
    """Compare all that the set of periods does with the periodogram of astropy."""
    curves = drawn(PERIOD_CURVES)
    span = float((curves.time.reshape(-1, POINTS)[:, -1] - curves.time.reshape(-1, POINTS)[:, 0]).max())
    options = PeriodOptions(oversampling=100_000 / (20 * span))
    configuration = FeatureConfiguration(sets=("periods",), periods=options)

    def reference() -> None:
        for curve in curves:
            start, step, steps = grid(float(np.ptp(curve.time)), options)
            frequency = start + step * np.arange(steps)
            model = LombScargle(curve.time, curve.value, curve.error)
            model.power(frequency, method="fast", assume_regular_frequency=True)

    found = interleaved(
        {
            "skysieve, all of periods": lambda: measure_features(curves, configuration),
            "astropy fast": reference,
        }
    )
    ours, theirs = found.values()
    for name, spent in found.items():
        print(f"{name}: {PERIOD_CURVES / spent:,.1f} curves a second, 100,000 frequencies")
    print(f"periods: skysieve is {theirs / ours:.1f} times as fast  bar 25")


def memory(folder: Path) -> None:
    """Print the peak of memory, and the time a curve, for sets of two sizes."""
    for size in SIZES:
        given = written(folder / f"{size}.parquet", size)
        spent = seconds(partial(write_features, given, folder / "f.parquet", STATISTICS))
        peak = subprocess.run(
            [sys.executable, "-c", PEAK, str(given), str(folder / "peak.parquet")],
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        print(f"{size:,} curves: {spent / size * 1e6:.1f} µs a curve, peak of memory {peak} MB")


def main() -> None:
    """Print all figures."""
    pa.set_cpu_count(1)
    with tempfile.TemporaryDirectory() as folder:
        features(Path(folder))
        periods()
        memory(Path(folder))


if __name__ == "__main__":
    main()
