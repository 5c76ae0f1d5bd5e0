from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import Any

import numpy as np
import pytest
from markupsafe import Markup

from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.evaluation.curve_pictures import curve_picture
from skysieve.evaluation.svg_panel import LEFT, RIGHT, Axis
from skysieve.samples.light_curves import LightCurves

SVG = "{http://www.w3.org/2000/svg}"


def curve(n: int = 60, bands: tuple[str, ...] = ("g", "r"), **changes: Any) -> LightCurves:
    rng = np.random.default_rng(0)
    given = {
        "offsets": np.array([0, n]),
        "time": np.sort(rng.uniform(58_000, 59_000, n)),
        "value": rng.normal(17, 0.3, n),
        "error": rng.uniform(0.05, 0.2, n),
        "band": (np.arange(n) % len(bands)).astype(np.int16),
        "bands": bands,
        "ids": np.array(["star"]),
    }
    return LightCurves(**{**given, **changes})


def panels(picture: str) -> list[ET.Element]:
    return list(ET.fromstring(f"<page>{picture}</page>"))


def vertices(panel: ET.Element) -> list[np.ndarray]:
    """Return the points drawn of each band, shape (N, 2), from the relative steps of its path."""
    drawn = [path for path in panel.iter(f"{SVG}path") if "marker" in path.get("style", "")]
    found = []
    for path in drawn:
        start, _, steps = path.get("d", "").partition("l")
        first = [int(number) for number in re.findall(r"-?\d+", start)][:2]
        rest = [int(number) for number in re.findall(r"-?\d+", steps)]
        found.append(np.cumsum(np.array(first + rest).reshape(-1, 2), axis=0))
    return found


def texts(panel: ET.Element) -> list[str]:
    return [text.text or "" for text in panel.iter(f"{SVG}text")]


def test_every_point_is_drawn_where_it_was_measured() -> None:
    given = curve()
    (panel,) = panels(curve_picture(given))
    for number, points in enumerate(vertices(panel)):
        rows = given.band == number
        assert len(points) == rows.sum()
        # One unit of rounding; both axes are linear, and magnitudes grow downwards.
        for drawn, measured in ((points[:, 0], given.time[rows]), (points[:, 1], given.value[rows])):
            slope, offset = np.polyfit(measured, drawn, 1)
            assert slope > 0
            np.testing.assert_allclose(drawn, slope * measured + offset, atol=1.5)


def test_bright_is_on_top_in_magnitudes_and_in_fluxes() -> None:
    times, values = [[1.0, 2.0, 3.0]], [[10.0, 12.0, 11.0]]
    for quantity, unit, top in (("magnitude", "mag", 0), ("flux", "nJy", 1)):
        given = LightCurves.from_lists(times, values, quantity=quantity, unit=unit)  # type: ignore[arg-type]
        (panel,) = panels(curve_picture(given))
        assert vertices(panel)[0][:, 1].argmin() == top
        assert f"{quantity} ({unit})" in texts(panel)
        assert "time (d)" in texts(panel)


def test_folding_puts_each_point_at_its_phase() -> None:
    given, period = curve(bands=("",)), 7.3
    _, folded = panels(curve_picture(given, period=period))
    phase = np.sort((given.time - given.time[0]) / period % 1)
    np.testing.assert_allclose(vertices(folded)[0][:, 0], LEFT + (RIGHT - LEFT) * phase / 2, atol=0.51)
    (again,) = folded.iter(f"{SVG}use")
    assert int(again.get("x", "")) == (RIGHT - LEFT) // 2
    assert "P = 7.3 d" in texts(folded)


def test_twice_the_period_is_said_so() -> None:
    _, folded = panels(curve_picture(curve(), period=7.3, multiple=2))
    assert "2P = 14.6 d" in texts(folded)


@pytest.mark.parametrize("period", [None, np.nan, 0.0, -1.0, np.inf])
def test_without_a_period_nothing_is_folded(period: float | None) -> None:
    assert len(panels(curve_picture(curve(), period=period))) == 1


