"""The reference of the library: one page a folder, one section a module, public names only."""

from __future__ import annotations

import ast
import inspect
import pkgutil
from collections import defaultdict
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path

import skysieve

__all__ = ["modules", "pages"]

#: Folders in the order of the way of the data; modules at the top of the package come first.
FOLDERS = (
    "skysieve",
    "samples",
    "sources",
    "preprocess",
    "networks",
    "training",
    "evaluation",
    "explanation",
    "models",
    "scoring",
    "detection",
    "recipes",
    "service",
    "client",
)

#: A service is used over its API; of its modules, those that a program calls.
CALLED_OF_SERVICE = frozenset(
    f"skysieve.service.{name}"
    for name in (
        "service",
        "settings",
        "candidates.search",
        "candidates.export.exporting",
        "feedback.from_labels",
        "feedback.retrain",
        "filters.compile",
        "filters.language",
        "ingest.items",
        "ingest.reception",
        "judging.meaning",
        "judging.scorers",
        "judging.scoring",
        "labelling.agreement",
        "labelling.consensus",
        "operation.backup",
        "operation.restore",
        "operation.retention",
        "application",
        "worker",
    )
)


def pages() -> dict[str, str]:
    """Return the pages by file name, and the list of them."""
    by_folder: dict[str, list[str]] = defaultdict(list)
    for name in modules():
        by_folder[_folder(name)].append(name)
    del by_folder["cli"]  # the reference of the command line is made from the application
    if missing := CALLED_OF_SERVICE - set(by_folder["service"]):
        raise SystemExit(f"docs/api_reference.py: {sorted(missing)} are no modules with public names")
    by_folder["service"] = [name for name in by_folder["service"] if name in CALLED_OF_SERVICE]
    unknown = set(by_folder) - set(FOLDERS)
    if unknown:
        raise SystemExit(f"docs/api_reference.py: give the folders {unknown} their place in FOLDERS")
    return {f"{folder}.md": _page(folder, by_folder[folder]) for folder in FOLDERS if by_folder[folder]}


def _folder(module: str) -> str:
    first = module.split(".")[1]
    return first if _spec(f"skysieve.{first}").submodule_search_locations else "skysieve"


def modules() -> list[str]:
    """Return the modules that define public names, sorted; re-exporting packages are left out."""
    found = (module.name for module in pkgutil.walk_packages(skysieve.__path__, "skysieve."))
    return [name for name in sorted(found) if _defines(name)]


def _defines(name: str) -> bool:
    """Say whether a module has ``__all__`` and defines a name of it itself."""
    tree = _tree(name)
    public: set[str] = set()
    defined: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            defined.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = {target.id for target in targets if isinstance(target, ast.Name)}
            defined |= names
            if "__all__" in names and node.value is not None:
                public = set(ast.literal_eval(node.value))
    return bool(public & defined)


def _tree(module: str) -> ast.Module:
    return ast.parse(Path(str(_spec(module).origin)).read_text(encoding="utf-8"))


def _spec(module: str) -> ModuleSpec:
    spec = find_spec(module)
    assert spec is not None
    return spec


def _page(folder: str, names: list[str]) -> str:
    package = "skysieve" if folder == "skysieve" else f"skysieve.{folder}"
    title = "The top of the package" if folder == "skysieve" else folder
    intro = "" if folder == "skysieve" else f"```{{eval-rst}}\n{_intro(package)}\n```\n\n"
    return f"# {title}\n\n{intro}" + "\n".join(_module(name) for name in names)


def _intro(package: str) -> str:
    tree = _tree(package)
    return inspect.cleandoc(ast.get_docstring(tree) or "")


def _module(name: str) -> str:
    return f"## {name}\n\n```{{eval-rst}}\n.. automodule:: {name}\n   :members:\n```\n"
