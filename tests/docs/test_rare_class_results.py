"""Tables on the rare class in the documentation: as they were measured, and what is absent is named."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


@pytest.fixture
def rare_class_results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the module with a result of its own."""
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "docs")
    module = importlib.import_module("rare_class_results")
    monkeypatch.setattr(module, "RESULT", tmp_path / "rare_class.json")
    monkeypatch.delitem(sys.modules, "rare_class_results")
    return module


def interval(value: float | None, spread: float = 0.1) -> dict[str, Any]:
    known = value is not None
    return {
        "value": value,
        "low": value - spread if known else None,
        "high": value + spread if known else None,
    }


def told(**more: float) -> dict[str, Any]:
    names = [f"chosen_{each}" for each in ("f1", "recall", "precision")]
    names += [f"{half}_{each}" for half in ("half", "half_calibrated") for each in ("recall", "precision")]
    names += [f"{each}_{of}" for each in ("raw", "calibrated") for of in ("log_loss", "mean_probability")]
    figures = {name: interval(0.5) for name in [*names, "average_precision"]}
    figures["half_precision"] = interval(None)
    return {"figures": figures} | (
        {"more_than_plain": {k: interval(v) for k, v in more.items()}} if more else {}
    )


def test_what_is_absent_is_named(rare_class_results: ModuleType) -> None:
    assert all("Not run yet" in part for part in rare_class_results.parts().values())


def test_the_verdict_follows_the_intervals(rare_class_results: ModuleType) -> None:
    results = {
        "plain": told(),
        "copies": told(average_precision=0.2),
        "focal loss": told(average_precision=-0.2),
        "class weights": told(average_precision=0.05),
    }
    content = {"data": "SIMULATED galaxies", "protocol": "4 seeds", "results": results}
    rare_class_results.RESULT.write_text(json.dumps(content))
    parts = rare_class_results.parts()
    better, worse, open_ = parts["rare-class-verdict.md"].splitlines()
    assert "copies (+0.200 (+0.100 to +0.300))" in better
    assert "SIMULATED" in better
    assert worse.startswith("- Worse: focal loss")
    assert "class weights" in open_
    assert parts["rare-class.md"].startswith("SIMULATED galaxies; 4 seeds.")
    assert (
        "| plain | before | 0.5000 | 0.5000 (0.4000 to 0.6000) | 0.500 (0.400 to 0.600) | \N{EN DASH} |"
        in parts["rare-class-half.md"]
    )
