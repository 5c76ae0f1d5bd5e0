"""Pictures of what points, frames and features contributed."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from skysieve.errors import SampleSetError
from skysieve.evaluation.attributed_curves import attributed_curve, attributed_frames
from skysieve.evaluation.effect_bars import effect_bars
from skysieve.samples.light_curves import LightCurves


def curve_of(points: int) -> LightCurves:
    rng = np.random.default_rng(0)
    return LightCurves.from_lists(
        [np.sort(rng.uniform(0, 50, points))], [rng.normal(15, 1, points)], ids=["<a>"]
    )


def vertices(picture: str, level: int) -> int:
    """Return how many points have a mark."""
    found = re.search(rf'd="M([^"]*)" fill="none" style="marker:url\(#c-{level}\)', picture)
    return 0 if found is None else found[1].count("L") + 1


def test_points_are_marked_by_size_and_sign() -> None:
    attribution = np.zeros(20)
    attribution[[3, 8]] = 2.0
    attribution[5] = -2.0
    picture = attributed_curve(curve_of(20), attribution, name="c")
    assert (vertices(picture, 8), vertices(picture, 0), vertices(picture, 4)) == (2, 1, 17)
    # The largest lie on top.
    assert picture.index("url(#c-4)") < picture.index("url(#c-8)")
    assert "&lt;a&gt;" in picture
    ElementTree.fromstring(picture)


def test_a_period_gives_a_second_picture() -> None:
    zeros = np.zeros(20)
    assert attributed_curve(curve_of(20), zeros, period=3.0).count("<svg") == 2
    assert attributed_curve(curve_of(20), zeros, period=float("nan")).count("<svg") == 1


def test_of_many_points_the_largest_are_kept() -> None:
    attribution = np.zeros(1000)
    attribution[::100] = 1.0
    picture = attributed_curve(curve_of(1000), attribution, name="c", limit=60)
    assert vertices(picture, 8) == 10
    assert "60 of 1,000 points drawn" in picture


def test_frames_are_bars_of_both_signs() -> None:
    picture = attributed_frames(np.array([1.0, -0.5, 0.0]), label="a", unit="logits")
    bars = re.findall(r'd="([^"]*)" fill="#', picture)
    assert [path.count("z") for path in bars] == [1, 1]
    ElementTree.fromstring(picture)
    with pytest.raises(SampleSetError, match="one a frame"):
        attributed_frames(np.zeros(0))


def test_the_eight_largest_effects_are_drawn_in_order() -> None:
    names = [f"f{number}" for number in range(12)]
    effects = np.arange(12) / 20 * np.where(np.arange(12) % 2, 1, -1)
    picture = effect_bars(names, np.arange(12.0), effects, label="a")
    assert picture.count("<rect") == 8
    places = [picture.index(f">f{number}<") for number in range(11, 3, -1)]
    assert places == sorted(places)
    assert ">f3<" not in picture
    ElementTree.fromstring(picture)


def test_numbers_that_do_not_fit_are_refused() -> None:
    with pytest.raises(SampleSetError, match="a number for each of its points"):
        attributed_curve(curve_of(3), np.zeros(2))
    with pytest.raises(SampleSetError, match="as many of each"):
        effect_bars(["a"], np.zeros(2), np.zeros(2))
