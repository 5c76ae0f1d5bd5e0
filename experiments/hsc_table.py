"""Galaxies of low surface brightness against artefacts on a real table of features: SVM and random forest.

Run by ``make experiments``; the documentation reads ``experiments/results/hsc_table.json``. The table is that
of DeepShadows for HSC: 781 galaxies of Greco et al. 2018 against 641 artefacts, with seven features each. One
variant repeats a trap on purpose: the two colours of one class change places, as they do for whoever reads
the two files by position, and the figures become splendid.
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

from skysieve.recipes.feature_classifiers import cross_validate_features
from skysieve.recipes.feature_table import FeatureReference, FeatureTable

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("SKYSIEVE_DATA", ROOT.parent / "shared" / "data"))
RESULT = Path(__file__).parent / "results" / "hsc_table.json"

CLASSES = ("artifact", "LSBG")
FILES = {"artifact": "hsc_artifacts.csv", "LSBG": "hsc_LSBGs_named.csv"}
FEATURES = ("mu_0", "m_tot", "r_e", "n", "ell", "g-r", "g-i")
#: Without what says how bright an object is: the artefacts are fainter.
SHAPE_AND_COLOUR = ("r_e", "n", "ell", "g-r", "g-i")
COLOURS = ("g-r", "g-i")


def read(folder: Path) -> tuple[FeatureTable, NDArray[np.int64]]:
    """Return features and labels; the columns of the two files stand in different orders."""
    parts = []
    for name in CLASSES:
        with (folder / "deepshadows" / FILES[name]).open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        parts.append(FeatureTable.of({key: [row[key] for row in rows] for key in rows[0]}, FEATURES))
    labels = np.repeat(np.arange(2), [len(part) for part in parts])
    return FeatureTable(FEATURES, np.concatenate([part.values for part in parts])), labels


def swapped(table: FeatureTable, rows: NDArray[np.bool_]) -> FeatureTable:
    """Return the table with the two colours of some rows exchanged."""
    values = table.values.copy()
    first, second = (table.names.index(name) for name in COLOURS)
    values[np.ix_(rows, [first, second])] = values[np.ix_(rows, [second, first])]
    return FeatureTable(table.names, values)


def measure(folder: Path, *, repeats: int = 4, replicates: int = 500) -> dict[str, Any]:
    """Return the figures of both classifiers, on all features, without brightness, and in the trap."""
    table, labels = read(folder)
    trap = swapped(table, labels == 0)
    variants = {
        "all features": table,
        "shape and colour": FeatureTable.of(
            dict(zip(table.names, table.values.T, strict=True)), SHAPE_AND_COLOUR
        ),
        "colours of the artifacts swapped (a trap)": trap,
    }
    results: dict[str, Any] = {}
    for variant, features in variants.items():
        for name in ("svm", "forest"):
            found = cross_validate_features(
                name,
                features,
                labels,
                np.arange(len(labels)),
                CLASSES,
                repeats=repeats,
                replicates=replicates,
            )
            results.setdefault(variant, {})[name] = found.to_json()
            area = found.by_fold["roc_auc"]
            print(f"{variant:42s} {name:7s} AUC {area.mean():.3f} +- {area.std(ddof=1):.3f}", end="  ")
            print(f"accuracy {found.figures['accuracy']}  findings {len(found.findings)}")
    reference = FeatureReference.of(table, labels, CLASSES)
    told = reference.check(trap, labels, CLASSES)
    return {
        "data": "781 LSBGs (Greco et al. 2018) and 641 artefacts of HSC, tables of dtanoglidis/DeepShadows",
        "protocol": f"5 folds, {repeats} times; mean and standard deviation over folds, bootstrap intervals",
        "features": list(FEATURES),
        "results": results,
        "trap_against_the_right_table": [finding.as_dict() for finding in told],
    }


def main() -> None:
    """Measure, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="once 5 folds, few replicates, nothing written")
    arguments = parser.parse_args()
    if not (DATA / "deepshadows").is_dir():
        sys.exit(f"{DATA / 'deepshadows'}: not found; set SKYSIEVE_DATA to the folder of the real data")
    if arguments.quick:
        measure(DATA, repeats=1, replicates=20)
        return
    content = measure(DATA)
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n")
    print(f"table: {RESULT}")


if __name__ == "__main__":
    main()
