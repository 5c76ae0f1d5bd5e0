"""How well the braai recipe does on real alerts: five folds by object, with and without simulation.

Run by ``make experiments``; the documentation reads ``experiments/results/braai_real_alerts.json``.
The labels are weak (both published braai networks agree); recall is also given on alerts that are
known to be real without any score: asteroids of the MPC, catalogued transients.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

from skysieve.configuration import override
from skysieve.recipes.cross_validation import cross_validate
from skysieve.recipes.recipe import RECIPES
from train_shipped_models import DATA, REAL, ROOT, train_on_simulation

RESULT = Path(__file__).parent / "results" / "braai_real_alerts.json"
FOLDS = {"splits": {"folds": 5, "seed": 42}}


def variants(start: Path) -> dict[str, dict[str, Any]]:
    """Return what is compared: settings and the model that training starts from."""
    published = {"training": {"epochs": 200, "patience": 50}}
    return {
        "published protocol, from random weights": {"settings": published, "start": None},
        "from simulated triplets": {"settings": REAL, "start": start},
        "from simulated triplets, ensemble of 3": {
            "settings": REAL | {"network": {"members": 3}},
            "start": start,
        },
    }


def main() -> None:
    """Run the folds of every variant and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, default=ROOT / "runs")
    arguments = parser.parse_args()
    alerts = DATA / "ztf_alerts.parquet"
    if not alerts.is_file():
        sys.exit(f"{alerts}: not found; set SKYSIEVE_DATA to the folder of the real alerts")
    recipe = RECIPES.get("braai")
    samples = recipe.prepare([alerts], recipe.configuration)
    start = train_on_simulation(arguments.runs / "shipped")
    results: dict[str, Any] = {}
    for name, variant in variants(start).items():
        settings = override(override(recipe.configuration, variant["settings"]), FOLDS)
        folder = arguments.runs / "folds" / name.replace(" ", "-").replace(",", "")
        found = cross_validate(recipe, samples, folder, settings, start=variant["start"])
        results[name] = {figure: interval.to_json() for figure, interval in found.figures.items()}
        print(name)
        for figure, interval in found.figures.items():
            print(f"  {figure:22s} {interval}")
    content = {
        "data": "876 real ZTF alerts, 847 objects",
        "labels": samples.description.label_origin,
        "folds": FOLDS["splits"],
        "cores": len(os.sched_getaffinity(0)),
        "results": results,
    }
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n")
    print(f"table: {RESULT}")


if __name__ == "__main__":
    main()
