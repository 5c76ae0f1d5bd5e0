"""Largest resident memory of ``skysieve score`` on many packets (default 100,000).

The packets are links to a small simulated night, so that the run reads as many files as a large one
without the disk of a large one.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from skysieve.sources.simulators.night import simulate_night


def main() -> None:
    """Run the benchmark and print its line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--alerts", type=int, default=100_000)
    parser.add_argument("--model", default="braai-weak")
    parser.add_argument("--workers", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        simulate_night(folder / "night", n=1000, seed=6)
        packets = sorted((folder / "night" / "packets").glob("*.avro"))
        (folder / "many").mkdir()
        for number in range(arguments.alerts):
            os.link(packets[number % len(packets)], folder / "many" / f"{number:07d}.avro")
        began = time.monotonic()
        command = [sys.executable, "-m", "skysieve", "score", arguments.model, str(folder / "many")]
        command += ["-o", str(folder / "scores.parquet"), "--workers", str(arguments.workers)]
        subprocess.run(command, check=True)
        seconds = time.monotonic() - began
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(
        f"memory: {peak:.0f} MB largest resident process for {arguments.alerts:,} packets, "
        f"{arguments.workers} worker(s), {arguments.alerts / seconds:.0f} alerts/s from files (bar: 600 MB)"
    )


if __name__ == "__main__":
    main()
