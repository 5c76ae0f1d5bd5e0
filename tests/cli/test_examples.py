"""Every example of every ``--help`` is run, each in a folder that holds nothing but what it needs.

What is expected of the examples of the verb ``score`` stands in ``examples/score.py``, and so for each verb.
"""

from __future__ import annotations

import re
import runpy
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import torch
import typer.main
from typer.testing import CliRunner

from skysieve.cli.application import application
from skysieve.configuration import flatten, override, parse_assignments
from skysieve.recipes.find_recipe import all_recipes, find_recipe
from skysieve.samples import SampleSet
from skysieve.service.home import Home
from skysieve.service.operation.instance import stop_instance
from skysieve.sources.archives.braai import read_braai

torch.set_num_threads(1)
# All on one worker, so that what the examples start from is made once.
pytestmark = pytest.mark.xdist_group("examples")


def commands(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every command that does something, with the words that call it."""
    below = getattr(command, "commands", None)
    if below is None:
        yield words, command
        return
    for name, each in below.items():
        yield from commands(each, (*words, name))


COMMANDS = dict(commands(typer.main.get_command(application)))
EXAMPLES = [line for command in COMMANDS.values() for line in re.findall(r"`([^`]+)`", command.epilog or "")]


@dataclass(frozen=True)
class Expected:
    """What an example needs in its folder, what it says, and what it leaves there.

    ``asks`` says whether it asks a running service.
    """

    says: str
    needs: str = ""
    leaves: str = ""
    asks: bool = False


FAMILIES = {
    path.stem: {line: Expected(**said) for line, said in runpy.run_path(str(path))["EXPECTED"].items()}
    for path in sorted(Path(__file__).with_name("examples").glob("*.py"))
}
EXPECTED = {line: expected for family in FAMILIES.values() for line, expected in family.items()}


def run(line: str) -> str:
    program, *words = shlex.split(line)
    assert program == "skysieve"
    result = CliRunner().invoke(application, words)
    assert result.exit_code == 0, f"{line}\n{result.output}\n{result.exception!r}"
    return result.stdout


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Yield the empty folder in which an example runs, and stop what it leaves running."""
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    for running in tmp_path.glob("*/run/serve.json"):
        stop_instance(Home(running.parents[1]))


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_has_examples_and_shows_them(words: tuple[str, ...]) -> None:
    epilog = COMMANDS[words].epilog or ""
    called = [line for line in EXAMPLES if f"`{line}`" in epilog]
    assert called
    assert all(shlex.split(line)[1 : 1 + len(words)] == list(words) for line in called)
    result = CliRunner().invoke(application, [*words, "--help"], env={"COLUMNS": "200"})
    assert result.exit_code == 0
    assert all(line in result.output for line in called)


def test_expectations_are_of_examples() -> None:
    assert not set(EXPECTED) - set(EXAMPLES), "expected, but the example of no command"


@pytest.mark.parametrize("verb", FAMILIES)
def test_expectations_stand_with_their_verb(verb: str) -> None:
    assert {shlex.split(line)[1] for line in FAMILIES[verb]} == {verb}


@pytest.mark.parametrize("line", EXAMPLES, ids=lambda line: line[9:80])
@pytest.mark.usefixtures("public_archives")
def test_example(
    line: str,
    place: Path,
    provide: Callable[[Path, str], None],
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    where = f"examples/{shlex.split(line)[1]}.py"
    assert line in EXPECTED, f"say in {where} what this example needs, says and leaves: {line}"
    expected = EXPECTED[line]
    provide(place, expected.needs)
    if expected.asks:
        address, token = request.getfixturevalue("answering_service")
        monkeypatch.setenv("SKYSIEVE_URL", address)
        monkeypatch.setenv("SKYSIEVE_TOKEN", token)
    said = run(line)
    assert re.search(expected.says, said, re.MULTILINE), said
    for name in expected.leaves.split():
        assert (place / name).exists(), f"{name} was not left by: {line}"


@pytest.mark.usefixtures("public_archives")
def test_what_examples_leave_is_sound(place: Path, provide: Callable[[Path, str], None]) -> None:
    provide(place, "night")
    run("skysieve score braai-weak night/packets -o scores.parquet")
    scores = pq.read_table("scores.parquet")["score"].to_numpy()
    assert len(scores) == 61
    assert ((scores >= 0) & (scores <= 1)).all()
    run("skysieve simulate triplets triplets.parquet -n 64 --seed 1")
    assert len(SampleSet.open("triplets.parquet")) == 64
    run("skysieve fetch dataset braai -o braai-data/")
    assert read_braai("braai-data").label.tolist() == [0, 1]


@pytest.mark.parametrize("name", list(all_recipes()))
def test_printed_settings_can_be_given_back(name: str) -> None:
    said = run(f"skysieve recipes {name}")
    settings = dict(re.findall(r"^  (\S+) +(\S.*)$", said, re.MULTILINE))
    assert settings
    configuration = find_recipe(name).configuration
    given = parse_assignments(f"{key}={value}" for key, value in settings.items())
    assert flatten(override(configuration, given)) == flatten(configuration)
