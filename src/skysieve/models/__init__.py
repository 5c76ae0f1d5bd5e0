"""The model folder: load, check, save, import."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skysieve.lazy_names import lazy_names

# Nothing is imported before it is asked for: loading a model must not wait for what saving one needs.
if TYPE_CHECKING:
    from skysieve.models.check import check_model
    from skysieve.models.contract import InputContract
    from skysieve.models.description import ModelDescription
    from skysieve.models.keras_import import import_keras_model
    from skysieve.models.model import Model, shipped_models
    from skysieve.models.save import save_model

_HOMES = {
    "InputContract": "contract",
    "Model": "model",
    "ModelDescription": "description",
    "check_model": "check",
    "import_keras_model": "keras_import",
    "save_model": "save",
    "shipped_models": "model",
}

__all__ = [
    "InputContract",
    "Model",
    "ModelDescription",
    "check_model",
    "import_keras_model",
    "save_model",
    "shipped_models",
]

__getattr__ = lazy_names(__name__, _HOMES)
