"""Which artefact it is, among objects of ZTF: a task of many labels, since one object may show several.

Run by ``make experiments``; the documentation reads ``experiments/results/snad_subtypes.json``. One boosting
for each tag of the experts, from statistics of the frames and of the light curve, on the published folds. An
artefact without a tag of its kind counts as having none of them: 374 do, so that precision is a lower bound.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score

from skysieve.recipes.feature_classifiers import fit_feature_classifier
from snad_data import SnadData, read_snad
from snad_fusion import tables

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("SKYSIEVE_DATA", ROOT.parent / "shared" / "data"))
RESULT = Path(__file__).parent / "results" / "snad_subtypes.json"

#: Tags of artefacts of which every fold has some.
TAGS = ("ghost", "track", "bright_star", "column", "defocusing", "spike", "frame_edge")


def read_tags(folder: Path, data: SnadData) -> NDArray[np.bool_]:
    """Return whether each object has each tag, shape (N, tags)."""
    with (folder / "snad" / "labels_r_band.csv").open(newline="") as stream:
        by_id = {int(row["oid"]): row["tags"].split("|") for row in csv.DictReader(stream)}
    return np.array([[tag in by_id[oid] for tag in TAGS] for oid in data.ids.tolist()])


def measure(folder: Path, tags: tuple[str, ...] = TAGS) -> dict[str, Any]:
    """Return the figures of every tag by fold, with mean and standard deviation."""
    data = read_snad(folder)
    present, table = read_tags(folder, data), tables(data, folder)["both"]
    results: dict[str, Any] = {}
    for tag in tags:
        wanted = present[:, TAGS.index(tag)].astype(np.int64)
        by_fold: dict[str, list[float]] = {"roc_auc": [], "average_precision": []}
        for fold in range(int(data.folds.max()) + 1):
            test = data.folds == fold
            fitted = fit_feature_classifier("boosting", table.take(~test), wanted[~test], ("no", tag))
            scores = fitted.scores(table.take(test))
            by_fold["roc_auc"].append(float(roc_auc_score(wanted[test], scores)))
            by_fold["average_precision"].append(float(average_precision_score(wanted[test], scores)))
        results[tag] = {"objects": int(wanted.sum()), "share": float(wanted.mean())} | {
            name: {
                "by_fold": [round(value, 4) for value in values],
                "mean": float(np.mean(values)),
                "sd": float(np.std(values)),
            }
            for name, values in by_fold.items()
        }
        print(tag, {name: round(float(np.mean(values)), 3) for name, values in by_fold.items()}, flush=True)
    return {
        "data": f"{len(data.ids):,} objects of ZTF in r with the tags of SNAD's experts",
        "protocol": "published folds; mean and standard deviation (population) over them",
        "results": results,
    }


def main() -> None:
    """Measure, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one tag, nothing written")
    arguments = parser.parse_args()
    if not (DATA / "snad").is_dir():
        sys.exit(f"{DATA / 'snad'}: not found; set SKYSIEVE_DATA to the folder of the real data")
    content = measure(DATA, TAGS[-1:] if arguments.quick else TAGS)
    if arguments.quick:
        return
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n")
    print(f"table: {RESULT}")


if __name__ == "__main__":
    main()
