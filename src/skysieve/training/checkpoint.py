"""The state of a run on disk: written whole or not at all, read without pickled code."""

from __future__ import annotations

import pickle
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from skysieve.atomic_file import replacing
from skysieve.errors import ConfigurationError, ModelError
from skysieve.training.history import EpochRecord
from skysieve.training.identity import Identity

__all__ = ["RunState", "load_checkpoint", "save_checkpoint"]

FORMAT = 1

#: What to do about a checkpoint that is not wanted, for the command line and for Python.
START_AGAIN = "start again with --fresh (in Python: resume=False)"


@dataclass
class RunState:
    """How far a run has come. Nothing else is needed to go on with it.

    Random numbers are not part of it: every epoch draws from generators that
    are seeded with the seed of the run and the number of the epoch.

    Parameters
    ----------
    history : list of EpochRecord
        One record for each finished epoch.
    best_epoch : int
        Epoch with the best validation figure, from 1; 0 before the first.
    best_value : float
        That figure.
    best_weights : dict of Tensor
        Network after that epoch, on the CPU.
    seconds : float
        Time spent, in all sessions.
    """

    history: list[EpochRecord] = field(default_factory=list)
    best_epoch: int = 0
    best_value: float = float("nan")
    best_weights: dict[str, Tensor] = field(default_factory=dict)
    seconds: float = 0.0


def save_checkpoint(
    path: Path, state: RunState, network: nn.Module, optimizer: torch.optim.Optimizer, identity: Identity
) -> None:
    """Replace the checkpoint of a run at once."""
    content = {
        "format": FORMAT,
        "facts": dict(identity.facts),
        "probe": identity.probe,
        "network": network.state_dict(),
        "optimizer": optimizer.state_dict(),
        "state": {**vars(state), "history": [asdict(record) for record in state.history]},
    }
    with replacing(path) as temporary:
        torch.save(content, temporary)


def load_checkpoint(
    path: Path, network: nn.Module, optimizer: torch.optim.Optimizer, identity: Identity
) -> RunState:
    """Bring network and optimizer to where a run stopped.

    Raises
    ------
    ConfigurationError
        If the checkpoint is of a run with other settings, samples, network or
        preprocessing; the message names each difference.
    ModelError
        If the file is damaged.
    """
    content = _read(path)
    differences = identity.differences(content["facts"], content["probe"])
    if differences:
        raise ConfigurationError(
            f"{path} is of another run: {'; '.join(differences)}; "
            f"choose another run folder, or {START_AGAIN} in this one"
        )
    network.load_state_dict(content["network"])
    optimizer.load_state_dict(content["optimizer"])
    state = content["state"]
    return RunState(**{**state, "history": [EpochRecord(**record) for record in state["history"]]})


def _read(path: Path) -> dict[str, Any]:
    advice = f"delete it, or {START_AGAIN}"
    try:
        # weights_only keeps a file from elsewhere from running code.
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, EOFError, OSError, pickle.UnpicklingError, ValueError) as error:
        raise ModelError(f"{path} is not a complete checkpoint ({_first_line(error)}); {advice}") from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ModelError(f"{path} is not a checkpoint of format {FORMAT}; {advice}")
    return content


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
