"""Export to ONNX: what is written is what was built, or nothing is written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import Tensor, nn

from skysieve.errors import ModelError
from skysieve.evaluation.calibration import Isotonic
from skysieve.networks.compact import Compact
from skysieve.networks.onnx_export import export_onnx
from skysieve.networks.onnx_trials import trial_batches
from skysieve.networks.vetter import Vetter
from skysieve.preprocess.steps import Pipeline

torch.set_num_threads(1)
SHAPE = (2, 16, 16)


@pytest.fixture
def vetter() -> Vetter:
    torch.manual_seed(0)
    network = Compact(SHAPE, width=4)
    return Vetter(network, preprocess=Pipeline.of("nan-to-num", "l2-per-cutout"))


def test_graph_takes_raw_pixels_with_nan(
    vetter: Vetter, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    vetter.train()
    assert export_onnx(vetter, tmp_path / "model.onnx", SHAPE) < 1e-6
    assert vetter.network.training
    assert capfd.readouterr() == ("", "")
    samples = np.random.default_rng(0).normal(size=(5, *SHAPE)).astype(np.float32)
    samples[0, 0, :3] = samples[1] = np.nan
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    (found,) = session.run(["probability"], {"cutouts": samples})
    with torch.inference_mode():
        expected = vetter.eval()(torch.from_numpy(samples)).numpy()
    assert found.shape == (5,)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_file_tells_nothing_about_the_machine(vetter: Vetter, tmp_path: Path) -> None:
    export_onnx(vetter, tmp_path / "model.onnx", SHAPE)
    content = (tmp_path / "model.onnx").read_bytes()
    assert str(Path(__file__).parents[2]).encode() not in content
    assert b".py" not in content
    assert [file.name for file in tmp_path.iterdir()] == ["model.onnx"]
    assert onnx.load(tmp_path / "model.onnx").ir_version <= 10


def test_same_module_gives_the_same_bytes(vetter: Vetter, tmp_path: Path) -> None:
    for name in ("first.onnx", "second.onnx"):
        export_onnx(vetter, tmp_path / name, SHAPE)
    assert (tmp_path / "first.onnx").read_bytes() == (tmp_path / "second.onnx").read_bytes()


def test_module_that_lets_nan_through_is_refused(vetter: Vetter, tmp_path: Path) -> None:
    vetter.preprocess = None
    with pytest.raises(ModelError, match="fills NaN"):
        export_onnx(vetter, tmp_path / "model.onnx", SHAPE)
    assert not list(tmp_path.iterdir())


def test_graph_that_differs_is_not_left_behind(tmp_path: Path) -> None:
    class FrozenDraw(nn.Module):
        """Each call of Python counts on, which no graph can do."""

        calls = 0

        def forward(self, x: Tensor) -> Tensor:
            type(self).calls += 1
            return x.nan_to_num().mean((1, 2, 3)) + float(self.calls)

    with pytest.raises(ModelError, match="differ from those of the module"):
        export_onnx(FrozenDraw(), tmp_path / "model.onnx", SHAPE)
    assert not list(tmp_path.iterdir())


@pytest.fixture
def hardly_trained(vetter: Vetter) -> Vetter:
    """Return a network as it starts, with the steps of an isotonic calibration on a few samples."""
    vetter.eval()
    with torch.inference_mode():
        trials = trial_batches(SHAPE, accepts_nan=True, full_scale=None)
        logits = np.unique(np.concatenate([vetter.logits(torch.from_numpy(each)) for each in trials]))
    steps = logits[np.diff(logits, prepend=-np.inf) > 1e-5].astype(float)
    knots = np.stack([steps - 2e-6, steps + 2e-6], axis=1).ravel()
    values = np.repeat(np.linspace(0.0, 1.0, len(steps) + 1), 2)[1:-1]
    vetter.calibrate = Isotonic(tuple(knots), tuple(values))
    return vetter


def test_a_steep_calibration_is_allowed_what_rounding_gives(hardly_trained: Vetter, tmp_path: Path) -> None:
    export_onnx(hardly_trained, tmp_path / "model.onnx", SHAPE)
    assert (tmp_path / "model.onnx").is_file()


def test_a_steep_calibration_hides_no_other_graph(hardly_trained: Vetter, tmp_path: Path) -> None:
    class Drift(nn.Module):
        """Each call of Python moves the logit by a little more, which no graph can do."""

        def __init__(self, network: nn.Module) -> None:
            super().__init__()
            self.network, self.calls = network, 0

        def forward(self, x: Tensor) -> Tensor:
            self.calls += 1
            return self.network(x) + 1e-3 * float(self.calls)

    hardly_trained.network = Drift(hardly_trained.network)
    with pytest.raises(ModelError, match="differ from those of the module"):
        export_onnx(hardly_trained, tmp_path / "model.onnx", SHAPE)
