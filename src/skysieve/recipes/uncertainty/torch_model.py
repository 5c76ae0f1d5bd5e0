"""The network of a saved model, for questions that its exported graph cannot answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from skysieve.evaluation.calibration import Calibrator, calibrator_from_json
from skysieve.models.model import WEIGHTS, Model
from skysieve.models.rebuild import build_network
from skysieve.preprocess import Pipeline

__all__ = ["TorchModel"]


@dataclass(frozen=True)
class TorchModel:
    """What the graph was exported from.

    Parameters
    ----------
    network : torch.nn.Module
        With its weights, in evaluation mode.
    preprocess : Pipeline
        From raw samples to its input.
    calibrate : Calibrator
        From its logits to probabilities.
    """

    network: Any
    preprocess: Pipeline
    calibrate: Calibrator

    @classmethod
    def of(cls, model: Model) -> TorchModel:
        """Build the network of a model.

        Raises
        ------
        MissingExtraError
            If PyTorch is not installed.
        """
        description = model.description
        return cls(
            build_network(description, model.folder / WEIGHTS),
            Pipeline.from_json(description.preprocess),
            calibrator_from_json(description.calibration),
        )
