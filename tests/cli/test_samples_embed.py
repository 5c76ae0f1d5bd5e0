"""What embedding frames says about frames and weights that do not do, and who sends users there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from skysieve.networks.frame_vae import FrameEncoder
from skysieve.networks.weights import save_weights
from skysieve.samples import SampleSet
from skysieve.sources.simulators.frames.samples import write_frame_samples

torch.set_num_threads(1)

Call = Callable[[list[str]], tuple[str, str]]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Go to a folder with three sequences of frames and an encoder of 36 numbers."""
    monkeypatch.chdir(tmp_path)
    write_frame_samples(tmp_path / "frames.parquet", 3, seed=1, lengths=(2, 3))
    torch.manual_seed(0)
    save_weights(FrameEncoder(), tmp_path / "encoder.safetensors")
    return tmp_path


def embed(call: Call, encoder: str) -> tuple[str, str]:
    return call(["samples", "embed", "frames.parquet", "-o", "embeddings.parquet", "--encoder", encoder])


def test_the_recipe_of_embeddings_sends_frames_here(place: Path, call: Call) -> None:
    said, error = call(["train", "snad-frames", "frames.parquet", "-o", "run"])
    assert said == ""
    assert "`skysieve samples embed`" in error
    said, error = embed(call, "encoder.safetensors")
    assert error == ""
    made = SampleSet.open(place / "embeddings.parquet")
    assert made.description.tensors["embedding"].shape == (None, 36)
    assert made.description.origin["embedding"]["encoder"] in said


def test_weights_that_are_absent_or_of_another_network_are_named(place: Path, call: Call) -> None:
    assert embed(call, "nowhere.zip")[1] == "nowhere.zip: does not exist; check the path"
    torch.save(torch.nn.GRU(36, 128).state_dict(), place / "model0.zip")
    assert "model0.zip: has no dense layer 'encoder.6'" in embed(call, "model0.zip")[1]
    assert not (place / "embeddings.parquet").exists()


def test_an_encoder_is_trained_again_on_demand(place: Path, call: Call) -> None:
    words = ["samples", "frame-encoder", "frames.parquet", "-o", "run", "--set", "epochs=1"]
    assert call([*words, "--set", "latent=2"])[1] == ""
    assert "differs in latent" in call([*words, "--set", "latent=3"])[1]
    assert "--fresh" in call([*words, "--set", "latent=3"])[1]
    assert call([*words, "--set", "latent=3", "--fresh"])[1] == ""
    assert embed(call, "run/vae.safetensors")[1] == ""
    assert SampleSet.open(place / "embeddings.parquet").description.tensors["embedding"].shape == (None, 3)
