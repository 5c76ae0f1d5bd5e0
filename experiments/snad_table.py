"""The tables of the experiments on SNAD's frame sequences: figures over folds, and where they are written."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

__all__ = ["over_folds", "write_table"]

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("SKYSIEVE_DATA", ROOT.parent / "shared" / "data"))


def over_folds(values: Sequence[float], digits: int = 4) -> dict[str, Any]:
    """Return a figure by fold, rounded, with its mean and standard deviation (population)."""
    return {
        "by_fold": [round(value, digits) for value in values],
        "mean": float(np.mean(values)),
        "sd": float(np.std(values)),
    }


def write_table(
    result: Path, measure: Callable[[Path, bool], dict[str, Any]], *, description: str | None, quick: str
) -> None:
    """Read the command line, measure, and write the table unless the run is a quick one.

    Parameters
    ----------
    result : Path
        The table (JSON).
    measure : callable
        From the folder of the real data, and whether the run is a quick one, to what is written.
    description, quick : str
        What ``--help`` says of the experiment, and of a quick run.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help=f"{quick}, nothing written")
    arguments = parser.parse_args()
    if not (DATA / "snad").is_dir():
        sys.exit(f"{DATA / 'snad'}: not found; set SKYSIEVE_DATA to the folder of the real data")
    torch.set_num_threads(1)
    content = measure(DATA, arguments.quick)
    if arguments.quick:
        return
    result.parent.mkdir(exist_ok=True)
    result.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n")
    print(f"table: {result}")
