"""Figures on galaxies in the documentation: drawn from what was measured, the same bytes every time."""

from __future__ import annotations

import importlib
import json
import sys
from io import BytesIO
from pathlib import Path
from types import ModuleType

import pytest
from PIL import Image


@pytest.fixture
def galaxy_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the module with a folder of results of its own."""
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "docs")
    module = importlib.import_module("galaxy_figures")
    monkeypatch.setattr(module, "RESULTS", tmp_path)
    monkeypatch.delitem(sys.modules, "galaxy_figures")
    return module


def test_what_is_absent_is_a_picture_that_says_so(galaxy_figures: ModuleType) -> None:
    for content in galaxy_figures.parts().values():
        width, height = Image.open(BytesIO(content)).size
        assert width > 5 * height


def test_confusions_are_drawn_side_by_side_and_repeat_to_the_byte(galaxy_figures: ModuleType) -> None:
    told = {"confusion": [[9, 1], [0, 5]], "figures": {"accuracy": {"value": 14 / 15}}}
    path = galaxy_figures.RESULTS / "efigi.json"
    path.write_text(json.dumps({"classes": ["a", "b"], "results": {"one": told}}))
    alone = galaxy_figures.parts()["efigi-confusion.png"]
    assert alone == galaxy_figures.parts()["efigi-confusion.png"]
    path.write_text(json.dumps({"classes": ["a", "b"], "results": {"one": told, "two": told}}))
    both = galaxy_figures.parts()["efigi-confusion.png"]
    assert Image.open(BytesIO(both)).width > 1.7 * Image.open(BytesIO(alone)).width


def test_votes_have_a_panel_a_class(galaxy_figures: ModuleType) -> None:
    tenths = [{"predicted": x / 10, "counted": x / 10, "low": 0.0, "high": 1.0} for x in range(10)]
    loss = {"classes": {name: {"tenths": tenths} for name in ("smooth", "featured", "edge_on")}}
    path = galaxy_figures.RESULTS / "galaxy_zoo_votes.json"
    path.write_text(json.dumps({"results": {"dirichlet-multinomial": loss}}))
    width, height = Image.open(BytesIO(galaxy_figures.parts()["galaxy-zoo-votes.png"])).size
    assert width > 2.5 * height
