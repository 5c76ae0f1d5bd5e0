"""The network that looks for streaks on whole frames: from a map of cells to segments."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import numpy as np
import pytest

from skysieve.detection.matching import match_streaks
from skysieve.sources.simulators.streak_frames import simulate_streak_frame


@pytest.fixture
def line_network(import_experiment: Callable[[str], ModuleType]) -> ModuleType:
    return import_experiment("line_network")


@pytest.fixture
def detector_network(import_experiment: Callable[[str], ModuleType]) -> ModuleType:
    return import_experiment("detector_network")


@pytest.fixture
def line_segments(import_experiment: Callable[[str], ModuleType]) -> ModuleType:
    return import_experiment("line_segments")


def distances(found: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Return how far the ends of segments are from their places, whichever end comes first."""
    turned = found[:, [2, 3, 0, 1]]
    return np.minimum(*(np.abs(ends - true).max(axis=1) for ends in (found, turned)))


def test_segments_of_a_perfect_map_are_the_true_ones(
    line_network: ModuleType, line_segments: ModuleType
) -> None:
    rng = np.random.default_rng(3)
    y, x = np.mgrid[100:900:200, 100:900:200].reshape(2, -1)
    half, angle = 0.5 * rng.uniform(16.0, 120.0, 16), rng.uniform(0.0, np.pi, 16)
    dx, dy = half * np.cos(angle), half * np.sin(angle)
    true = np.column_stack([x - dx, y - dy, x + dx, y + dy])
    scores = line_network.line_cells(true, (1000, 1000)).astype(np.float32)
    found, _ = line_segments.line_segments(scores, low=0.3, high=0.5)
    assert len(found) == 16
    order = match_streaks(found, true, tolerance=4.0)
    assert sorted(order.tolist()) == list(range(16))
    assert distances(found, true[order]).max() <= line_network.CELL


def test_crossing_lines_are_two(line_network: ModuleType, line_segments: ModuleType) -> None:
    true = np.array([(40.0, 40.0, 200.0, 80.0), (100.0, 20.0, 120.0, 160.0)])
    scores = line_network.line_cells(true, (240, 240)).astype(np.float32)
    found, _ = line_segments.line_segments(scores, low=0.5, high=0.5)
    assert sorted(match_streaks(found, true, tolerance=4.0, least=0.8).tolist()) == [0, 1]


def test_pieces_of_one_line_are_joined_and_others_are_not(
    line_network: ModuleType, line_segments: ModuleType
) -> None:
    pieces = [(20.0, 20.0, 60.0, 40.0), (72.0, 46.0, 120.0, 70.0), (60.0, 120.0, 100.0, 120.0)]
    scores = line_network.line_cells(np.array(pieces), (200, 200)).astype(np.float32)
    found, _ = line_segments.line_segments(scores, low=0.5, high=0.5)
    true = np.array([(20.0, 20.0, 120.0, 70.0), (60.0, 120.0, 100.0, 120.0)])
    assert sorted(match_streaks(found, true, tolerance=4.0, least=0.8).tolist()) == [0, 1]


def test_a_patch_needs_one_cell_of_the_high_score(line_segments: ModuleType) -> None:
    scores = np.zeros((40, 40), dtype=np.float32)
    scores[10, 5:15], scores[30, 5:15] = 0.4, 0.4
    scores[30, 9] = 0.6
    found, sums = line_segments.line_segments(scores, low=0.3, high=0.5)
    assert np.sort(found[:, ::2]).tolist() == [pytest.approx([21.5, 57.5])]
    assert found[:, 1::2].tolist() == [pytest.approx([121.5, 121.5])]
    assert sums.tolist() == [pytest.approx(4.2)]
    assert line_segments.line_segments(scores, low=0.3, high=0.9)[0].shape == (0, 4)


def test_the_map_of_a_frame_becomes_its_trails(
    detector_network: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = simulate_streak_frame(
        4, seed=2, shape=(512, 512), lengths=(20, 60), peak_snrs=(10, 20), satellites=0
    )
    true = np.column_stack([frame.truth[name] for name in ("x1", "y1", "x2", "y2")])
    perfect = detector_network.line_cells(true, frame.science.shape).astype(np.float32)
    monkeypatch.setattr(detector_network, "score_cells", lambda network, pixels: perfect)
    found, scores = detector_network.find_by_network(frame, None, detector_network.NetworkOptions())
    ends = np.array([each.fit.trail.ends() for each in found.candidates])
    order = match_streaks(ends, true)
    assert sorted(order.tolist()) == [0, 1, 2, 3]
    assert distances(ends, true[order]).max() < 1.0
    assert scores.min() > 0.9


def test_scores_follow_the_map_along_a_segment(detector_network: ModuleType) -> None:
    cells = np.zeros((20, 20), dtype=np.float32)
    cells[10, :10] = 1.0
    ends = np.array([(6.0, 42.0, 30.0, 42.0), (6.0, 42.0, 70.0, 42.0), (6.0, 70.0, 30.0, 70.0)])
    scores = detector_network.score_along(cells, ends)
    assert scores[[0, 2]].tolist() == [1.0, 0.0]
    assert scores[1] == pytest.approx(0.6, abs=0.05)


def test_a_network_looks_at_frames_of_any_size(line_network: ModuleType) -> None:
    pixels = np.ones((3, 77, 101), dtype=np.float16)
    pixels[1, :, 40:60] = 0.0
    scores = line_network.score_cells(line_network.LineNetwork(), pixels)
    assert scores.shape == (20, 26)
    assert not scores[:, 10:15].any()
    assert scores[:, :10].all()


def test_training_learns_a_bright_line(line_network: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"BATCH": 4, "CROP": 128, "_WARM_UP": 5, "_DECAY": 0.8}.items():
        monkeypatch.setattr(line_network, name, value)
    rng = np.random.default_rng(5)
    ends = np.column_stack([rng.uniform(50, 250, (12, 2)), rng.uniform(50, 250, (12, 2))])
    cells = line_network.line_cells(ends, (300, 300))
    pixels = np.ones((3, 300, 300), dtype=np.float16)
    pixels[0] = rng.normal(0.0, 0.3, (300, 300)) + 3.0 * cells.repeat(4, 0).repeat(4, 1)
    network, _ = line_network.train([line_network.Scene(pixels, cells, ends)], steps=40, seed=1)
    scores = line_network.score_cells(network, pixels)
    assert scores[cells].mean() > 3.0 * scores[~cells].mean()
