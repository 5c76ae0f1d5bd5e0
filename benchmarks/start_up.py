"""Seconds to import skysieve and to print ``skysieve --help``, and whether torch came along."""

from __future__ import annotations

import subprocess
import sys
import time

COMMANDS = {
    "import skysieve": ([sys.executable, "-c", "import skysieve"], 0.3),
    "skysieve --help": ([sys.executable, "-m", "skysieve", "--help"], 0.5),
}
TORCH = "import sys, skysieve, skysieve.cli.application; sys.exit('torch' in sys.modules)"


def main() -> None:
    """Run the benchmark and print its lines."""
    for name, (command, bar) in COMMANDS.items():
        times = []
        for _ in range(7):
            began = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            times.append(time.perf_counter() - began)
        print(f"start-up: {name}: {min(times):.2f} s, best of {len(times)} (bar: {bar} s)")
    imported = subprocess.run([sys.executable, "-c", TORCH], check=False).returncode
    print(f"start-up: torch is {'' if imported else 'not '}imported by either")


if __name__ == "__main__":
    main()
