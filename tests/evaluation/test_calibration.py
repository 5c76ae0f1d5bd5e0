from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, softmax

from skysieve.errors import ConfigurationError, ContractError, ModelError
from skysieve.evaluation.calibration import (
    Calibrator,
    Isotonic,
    Sigmoid,
    Softmax,
    Temperature,
    calibrator_from_json,
)

torch.set_num_threads(1)

STEEP = Isotonic((-7.0, -1.0, -0.999, 0.3, 0.3001, 5.0), (1e-6, 0.02, 0.3, 0.3, 0.9, 1 - 1e-6))
BINARY = [Sigmoid(), Temperature(1.7, 0.4), Temperature(0.3), STEEP]
MULTICLASS = [Softmax(), Temperature(2.5)]


class Head(torch.nn.Module):
    def __init__(self, calibrator: Calibrator) -> None:
        super().__init__()
        self.calibrator = calibrator

    def forward(self, logits: torch.Tensor) -> torch.Tensor:
        return self.calibrator(logits)  # type: ignore[no-any-return]


def export(calibrator: Calibrator, columns: int, path: Path) -> onnxruntime.InferenceSession:
    batch = torch.export.Dim("batch")
    example = torch.randn(3, columns, generator=torch.Generator().manual_seed(0))
    torch.onnx.export(
        Head(calibrator), (example,), path, dynamo=True, verbose=False, dynamic_shapes=({0: batch},)
    )
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])


def name(calibrator: Any) -> str:
    return repr(calibrator)[:32]


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
@pytest.mark.parametrize(
    ("calibrator", "columns"), [(c, 1) for c in BINARY] + [(c, 5) for c in MULTICLASS], ids=name
)
def test_numpy_torch_and_onnx_agree(calibrator: Calibrator, columns: int, tmp_path: Path) -> None:
    logits = np.random.default_rng(1).normal(0, 6, (1000, columns)).astype(np.float32)
    logits[:4] = np.array([0, 90, -90, 1e4], dtype=np.float32)[:, None]
    here = calibrator(logits)
    in_torch = calibrator(torch.from_numpy(logits)).numpy()
    session = export(calibrator, columns, tmp_path / "head.onnx")
    in_onnx = session.run(None, {session.get_inputs()[0].name: logits})[0]
    assert here.dtype == in_torch.dtype == in_onnx.dtype == np.float32
    assert here.shape == in_torch.shape == in_onnx.shape == ((1000,) if columns == 1 else (1000, columns))
    np.testing.assert_allclose(in_torch, here, rtol=0, atol=1e-6)
    np.testing.assert_allclose(in_onnx, here, rtol=0, atol=1e-6)


def test_uncalibrated_maps_equal_scipy() -> None:
    logits = np.random.default_rng(2).normal(0, 20, (300, 4))
    np.testing.assert_allclose(Sigmoid()(logits[:, 0]), expit(logits[:, 0]), rtol=1e-13)
    np.testing.assert_allclose(Softmax()(logits), softmax(logits, axis=1), rtol=1e-13)
    np.testing.assert_allclose(Temperature(3.0)(logits), softmax(logits / 3, axis=1), rtol=1e-13)
    np.testing.assert_allclose(
        Temperature(3.0, -0.5)(logits[:, 0]), expit(logits[:, 0] / 3 - 0.5), rtol=1e-13
    )


def test_isotonic_equals_linear_interpolation() -> None:
    logits = np.random.default_rng(3).uniform(-9, 9, 2000)
    expected = np.interp(logits, STEEP.knots, STEEP.values)
    np.testing.assert_allclose(STEEP(logits), expected, rtol=0, atol=1e-12)


@given(
    st.lists(st.floats(-30, 30, width=32), min_size=2, max_size=40),
    st.sampled_from([*BINARY, Temperature(1e-3), Temperature(1e3)]),
)
def test_calibration_keeps_the_order_of_logits(logits: list[float], calibrator: Calibrator) -> None:
    probabilities = calibrator(np.sort(np.array(logits, dtype=np.float32)))
    assert (np.diff(probabilities) >= 0).all()
    assert (probabilities >= 0).all()
    assert (probabilities <= 1).all()


@pytest.mark.parametrize("calibrator", BINARY, ids=name)
def test_one_column_is_the_same_as_none_and_nan_stays(calibrator: Calibrator) -> None:
    logits = np.array([-1.0, np.nan, 2.0])
    np.testing.assert_array_equal(calibrator(logits), calibrator(logits[:, None]))
    assert np.isnan(calibrator(logits)).tolist() == [False, True, False]
    assert calibrator(np.empty(0)).shape == (0,)


@pytest.mark.parametrize("calibrator", BINARY + MULTICLASS, ids=name)
def test_json_round_trip(calibrator: Calibrator) -> None:
    assert isinstance(calibrator, Calibrator)
    assert calibrator_from_json(json.loads(json.dumps(calibrator.to_json()))) == calibrator


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"kind": "beta"}, "'beta'; expected one of sigmoid"),
        ({}, "None"),
        ({"kind": "temperature"}, "cannot be read"),
        ({"kind": "temperature", "temperature": -1.0}, "positive"),
        ({"kind": "isotonic", "knots": [0, 1], "values": [0.5]}, "2 knots and 1 values"),
    ],
)
def test_unreadable_json_is_a_model_error(data: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        calibrator_from_json(data)


@pytest.mark.parametrize(
    ("knots", "values"),
    [((0.0,), (0.5,)), ((1.0, 1.0), (0.1, 0.2)), ((0.0, 1.0), (0.3, 0.2)), ((0.0, 1.0), (0.3, 1.2))],
)
def test_isotonic_refuses_what_is_no_function(knots: tuple[float, ...], values: tuple[float, ...]) -> None:
    with pytest.raises(ConfigurationError):
        Isotonic(knots, values)


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ContractError, match=r"\(2, 3\)"):
        Sigmoid()(np.zeros((2, 3)))
    with pytest.raises(ContractError, match="K >= 2"):
        Softmax()(np.zeros((2, 1)))
    with pytest.raises(ContractError, match="bias"):
        Temperature(1.0, 0.5)(np.zeros((2, 3)))
