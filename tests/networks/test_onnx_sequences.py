"""Exported networks of sequences take any batch and any number of steps, and do not see padding either."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from numpy.typing import NDArray

from skysieve.errors import ConfigurationError
from skysieve.evaluation.calibration import Temperature
from skysieve.networks import build_network
from skysieve.networks.onnx_export import export_onnx
from skysieve.networks.output_bounds import output_bounds
from skysieve.networks.snad_rnn import SnadRnn
from skysieve.networks.vetter import Vetter

torch.set_num_threads(1)
OUTPUTS = 3
KINDS: list[tuple[str, int, dict[str, Any]]] = [
    ("recurrent", 36, {"hidden": 6, "times": False, "pooling": "attention"}),
    ("recurrent", 4, {"hidden": 6, "layers": 2, "cell": "lstm", "bidirectional": True, "errors": True}),
    ("static-rnn", 2, {"hidden": 6}),
    ("naul", 3, {"hidden": 6, "embedding": 4, "errors": True}),
    ("gru-d", 3, {"hidden": 6}),
    ("time-transformer", 2, {"width": 8, "heads": 2}),
    ("snad", 36, {"hidden": 6, "bidirectional": True}),
]


def vetter_of(name: str, features: int, arguments: dict[str, Any]) -> Vetter:
    torch.manual_seed(0)
    if name == "snad":
        network: torch.nn.Module = SnadRnn(features, OUTPUTS, **arguments)
    else:
        network = build_network(name, shape=(features,), outputs=OUTPUTS, **arguments)
    return Vetter(network, calibrate=Temperature(0.7)).eval()


def curves(name: str, features: int, lengths: list[int], steps: int) -> NDArray[np.float32]:
    """Return light curves, or frames for networks of 36 features, with NaN behind their ends."""
    rng = np.random.default_rng(len(lengths))
    made = rng.normal(0.0 if features == 36 else 15.0, 0.3, (len(lengths), steps, features))
    if features != 36:
        made[..., 0] = np.cumsum(rng.exponential(9.0, made.shape[:2]), axis=1)
    if name == "gru-d":
        made[..., 1][rng.random(made.shape[:2]) < 0.5] = np.nan
    for row, length in zip(made, lengths, strict=True):
        row[length:] = np.nan
    return made.astype(np.float32)


@pytest.mark.parametrize(("name", "features", "arguments"), KINDS, ids=str)
def test_graph_is_the_module_for_lengths_not_tried(
    name: str, features: int, arguments: dict[str, Any], tmp_path: Path
) -> None:
    vetter, path = vetter_of(name, features, arguments), tmp_path / "model.onnx"
    names = list(vetter.state_dict())
    assert export_onnx(vetter, path, (None, features), input_name="steps") < 1e-6
    assert b".py" not in path.read_bytes()
    (taken,) = onnx.load(path).graph.input
    assert [size.dim_param or size.dim_value for size in taken.type.tensor_type.shape.dim] == [
        "batch",
        "steps",
        features,
    ]
    session = onnxruntime.InferenceSession(path)
    for lengths, steps in (([13], 13), ([90, 1, 2, 57, 0], 90), ([2], 2), ([0], 1)):
        samples = curves(name, features, lengths, steps)
        (found,) = session.run(["probability"], {"steps": samples})
        assert output_bounds(vetter, samples, 1e-5).hold(found)
        more = np.pad(samples, ((0, 1), (0, 21), (0, 0)), constant_values=np.nan)
        np.testing.assert_allclose(session.run(None, {"steps": more})[0][:-1], found, atol=1e-6)
        np.testing.assert_allclose(session.run(None, {"steps": samples[:1]})[0], found[:1], atol=1e-6)
        assert np.ptp(found, axis=0).max() > 1e-4 or len(found) == 1
    # What is constant in the graph, such as frequencies of time, is still learned in the network.
    assert list(vetter.state_dict()) == names
    vetter.train()(torch.from_numpy(curves(name, features, [9, 4], 9)))[:, 0].sum().backward()
    assert all(parameter.grad is not None for parameter in vetter.parameters())


def test_published_padding_is_exported_as_frames_of_zeros(tmp_path: Path) -> None:
    vetter = vetter_of("snad", 36, {"hidden": 6, "cell": "lstm", "padding": "published"})
    export_onnx(vetter, tmp_path / "model.onnx", (None, 36))
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    samples = curves("snad", 36, [5, 11], 11)
    (found,) = session.run(None, {"cutouts": samples})
    (zeros,) = session.run(None, {"cutouts": np.nan_to_num(samples)})
    np.testing.assert_allclose(found, zeros, atol=1e-6)
    (short,) = session.run(None, {"cutouts": samples[:1, :5]})
    assert np.abs(short - found[:1]).max() > 1e-4


@pytest.mark.parametrize("shape", [(3, None), (None, None), (None, 4, None)])
def test_axes_that_cannot_have_any_size(shape: tuple[int | None, ...], tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="only the first axis"):
        export_onnx(Vetter(torch.nn.Flatten()), tmp_path / "model.onnx", shape)
    assert not list(tmp_path.iterdir())


def test_networks_are_listed_without_onnxscript() -> None:
    code = "from skysieve.networks import NETWORKS; list(NETWORKS); import sys; print(*sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    modules = found.stdout.split()
    assert "skysieve.networks.onnx_export" in modules
    assert "onnxscript" not in modules