def test_long_curves_are_thinned_band_by_band_and_say_so() -> None:
    n = 5000
    given = curve(n, band=(np.arange(n) % 50 == 0).astype(np.int16))
    picture = curve_picture(given, period=0.7)
    panel, _ = panels(picture)
    many, few = vertices(panel)
    assert 380 <= len(many) + len(few) <= 400
    assert len(few) == 8
    assert f"{len(many) + len(few)} of 5,000 points drawn" in texts(panel)
    assert "of 5,000 points drawn" in panel.get("aria-label", "")
    # Evenly: no half of the time is favoured.
    assert abs(np.mean(many[:, 0] < (LEFT + RIGHT) / 2) - 0.5) < 0.05
    assert len(picture.encode()) < 15_000


def test_points_without_a_value_are_left_out_and_counted() -> None:
    value = np.full(60, 17.0)
    value[3] = np.nan
    (panel,) = panels(curve_picture(curve(value=value)))
    assert sum(map(len, vertices(panel))) == 59
    assert "1 without a value" in texts(panel)


def test_bands_differ_in_colour_and_in_mark() -> None:
    bands = ("u", "zg", "r", "i", "z", "y")
    (panel,) = panels(curve_picture(curve(bands=bands)))
    shapes = [marker[0] for marker in panel.iter(f"{SVG}marker")]
    assert len({shape.get("d") for shape in shapes}) == len({shape.get("fill") for shape in shapes}) == 6
    assert [text[2:] for text in texts(panel)[:6]] == list(bands)


def test_band_names_that_have_no_room_are_cut_off() -> None:
    bands = tuple(f"a band of a long name {number}" for number in range(3))
    (panel,) = panels(curve_picture(curve(bands=bands)))
    assert texts(panel)[1] == "…"


def test_ids_are_those_of_the_name() -> None:
    ids = re.findall(r' id="([^"]+)"', curve_picture(curve(), period=3.0, name="mistake-0-1"))
    assert ids == ["mistake-0-1-0", "mistake-0-1-1", "mistake-0-1-cycle"]


def test_hostile_names_are_text() -> None:
    hostile = '"><script>alert(1)</script>'
    given = curve(bands=(hostile,), ids=np.array([hostile]), quantity="flux", unit=hostile)
    picture = curve_picture(given, period=2.0, name=hostile)
    assert isinstance(picture, Markup)
    assert not [tag for panel in panels(picture) for tag in panel.iter() if "script" in tag.tag]


@pytest.mark.parametrize(
    "changes",
    [
        {"value": np.full(60, np.nan)},
        {"value": np.full(60, 17.0), "error": np.full(60, np.nan)},
        {"value": np.zeros(60), "error": np.full(60, np.nan)},
        {"time": np.full(60, 5.0)},
        {"error": np.full(60, np.inf)},
        {"bands": ("a", "b", "c", "d", "e", "f", "g", "h"), "band": (np.arange(60) % 8).astype(np.int16)},
    ],
    ids=["no value", "constant", "zero", "one time", "endless errors", "eight bands"],
)
def test_odd_curves_are_drawn(changes: dict[str, Any]) -> None:
    assert panels(curve_picture(curve(**changes), period=1.0))


def test_a_curve_without_points_is_said_so() -> None:
    empty = LightCurves.from_lists([[]], [[]], ids=["x"])
    assert "no point with a value" in curve_picture(empty)


def test_refusals() -> None:
    with pytest.raises(SampleSetError, match="2 light curves"):
        curve_picture(LightCurves.from_lists([[1.0], [2.0]], [[1.0], [2.0]]))
    with pytest.raises(ConfigurationError, match="limit 0"):
        curve_picture(curve(), limit=0)
    with pytest.raises(ConfigurationError, match="multiple 0"):
        curve_picture(curve(), multiple=0)


@pytest.mark.parametrize(
    ("axis", "written"),
    [
        (Axis(17.02, 17.58, "magnitude", "mag"), ["17.2", "17.4"]),
        (Axis(-0.001, 0.0012, "flux", "Jy"), ["\N{MINUS SIGN}1", "0", "1"]),
        (Axis(58_000.0, 58_400.0, "days", origin=58_000), ["0", "200", "400"]),
    ],
)
def test_ticks_are_round_numbers(axis: Axis, written: list[str]) -> None:
    places, found, _ = axis.ticks(3)
    assert found == written
    assert ((places >= axis.low) & (places <= axis.high)).all()
