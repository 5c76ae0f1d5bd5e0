"""Ensembles: the mean of probabilities, as logits that calibrate and export."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from skysieve.errors import ConfigurationError
from skysieve.networks import build_network
from skysieve.networks.onnx_export import export_onnx
from skysieve.networks.vetter import Vetter
from skysieve.training.configuration import TrainingConfig
from skysieve.training.ensemble import Ensemble, fit_ensemble
from skysieve.training.examples import Examples


class Constant(nn.Module):
    """The same logits for every sample."""

    def __init__(self, *logits: float) -> None:
        super().__init__()
        self.logits = nn.Parameter(torch.tensor(logits, dtype=torch.float64))

    def forward(self, x: Tensor) -> Tensor:
        return self.logits.expand(len(x), -1)


logits = st.floats(-30, 30)


@given(st.lists(logits, min_size=1, max_size=5))
def test_binary_is_the_mean_probability(members: list[float]) -> None:
    found = torch.sigmoid(Ensemble([Constant(member) for member in members])(torch.zeros(1)))
    expected = np.mean([1 / (1 + np.exp(-member)) for member in members])
    assert found.item() == pytest.approx(expected, rel=1e-6)


@given(st.lists(st.tuples(logits, logits, logits), min_size=1, max_size=5))
def test_multiclass_is_the_mean_probability(members: list[tuple[float, float, float]]) -> None:
    found = torch.softmax(Ensemble([Constant(*member) for member in members])(torch.zeros(1)), dim=1)
    expected = torch.softmax(torch.tensor(members, dtype=torch.float64), dim=1).mean(0)
    torch.testing.assert_close(found[0], expected)


def test_sure_members_stay_finite() -> None:
    assert Ensemble([Constant(200.0), Constant(200.0)])(torch.zeros(1)).item() == pytest.approx(200)
    assert Ensemble([Constant(-200.0)])(torch.zeros(1)).item() == pytest.approx(-200)


def test_no_members() -> None:
    with pytest.raises(ConfigurationError, match="no members"):
        Ensemble([])


def make_network() -> nn.Module:
    return build_network("vgg6", shape=(1, 20, 20), outputs=1, width=4, dense=16)


def test_members_differ_by_seed_and_export_as_one(
    train: Examples, validation: Examples, config: TrainingConfig, tmp_path: Path
) -> None:
    config = dataclasses.replace(config, epochs=2)
    result = fit_ensemble(
        make_network, train, validation, 2, config, tmp_path, preprocess=torch.nan_to_num, progress=False
    )
    first, second = (member.folder / "best.safetensors" for member in result.members)
    assert first.parent.name == "member_0"
    assert first.read_bytes() != second.read_bytes()
    vetter = Vetter(result.network, preprocess=torch.nan_to_num).eval()
    assert export_onnx(vetter, tmp_path / "model.onnx", (1, 20, 20)) < 1e-5
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    (found,) = session.run(None, {"cutouts": validation.inputs})
    members = [Vetter(member.network, preprocess=torch.nan_to_num) for member in result.members]
    with torch.inference_mode():
        mean = torch.stack([member(torch.from_numpy(validation.inputs)) for member in members]).mean(0)
    np.testing.assert_allclose(found, mean.numpy(), atol=1e-5)


@pytest.mark.parametrize("members", [0, -1])
def test_too_few_members(
    members: int, train: Examples, validation: Examples, config: TrainingConfig, tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError, match=f"members={members}"):
        fit_ensemble(make_network, train, validation, members, config, tmp_path)
