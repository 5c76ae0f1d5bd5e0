"""Levels of pictures as one definition for numpy, PyTorch and the exported graph."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from skysieve.networks import build_network
from skysieve.networks.onnx_export import export_onnx
from skysieve.networks.vetter import Vetter
from skysieve.preprocess import Pipeline


def test_one_definition_everywhere(tmp_path: Path) -> None:
    torch.manual_seed(0)
    pipeline = Pipeline.of("picture-levels")
    images = np.random.default_rng(1).integers(0, 256, (4, 3, 16, 16)).astype(np.float32)
    images[0, 0, 0, 0] = np.nan
    expected = np.nan_to_num(images) / 255
    np.testing.assert_allclose(pipeline(images), expected, rtol=1e-6)
    np.testing.assert_allclose(pipeline(torch.from_numpy(images)).numpy(), expected, rtol=1e-6)
    assert Pipeline.from_json(pipeline.to_json()) == pipeline
    network = build_network("deepshadows", shape=(3, 16, 16), outputs=1, width=4, dense=8)
    assert export_onnx(Vetter(network, preprocess=pipeline), tmp_path / "model.onnx", (3, 16, 16)) < 1e-5
