"""Tables and curves of simulated galaxies of low surface brightness: as measured, and called simulated."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

INTERVAL = {"value": 0.8, "low": 0.7, "high": 0.9, "level": 0.95, "replicates": 9, "method": "percentile"}
FOUR = dict.fromkeys(("accuracy", "completeness", "purity", "roc_auc"), INTERVAL)
NAMES = ("compact", "deepshadows", "forest", "svm with radii", "border")
BAND = {"value": [0.1, 1.0], "low": [0.0, 1.0], "high": [0.2, 1.0]}

BASELINE: dict[str, Any] = {
    "figures": dict.fromkeys(NAMES, FOUR),
    "figures_where_measured": dict.fromkeys(NAMES, FOUR),
    "training": {
        "compact": {
            "epochs": 15,
            "best_epoch": 12,
            "training_accuracy": 0.9,
            "validation_accuracy": 0.85,
            "lowest_validation_accuracy_after_half": 0.6,
        }
    },
    "differences": [
        {
            "first": "compact",
            "second": "forest",
            "figures": dict.fromkeys(FOUR, INTERVAL | {"value": -0.02, "low": -0.03, "high": 0.01}),
            "only_first_right": 1200,
            "only_second_right": 7,
            "p_value": 1e-9,
        }
    ],
    "called_lsbg_by_kind": dict.fromkeys(NAMES, dict.fromkeys(("cirrus", "lsbg"), INTERVAL | {"n": 1234})),
    "completeness_by_surface_brightness": [
        {"low": 24.2, "high": 24.7, "called_lsbg": dict.fromkeys(NAMES, INTERVAL | {"n": 12})}
    ],
    "missing": {
        **{name: {"nothing-detected": 3, "measured": 97} for name in ("train", "validation", "test")},
        "test_share_without_any": {
            "ghost": INTERVAL | {"n": 10, "value": 0.1, "low": 0.05, "high": 0.2},
            "lsbg": INTERVAL | {"n": 10, "value": 0.0},
        },
    },
    "roc": {"fpr": [0, 1], **dict.fromkeys(NAMES, BAND)},
}
POINT = {"figures": FOUR, "change": FOUR, "deviation": dict.fromkeys(FOUR, 0.0123)}


@pytest.fixture
def lsbg_results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the module with a folder of results of its own."""
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "docs")
    module = importlib.import_module("lsbg_results")
    monkeypatch.setattr(module, "RESULTS", tmp_path)
    for name in ("lsbg_results", "lsbg_curves"):
        monkeypatch.delitem(sys.modules, name)
    return module


def write(module: ModuleType, **content: Any) -> dict[str, str]:
    (module.RESULTS / f"{module.NAME}.json").write_text(json.dumps({"data": "SIMULATED cutouts"} | content))
    parts: dict[str, str] = module.parts()
    return parts


def test_what_is_absent_names_the_command_that_measures_it(lsbg_results: ModuleType) -> None:
    parts = lsbg_results.parts()
    assert "lsbg_artefacts.py --only three-classes" in parts["lsbg-three-classes.md"]
    assert all("Not run yet" in part for part in parts.values())
    assert "--only noise" in write(lsbg_results, baseline=BASELINE)["lsbg-noise.md"]


def test_every_part_says_that_it_is_simulated(lsbg_results: ModuleType) -> None:
    uneven = BASELINE | {"mag_per_arcsec2": [27.0, 26.5, 26.2]}
    told = {
        "confusion": [[1, 2, 3]] * 3,
        "shares": [[INTERVAL] * 3] * 3,
        "figures": dict.fromkeys(("accuracy", "completeness", "purity"), INTERVAL),
    }
    three = {"classes": ["artifact-1", "artifact-2", "lsbg"], "results": {"forest": told}}
    points = [POINT | {"fraction": 0.0, "wrong": 0}, POINT | {"fraction": 0.05, "wrong": 400}]
    curves = dict.fromkeys(("random", "artifact to lsbg"), points)
    noise = {"network": "compact", "epochs": 8, "repeats": 2, "noisy": "training only", "curves": curves}
    parts = write(
        lsbg_results,
        **{"baseline": BASELINE, "uneven-sky": uneven, "noise": noise, "three-classes": three},
    )
    assert not [name for name, text in parts.items() if "SIMULATED" not in text]
    assert "27, 26.5, 26.2 mag/arcsec²" in parts["lsbg-uneven-sky.md"]
    of_noise = "0.800 (0.700 to 0.900) [0.909] | +0.800 (+0.700 to +0.900) | 0.0123 |"
    assert f"| artifact → lsbg | 5 % (400) | {of_noise}" in parts["lsbg-noise.md"]
    assert parts["lsbg-noise-curves.md"].count("<svg") == 1
    assert (
        "| published, other objects | `artifact-1` | 87.7 % | 11.8 % | 0.5 % |"
        in parts["lsbg-three-classes.md"]
    )


def test_the_published_stands_beside_what_it_is_of(lsbg_results: ModuleType) -> None:
    figures = write(lsbg_results, baseline=BASELINE)["lsbg-figures.md"]
    rows = {line.split(" | ")[0].strip("| "): line for line in figures.splitlines()}
    assert "[0.920]" in rows["published network, pictures"]
    assert "[0.797]" in rows["random forest, 16 features"]
    assert "[" not in rows["compact network, pictures"]
    assert "15 epochs, the best was the 12th" in figures


def test_differences_keep_their_signs(lsbg_results: ModuleType) -> None:
    part = write(lsbg_results, baseline=BASELINE)["lsbg-differences.md"]
    assert "compact network, pictures less random forest, 16 features | -0.020 (-0.030 to +0.010)" in part
    assert "| 1,200 : 7 | < 0.001 |" in part


def test_kinds_that_were_all_detected_are_not_told(lsbg_results: ModuleType) -> None:
    part = write(lsbg_results, baseline=BASELINE)["lsbg-measured.md"]
    assert "detected of `ghost` 10.0 % (5.0 to 20.0)." in part
    assert "3 of 100 (test)" in part


def test_curves_are_drawn_for_what_differs(lsbg_results: ModuleType) -> None:
    part = write(lsbg_results, baseline=BASELINE)["lsbg-roc.md"]
    assert "forest on the border alone" in part
    assert "19 features" not in part
