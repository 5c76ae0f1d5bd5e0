"""``model.json``: everything about a model that is not a weight."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from skysieve.errors import ContractError, ModelError
from skysieve.models.contract import InputContract

__all__ = ["DISCLOSED", "FORMAT", "TREES", "ModelDescription", "take_format"]

#: Version of the model folder's layout; raised when an old reader would misread a new folder.
FORMAT = 1

#: ``kind`` of a network that is an ensemble of decision trees.
TREES = "trees"

#: How the account of labels begins where they limit what every figure means; reports show it on top.
DISCLOSED = ("WEAK", "SIMULATED")


@dataclass(frozen=True)
class ModelDescription:
    """What a model is, expects, and is known to do.

    Parameters
    ----------
    name : str
        Its name.
    summary : str
        What it tells from what, in a sentence.
    classes : tuple of str
        Class names; the score of a model with two classes is the probability of the second.
    contract : InputContract
        What goes in.
    preprocess : list of dict
        Steps inside the graph, as `skysieve.preprocess.Pipeline` describes them.
    network : dict
        ``name``, ``outputs`` and ``arguments`` of the network; ``kind`` is ``trees`` for decision trees.
    calibration : dict
        The calibrator inside the graph.
    thresholds : list of dict
        ``value``, ``rule``, ``split``: each with the data that chose it; the first is the default.
    training_quantiles : dict
        Quantiles of what the training samples looked like, for watching drift.
    figures : dict
        Measured figures, by split.
    labels : str
        How the labels came about.
    recipe : str
        The recipe that made it; empty for an imported model.
    provenance : dict
        Configuration really used, samples, seeds, versions, machine; under ``seen_groups`` short
        digests of the groups that training and validation saw.
    files : dict
        SHA-256 of every other file of the folder.
    skysieve : str
        Version that wrote it.
    """

    name: str
    summary: str
    classes: tuple[str, ...]
    contract: InputContract
    preprocess: list[dict[str, Any]]
    network: dict[str, Any]
    calibration: dict[str, Any]
    thresholds: list[dict[str, Any]] = field(default_factory=list)
    training_quantiles: dict[str, Any] = field(default_factory=dict)
    figures: dict[str, Any] = field(default_factory=dict)
    labels: str = ""
    recipe: str = ""
    provenance: dict[str, Any] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    skysieve: str = ""

    def to_json(self) -> str:
        """Return the text of ``model.json``: keys sorted, so that equal models are equal files."""
        fields = dataclasses.asdict(self) | {"contract": self.contract.to_json()}
        return json.dumps({"format": FORMAT} | fields, indent=1, sort_keys=True, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes, item: str | Path) -> ModelDescription:
        """Read what `to_json` wrote.

        Raises
        ------
        ModelError
            If the text is damaged or of a later format.
        """
        try:
            fields: dict[str, Any] = json.loads(text)
            take_format(fields, FORMAT, item)
            contract = InputContract.from_json(fields.pop("contract"))
            return cls(contract=contract, classes=tuple(fields.pop("classes")), **fields)
        except (KeyError, TypeError, ValueError, ContractError) as error:
            raise ModelError(f"{item}: is damaged ({error}); restore the model folder") from None

    @property
    def trees(self) -> bool:
        """Whether it is an ensemble of trees, all of which lies in the graph."""
        return self.network.get("kind") == TREES

    @property
    def threshold(self) -> Mapping[str, Any] | None:
        """The default threshold with the rule and the split that chose it, or None."""
        return self.thresholds[0] if self.thresholds else None


def take_format(fields: dict[str, Any], latest: int, item: str | Path) -> None:
    """Take the number of its format out of what was read, and refuse a later one than is known.

    Raises
    ------
    ModelError
        If it is later than ``latest``.
    KeyError
        If there is none.

    Examples
    --------
    >>> take_format({"format": 3}, 1, "model.json")
    Traceback (most recent call last):
        ...
    skysieve.errors.ModelError: model.json: has format 3, this skysieve reads up to 1; install a newer one
    """
    found = fields.pop("format")
    if found > latest:
        raise ModelError(
            f"{item}: has format {found}, this skysieve reads up to {latest}; install a newer one"
        )
