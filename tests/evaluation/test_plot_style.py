from __future__ import annotations

import base64
import re
from html.parser import HTMLParser

import matplotlib as mpl
import pytest
from matplotlib.figure import Figure

from skysieve.errors import ConfigurationError
from skysieve.evaluation.plot_style import COLOURS, figure_to_data_uri, figure_to_svg, new_figure, styled


def test_drawing_leaves_the_settings_of_matplotlib_alone() -> None:
    before = dict(mpl.rcParams)

    @styled
    def draw() -> Figure:
        assert mpl.rcParams["svg.fonttype"] == "none"
        return new_figure()[0]

    figure_to_svg(draw(), name="a", description="")
    assert dict(mpl.rcParams) == before


def test_svg_is_text_follows_the_page_and_keeps_its_ids_to_itself() -> None:
    @styled
    def draw() -> Figure:
        figure, axes = new_figure()
        axes.plot([0, 1], [0, 1], "o", color=COLOURS["ink"])
        axes.set_xlabel("price in $ and $")
        return figure

    svg = figure_to_svg(draw(), name="some-figure", description='shares < "half" & more')
    assert "price in $ and $" in svg
    assert f"var(--ink, {COLOURS['ink']})" in svg
    assert 'aria-label="shares &lt; &quot;half&quot; &amp; more"' in svg
    ids = re.findall(r'\bid="([^"]+)"', svg)
    assert len(ids) == len(set(ids))
    assert all(each.startswith("some-figure-") for each in ids)
    assert {*re.findall(r'(?:href="#|url\(#)([^")]+)', svg)} <= {*ids}
    assert "<style" not in svg
    assert "<metadata" not in svg
    HTMLParser().feed(svg)


def test_equal_figures_give_equal_bytes() -> None:
    def draw() -> str:
        figure, axes = new_figure()
        axes.plot([0, 1, 2], [1, 0, 2], "o-")
        return figure_to_svg(figure, name="a", description="") + figure_to_data_uri(figure)

    assert draw() == draw()


@pytest.mark.parametrize(("kind", "magic"), [("png", b"\x89PNG"), ("svg", b"<?xml")])
def test_data_uri_holds_the_file(kind: str, magic: bytes) -> None:
    uri = figure_to_data_uri(new_figure()[0], kind=kind)  # type: ignore[arg-type]
    assert base64.b64decode(uri.partition(",")[2]).startswith(magic)


def test_refusals() -> None:
    with pytest.raises(ConfigurationError, match="'Not an id'"):
        figure_to_svg(new_figure()[0], name="Not an id", description="")
    with pytest.raises(ConfigurationError, match="'gif'"):
        figure_to_data_uri(new_figure()[0], kind="gif")  # type: ignore[arg-type]
