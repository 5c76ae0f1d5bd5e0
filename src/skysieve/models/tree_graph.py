"""Trained trees as an ONNX graph, from raw features to calibrated probabilities, with proof that it is right.

A model folder holds no pickle, and scoring needs no scikit-learn. The graph decides as scikit-learn does for
every float32: features are widened to double precision, in which the thresholds are. What comes out of the
trees is rounded to float32 once, so that a calibration, however steep, sees the logits that it was fitted to.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.atomic_file import replacing
from skysieve.errors import ContractError, ModelError
from skysieve.evaluation.calibration import SMALLEST_PROBABILITY, Calibrator
from skysieve.extras import require
from skysieve.models.tree_graph_calibration import GraphNodes, calibration_nodes
from skysieve.models.tree_graph_ensemble import TreeEnsemble, tree_ensemble
from skysieve.models.tree_graph_trials import trial_batches

__all__ = ["tree_logits", "write_tree_graph"]

#: Operators of these versions have been in ONNX Runtime for long.
_OPSETS = {"": 17, "ai.onnx.ml": 3}
_IR_VERSION = 8
#: Largest allowed difference of a probability, and of a logit in units of itself where above 1.
_TOLERANCE = 1e-5
_LOGITS = "logits"


def tree_logits(estimator: Any, rows: NDArray[Any]) -> NDArray[np.float32]:
    """Return what trees say before calibration, as scikit-learn computes it and as the graph does.

    Boosted trees give their raw scores. Forests give the logarithm of the mean probability, no less than
    `skysieve.evaluation.calibration.SMALLEST_PROBABILITY`; for two classes, that of the second less that of
    the first.

    Parameters
    ----------
    estimator : HistGradientBoostingClassifier, RandomForestClassifier or ExtraTreesClassifier
        Fitted.
    rows : ndarray, shape (N, F)
        Features, taken as float32; NaN is missing.

    Returns
    -------
    ndarray, shape (N, outputs), float32
        One output for two classes, the log-odds of the second; else one a class, in the order of
        ``estimator.classes_``.

    Raises
    ------
    ModelError
        If the estimator is of another kind or not fitted.
    ContractError
        If the shape is another, or a feature is infinite.

    Examples
    --------
    >>> from sklearn.ensemble import HistGradientBoostingClassifier
    >>> X = np.random.default_rng(0).normal(size=(300, 2)).astype(np.float32)
    >>> trees = HistGradientBoostingClassifier(random_state=0).fit(X, X[:, 0] > 0)
    >>> tree_logits(trees, np.array([[-1.0, 0.0], [1.0, np.nan]])) > 5
    array([[False],
           [ True]])
    """
    ensemble = tree_ensemble(estimator)
    with np.errstate(over="ignore"):
        rows = np.asarray(rows, dtype=np.float32)
    if rows.ndim != 2 or rows.shape[1] != ensemble.features:
        raise ContractError(f"features have the shape {rows.shape}; expected (N, {ensemble.features})")
    if np.isinf(rows).any():
        row, column = np.argwhere(np.isinf(rows))[0]
        raise ContractError(
            f"feature {column} of row {row} is infinite in float32; expected a number, or NaN where missing"
        )
    if not len(rows):
        return np.empty((0, _outputs(ensemble)), dtype=np.float32)
    if not ensemble.averaged:
        raw = np.asarray(estimator.decision_function(rows))
        return raw.reshape(len(rows), -1).astype(np.float32)
    shares = np.asarray(estimator.predict_proba(rows)).astype(np.float32)
    logs = np.log(np.maximum(shares.astype(np.float64), SMALLEST_PROBABILITY))
    return (logs if logs.shape[1] > 2 else logs[:, 1:] - logs[:, :1]).astype(np.float32)


def write_tree_graph(
    path: str | Path,
    estimator: Any,
    features: int,
    calibrator: Calibrator,
    *,
    input_name: str,
    output_name: str = "probability",
    rows: NDArray[Any] | None = None,
) -> float:
    """Write trained trees and their calibration as one ONNX file that takes batches of any size.

    The graph takes float32 features of shape (N, F), NaN where missing, and returns float32 probabilities:
    (N,) of the second class for two, else (N, K). It is checked: by ONNX's own checker, and by comparing it
    with scikit-learn on random batches, at the thresholds of the trees and beside them, with features and
    whole samples missing, and on ``rows``. The file appears only if it passes.

    Parameters
    ----------
    path : path-like
        File to write, usually ``model.onnx``.
    estimator : HistGradientBoostingClassifier, RandomForestClassifier or ExtraTreesClassifier
        Fitted to numbers.
    features : int
        Number of features, as the input contract says.
    calibrator : Calibrator
        From `tree_logits` to probabilities.
    input_name, output_name : str
        Names in the graph.
    rows : ndarray, shape (N, F), optional
        Samples to compare on too, such as those of the training.

    Returns
    -------
    float
        The largest difference of probabilities that was found.

    Raises
    ------
    ModelError
        If the estimator is of another kind, has another number of features, or the graph differs by more
        than 1e-5.
    ContractError
        If the calibrator is for another number of classes.
    MissingExtraError
        If onnx or scikit-learn are not installed.

    Examples
    --------
    >>> import tempfile
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from skysieve.evaluation.calibration import Sigmoid
    >>> X = np.random.default_rng(0).normal(size=(300, 2)).astype(np.float32)
    >>> trees = RandomForestClassifier(20, random_state=0).fit(X, X[:, 0] > 0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_tree_graph(f"{folder}/model.onnx", trees, 2, Sigmoid(), input_name="features") < 1e-6
    True
    """
    onnx = require("onnx", extra="train", purpose="write an ONNX graph")
    ensemble = tree_ensemble(estimator)
    if ensemble.features != features:
        raise ModelError(f"the trees take {ensemble.features} features, the input contract has {features}")
    calibrator(np.zeros((1, _outputs(ensemble)), dtype=np.float32))
    graph = _graph(onnx, ensemble, calibrator, input_name, output_name)
    trials = list(trial_batches(ensemble))
    if rows is not None:
        trials.append(np.asarray(rows, dtype=np.float32))
    with replacing(path) as temporary:
        onnx.checker.check_model(graph, full_check=True)
        onnx.save(graph, temporary)
        return _largest_difference(temporary, _with_logits(onnx, graph), estimator, calibrator, trials)


def _outputs(ensemble: TreeEnsemble) -> int:
    return 1 if ensemble.targets == 2 else ensemble.targets


def _graph(
    onnx: Any, ensemble: TreeEnsemble, calibrator: Calibrator, input_name: str, output_name: str
) -> Any:
    nodes, outputs = GraphNodes(), _outputs(ensemble)
    rows = nodes.cast(input_name, np.float64)
    trees = "TreeEnsembleRegressor"
    attributes = ensemble.attributes()
    if ensemble.averaged:
        shares = nodes.add(trees, rows, domain="ai.onnx.ml", **attributes)
        _share_logits(nodes, shares, two_classes=outputs == 1)
    else:
        nodes.add(trees, rows, name=_LOGITS, domain="ai.onnx.ml", **attributes)
    calibration_nodes(nodes, calibrator, _LOGITS, outputs=outputs, name=output_name)
    shape = ["batch"] if outputs == 1 else ["batch", outputs]
    value, float32 = onnx.helper.make_tensor_value_info, onnx.TensorProto.FLOAT
    graph = onnx.helper.make_graph(
        nodes.nodes,
        "trees",
        [value(input_name, float32, ["batch", ensemble.features])],
        [value(output_name, float32, shape)],
        nodes.constants,
    )
    opsets = [onnx.helper.make_opsetid(domain, version) for domain, version in _OPSETS.items()]
    return onnx.helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION)


def _share_logits(nodes: GraphNodes, shares: str, *, two_classes: bool) -> None:
    """Add the logits of mean probabilities, in double precision until the end."""
    smallest = nodes.constant(np.float64(SMALLEST_PROBABILITY))
    logs = nodes.add("Log", nodes.add("Max", nodes.cast(shares, np.float64), smallest))
    if two_classes:
        first, second = (
            nodes.add("Gather", logs, nodes.constant(np.array([each], dtype=np.int64)), axis=1)
            for each in (0, 1)
        )
        logs = nodes.add("Sub", second, first)
    nodes.cast(logs, np.float32, name=_LOGITS)


def _with_logits(onnx: Any, graph: Any) -> bytes:
    """Return the graph with the logits as a second output: a flat calibration must not hide wrong trees."""
    both = onnx.ModelProto()
    both.CopyFrom(graph)
    both.graph.output.append(onnx.helper.make_tensor_value_info(_LOGITS, onnx.TensorProto.FLOAT, None))
    found: bytes = both.SerializeToString()
    return found


def _largest_difference(
    path: Path, with_logits: bytes, estimator: Any, calibrator: Calibrator, trials: list[NDArray[np.float32]]
) -> float:
    written, inside = _session(path), _session(with_logits)
    largest = largest_of_logits = 0.0
    for rows in trials:
        logits = tree_logits(estimator, rows)
        expected = calibrator(logits)
        given = {written.get_inputs()[0].name: rows}
        (found,), (found_logits,) = written.run(None, given), inside.run([_LOGITS], given)
        if found.shape != expected.shape:
            raise ModelError(f"the ONNX graph returns shape {found.shape}, expected {expected.shape}")
        scale = np.maximum(1.0, np.abs(logits))
        # np.max and np.maximum keep NaN.
        largest = float(np.maximum(largest, np.max(np.abs(found - expected), initial=0.0)))
        of_logits = np.max(np.abs(found_logits - logits) / scale, initial=0.0)
        largest_of_logits = float(np.maximum(largest_of_logits, of_logits))
    if not (largest <= _TOLERANCE and largest_of_logits <= _TOLERANCE):
        raise ModelError(
            f"the ONNX graph differs from {type(estimator).__name__} by {largest:.2g} in probability and "
            f"{largest_of_logits:.2g} in logits, more than {_TOLERANCE:.0e}; update onnxruntime and "
            "scikit-learn, and report this if it stays"
        )
    return largest


def _session(graph: Path | bytes) -> Any:
    # Not at the top: this module is imported where trees are trained, too.
    import onnxruntime

    return onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
