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
    names = ("frame-vae", "killed-frames", "snad-fusion", "snad-published", "snad-sequence", "snad-subtypes")
    assert sorted(parts) == [f"{name}.md" for name in names]
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


def test_folds_of_sequence_classifiers_stand_before_their_mean(
    snad_results: ModuleType, tmp_path: Path
) -> None:
    told = {"roc_auc": figure(0.9, 0.8), "accuracy": figure(0.7), "f1": figure(0.6)}
    content = {
        "data": "d",
        "protocol": "p",
        "bars": {"a": {"roc_auc": 0.856, "accuracy": 0.8}},
        "seeds": 3,
        "network_cpu_seconds_by_fold": [10.0, 20.0],
        "results": {"a": told},
    }
    (tmp_path / "snad_sequence.json").write_text(json.dumps(content))
    part = snad_results.parts()["snad-sequence.md"]
    assert part.startswith("d; p. 3 networks of a fold took 15 s of one CPU core.")
    row = "| a | 0.900 | 0.800 | 0.8500 ± 0.0100 | 0.856 | 0.700 ± 0.010 | 0.800 | 0.600 ± 0.010 |"
    assert row in part


def test_simulated_kinds_and_real_frames_stand_apart(snad_results: ModuleType, tmp_path: Path) -> None:
    ways = ("autoencoder", "36 principal components")
    content: dict[str, Any] = {
        "data": "SIMULATED: 9 frames",
        "protocol": "p",
        "training": {"cpu_seconds": 9},
        "reconstruction": {
            ways[0]: {"log_cosh": 0.002, "kld": 3.21, "numbers_in_use": 7},
            ways[1]: {"log_cosh": 0.003},
        },
        "kinds": {way: {"any": 0.9, "ghost": 0.8} for way in ways},
        "sequences_of_kind": {"ghost": 12},
    }
    (tmp_path / "frame_vae.json").write_text(json.dumps(content))
    part = snad_results.parts()["frame-vae.md"]
    assert part.startswith("SIMULATED")
    assert "| autoencoder | 0.00200 | 3.2 | 7 |" in part
    assert "| 36 principal components | 0.00300 |  |  |" in part
    assert "| ghost | 12 | 0.800 | 0.800 |" in part
    assert "real" not in part
    content["real_frames"] = {"column": dict.fromkeys(ways, 0.01)}
    (tmp_path / "frame_vae.json").write_text(json.dumps(content))
    assert "| column | 0.01000 | 0.01000 |" in snad_results.parts()["frame-vae.md"]


def test_the_results_in_the_repository_are_shown(
    snad_results: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snad_results, "RESULTS", Path(__file__).parents[2] / "experiments" / "results")
    for name, part in snad_results.parts().items():
        assert "Not run yet" in part or part.count("\n|") > 4, name
