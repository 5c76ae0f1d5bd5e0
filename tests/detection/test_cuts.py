import numpy as np
import pytest

from skysieve.detection.cuts import passes_cuts
from skysieve.detection.features import FEATURES

GOOD = {
    "width": 1.0,
    "length_snr": 30.0,
    "gain": 0.8,
    "search_ratio": 1.1,
    "chi2": 1.0,
    "weight": 1.0,
    "dimmest_piece": 0.8,
    "converged": 1.0,
}


def row(**changes: float) -> np.ndarray:
    values = GOOD | changes
    return np.array([[values.get(name, 0.0) for name in FEATURES]], np.float32)


def test_an_ordinary_trail_passes() -> None:
    assert passes_cuts(row()).tolist() == [True]


@pytest.mark.parametrize(
    "change",
    [
        {"width": 0.3},
        {"width": 3.0},
        {"length_snr": 1.0},
        {"chi2": 9.0},
        {"masked": 0.9},
        {"light_ratio": 3.0},
        {"flank_low": -20.0},
        {"dimmest_piece": -0.5},
        {"beyond_ends": 0.9},
        {"converged": 0.0},
    ],
)
def test_each_cut_refuses(change: dict[str, float]) -> None:
    assert passes_cuts(row(**change)).tolist() == [False]
