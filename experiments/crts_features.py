"""Classes of the variable stars of CRTS South from features of their light curves and boosted trees.

Run by ``make experiments``; the documentation reads ``experiments/results/crts_features.json``. Features are
measured as ``skysieve features`` does, into ``runs/crts``.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from skysieve.preprocess.curve_features import FeatureConfiguration, write_features
from variable_star_data import VariableStars, read_crts

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("SKYSIEVE_DATA", ROOT.parent / "shared" / "data"))
RUNS = ROOT / "runs" / "crts"

#: Files of features and the sets in them.
MEASURED = {
    "features.parquet": ("statistics", "periods", "light-curve"),
    "folded.parquet": ("folded-shape",),
}


def measure(stars: VariableStars, folder: Path, workers: int = 2) -> None:
    """Write the light curves as a sample set, and the files of features that are not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    curves = folder / "curves.parquet"
    if not curves.exists():
        columns = {"label": stars.labels, "fold": stars.folds}
        stars.curves.samples(columns, classes=stars.classes).write(curves)
    for name, sets in MEASURED.items():
        if not (folder / name).exists():
            write_features(curves, folder / name, FeatureConfiguration(sets=sets), workers=workers)


def main() -> None:
    """Measure what the arguments name."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=("measure",), help="do this part only")
    parser.parse_args()
    if not (DATA / "lightcurves").is_dir():
        sys.exit(f"{DATA / 'lightcurves'}: not found; set SKYSIEVE_DATA to the folder of the real data")
    measure(read_crts(DATA), RUNS)


if __name__ == "__main__":
    main()
