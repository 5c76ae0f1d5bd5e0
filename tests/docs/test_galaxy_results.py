"""Tables on galaxies in the documentation: as they were measured, and what is absent is named."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

INTERVAL = {"value": 0.8, "low": 0.7, "high": 0.9, "level": 0.95, "replicates": 9, "method": "percentile"}


@pytest.fixture
def galaxy_results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the module with a folder of results of its own."""
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "docs")
    module = importlib.import_module("galaxy_results")
    monkeypatch.setattr(module, "RESULTS", tmp_path)
    monkeypatch.delitem(sys.modules, "galaxy_results")
    return module


def write(module: ModuleType, name: str, **content: Any) -> str:
    described = {"data": "n galaxies", "protocol": "5 folds"} | content
    (module.RESULTS / f"{name}.json").write_text(json.dumps(described))
    return module.parts()[f"{name.replace('_', '-')}.md"]


def test_what_is_absent_is_named(galaxy_results: ModuleType) -> None:
    parts = galaxy_results.parts()
    assert "python experiments/efigi.py" in parts["efigi.md"]
    assert all("Not measured" in part for part in parts.values())


def test_the_trap_shows_its_finding(galaxy_results: ModuleType) -> None:
    told = {
        "by_fold": {"roc_auc": {"mean": 0.998, "sd": 0.002}},
        "figures": {"roc_auc": INTERVAL, "accuracy": INTERVAL},
        "findings": [{"kind": "colours-out-of-order"}] * 2,
    }
    part = write(galaxy_results, "hsc_table", results={"a trap": {"svm": told}})
    assert "n galaxies; 5 folds." in part
    row = "| a trap | support vector machine | 0.998 ± 0.002 | 0.800 (0.700 to 0.900) |"
    assert row in part
    assert "| `colours-out-of-order` |" in part


def test_folds_that_were_judged_are_counted(galaxy_results: ModuleType) -> None:
    told = {
        "figures": {"accuracy": INTERVAL, "balanced_accuracy": INTERVAL},
        "folds": [0, 1],
        "galaxies": 1400,
        "recall": {"late_spiral": 0.915},
    }
    floor = {"accuracy": 0.664, "balanced_accuracy": 0.481}
    part = write(galaxy_results, "efigi", classes=["late_spiral"], floor=floor, results={"compact": told})
    assert "1,400 galaxies in 2 of 5 folds" in part
    assert "| 0.664 | 0.481 |" in part
    assert "late spiral" in part


def test_votes_stand_beside_their_own_noise(galaxy_results: ModuleType) -> None:
    of = {"rmse": INTERVAL, "correlation": INTERVAL, "calibration": INTERVAL}
    of |= {"rmse_of_a_constant": 0.25, "rmse_of_the_votes_themselves": 0.07}
    results = {"soft-cross-entropy": {"classes": {"edge_on": of}, "galaxies": 402, "folds": [0, 1]}}
    part = write(galaxy_results, "galaxy_zoo_votes", results=results)
    assert "| `soft-cross-entropy`, 402 galaxies in 2 of 5 folds |" in part
    assert "| edge on | 0.800 (0.700 to 0.900) | 0.250 | 0.070 |" in part
