"""Weights that others published as PyTorch state dictionaries, read without running anything in the file."""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path, PurePosixPath

import torch
from torch import Tensor, nn

from skysieve.errors import ModelError
from skysieve.networks.weights import load_state

__all__ = ["import_torch_weights", "read_torch_state"]

#: No network here is near it; an archive that unpacks to more was made to fill the memory.
MOST_BYTES = 1 << 30


def import_torch_weights(path: str | Path, network: nn.Module) -> None:
    """Give a network the weights of a file that ``torch.save(network.state_dict())`` wrote, in place.

    Parameters
    ----------
    path : path-like
        Zip archive of PyTorch since 1.6, whatever its name ends with; from any device.
    network : nn.Module
        With the same names of parameters; changed only if every tensor fits.

    Raises
    ------
    ModelError
        If the file is missing, damaged or suspicious, or holds the weights of another network; the
        message names the tensors that do not fit.
    """
    load_state(network, read_torch_state(path), str(path))


def read_torch_state(path: str | Path, *, most_bytes: int = MOST_BYTES) -> dict[str, Tensor]:
    """Read a state dictionary, tensors only.

    Before PyTorch sees the file, the list of its members is checked: one that unpacks to more than
    ``most_bytes``, or has members outside its own folder, is refused. Of the pickle inside only
    tensors are taken.

    Parameters
    ----------
    path : path-like
        Zip archive of ``torch.save``.
    most_bytes : int
        The members together may unpack to this.

    Raises
    ------
    ModelError
        If the file is missing, damaged or suspicious.
    """
    path = Path(path)
    _check_archive(path, most_bytes)
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, EOFError, OSError, ValueError, KeyError, pickle.UnpicklingError) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise ModelError(f"{path}: holds no weights that can be read safely ({reason})") from None
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise ModelError(
            f"{path}: holds {type(state).__name__}, a dictionary of tensors was expected: save "
            "network.state_dict(), nothing else"
        )
    return {str(name): tensor for name, tensor in state.items()}


def _check_archive(path: Path, most_bytes: int) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror}); give a file of torch.save") from None
    except zipfile.BadZipFile as error:
        raise ModelError(f"{path}: is no complete zip archive ({error}); fetch it again") from None
    outside = [
        each.filename
        for each in members
        if each.filename.startswith("/") or ".." in PurePosixPath(each.filename.replace("\\", "/")).parts
    ]
    if outside:
        raise ModelError(
            f"{path}: has the member {outside[0]!r}, which lies outside of the archive; trust no such file"
        )
    size = sum(each.file_size for each in members)
    if size > most_bytes:
        raise ModelError(f"{path}: unpacks to {size:,} bytes, at most {most_bytes:,} were expected")
