"""What the documentation says of names, commands, examples and dependencies is so."""

from __future__ import annotations

import fnmatch
import importlib
import inspect
import os
import pkgutil
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer.main

import skysieve
from skysieve.cli.application import application
from skysieve.configuration import override, parse_assignments
from skysieve.recipes.braai import BRAAI
from skysieve.recipes.find_recipe import find_recipe
from skysieve.service.settings import ServiceSettings

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    if not {"_build", "generated"} & set(path.relative_to(ROOT).parts)
)
EXECUTED = "<!-- executed by tests/docs -->"
MODULES = [module.name for module in pkgutil.walk_packages(skysieve.__path__, "skysieve.")]


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    page: Path
    line: int
    language: str
    text: str
    executed: bool

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(page: Path) -> Iterator[Block]:
    """Yield the fenced blocks of a page."""
    lines = page.read_text(encoding="utf-8").splitlines()
    start = None
    for number, line in enumerate(lines):
        if not line.startswith("```"):
            continue
        if start is None:
            start = number
            continue
        language = lines[start].strip("`").strip()
        executed = start > 0 and lines[start - 1] == EXECUTED
        yield Block(page, start + 1, language, "\n".join(lines[start + 1 : number]) + "\n", executed)
        start = None


BLOCKS = [block for page in PAGES for block in blocks(page)]
PYTHON = [block for block in BLOCKS if block.language == "python"]
EXECUTED_PAGES = sorted({block.page for block in PYTHON if block.executed})


def commands_of(text: str) -> Iterator[str]:
    """Yield the calls of skysieve in a block of console lines, continuation lines joined."""
    for line in text.replace("\\\n", " ").splitlines():
        command = line.removeprefix("$ ")
        if command.startswith("skysieve "):
            yield command


COMMANDS = [
    pytest.param(command, id=f"{block}: {command[:60]}")
    for block in BLOCKS
    if block.language in ("console", "bash")
    for command in commands_of(block.text)
]


