"""The table of early classification: as it was measured, with intervals, and absent where it is."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


@pytest.fixture
def early_results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the module with results of its own."""
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "docs")
    module = importlib.import_module("early_classification_results")
    monkeypatch.setattr(module, "RESULTS", tmp_path)
    monkeypatch.delitem(sys.modules, "early_classification_results")
    return module


def cut(name: str, points: float, accuracy: float) -> dict[str, Any]:
    interval = {"value": accuracy, "low": accuracy - 0.01, "high": accuracy + 0.02}
    return {"name": name, "points": points, "accuracy": interval, "settled": interval | {"value": 0.77}}


def write(folder: Path, classifiers: dict[str, Any]) -> None:
    early = {"protocol": "of all folds", "classifiers": classifiers}
    (folder / "crts_networks.json").write_text(json.dumps({"early": early}))


def test_what_is_absent_is_named(early_results: ModuleType, tmp_path: Path) -> None:
    assert all("Not run yet" in part for part in early_results.parts().values())
    write(tmp_path, {})
    assert all("Not run yet" in part for part in early_results.parts().values())


def test_accuracies_stand_with_their_intervals(early_results: ModuleType, tmp_path: Path) -> None:
    found = {"truncations": [cut("10 %", 24.0, 0.6), cut("50 %", 118.0, 0.7)]}
    write(tmp_path, {"dmdt, whole curves": found, "dmdt, cut curves": found})
    parts = early_results.parts()
    told, drawn = parts["early-classification.md"], parts["early-classification-curves.md"]
    assert "| classifier | 10 % (24 points) | 50 % (118 points) | settled at 50 % |" in told
    row = "0.600 (0.590 to 0.620) | 0.700 (0.690 to 0.720) | 0.770 (0.690 to 0.720) |"
    assert f"| dmdt, cut curves | {row}" in told
    assert drawn.count("<svg") == 1
    assert "dashed" in drawn
