"""A model folder, opened for scoring: no torch, its files verified, its contract enforced."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import ContractError, ModelError
from skysieve.models.description import ModelDescription
from skysieve.models.engines import Engine, open_engine
from skysieve.training.ragged import RaggedSequences, bucketed_batches

__all__ = ["CARD", "DESCRIPTION", "GRAPH", "SHIPPED", "WEIGHTS", "Model", "file_sha256", "shipped_models"]

DESCRIPTION = "model.json"
WEIGHTS = "weights.safetensors"
GRAPH = "model.onnx"
CARD = "README.md"

#: Samples given to the engine at once: larger chunks leave the processor's cache.
CHUNK = 64

#: What comes with skysieve: folders of models and sieves.
SHIPPED = Path(__file__).parent / "shipped"


class Model:
    """A trained classifier as it lies in its folder.

    Made by `load`. The content of ``model.json``, which holds the hash of every other file, is
    the identity of the model and is stored beside every score.

    Parameters
    ----------
    folder : Path
        The model folder.
    description : ModelDescription
        What ``model.json`` says.
    identity : str
        SHA-256 of ``model.json``.

    Examples
    --------
    >>> model = Model.load("braai-weak")
    >>> model.description.contract.channels
    ('science', 'template', 'difference')
    >>> images = np.random.default_rng(0).normal(size=(2, 3, 63, 63)).astype(np.float32)
    >>> model.predict(images).shape
    (2,)
    """

    def __init__(self, folder: Path, description: ModelDescription, identity: str) -> None:
        self.folder = folder
        self.description = description
        self.identity = identity
        self._engine: Engine | None = None

    @classmethod
    def load(cls, folder: str | Path) -> Model:
        """Open a model folder, or a model shipped with skysieve by its name.

        Raises
        ------
        ModelError
            If there is no such folder, a file is missing, or a file is not the one that
            ``model.json`` names.
        """
        path = _find(folder)
        try:
            text = (path / DESCRIPTION).read_bytes()
        except OSError as error:
            raise ModelError(
                f"{path}: has no readable {DESCRIPTION} ({error.strerror}); is it a model folder?"
            ) from None
        model = cls(
            path, ModelDescription.from_json(text, path / DESCRIPTION), hashlib.sha256(text).hexdigest()
        )
        model.verify_files()
        return model

    def verify_files(self) -> None:
        """Check the hash of every file.

        Raises
        ------
        ModelError
            If a file is missing, or is not the one that ``model.json`` names.
        """
        needed = (GRAPH, CARD) if self.description.trees else (GRAPH, WEIGHTS, CARD)
        for name in needed:
            if name not in self.description.files:
                raise ModelError(
                    f"{self.folder}: {DESCRIPTION} has no hash of {name}; restore the model folder"
                )
        for name, expected in self.description.files.items():
            path = self.folder / name
            if path.parent != self.folder:
                raise ModelError(f"{self.folder}: {DESCRIPTION} names a file outside of the folder: {name!r}")
            if not path.is_file():
                raise ModelError(f"{self.folder}: the file {name} is missing; restore the model folder")
            if (found := file_sha256(path)) != expected:
                raise ModelError(
                    f"{path}: has the SHA-256 {found[:12]}..., {DESCRIPTION} says {expected[:12]}...; "
                    "the file was changed or damaged, restore the model folder"
                )

    def engine(self, *, engine: str = "onnxruntime", precision: str = "float32", threads: int = 1) -> Engine:
        """Load the graph into an inference engine and check that its input is that of the contract.

        Raises
        ------
        ContractError
            If graph and contract disagree.
        """
        loaded = open_engine(self.folder / GRAPH, engine=engine, precision=precision, threads=threads)
        contract = self.description.contract
        found = loaded.inputs.get(contract.column)
        if found is None or found[1:] != contract.shape:
            raise ContractError(
                f"{self.folder / GRAPH}: takes {loaded.inputs}, "
                f"the contract says {contract.column} {contract.shape}"
            )
        return loaded

    def predict(
        self, images: NDArray[np.float32] | RaggedSequences, engine: Engine | None = None
    ) -> NDArray[np.float32]:
        """Score a batch.

        Parameters
        ----------
        images : ndarray, shape (N, C, H, W) or (N, F), float32, or RaggedSequences
            Raw images, features or sequences as the contract describes them, NaN included:
            `skysieve.models.readings.read_inputs` makes them of samples.
        engine : Engine, optional
            What to compute with; ONNX Runtime on one thread if not given.

        Returns
        -------
        ndarray, shape (N,) or (N, K), float32
            Calibrated probability of the second of two classes, or of each of K.

        Raises
        ------
        ContractError
            If the batch does not fulfil the contract.
        """
        if isinstance(images, RaggedSequences):
            return self._predict_sequences(images, engine)
        self.description.contract.check(images)
        engine = self._engine_or(engine)
        parts: list[NDArray[Any]] = [
            engine(np.ascontiguousarray(images[start : start + CHUNK]))
            for start in range(0, len(images), CHUNK)
        ]
        return np.concatenate([self._scores_of(0), *parts])

    def _predict_sequences(self, sequences: RaggedSequences, engine: Engine | None) -> NDArray[np.float32]:
        """Score sequences in batches of like lengths: what is padded most costs most."""
        scores, engine = self._scores_of(len(sequences)), self._engine_or(engine)
        if len(sequences):
            self.description.contract.check(sequences[np.arange(1)])
        for rows in bucketed_batches(sequences.lengths, most_samples=CHUNK):
            scores[rows] = engine(sequences[rows])
        return scores

    def _engine_or(self, engine: Engine | None) -> Engine:
        if engine is None:
            engine = self._engine = self._engine or self.engine()
        return engine

    def _scores_of(self, count: int) -> NDArray[np.float32]:
        classes = len(self.description.classes)
        return np.empty((count,) if classes == 2 else (count, classes), dtype=np.float32)


def shipped_models() -> list[str]:
    """Return the names of the models that come with skysieve."""
    return sorted(path.parent.name for path in SHIPPED.glob(f"*/{DESCRIPTION}"))


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _find(folder: str | Path) -> Path:
    path = Path(folder)
    if (path / DESCRIPTION).is_file():
        return path
    if str(folder) in shipped_models():
        return SHIPPED / str(folder)
    if path.is_dir():
        return path
    shipped = ", ".join(shipped_models()) or "none is shipped"
    raise ModelError(f"{folder}: is neither a model folder nor a shipped model ({shipped})")
