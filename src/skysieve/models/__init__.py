"""The model folder and the sieve: load, check, save, import."""

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
    from skysieve.models.sieve import Sieve, load_model_or_sieve, shipped_sieves
    from skysieve.models.sieve_save import write_sieve

_HOMES = {
    "InputContract": "contract",
    "Model": "model",
    "ModelDescription": "description",
    "Sieve": "sieve",
    "check_model": "check",
    "import_keras_model": "keras_import",
    "load_model_or_sieve": "sieve",
    "save_model": "save",
    "shipped_models": "model",
    "shipped_sieves": "sieve",
    "write_sieve": "sieve_save",
}

__all__ = [
    "InputContract",
    "Model",
    "ModelDescription",
    "Sieve",
    "check_model",
    "import_keras_model",
    "load_model_or_sieve",
    "save_model",
    "shipped_models",
    "shipped_sieves",
    "write_sieve",
]

__getattr__ = lazy_names(__name__, _HOMES)
