"""The table of a killed fetch in the documentation: as it was measured, and what is absent is named."""

from __future__ import annotations

import importlib
import json
import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def archive_results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the module with a folder of results of its own."""
    monkeypatch.syspath_prepend(ROOT / "docs")
    module = importlib.import_module("archive_results")
    monkeypatch.setattr(module, "RESULTS", tmp_path)
    monkeypatch.delitem(sys.modules, "archive_results")
    return module


def test_what_is_absent_is_named(archive_results: ModuleType) -> None:
    assert "python experiments/killed_fetch.py" in archive_results.parts()["killed-fetch.md"]


def test_the_table_says_what_was_measured(archive_results: ModuleType) -> None:
    path = archive_results.RESULTS / "killed_fetch.json"
    shutil.copy(ROOT / "experiments" / "results" / "killed_fetch.json", path)
    found = json.loads(path.read_text()) | {
        "cutouts": 71,
        "missing": ["a", "b"],
        "failures": {"stalled": 4, "wrong-size": 3},
        "failures_as_expected": False,
    }
    path.write_text(json.dumps(found))
    part = archive_results.parts()["killed-fetch.md"]
    assert "| cutouts in the end | 71 |" in part
    assert "| neither a cutout nor listed | 2 |" in part
    assert "| failures listed | 7, not as set up: 4 x `stalled`, 3 x `wrong-size` |" in part
