"""What importing the package costs, and that its modules hold what they announce."""

from __future__ import annotations

import importlib
import json
import pkgutil
import subprocess
import sys

import pytest

import skysieve

HEAVY = ("astropy", "matplotlib", "numpy", "onnxruntime", "pandas", "pyarrow", "scipy", "sklearn", "torch")
MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(skysieve.__path__, "skysieve.")
    if not module.name.endswith("__main__")
)

LOADED = "import json, sys; print(); print(json.dumps(sorted(sys.modules)))"
WITHOUT_TORCH = """
import sys
class NoTorch:
    def find_spec(self, name, *_):
        if name == "torch":
            raise ModuleNotFoundError("torch is not installed here")
sys.meta_path.insert(0, NoTorch())
"""
STARTS = {
    "import skysieve": "import skysieve",
    "skysieve --help": """
import sys
from skysieve.cli import main
sys.argv = ["skysieve", "--help"]
try:
    main()
except SystemExit as left:
    assert not left.code, left.code
""",
    "skysieve score --help": """
import sys
from skysieve.cli import main
sys.argv = ["skysieve", "score", "--help"]
try:
    main()
except SystemExit as left:
    assert not left.code, left.code
""",
}


def modules_after(code: str) -> set[str]:
    """Return the modules that a fresh process holds after some code."""
    result = subprocess.run(
        [sys.executable, "-c", f"{code}\n{LOADED}"], capture_output=True, text=True, check=False, timeout=120
    )
    assert result.returncode == 0, result.stderr
    return set(json.loads(result.stdout.splitlines()[-1]))


@pytest.mark.parametrize("start", STARTS)
def test_start_loads_nothing_heavy(start: str) -> None:
    loaded = modules_after(STARTS[start])
    assert "skysieve" in loaded
    assert not loaded.intersection(HEAVY)


@pytest.mark.parametrize("folder", ["samples", "sources", "preprocess", "evaluation", "scoring", "service"])
def test_folder_imports_without_torch(folder: str) -> None:
    modules = [name for name in MODULES if f"{name}.".startswith(f"skysieve.{folder}.")]
    assert len(modules) > 1
    loaded = modules_after(WITHOUT_TORCH + "\n".join(f"import {name}" for name in modules))
    assert loaded.issuperset(modules)


@pytest.mark.parametrize(
    "folder", ["samples", "sources", "preprocess", "evaluation", "models", "scoring", "service", "client"]
)
def test_package_itself_imports_nothing_that_is_optional(folder: str) -> None:
    loaded = modules_after(f"import skysieve.{folder}")
    assert not loaded.intersection({"torch", "sklearn", "matplotlib", "pandas", "astropy"})


@pytest.mark.parametrize("name", MODULES)
def test_module_holds_what_it_announces(name: str) -> None:
    module = importlib.import_module(name)
    announced = getattr(module, "__all__", [])
    assert len(set(announced)) == len(announced)
    assert [each for each in announced if not hasattr(module, each)] == []
