from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("skysieve.evaluation", ["numpy", "sklearn", "matplotlib", "jinja2", "torch"]),
        ("skysieve.evaluation.calibration", ["sklearn", "scipy", "matplotlib", "jinja2", "torch"]),
        ("skysieve.evaluation.report", ["torch", "matplotlib.pyplot"]),
    ],
)
def test_nothing_heavier_than_needed_is_imported(module: str, absent: list[str]) -> None:
    code = f"import sys, {module}; print([name for name in {absent!r} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
