"""The tables of the service in the documentation: as they were measured, and what is absent is named."""

from __future__ import annotations

import importlib
import json
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RESULTS = (
    "experiments/results/service_chaos.json",
    "benchmarks/results/service_load_sqlite.json",
    "benchmarks/results/service_load_postgresql.json",
    "benchmarks/results/candidate_pages.json",
)


def test_what_is_absent_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "docs")
    parts = importlib.import_module("service_results").parts(tmp_path)
    assert all(text.startswith("Not run yet: `python ") for text in parts.values())


def test_tables_say_what_was_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in RESULTS:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    chaos = tmp_path / RESULTS[0]
    chaos.write_text(json.dumps(json.loads(chaos.read_text()) | {"missing": 7, "kills": 12345}))
    load = tmp_path / RESULTS[1]
    found = json.loads(load.read_text())
    found["all_ms"] |= {"median": 4321.0, "p95": 8765.0}
    load.write_text(json.dumps(found))
    monkeypatch.syspath_prepend(ROOT / "docs")
    parts = importlib.import_module("service_results").parts(tmp_path)
    assert "| good packets that are missing | 7 |" in parts["service-chaos.md"]
    assert "12,345" in parts["service-chaos.md"]
    assert "| **all** | 4321, 8765 |" in parts["service-load.md"]
    assert "1,000,000 candidates" in parts["service-pages.md"]
