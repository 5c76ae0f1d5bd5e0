"""Tables and curves of the transfer in the documentation: as measured, and what is absent is named."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

INTERVAL = {"value": 0.8, "low": 0.7, "high": 0.9, "level": 0.95, "replicates": 9, "method": "percentile"}
SHIFT = {"value": 0.41, "null": 0.05, "null_high": 0.09, "p_value": 0.01, "permutations": 99}
PNG = b"\x89PNG"


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "docs")
    module = importlib.import_module("transfer_results")
    monkeypatch.setattr(module, "RESULT", tmp_path / "lsbg_transfer.json")
    monkeypatch.delitem(sys.modules, "transfer_results")
    return module


def point(strategy: str, size: int) -> dict[str, Any]:
    figures = {"accuracy": INTERVAL, "roc_auc": INTERVAL}
    return {
        "strategy": strategy,
        "size": size,
        "figures": figures,
        "change": figures if size else {},
        "over_scratch": figures if strategy == "head" else {},
        "draws": {name: [0.75, 0.85] for name in figures},
    }


def test_what_is_absent_is_named(results: ModuleType) -> None:
    parts = results.parts()
    assert "python experiments/lsbg_transfer.py" in parts["transfer-curve.md"]
    assert "Not measured" in parts["transfer-shift.md"]
    assert parts["transfer-curve.png"].startswith(PNG)


def test_figures_stand_as_they_were_measured(results: ModuleType) -> None:
    distances = {
        "scores": dict.fromkeys(("ks", "wasserstein", "psi"), SHIFT),
        "embeddings": dict.fromkeys(("frechet", "mmd", "auc"), SHIFT),
    }
    network = {
        "at_home": {"accuracy": INTERVAL, "roc_auc": INTERVAL},
        "points": [point("as it is", 0), point("head", 20), point("scratch", 20)],
        "shift": {"before": distances, "head": distances},
    }
    published = [{"size": 320, "accuracy": 0.876, "roc_auc": 0.936}]
    content = {"protocol": "2 draws", "networks": {"deepshadows": network}, "published": published}
    results.RESULT.write_text(json.dumps(content))
    parts = results.parts()
    curve = parts["transfer-curve.md"]
    assert curve.startswith("**SIMULATED")
    interval = "0.800 (0.700 to 0.900)"
    assert f"| `deepshadows` | head | 20 | {interval} | {interval} | +0.800" in curve
    assert "| published, real pictures | whole | 320 | 0.876 | 0.936 |" in curve
    assert "| 0.410 | 0.050 (0.090) | 0.01 |" in parts["transfer-shift.md"]
    assert parts["transfer-curve.png"].startswith(PNG)
