"""Tables of variable stars in the documentation: as they were measured, and what is absent is named."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


@pytest.fixture
def crts_results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the module with results of its own."""
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "docs")
    module = importlib.import_module("crts_results")
    monkeypatch.setattr(module, "RESULTS", tmp_path)
    monkeypatch.delitem(sys.modules, "crts_results")
    return module


def result(accuracy: float, *called: int) -> dict[str, Any]:
    names = ("accuracy", "balanced_accuracy", "macro_f1", "mcc")
    told: dict[str, Any] = {name: {"by_fold": [], "mean": accuracy, "sd": 0.004} for name in names}
    classes = {
        name: {"count": 10, "purity": accuracy, "completeness": 0.5, "called": list(called)}
        for name in ("EW", "EA")
    }
    return told | {"cpu_seconds": 1234.5, "classes": classes}


def content(results: dict[str, Any]) -> str:
    told = {"data": "12 stars", "protocol": "5 folds", "classes": ["EW", "EA"], "results": results}
    return json.dumps(told)


def test_what_is_absent_is_named(crts_results: ModuleType) -> None:
    parts = crts_results.parts()
    assert sorted(parts) == sorted(f"{name}.md" for name in crts_results.SOURCES)
    for name, part in parts.items():
        assert "Not run yet: `python experiments/" in part
        script = part.split("experiments/")[1].split(".py")[0]
        assert (Path(__file__).parents[2] / "experiments" / f"{script}.py").is_file(), name


def test_results_stand_in_the_order_of_accuracy_above_the_references(
    crts_results: ModuleType, tmp_path: Path
) -> None:
    results = {
        "ensemble": result(0.87),
        "ensemble, balanced rule": result(0.86),
        "statistics": result(0.78),
        "a|b": result(0.85),
    }
    (tmp_path / "crts_features.json").write_text(content(results))
    part = crts_results.parts()["crts-features.md"]
    assert part.startswith("12 stars; 5 folds.")
    assert "| ensemble | 0.870 ± 0.004 | 0.870 ± 0.004 | 0.870 ± 0.004 | 0.870 ± 0.004 | 1,234 |" in part
    names = [line.split(" | ")[0].lstrip("| ") for line in part.splitlines()[4:]]
    assert names[:4] == ["statistics", "a\\|b", "ensemble", "ensemble, balanced rule"]
    assert "| reference: boosting with periods | 0.852 | 0.758 | 0.773 | 0.783 |  |" in part


def test_classes_are_those_of_the_features_not_of_what_is_best_by_chance(
    crts_results: ModuleType, tmp_path: Path
) -> None:
    results = {
        "features": result(0.87, 7, 3),
        "features, balanced rule": result(0.86, 6, 4),
        "features + gru": result(0.88, 1, 2),
    }
    (tmp_path / "crts_combination.json").write_text(content(results))
    parts = crts_results.parts()
    assert parts["crts-classes.md"].startswith("Features, all folds together.")
    assert "| EW | 10 | 0.870 | 0.500 | 0.860 | 0.500 |" in parts["crts-classes.md"]
    assert "| EA | 7 | 3 |" in parts["crts-confusion.md"]


def test_networks_stand_without_the_references_of_trees(crts_results: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "crts_networks.json").write_text(content({"dmdt": result(0.7)}))
    assert "reference" not in crts_results.parts()["crts-networks.md"]


def test_removal_shows_where_it_began_some_steps_and_the_smallest_set(
    crts_results: ModuleType, tmp_path: Path
) -> None:
    curve = [{"count": 9 - n, "removed": f"f{n}", "mean": 0.9 - n / 100, "sd": 0.01} for n in range(8)]
    judged = {
        "smallest set": {"count": 4, "accuracy": 0.8, "balanced_accuracy": 0.7, "macro_f1": 0.6, "mcc": 0.5}
    }
    told = {
        "data": "d",
        "protocol": "p",
        "loss": 0.05,
        "features": list("abcd"),
        "curve": curve,
        "judged": judged,
    }
    (tmp_path / "minimal_features.json").write_text(json.dumps(told))
    part = crts_results.parts()["minimal-features.md"]
    assert [line.split(" | ")[0] for line in part.splitlines() if "±" in line] == [
        "| 9",
        "| 8",
        "| 5",
        "| 4",
        "| 3",
    ]
    assert "within 0.05 of the accuracy of those it began with: `a`, `b`, `c`, `d`." in part
    assert "| smallest set | 4 | 0.800 | 0.700 | 0.600 | 0.500 |" in part


def test_the_results_in_the_repository_are_shown(
    crts_results: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crts_results, "RESULTS", Path(__file__).parents[2] / "experiments" / "results")
    for name, part in crts_results.parts().items():
        assert "Not run yet" in part or part.count("\n|") > 2, name