def leaf_commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Yield every command that does something, by the words that call it."""
    if not hasattr(command, "commands"):
        yield " ".join(path), command
        return
    for name, below in sorted(command.commands.items()):
        yield from leaf_commands(below, (*path, name))


LEAVES = dict(leaf_commands(typer.main.get_command(application)))


def parse(command: str) -> dict[str, Any]:
    """Parse a call of skysieve as the command line does, without running it."""
    words = shlex.split(command, comments=True)[1:]
    for length in (1, 2):
        name = " ".join(words[:length])
        if name in LEAVES:
            parsed: dict[str, Any] = LEAVES[name].make_context(name, words[length:]).params
            return parsed
    raise AssertionError(f"skysieve has no command {' '.join(words[:2])!r}")


@pytest.mark.parametrize("name", MODULES)
def test_public_names_are_there_and_documented(name: str) -> None:
    module = importlib.import_module(name)
    assert module.__doc__, f"{name} has no docstring"
    for public in getattr(module, "__all__", ()):
        item = getattr(module, public)
        documented = inspect.isclass(item) or inspect.isroutine(item)
        assert not documented or inspect.getdoc(item), f"{name}.{public} has no docstring"


@pytest.mark.parametrize("name", LEAVES)
def test_every_command_has_help_and_examples_that_parse(name: str) -> None:
    command = LEAVES[name]
    assert command.help
    found = re.findall(r"`(skysieve [^`]+)`", command.epilog or "")
    assert any(example.startswith(f"skysieve {name}") for example in found), (
        f"{name} has no example of itself"
    )
    for example in found:
        parse(example)


@pytest.mark.parametrize("name", LEAVES)
def test_every_option_is_explained(name: str) -> None:
    for parameter in LEAVES[name].params:
        assert parameter.help, f"{name}: {parameter.name} has no help"


@pytest.mark.parametrize("command", COMMANDS)
def test_documented_commands_exist(command: str) -> None:
    parse(command)


@pytest.mark.parametrize("command", COMMANDS)
def test_documented_settings_exist(command: str) -> None:
    parsed = parse(command)
    if assigned := parsed.get("set_"):
        recipe = find_recipe(parsed.get("recipe") or BRAAI.name)
        override(recipe.configuration, parse_assignments(assigned))


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.language == "toml"], ids=str)
def test_documented_tables_of_settings_exist(block: Block) -> None:
    content = tomllib.loads(block.text)
    if "project" not in content:
        of_service = block.page.parent.name == "service"
        override(ServiceSettings() if of_service else BRAAI.configuration, content)


def test_a_command_that_does_not_exist_would_be_noticed() -> None:
    with pytest.raises(AssertionError, match="no command"):
        parse("skysieve scoer model packets -o scores.parquet")
    with pytest.raises(Exception, match="No such option"):
        parse("skysieve score model packets -o scores.parquet --worker 2")


@pytest.mark.parametrize("block", PYTHON, ids=str)
def test_python_examples_compile(block: Block) -> None:
    compile(block.text, str(block), "exec")


@pytest.mark.parametrize("page", EXECUTED_PAGES, ids=lambda page: page.stem)
def test_python_examples_run(page: Path, tmp_path: Path) -> None:
    # One process a page: what examples register must not reach other tests.
    program = tmp_path / "page.py"
    texts = [block.text for block in PYTHON if block.page == page and block.executed]
    program.write_text("\n\n".join(text.replace(FUTURE, "") for text in texts), encoding="utf-8")
    run = subprocess.run(
        [sys.executable, "-W", "error", *IGNORED, program.name],
        cwd=tmp_path,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert run.returncode == 0, run.stderr


#: Only allowed at the top of a file, where the first block of a page may not be.
FUTURE = "from __future__ import annotations\n"

#: What torch's exporter warns of in its own code, for which no example is to blame.
IGNORED = ("-W", "ignore::DeprecationWarning", "-W", "ignore::FutureWarning")


def test_pages_with_executed_examples_are_found() -> None:
    assert {"concepts", "extending", "samples"} <= {page.stem for page in EXECUTED_PAGES}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_to_files(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s#]+)[^)]*\)", text):
        if target.startswith(("http://", "https://")):
            continue
        assert (page.parent / target).exists(), f"{page.name} links to {target}, which is not there"


DECISIONS = ROOT / "docs" / "decisions"


def test_every_decision_is_in_the_index_and_has_its_parts() -> None:
    patterns = re.search(r"```\{toctree\}\n(.*?)```", (DECISIONS / "index.md").read_text(), re.DOTALL)
    assert patterns is not None
    entries = [line for line in patterns[1].split() if not line.startswith(":")]
    pages = sorted(path for path in DECISIONS.glob("*.md") if path.name != "index.md")
    assert [page.name[:4] for page in pages] == [f"{number:04d}" for number in range(1, len(pages) + 1)]
    for page in pages:
        assert any(fnmatch.fnmatch(page.stem, entry) for entry in entries), f"{page.name} is not in the index"
        text = page.read_text(encoding="utf-8")
        assert text.startswith(f"# {page.name[:4]}. ")
        for part in ("Context", "Decision", "Consequences"):
            assert f"\n## {part}\n" in text, f"{page.name} has no section {part}"


def test_the_page_on_folders_names_every_layer_in_order() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    layers = [layer.split(" | ") for layer in reversed(contracts["contracts"][0]["layers"])]
    expected = [name.removeprefix("skysieve.") for layer in layers for name in sorted(layer)]
    text = (DECISIONS / "0001-folders-and-walls.md").read_text(encoding="utf-8")
    order = text.split("in one order", 1)[1].split("The order is written", 1)[0]
    assert re.findall(r"`(\w+)`", order) == expected


def test_every_dependency_is_accounted_for_and_no_other() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    required = [*project["dependencies"], *(line for lines in extras.values() for line in lines)]
    declared = {re.split(r"[\[<>=!~ ;]", line, maxsplit=1)[0] for line in required} - {"skysieve"}
    text = (DECISIONS / "0002-dependencies.md").read_text(encoding="utf-8")
    listed: set[str] = set()
    for row in re.findall(r"^\|(.*)\|$", text, re.MULTILINE):
        cells = [cell.strip() for cell in row.split("|")]
        names = cells[1] if cells[0].strip("`") in extras else cells[0]
        listed |= set(re.findall(r"`([^`]+)`", names))
    assert listed == declared


def test_every_extra_is_offered_to_users() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    offered = set(re.findall(r"skysieve\[(\w+)\]", "".join(page.read_text() for page in PAGES)))
    assert offered <= set(project["optional-dependencies"])
    assert {"report", "train", "archives", "openvino"} <= offered
