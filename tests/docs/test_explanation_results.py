"""Tables of explanations: all figures with their intervals, and the word that they are simulated."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest


def interval(value: float) -> dict[str, float]:
    return {"value": value, "low": value - 0.1, "high": value + 0.1}


FIGURES = {"iou_top": interval(0.6), "pointing": interval(0.9)}
PART = {
    "about": "trails of asteroids",
    "samples": {"judged": 90, "simulated": 100},
    "coverage": {"0.1": 0.01, "0.5": 0.02, "0.9": 0.05},
    "without_a_network": {
        name: FIGURES | {"chance_iou": interval(0.01), "coverage": interval(0.02)}
        for name in ("contrast", "middle")
    },
    "networks": {
        "streaks/rb-1": {
            "right": interval(0.95),
            "methods": {
                "grad-cam": {
                    "mask": FIGURES,
                    "randomised": {name: interval(0.2) for name in FIGURES},
                    "gap": {name: interval(0.4) for name in FIGURES},
                    "nothing": {"trained": 0.0, "randomised": 0.25},
                    "similarity": {"rank_correlation": interval(0.12)},
                }
            },
        }
    },
}


@pytest.fixture
def explanation_results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the module with folders of its own."""
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "docs")
    module = importlib.import_module("explanation_results")
    monkeypatch.setattr(module, "RESULTS", tmp_path)
    monkeypatch.setattr(module, "DOCS", tmp_path)
    monkeypatch.delitem(sys.modules, "explanation_results")
    return module


def test_what_is_absent_is_named(explanation_results: ModuleType) -> None:
    assert "Not measured yet" in explanation_results.parts()["explanation-masks.md"]


def test_gap_chance_and_the_word_simulated_stand_beside_the_figures(
    explanation_results: ModuleType, tmp_path: Path
) -> None:
    content = {"data": "SIMULATED images", "protocol": "5 networks", "parts": {"streaks": PART}}
    (tmp_path / "explanation_masks.json").write_text(json.dumps(content))
    part = explanation_results.parts()["explanation-masks.md"]
    assert "**SIMULATED images**: 5 networks." in part
    assert "**Streaks, SIMULATED**: trails of asteroids. 90 of 100 images" in part
    trained = "0.600 (0.500 to 0.700) | 0.200 (0.100 to 0.300) | 0.400 (0.300 to 0.500)"
    assert f"| `streaks/rb-1` | grad-cam | {trained} | 0.900 (0.800 to 1.000) |" in part
    assert "| none | drawn at random | 0.010 (-0.090 to 0.110) |  |  | 0.020 (-0.080 to 0.120) |" in part
    assert "whose figures are 0: `streaks/rb-1` grad-cam 25% (0% trained)." in part
    assert "{image}" not in part
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "explanation-masks-streaks.jpg").touch()
    assert (
        "{image} images/explanation-masks-streaks.jpg" in explanation_results.parts()["explanation-masks.md"]
    )
