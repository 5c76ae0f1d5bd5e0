"""Encoders from files of all kinds, and the digest that tells them apart."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from skysieve.errors import ModelError
from skysieve.networks.frame_encoder_file import frame_encoder_digest, read_frame_encoder
from skysieve.networks.frame_vae import FrameEncoder, FrameVAE, import_frame_encoder
from skysieve.networks.weights import save_weights, weights_bytes

torch.set_num_threads(1)


@pytest.fixture
def network() -> FrameVAE:
    torch.manual_seed(0)
    return FrameVAE(latent=5)


def test_an_encoder_is_the_same_from_whatever_file(network: FrameVAE, tmp_path: Path) -> None:
    torch.save(network.encoder.state_dict(), tmp_path / "encoder.zip")
    save_weights(network.encoder, tmp_path / "encoder.safetensors")
    save_weights(network, tmp_path / "vae.safetensors")
    frames = torch.rand(3, 1, 28, 28)
    expected = network.eval().encoder(frames)
    for name in ("encoder.zip", "encoder.safetensors", "vae.safetensors"):
        found = read_frame_encoder(tmp_path / name)
        assert not found.training
        assert all(map(torch.equal, found(frames), expected))
        assert frame_encoder_digest(found) == frame_encoder_digest(network.encoder)


def test_the_digest_tells_any_change(network: FrameVAE) -> None:
    encoder = network.encoder
    before = frame_encoder_digest(encoder)
    assert len(before) == 64
    with torch.no_grad():
        encoder.encoder[0][1].running_mean[3] += 1e-6
    after = frame_encoder_digest(encoder)
    assert after != before
    assert frame_encoder_digest(FrameEncoder(latent=4)) not in (before, after)


def test_other_files_are_refused(network: FrameVAE, tmp_path: Path) -> None:
    wrong, cut = tmp_path / "other.safetensors", tmp_path / "cut.safetensors"
    save_weights(nn.Linear(3, 2), wrong)
    with pytest.raises(ModelError, match=r"other\.safetensors: has no dense layer 'encoder\.6'"):
        read_frame_encoder(wrong)
    save_weights(network, cut)
    cut.write_bytes(cut.read_bytes()[:5000])
    with pytest.raises(ModelError, match="is not a complete safetensors file"):
        read_frame_encoder(cut)
    with pytest.raises(ModelError, match="cannot be read"):
        read_frame_encoder(tmp_path / "nowhere.safetensors")
    torch.save(nn.GRU(36, 128).state_dict(), tmp_path / "model0.zip")
    with pytest.raises(ModelError, match=r"model0\.zip: has no dense layer"):
        read_frame_encoder(tmp_path / "model0.zip")
    half = {name: tensor for name, tensor in network.encoder.state_dict().items() if "encoder.0" not in name}
    (tmp_path / "half.safetensors").write_bytes(weights_bytes(half))
    with pytest.raises(ModelError, match=r"encoder\.0\.0\.weight is missing"):
        read_frame_encoder(tmp_path / "half.safetensors")


@pytest.mark.realdata
def test_the_published_encoder_is_read(real_data: Path) -> None:
    path = real_data / "snad" / "published_weights" / "vae" / "encoder.zip"
    found = read_frame_encoder(path)
    assert frame_encoder_digest(found) == frame_encoder_digest(import_frame_encoder(path))
