"""The folder of a run: what is in it, and in which order it is written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import nn

from skysieve.atomic_file import replacing
from skysieve.configuration import as_dict
from skysieve.networks.weights import weights_bytes
from skysieve.training.checkpoint import RunState, load_checkpoint, save_checkpoint
from skysieve.training.configuration import TrainingConfig
from skysieve.training.history import write_history
from skysieve.training.identity import Identity

__all__ = ["RunFolder"]

CHECKPOINT, BEST, CONFIGURATION = "checkpoint.pt", "best.safetensors", "configuration.json"


class RunFolder:
    """Files of one run.

    Parameters
    ----------
    path : Path
        The folder; made if absent.
    identity : Identity
        What a checkpoint must be of to be resumed.
    """

    def __init__(self, path: Path, identity: Identity) -> None:
        path.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.identity = identity

    def open(self, network: nn.Module, optimizer: torch.optim.Optimizer, resume: bool) -> RunState:
        """Return the state of the run in the folder, or a new one after clearing the folder."""
        if resume and (self.path / CHECKPOINT).exists():
            state = load_checkpoint(self.path / CHECKPOINT, network, optimizer, self.identity)
            # A kill may have fallen between the checkpoint and the files that follow from it.
            self._write_results(state, improved=True)
            return state
        for name in (CHECKPOINT, BEST, "history.csv", "history.json"):
            (self.path / name).unlink(missing_ok=True)
        return RunState()

    def keep(
        self, state: RunState, network: nn.Module, optimizer: torch.optim.Optimizer, improved: bool
    ) -> None:
        """Write what an epoch brought; the checkpoint first, as all else can be made from it."""
        save_checkpoint(self.path / CHECKPOINT, state, network, optimizer, self.identity)
        self._write_results(state, improved)

    def _write_results(self, state: RunState, improved: bool) -> None:
        write_history(state.history, self.path)
        if improved:
            with replacing(self.path / BEST) as temporary:
                temporary.write_bytes(weights_bytes(state.best_weights))

    def write_configuration(self, config: TrainingConfig, used: Mapping[str, object]) -> None:
        """Write the settings, and what machine and data made of them."""
        content = {"training": as_dict(config), "used": dict(used)}
        with replacing(self.path / CONFIGURATION) as temporary:
            temporary.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
