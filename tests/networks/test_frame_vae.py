"""The autoencoder of frames: published layers, published weights, and its loss."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from skysieve.errors import ModelError
from skysieve.networks.frame_vae import (
    FrameDecoder,
    FrameEncoder,
    FrameVAE,
    frame_vae_loss,
    import_frame_encoder,
)
from skysieve.preprocess import Pipeline

torch.set_num_threads(1)

# Published frames of objects in r: file, object, place of the frame in its sequence.
STORED = (
    ("defocusing", 682201300017788, 704),
    ("ghost", 635209100001425, 350),
    ("track", 678216100007149, 128),
)


def test_the_decoder_restores_the_size_of_a_frame() -> None:
    frames = FrameDecoder(latent=5).eval()(torch.zeros(2, 5))
    assert frames.shape == (2, 1, 28, 28)
    assert frames.min() >= 0


def test_the_convolutions_are_the_published_ones() -> None:
    encoder = FrameEncoder()
    kernels = [tuple(tensor.shape) for tensor in encoder.state_dict().values() if tensor.ndim == 4]
    sides = [(32, 1, 3, 3), (64, 32, 3, 3), (128, 64, 3, 3), (256, 128, 3, 3), (512, 256, 1, 1)]
    assert kernels == sides
    assert encoder.encoder[6].weight.shape == (72, 2048)


def test_numbers_are_drawn_while_training_only() -> None:
    torch.manual_seed(0)
    network, frames = FrameVAE(latent=4), torch.rand(3, 1, 28, 28)
    assert not torch.equal(network(frames)[0], network(frames)[0])
    network.eval()
    assert torch.equal(network(frames)[0], network(frames)[0])


def test_the_loss_is_log_cosh_and_the_divergence_from_a_unit_normal() -> None:
    frames, restored = torch.zeros(2, 1, 28, 28), torch.full((2, 1, 28, 28), 0.7)
    mean, log_variance = torch.tensor([[0.5, -1.0]]).repeat(2, 1), torch.tensor([[0.2, 0.0]]).repeat(2, 1)
    drawn = torch.distributions.Normal(mean, (0.5 * log_variance).exp())
    divergence = torch.distributions.kl_divergence(drawn, torch.distributions.Normal(0.0, 1.0)).sum(1).mean()
    expected = np.log(np.cosh(0.7)) + 8e-5 * divergence.item()
    assert frame_vae_loss(restored, frames, mean, log_variance).item() == pytest.approx(expected, rel=1e-5)
    assert frame_vae_loss(restored * 1e4, frames, mean, log_variance).isfinite()


def test_a_few_steps_lower_the_loss() -> None:
    torch.manual_seed(0)
    network, frames = FrameVAE(latent=4), torch.rand(16, 1, 28, 28)
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-3)
    losses = []
    for _ in range(12):
        optimiser.zero_grad()
        restored, mean, log_variance = network(frames)
        loss = frame_vae_loss(restored, frames, mean, log_variance)
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.8 * losses[0]


def test_weights_are_imported_with_their_number_of_latents(tmp_path: Path) -> None:
    torch.manual_seed(0)
    encoder = FrameEncoder(latent=78).eval()
    torch.save(encoder.state_dict(), tmp_path / "encoder_ld78.zip")
    found = import_frame_encoder(tmp_path / "encoder_ld78.zip")
    frames = torch.rand(2, 1, 28, 28)
    assert torch.equal(found(frames)[0], encoder(frames)[0])
    torch.save({"fc.weight": torch.zeros(1)}, tmp_path / "other.zip")
    with pytest.raises(ModelError, match=r"no dense layer 'encoder.6'"):
        import_frame_encoder(tmp_path / "other.zip")


@pytest.mark.realdata
def test_published_weights_give_the_published_embeddings_of_real_frames(real_data: Path) -> None:
    snad = real_data / "snad"
    encoder = import_frame_encoder(snad / "published_weights" / "vae" / "encoder.zip")
    with np.load(snad / "embeddings_mu_f16_part0.npz") as part:
        ids, starts, mu = part["oid"], np.cumsum(part["length"]) - part["length"], part["mu"]
    for name, oid, place in STORED:
        frame = np.load(snad / "artefact_img" / f"{name}.npy")[None, None]
        # Detector counts of the same frame, so that the preprocessing is judged too.
        prepared = Pipeline.of("frame-min-max")(700 * frame + 150)
        with torch.no_grad():
            found = encoder(torch.from_numpy(prepared))[0][0].numpy()
        stored = mu[starts[ids == oid][0] + place].astype(np.float32)
        # Half precision of the stored numbers, some of which are near 4.
        np.testing.assert_allclose(found, stored, atol=2e-3)
        assert np.linalg.norm(found - stored) < 1e-3
