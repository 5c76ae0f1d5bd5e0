"""Gradient-boosted trees as plain JSON: no pickle, no library to score with."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import ModelError

__all__ = ["BoostedTrees", "shipped_trees"]

_SHIPPED = Path(__file__).parent / "streak_trees.json"


@dataclass(frozen=True, eq=False)
class BoostedTrees:
    """A binary classifier: the sum of trees, through a logistic function.

    Parameters
    ----------
    features : tuple of str
        Names of the inputs, in their order.
    start : float
        Log-odds that the trees are added to.
    trees : tuple of dict
        Per tree, lists with one entry a node: ``feature`` (-1 for a leaf), ``threshold`` (left if not above),
        ``left``, ``right`` (numbers of nodes), ``value`` (of a leaf).

    Examples
    --------
    >>> stump = {"feature": [0, -1, -1], "threshold": [1.0, 0.0, 0.0], "left": [1, 0, 0], "right": [2, 0, 0],
    ...          "value": [0.0, -2.0, 2.0]}
    >>> BoostedTrees(("length",), 0.0, (stump,)).predict(np.array([[0.5], [3.0]])).round(2).tolist()
    [0.12, 0.88]
    """

    features: tuple[str, ...]
    start: float
    trees: tuple[dict[str, list[Any]], ...]

    def predict(self, rows: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the probability of the positive class, shape (n,), of rows of shape (n, features)."""
        if rows.ndim != 2 or rows.shape[1] != len(self.features):
            raise ModelError(f"found features of shape {rows.shape}, expected (n, {len(self.features)})")
        total = np.full(len(rows), self.start)
        for tree in self.trees:
            total += _leaf_values(tree, rows)
        return np.asarray(1.0 / (1.0 + np.exp(-total)))

    def to_json(self) -> str:
        """Return the trees as JSON text."""
        fields = {"format": 1, "features": self.features, "start": self.start, "trees": self.trees}
        return json.dumps(fields, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str, item: str) -> BoostedTrees:
        """Read what `to_json` wrote.

        Raises
        ------
        ModelError
            If the text is damaged.
        """
        try:
            found = json.loads(text)
            if found["format"] != 1:
                raise ModelError(
                    f"{item}: has format {found['format']}, this skysieve reads 1; install a newer one"
                )
            return cls(tuple(found["features"]), float(found["start"]), tuple(found["trees"]))
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(f"{item}: is no file of boosted trees ({error}); restore it") from None


@lru_cache(maxsize=1)
def shipped_trees() -> BoostedTrees:
    """Return the classifier of streaks that comes with skysieve, trained on simulated frames."""
    try:
        text = _SHIPPED.read_text()
    except OSError as error:
        raise ModelError(f"{_SHIPPED}: cannot be read ({error.strerror}); install skysieve again") from None
    return BoostedTrees.from_json(text, _SHIPPED.name)


def _leaf_values(tree: dict[str, list[Any]], rows: NDArray[np.floating]) -> NDArray[np.float64]:
    feature, threshold = np.asarray(tree["feature"]), np.asarray(tree["threshold"], dtype=np.float64)
    left, right = np.asarray(tree["left"]), np.asarray(tree["right"])
    node, each = np.zeros(len(rows), dtype=np.intp), np.arange(len(rows))
    while (feature[node] >= 0).any():
        inner = feature[node] >= 0
        value = rows[each, np.maximum(feature[node], 0)]
        below = np.where(value <= threshold[node], left[node], right[node])
        node = np.where(inner, below, node)
    return np.asarray(np.asarray(tree["value"], dtype=np.float64)[node])
