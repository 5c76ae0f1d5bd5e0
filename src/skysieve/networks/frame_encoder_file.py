"""Encoders of frames from files, published ones and one's own, and what tells them apart."""

from __future__ import annotations

import hashlib
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open

from skysieve.errors import ModelError
from skysieve.networks.frame_vae import FrameEncoder, FrameVAE, import_frame_encoder
from skysieve.networks.weights import load_weights

__all__ = ["frame_encoder_digest", "read_frame_encoder"]

#: The last layer of an encoder, and of one that stands in an autoencoder.
_ENCODER, _AUTOENCODER = "encoder.6.bias", "encoder.encoder.6.bias"


def read_frame_encoder(path: str | Path) -> FrameEncoder:
    """Read an encoder of frames, ready to use (`eval`).

    Parameters
    ----------
    path : path-like
        Weights of a `FrameEncoder` or a `FrameVAE` that `save_weights` wrote (``.safetensors``); any other
        file is read as the published ``encoder.zip``.

    Raises
    ------
    ModelError
        If the file is damaged, suspicious, or holds another network.

    Examples
    --------
    >>> import tempfile
    >>> from skysieve.networks.weights import save_weights
    >>> path = Path(tempfile.mkdtemp()) / "frames.safetensors"
    >>> network = FrameVAE(latent=5)
    >>> save_weights(network, path)
    >>> frame_encoder_digest(read_frame_encoder(path)) == frame_encoder_digest(network.encoder)
    True
    """
    path = Path(path)
    if path.suffix != ".safetensors":
        return import_frame_encoder(path)
    name, outputs = _last_layer(path)
    if name == _ENCODER:
        encoder = FrameEncoder(outputs // 2)
        load_weights(encoder, path)
        return encoder.eval()
    autoencoder = FrameVAE(outputs // 2)
    load_weights(autoencoder, path)
    return autoencoder.encoder.eval()


def frame_encoder_digest(encoder: FrameEncoder) -> str:
    """Return the SHA-256 of the weights: the same in whatever file they lie.

    Embeddings of one encoder mean nothing to what was trained on those of another, however alike they look.
    """
    digest = hashlib.sha256()
    for name, tensor in sorted(encoder.state_dict().items()):
        values = tensor.detach().cpu().contiguous()
        digest.update(f"{name} {values.dtype} {tuple(values.shape)}\n".encode())
        digest.update(values.flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def _last_layer(path: Path) -> tuple[str, int]:
    """Return the name and the size of the bias of the dense layer, reading nothing else."""
    try:
        with safe_open(path, framework="pt") as file:
            shapes = {
                name: tuple(file.get_slice(name).get_shape())
                for name in file.keys()  # noqa: SIM118 - it is no mapping
                if name in (_ENCODER, _AUTOENCODER)
            }
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error}); give a safetensors file") from None
    except SafetensorError as error:
        raise ModelError(f"{path}: is not a complete safetensors file ({error}); fetch it again") from None
    for name, shape in shapes.items():
        if len(shape) == 1 and shape[0] and not shape[0] % 2:
            return name, shape[0]
    raise ModelError(
        f"{path}: has no dense layer {_ENCODER.removesuffix('.bias')!r} with two outputs a number; give the "
        "weights of a FrameEncoder or a FrameVAE"
    )
