"""Weights of networks: written as safetensors, read from safetensors or from Keras."""

from __future__ import annotations

import json
from pathlib import Path

import safetensors.torch
from safetensors import SafetensorError
from torch import Tensor, nn

from skysieve.atomic_file import replacing
from skysieve.errors import ModelError

__all__ = ["load_backbone", "load_weights", "save_weights"]


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
    load_state(network, _read_state(Path(path)), str(path))


def load_backbone(network: nn.Module, path: str | Path) -> None:
    """Read all weights but those of the last dense layer, in place; that layer stays as it is.

    So a network starts from one that answers another question on the same images.

    Raises
    ------
    ModelError
        As of `load_weights`; or if the network has no dense layer at its end.
    """
    dense = [name for name, module in network.named_modules() if isinstance(module, nn.Linear)]
    if not dense:
        raise ModelError(f"{path}: {type(network).__name__} has no dense layer that could be left out")
    last = f"{dense[-1]}."
    state = _read_state(Path(path))
    own = network.state_dict()
    kept = {name: tensor for name, tensor in own.items() if name.startswith(last)}
    load_state(
        network, {name: tensor for name, tensor in state.items() if name not in kept} | kept, str(path)
    )


def _read_state(path: Path) -> dict[str, Tensor]:
    try:
        state: dict[str, Tensor] = safetensors.torch.load(path.read_bytes())
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror}); give a safetensors file") from None
    except (SafetensorError, json.JSONDecodeError) as error:
        raise ModelError(f"{path}: is not a complete safetensors file ({error}); fetch it again") from None
    return state


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
