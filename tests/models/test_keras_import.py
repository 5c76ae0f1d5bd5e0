"""Keras weights to model folders: what the model expects, says it is, and computes."""

from __future__ import annotations

import math
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from skysieve.errors import ConfigurationError, ModelError
from skysieve.models.check import check_model
from skysieve.models.keras_import import PROJECTS, import_keras_model

torch.set_num_threads(1)
FC4 = {"dense_1": (576, 1024), "dense_2": (1024, 256), "dense_3": (256, 1)}
SHAPE = (1, 24, 24)


def write(path: Path, layers: dict[str, tuple[int, ...]]) -> dict[str, NDArray[np.float32]]:
    """Write random weights as Keras does and return the kernels; biases are zero."""
    generator = np.random.default_rng(5)
    kernels = {
        name: (generator.normal(0, 1, shape) / math.sqrt(math.prod(shape[:-1]))).astype(np.float32)
        for name, shape in layers.items()
    }
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [name.encode() for name in layers]
        for name, kernel in kernels.items():
            group = file.create_group(name)
            group.attrs["weight_names"] = [f"{name}/kernel:0".encode(), f"{name}/bias:0".encode()]
            group[f"{name}/kernel:0"] = kernel
            group[f"{name}/bias:0"] = np.zeros(kernel.shape[-1], np.float32)
    return kernels


def score(kernels: dict[str, NDArray[np.float32]], images: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return what the fully connected network says of grey levels, in numpy."""
    x = images.reshape(len(images), -1).astype(np.float64) / 255
    first, second, output = kernels.values()
    x = np.maximum(np.maximum(x @ first, 0) @ second, 0) @ output
    return 1 / (1 + np.exp(-x[:, 0]))


def test_streak_model_scores_grey_levels(tmp_path: Path) -> None:
    kernels = write(tmp_path / "sl_fc4.weights.h5", FC4)
    model = import_keras_model(
        tmp_path / "sl_fc4.weights.h5", tmp_path / "model", network="fc4", family="sl", shape=SHAPE
    )
    images = np.random.default_rng(0).integers(0, 256, (20, *SHAPE)).astype(np.float32)
    expected = score(kernels, images)
    assert np.ptp(expected) > 0.02
    np.testing.assert_allclose(model.predict(images), expected, atol=1e-6)
    assert [check.outcome for check in check_model(model)] == ["passed"] * 4


def test_masked_pixels_are_those_of_no_difference(tmp_path: Path) -> None:
    write(tmp_path / "a.h5", FC4)
    model = import_keras_model(tmp_path / "a.h5", tmp_path / "m", network="fc4", family="rb", shape=SHAPE)
    images = np.random.default_rng(0).integers(0, 256, (2, *SHAPE)).astype(np.float32)
    images[:, 0, :, :9] = 204
    masked = images.copy()
    masked[:, 0, :, :9] = np.nan
    np.testing.assert_array_equal(model.predict(masked), model.predict(images))


def test_streak_model_says_what_it_is(tmp_path: Path) -> None:
    write(tmp_path / "a.h5", FC4)
    model = import_keras_model(tmp_path / "a.h5", tmp_path / "m", network="fc4", family="kd", shape=SHAPE)
    description = model.description
    assert description.name == "a"
    assert description.classes == ("ditch", "keep")
    assert description.summary.startswith("FC4 of DeepStreaks, family kd: keep against ditch;")
    assert description.contract.channels == ("difference",)
    assert description.contract.unit == "grey level"
    assert [step["step"] for step in description.preprocess] == ["unit-range"]
    assert description.network == {"name": "fc4", "outputs": 1, "arguments": {}}


@pytest.mark.parametrize(("family", "classes"), [("rb", ("bogus", "streak")), ("os", ("other", "plausible"))])
def test_published_file_names_tell_the_family(family: str, classes: tuple[str, str], tmp_path: Path) -> None:
    path = tmp_path / f"{PROJECTS[family]}_FC4_20181207_182618.weights.h5"
    write(path, FC4)
    model = import_keras_model(path, tmp_path / "m", network="fc4", norm="unit-range", shape=SHAPE)
    assert model.description.classes == classes
    assert model.description.name == path.name.removesuffix(".weights.h5")


def test_cutouts_of_deepstreaks_are_the_default_shape_of_streaks(tmp_path: Path) -> None:
    layers = {"a": (3, 3, 1, 16), "b": (3, 3, 16, 32), "c": (9248, 256), "d": (256, 1)}
    write(tmp_path / "a.h5", layers)
    model = import_keras_model(tmp_path / "a.h5", tmp_path / "m", network="vgg4", family="os")
    assert model.description.contract.shape == (1, 144, 144)


def test_what_cannot_be_imported_is_said(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    write(path, FC4)
    folder = tmp_path / "m"
    with pytest.raises(ConfigurationError, match=r"one of l2-per-row, l2-per-cutout, found None; .* family"):
        import_keras_model(path, folder)
    with pytest.raises(
        ConfigurationError, match=r"a\.h5: is not named as .* give one of the families rb, sl"
    ):
        import_keras_model(path, folder, norm="unit-range")
    with pytest.raises(ConfigurationError, match="one of rb, sl, kd, os, found 'drb'"):
        import_keras_model(path, folder, family="drb")
    with pytest.raises(ConfigurationError, match="norm unit-range, found 'l2-per-row'"):
        import_keras_model(path, folder, family="rb", norm="l2-per-row")
    with pytest.raises(ModelError, match=r"'dense_1' has weight \(1024, 576\), .* \(1024, 20736\)"):
        import_keras_model(path, folder, network="fc4", family="rb")
    with pytest.raises(ModelError, match="Compact was never published from Keras"):
        import_keras_model(path, folder, network="compact", family="rb")
    assert not folder.exists()
