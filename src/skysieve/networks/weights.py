"""Weights of networks: written as safetensors, read from safetensors or from Keras."""

from __future__ import annotations

import json
from pathlib import Path

import safetensors.torch
from safetensors import SafetensorError
from torch import Tensor, nn

from skysieve.atomic_file import replacing
from skysieve.errors import ModelError

__all__ = ["load_weights", "save_weights"]


def save_weights(network: nn.Module, path: str | Path) -> None:
    """Write the parameters and buffers of a network to a safetensors file.

    The file is replaced at once, and the same weights give the same bytes.

    Parameters
    ----------
    network : nn.Module
        Any module; on any device.
    path : path-like
        File to write, usually ``weights.safetensors``.
    """
    with replacing(path) as temporary:
        temporary.write_bytes(weights_bytes(network.state_dict()))


def weights_bytes(state: dict[str, Tensor]) -> bytes:
    """Return a state dictionary as the bytes of a safetensors file."""
    plain = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in state.items()}
    data: bytes = safetensors.torch.save(plain)
    return data


def load_weights(network: nn.Module, path: str | Path) -> None:
    """Read the weights of a network from a safetensors file, in place.

    Raises
    ------
    ModelError
        If the file is missing or damaged, or holds the weights of another
        network; the message names the tensors that do not fit.
    """
    path = Path(path)
    try:
        state = safetensors.torch.load(path.read_bytes())
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror}); give a safetensors file") from None
    except (SafetensorError, json.JSONDecodeError) as error:
        raise ModelError(f"{path}: is not a complete safetensors file ({error}); fetch it again") from None
    load_state(network, state, str(path))


def load_state(network: nn.Module, state: dict[str, Tensor], source: str) -> None:
    """Give a network the tensors of a state dictionary after checking that all fit.

    Raises
    ------
    ModelError
        If tensors lack, are too many or have another shape.
    """
    wanted = network.state_dict()
    misfits = [
        *(f"{name} is missing" for name in wanted if name not in state),
        *(f"{name} is unknown to the network" for name in state if name not in wanted),
        *(
            f"{name} has shape {tuple(state[name].shape)}, expected {tuple(tensor.shape)}"
            for name, tensor in wanted.items()
            if name in state and state[name].shape != tensor.shape
        ),
    ]
    if misfits:
        more = f" and {len(misfits) - 5} more" if len(misfits) > 5 else ""
        raise ModelError(
            f"{source}: the weights do not fit {type(network).__name__}: {'; '.join(misfits[:5])}{more}; "
            "build the network with the arguments that it was trained with"
        )
    network.load_state_dict(state)
