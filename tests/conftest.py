"""Fixtures that every test folder shares."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import settings

REAL_DATA = Path(os.environ.get("SKYSIEVE_DATA") or Path(__file__).parents[2] / "shared" / "data")

# How long an example takes depends on the machine, and on what is compiled for the first one.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the tests of the marker ``realdata`` where the data are absent."""
    if REAL_DATA.is_dir():
        return
    absent = [item for item in items if item.get_closest_marker("realdata")]
    if absent:
        config.hook.pytest_deselected(items=absent)
        items[:] = [item for item in items if item not in absent]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say in one line that tests were deselected; under xdist only the workers know how many."""
    if not REAL_DATA.is_dir():
        terminalreporter.write_line(
            f"tests of real data deselected: {REAL_DATA} is absent (see SKYSIEVE_DATA)"
        )


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Return the folder of real data."""
    return REAL_DATA


@pytest.fixture
def import_experiment(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    """Return what imports a module of the experiments, which are scripts in a folder of their own."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "experiments"))
    return importlib.import_module
