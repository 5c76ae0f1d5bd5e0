"""Tables of frame sequences in the documentation: as they were measured, and what is absent is named."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


@pytest.fixture
def snad_results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the module with results of its own."""
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "docs")
    module = importlib.import_module("snad_results")
    monkeypatch.setattr(module, "RESULTS", tmp_path)
    monkeypatch.delitem(sys.modules, "snad_results")
    return module


def figure(*by_fold: float) -> dict[str, Any]:
    return {"by_fold": list(by_fold), "mean": sum(by_fold) / len(by_fold), "sd": 0.01}


def test_what_is_absent_is_named(snad_results: ModuleType) -> None:
    parts = snad_results.parts()
    assert sorted(parts) == ["killed-frames.md", "snad-fusion.md", "snad-published.md", "snad-subtypes.md"]
    assert all("Not run yet" in part for part in parts.values())


def test_published_areas_stand_above_those_of_their_weights(snad_results: ModuleType, tmp_path: Path) -> None:
    told = {
        padding: {"roc_auc": figure(0.8244, 0.8), "accuracy": figure(0.7)}
        for padding in ("published", "masked")
    }
    network = told | {"published_roc_auc": [0.8243, 0.8], "largest_difference": 0.0001}
    content = {"data": "2 objects", "protocol": "folds", "networks": {"GRU": network}}
    (tmp_path / "snad_published.json").write_text(json.dumps(content))
    part = snad_results.parts()["snad-published.md"]
    assert part.startswith("2 objects; folds. Areas differ from the published ones by 0.00010 at most.")
    assert "| GRU | as published | 0.8243 | 0.8000 |" in part
    assert "| GRU | from their weights | 0.8244 | 0.8000 | 0.8122 ± 0.0100 | 0.700 ± 0.010 |" in part


def test_references_stand_beside_what_was_found(snad_results: ModuleType, tmp_path: Path) -> None:
    told = {name: figure(0.9) for name in ("roc_auc", "accuracy", "f1")}
    content = {
        "data": "d",
        "protocol": "p",
        "bars": {"both": {"roc_auc": 0.964}},
        "results": {"both": told, "x": told},
    }
    (tmp_path / "snad_fusion.json").write_text(json.dumps(content))
    part = snad_results.parts()["snad-fusion.md"]
    assert "| both | 0.900 ± 0.010 | 0.964 | 0.900 ± 0.010 |  | 0.900 ± 0.010 |" in part


def test_the_results_in_the_repository_are_shown(
    snad_results: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snad_results, "RESULTS", Path(__file__).parents[2] / "experiments" / "results")
    for name, part in snad_results.parts().items():
        assert "Not run yet" in part or part.count("\n|") > 4, name
