"""Figures of the experiment on the streak detector, on frames whose outcome is known."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType, ModuleType
from typing import Any

import numpy as np
import pytest


@pytest.fixture
def detector_figures(import_experiment: Callable[[str], ModuleType]) -> ModuleType:
    return import_experiment("detector_figures")


@pytest.fixture
def detector_sieve(import_experiment: Callable[[str], ModuleType]) -> ModuleType:
    return import_experiment("detector_sieve")


def a_frame() -> dict[str, Any]:
    """Four trails, the last one masked; six candidates: three right, a masked one, a satellite, a bogus."""
    matched = np.array([0, 1, 2, 3, -1, -1])
    places = {name: np.full(6, 100.0) for name in ("x1", "y1", "y2")} | {"x2": np.full(6, 120.0)}
    found = {**places, "length": np.full(6, 20.0), "peak_snr": np.full(6, 9.0)}
    errors = {"pa": 1.0, "flux": 5.0, "flux_error": 1.0, "length_error": 1.0}
    found |= {name: np.full(6, value) for name, value in errors.items()}
    truth = {name: values[:4] for name, values in found.items() if "error" not in name}
    return {
        "matched": matched,
        "within_limits": np.ones(6, dtype=bool),
        "satellite": np.array([False, False, False, False, True, False]),
        "satellites": np.zeros((1, 4)),
        "found_flags": np.array(["", "", "", "", "long", ""]),
        "truth_masked_fraction": np.array([0.0, 0.0, 0.0, 0.9]),
        **{f"found_{name}": values for name, values in found.items()},
        **{f"truth_{name}": values for name, values in truth.items()},
    }


def test_precision_with_and_without_satellites(detector_figures: ModuleType) -> None:
    found = detector_figures.figures([a_frame()], [np.ones(6, dtype=bool)])
    for cell in (found["all"], found["bar"]):
        assert cell["completeness"]["value"] == 1.0
        assert (cell["precision"]["value"], cell["precision"]["n"]) == (3 / 4, 4)
        counting = cell["precision_counting_satellites"]
        assert (counting["value"], counting["n"]) == (3 / 5, 5)
    assert found["detections"] == {"reported": 6, "right": 3, "wrong": 1, "satellite": 1}


def test_the_cut_of_the_highest_f1(detector_figures: ModuleType) -> None:
    scores = np.array([0.9, 0.8, 0.62, 0.9, 0.9, 0.57])
    cut, f1 = detector_figures.best_cut([a_frame()], [scores])
    assert (cut, f1) == (0.6, 1.0)
    assert detector_figures.best_cut([a_frame()], [scores[::-1]])[1] < 1.0


def test_gains_of_one_way_over_another(detector_figures: ModuleType) -> None:
    frames = [a_frame(), a_frame()]
    everything = [np.ones(6, dtype=bool)] * 2
    strict = [np.arange(6) != 5] * 2
    assert detector_figures.gains((frames, strict), (frames, strict))["f1"]["value"] == 0.0
    found = detector_figures.gains((frames, strict), (frames, everything))
    assert {name: each["value"] for name, each in found.items()} == {
        "completeness": 0.0,
        "precision": pytest.approx(0.25),
        "f1": pytest.approx(1.0 - 6.0 / 7.0),
    }


class Toy:
    """A sieve that calls dark cutouts real."""

    class Member:
        name, family = "os", "os"

    class Threshold:
        value = 0.5

    members = (Member,)
    thresholds = MappingProxyType({"os": Threshold})

    def score(self, images: np.ndarray) -> dict[str, np.ndarray]:
        assert images.shape[1:] == (1, 144, 144)
        return {"os": (images.min(axis=(1, 2, 3)) < 130).astype(np.float32)}

    def decide(self, scores: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {"passes": scores["os"] >= 0.5}


def test_a_sieve_judges_by_cutouts_what_is_within_limits(detector_sieve: ModuleType) -> None:
    frame = a_frame()
    frame["within_limits"][1] = False
    for name in ("x1", "x2"):
        frame[f"found_{name}"][5] += 300.0
    difference = np.random.default_rng(1).normal(0.0, 2.0, (250, 500)).astype(np.float32)
    difference[100, 100:121] += 40.0
    joint = detector_sieve.joint_scores(Toy(), frame, difference, 1.01)
    assert joint.tolist() == [1.0, 0.0, 1.0, 1.0, 1.0, 0.0]
