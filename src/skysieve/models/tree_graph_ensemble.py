"""Decision trees of scikit-learn as the arrays of ONNX's ``TreeEnsembleRegressor``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import ModelError
from skysieve.extras import require

__all__ = ["TreeEnsemble", "tree_ensemble"]


@dataclass(frozen=True, eq=False)
class TreeEnsemble:
    """Trees whose leaves are summed, or averaged, into one number or one a class.

    Parameters
    ----------
    features : int
        Number of inputs.
    targets : int
        Number of outputs: 1 for a logit of two classes, else one a class.
    averaged : bool
        Whether the trees are averaged (probabilities of a forest) or summed (logits of boosting).
    base : ndarray, shape (targets,), float64
        What the sum starts from.
    trees : tuple of Tree
        The trees.
    """

    features: int
    targets: int
    averaged: bool
    base: NDArray[np.float64]
    trees: tuple[Tree, ...]

    def thresholds(self) -> list[NDArray[np.float64]]:
        """Return the finite thresholds of each feature, sorted; empty where no tree asks for it."""
        feature = np.concatenate([tree.feature[~tree.leaf] for tree in self.trees])
        threshold = np.concatenate([tree.threshold[~tree.leaf] for tree in self.trees])
        finite = np.isfinite(threshold)
        feature, threshold = feature[finite], threshold[finite]
        return [np.unique(threshold[feature == each]) for each in range(self.features)]

    def attributes(self) -> dict[str, Any]:
        """Return the attributes of the node ``TreeEnsembleRegressor`` (ai.onnx.ml, version 3).

        Thresholds and leaves stay in double precision, as scikit-learn has them, so that every float32 goes
        the same way and sums round alike.
        """
        helper = require("onnx.helper", extra="train", purpose="write an ONNX graph")
        double = require("onnx", extra="train", purpose="write an ONNX graph").TensorProto.DOUBLE
        sizes = [len(tree.leaf) for tree in self.trees]
        leaf = np.concatenate([tree.leaf for tree in self.trees])
        leaves = [tree.leaf_weights() for tree in self.trees]

        def joined(name: str) -> NDArray[Any]:
            return np.concatenate([getattr(tree, name) for tree in self.trees])

        def tensor(name: str, values: NDArray[np.float64]) -> Any:
            return helper.make_tensor(name, double, [len(values)], values.tobytes(), raw=True)

        weights = np.concatenate([weight for _, _, weight in leaves])
        found = {
            "n_targets": self.targets,
            "aggregate_function": "AVERAGE" if self.averaged else "SUM",
            "nodes_treeids": np.repeat(np.arange(len(sizes)), sizes).tolist(),
            "nodes_nodeids": np.concatenate([np.arange(size) for size in sizes]).tolist(),
            "nodes_featureids": np.where(leaf, 0, joined("feature")).tolist(),
            "nodes_modes": np.where(leaf, "LEAF", "BRANCH_LEQ").tolist(),
            "nodes_values_as_tensor": tensor("thresholds", np.where(leaf, 0.0, joined("threshold"))),
            "nodes_truenodeids": np.where(leaf, 0, joined("left")).tolist(),
            "nodes_falsenodeids": np.where(leaf, 0, joined("right")).tolist(),
            "nodes_missing_value_tracks_true": np.where(leaf, False, joined("missing_left"))
            .astype(int)
            .tolist(),
            "target_treeids": np.repeat(np.arange(len(sizes)), [len(each[0]) for each in leaves]).tolist(),
            "target_nodeids": np.concatenate([node for node, _, _ in leaves]).tolist(),
            "target_ids": np.concatenate([target for _, target, _ in leaves]).tolist(),
            "target_weights_as_tensor": tensor("leaves", weights),
        }
        return found | ({"base_values_as_tensor": tensor("base", self.base)} if self.base.any() else {})


@dataclass(frozen=True, eq=False)
class Tree:
    """One tree, an entry a node, the root first.

    Parameters
    ----------
    leaf : ndarray of bool
        Whether the node is a leaf; of leaves, only the value counts.
    feature, left, right : ndarray of int
        What is asked for, and the nodes that follow.
    threshold : ndarray of float64
        Left if the feature is not above.
    missing_left : ndarray of bool
        Whether NaN goes left.
    values : ndarray, shape (nodes, T), float64
        What a leaf adds to the outputs from ``target`` on.
    target : int
        First output that it adds to.
    """

    leaf: NDArray[np.bool_]
    feature: NDArray[np.int64]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    threshold: NDArray[np.float64]
    missing_left: NDArray[np.bool_]
    values: NDArray[np.float64]
    target: int = 0

    def leaf_weights(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """Return node, output and value of what leaves add, one entry at least for each leaf."""
        # Most leaves of a forest are of one class; zeros are left out, but a leaf must have an entry.
        wanted = self.leaf[:, None] & (self.values != 0)
        wanted[:, 0] |= self.leaf & ~wanted.any(axis=1)
        node, column = np.nonzero(wanted)
        return node, column + self.target, self.values[node, column]


def tree_ensemble(estimator: Any) -> TreeEnsemble:
    """Return the trees of a fitted classifier of scikit-learn.

    Parameters
    ----------
    estimator : HistGradientBoostingClassifier, RandomForestClassifier or ExtraTreesClassifier
        Fitted, on numbers only (no categories) and with one label a sample.

    Raises
    ------
    ModelError
        If it is anything else, is not fitted, or knows one class only.
    MissingExtraError
        If scikit-learn is not installed.
    """
    ensemble = require("sklearn.ensemble", extra="report", purpose="read trees")
    kind = type(estimator).__name__
    boosting = isinstance(estimator, ensemble.HistGradientBoostingClassifier)
    if not boosting and not isinstance(
        estimator, ensemble.RandomForestClassifier | ensemble.ExtraTreesClassifier
    ):
        raise ModelError(
            f"{kind}: cannot become a graph; expected HistGradientBoostingClassifier, "
            "RandomForestClassifier or ExtraTreesClassifier, without a pipeline around it"
        )
    if not hasattr(estimator, "classes_"):
        raise ModelError(f"{kind}: is not fitted; call its fit first")
    if not boosting and estimator.n_outputs_ != 1:
        raise ModelError(f"{kind}: was fitted to {estimator.n_outputs_} labels a sample, expected one")
    if len(estimator.classes_) < 2:
        raise ModelError(f"{kind}: knows one class only; fit it to samples of two or more")
    return _boosted(estimator) if boosting else _forest(estimator)


def _boosted(estimator: Any) -> TreeEnsemble:
    # scikit-learn has no public way to the trees of histogram gradient boosting.
    steps = estimator._predictors
    trees = tuple(_boosted_tree(tree, target) for step in steps for target, tree in enumerate(step))
    base = np.asarray(estimator._baseline_prediction, dtype=np.float64).ravel()
    return TreeEnsemble(estimator.n_features_in_, len(base), False, base, trees)


def _boosted_tree(tree: Any, target: int) -> Tree:
    nodes = tree.nodes
    if nodes["is_categorical"].any():
        raise ModelError(
            "HistGradientBoostingClassifier: splits by categories; give them as numbers, and fit without "
            "categorical_features"
        )
    return Tree(
        leaf=nodes["is_leaf"].astype(bool),
        feature=nodes["feature_idx"].astype(np.int64),
        left=nodes["left"].astype(np.int64),
        right=nodes["right"].astype(np.int64),
        threshold=nodes["num_threshold"].astype(np.float64),
        missing_left=nodes["missing_go_to_left"].astype(bool),
        values=nodes["value"].astype(np.float64)[:, None],
        target=target,
    )


def _forest(estimator: Any) -> TreeEnsemble:
    targets = len(estimator.classes_)
    trees = tuple(_forest_tree(each.tree_) for each in estimator.estimators_)
    return TreeEnsemble(estimator.n_features_in_, targets, True, np.zeros(targets), trees)


def _forest_tree(tree: Any) -> Tree:
    return Tree(
        leaf=np.asarray(tree.children_left) < 0,
        feature=np.asarray(tree.feature, dtype=np.int64),
        left=np.asarray(tree.children_left, dtype=np.int64),
        right=np.asarray(tree.children_right, dtype=np.int64),
        threshold=np.asarray(tree.threshold, dtype=np.float64),
        missing_left=np.asarray(tree.missing_go_to_left).astype(bool),
        values=np.asarray(tree.value, dtype=np.float64)[:, 0, :],
    )
