"""Trees as a graph: it decides as scikit-learn does, for every float32, or is not written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)

from skysieve.errors import ContractError, ModelError
from skysieve.evaluation.calibration import SMALLEST_PROBABILITY, Isotonic, Sigmoid, Softmax, Temperature
from skysieve.evaluation.calibration_fitting import fit_isotonic
from skysieve.models import tree_graph
from skysieve.models.tree_graph import tree_logits, write_tree_graph

FEATURES = 5
MAKERS = {
    "boosting": lambda: HistGradientBoostingClassifier(max_iter=15, early_stopping=False, random_state=0),
    "forest": lambda: RandomForestClassifier(12, random_state=0),
    "extra-trees": lambda: ExtraTreesClassifier(12, random_state=0),
}
UNCALIBRATED = {2: Sigmoid(), 3: Softmax()}


def samples(classes: int, missing: float = 0.2, count: int = 400) -> tuple[Any, NDArray[np.int64]]:
    generator = np.random.default_rng(classes)
    rows = generator.normal(size=(count, FEATURES)).astype(np.float32) * np.logspace(-2, 3, FEATURES)
    labels = np.arange(count) % classes
    rows[:, 1] += 0.1 * labels
    # Whether a feature is missing says something about the class.
    rows[generator.random(rows.shape) < missing * (0.5 + labels[:, None])] = np.nan
    return rows.astype(np.float32), labels


def fitted(name: str, classes: int, missing: float = 0.2) -> tuple[Any, NDArray[np.float32]]:
    rows, labels = samples(classes, missing)
    return MAKERS[name]().fit(rows, labels), rows


def run(path: Path, rows: NDArray[np.float32]) -> NDArray[np.float32]:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (found,) = session.run(["probability"], {"features": rows})
    assert isinstance(found, np.ndarray)
    return found


@pytest.mark.parametrize("missing", [0.0, 0.2])
@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("name", MAKERS)
def test_uncalibrated_probabilities_are_those_of_scikit_learn(
    tmp_path: Path, name: str, classes: int, missing: float
) -> None:
    trees, _ = fitted(name, classes, missing)
    path = tmp_path / "model.onnx"
    assert write_tree_graph(path, trees, FEATURES, UNCALIBRATED[classes], input_name="features") < 1e-6
    rows, _ = samples(classes, missing=0.4, count=300)
    rows[7] = np.nan
    expected = trees.predict_proba(rows)
    found = run(path, rows)
    assert found.dtype == np.float32
    assert found.shape == ((300,) if classes == 2 else (300, classes))
    # Shares of a forest that are 0 become the smallest probability.
    allowed = 1e-6 if name == "boosting" else classes * SMALLEST_PROBABILITY
    np.testing.assert_allclose(found, expected[:, 1] if classes == 2 else expected, atol=allowed)
    np.testing.assert_array_equal(run(path, rows[:1]), found[:1])
    assert len(run(path, rows[:0])) == 0


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize(
    ("classes", "calibrator"),
    [
        (2, Sigmoid()),
        (2, Temperature(1.7, -0.4)),
        (2, Isotonic((-2.0, 0.0, 0.5, 3.0), (0.01, 0.3, 0.3, 0.9))),
        (3, Softmax()),
        (3, Temperature(0.6)),
    ],
)
def test_every_calibration_is_that_of_the_evaluation(
    tmp_path: Path, name: str, classes: int, calibrator: Any
) -> None:
    trees, rows = fitted(name, classes)
    write_tree_graph(tmp_path / "model.onnx", trees, FEATURES, calibrator, input_name="features", rows=rows)
    expected = calibrator(tree_logits(trees, rows).astype(np.float64))
    np.testing.assert_allclose(run(tmp_path / "model.onnx", rows), expected, atol=1e-6)


def test_tails_are_not_cut_off(tmp_path: Path) -> None:
    trees, rows = fitted("boosting", 2)
    steep = Temperature(0.02)
    write_tree_graph(tmp_path / "model.onnx", trees, FEATURES, steep, input_name="features")
    found, expected = run(tmp_path / "model.onnx", rows), steep(tree_logits(trees, rows).astype(np.float64))
    assert expected.min() < 1e-15
    normal = expected > np.finfo(np.float32).tiny
    np.testing.assert_allclose(found[normal], expected[normal], rtol=1e-4)


@pytest.mark.parametrize("name", MAKERS)
def test_logits_are_those_inside_the_graph_bit_for_bit(tmp_path: Path, name: str) -> None:
    for classes in (2, 3):
        trees, rows = fitted(name, classes)
        path = tmp_path / "model.onnx"
        write_tree_graph(path, trees, FEATURES, UNCALIBRATED[classes], input_name="features")
        inside = onnx.load(path)
        inside.graph.output.append(onnx.helper.make_tensor_value_info("logits", onnx.TensorProto.FLOAT, None))
        session = onnxruntime.InferenceSession(inside.SerializeToString())
        (found,) = session.run(["logits"], {"features": rows})
        np.testing.assert_array_equal(found, tree_logits(trees, rows))


@pytest.mark.parametrize("name", MAKERS)
def test_a_calibration_as_steep_as_they_come_is_written(tmp_path: Path, name: str) -> None:
    trees, rows = fitted(name, 2)
    labels = np.random.default_rng(0).integers(0, 2, len(rows))
    # As many knots as samples ask for: steps between neighbouring logits.
    steep = fit_isotonic(tree_logits(trees, rows), labels, knots=400)
    path = tmp_path / "model.onnx"
    assert write_tree_graph(path, trees, FEATURES, steep, input_name="features", rows=rows) < 1e-5


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Any, Any, list[Any]]]:
    """Return estimators, sessions and thresholds of trees of all kinds on one feature."""
    found = {}
    rows = np.random.default_rng(1).normal(size=(300, 1))
    for name, make in MAKERS.items():
        trees = make().fit(rows, (np.sin(9 * rows[:, 0]) > 0).astype(int))
        path = tmp_path_factory.mktemp(name) / "model.onnx"
        write_tree_graph(path, trees, 1, Sigmoid(), input_name="features")
        thresholds = tree_graph.tree_ensemble(trees).thresholds()[0].tolist()
        found[name] = trees, onnxruntime.InferenceSession(path), thresholds
    return found


@settings(max_examples=100, deadline=None)
@given(data=st.data())
@pytest.mark.parametrize("name", MAKERS)
def test_every_float32_goes_the_same_way(written: dict[str, Any], name: str, data: st.DataObject) -> None:
    trees, session, thresholds = written[name]
    at_threshold = st.sampled_from(thresholds).map(np.float32)
    beside = st.tuples(at_threshold, st.sampled_from([-np.inf, np.inf])).map(
        lambda pair: np.nextafter(pair[0], np.float32(pair[1]))
    )
    anything = st.floats(width=32, allow_infinity=False)
    values = data.draw(st.lists(st.one_of(at_threshold, beside, anything), min_size=1, max_size=20))
    rows = np.array(values, dtype=np.float32)[:, None]
    (found,) = session.run(None, {"features": rows})
    np.testing.assert_allclose(found, trees.predict_proba(rows)[:, 1], atol=2e-6)


def test_thresholds_lie_between_float32_numbers(written: dict[str, Any]) -> None:
    # Else the test above would not tell double precision from single.
    for name in ("boosting", "forest", "extra-trees"):
        thresholds = np.array(written[name][2])
        assert (thresholds != thresholds.astype(np.float32)).any()


def test_thresholds_in_single_precision_would_be_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Two neighbouring float32 with the threshold between them, which rounds to the upper one.
    low = np.nextafter(np.float32(1000), np.float32(2000))
    high = np.nextafter(low, np.float32(2000))
    rows = np.repeat([[low], [high]], 50, axis=0)
    trees = RandomForestClassifier(3, random_state=0).fit(rows, np.repeat([0, 1], 50))
    write_tree_graph(tmp_path / "model.onnx", trees, 1, Sigmoid(), input_name="features", rows=rows)
    assert run(tmp_path / "model.onnx", rows)[[0, -1]].round().tolist() == [0, 1]
    attributes = tree_graph.TreeEnsemble.attributes

    def rounded(ensemble: Any) -> dict[str, Any]:
        found = attributes(ensemble)
        values = onnx.numpy_helper.to_array(found["nodes_values_as_tensor"]).astype(np.float32)
        single = onnx.numpy_helper.from_array(values.astype(np.float64), "thresholds")
        return found | {"nodes_values_as_tensor": single}

    monkeypatch.setattr(tree_graph.TreeEnsemble, "attributes", rounded)
    with pytest.raises(ModelError, match="differs from RandomForestClassifier by 1 in probability"):
        write_tree_graph(tmp_path / "other.onnx", trees, 1, Sigmoid(), input_name="features")
    assert [file.name for file in tmp_path.iterdir()] == ["model.onnx"]


def test_trees_that_ask_only_whether_a_feature_is_there(tmp_path: Path) -> None:
    rows = np.where(np.arange(100) % 2, np.nan, 1.0).astype(np.float32)[:, None]
    for name, make in MAKERS.items():
        trees = make().fit(rows, np.arange(100) % 2)
        path = tmp_path / f"{name}.onnx"
        write_tree_graph(path, trees, 1, Sigmoid(), input_name="features", rows=rows)
        assert run(path, rows)[:2].round().tolist() == [0, 1]


def test_trees_without_a_split(tmp_path: Path) -> None:
    rows, labels = np.zeros((90, 1), dtype=np.float32), np.arange(90) % 3
    for name, make in MAKERS.items():
        path = tmp_path / f"{name}.onnx"
        write_tree_graph(path, make().fit(rows, labels), 1, Softmax(), input_name="features")
        np.testing.assert_allclose(run(path, rows[:2]), 1 / 3, atol=0.1)


def test_wrong_trees_behind_a_flat_calibration_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trees, rows = fitted("boosting", 2)
    true = tree_logits
    monkeypatch.setattr(tree_graph, "tree_logits", lambda *given: true(*given) + np.float32(0.01))
    flat = Isotonic((-9.0, 9.0), (0.5, 0.5))
    with pytest.raises(ModelError, match=r"by 0 in probability and 0\.01 in logits"):
        write_tree_graph(tmp_path / "model.onnx", trees, FEATURES, flat, input_name="features", rows=rows)
    assert not list(tmp_path.iterdir())


def test_the_same_trees_give_the_same_bytes(tmp_path: Path) -> None:
    trees, _ = fitted("forest", 3)
    for name in ("first.onnx", "second.onnx"):
        write_tree_graph(tmp_path / name, trees, FEATURES, Softmax(), input_name="features")
    assert (tmp_path / "first.onnx").read_bytes() == (tmp_path / "second.onnx").read_bytes()


def test_what_cannot_become_a_graph(tmp_path: Path) -> None:
    rows, labels = samples(2, missing=0)
    trees = MAKERS["boosting"]().fit(rows, labels)
    categories = np.abs(rows).round().clip(0, 9)
    split = HistGradientBoostingClassifier(max_iter=2, categorical_features=[2]).fit(
        categories, categories[:, 2] % 2
    )
    twice = RandomForestClassifier(2).fit(rows, np.stack([labels, labels], axis=1))
    one = RandomForestClassifier(2).fit(rows, np.zeros(len(rows)))
    for estimator, message in [
        (GradientBoostingClassifier(n_estimators=1).fit(rows, labels), "GradientBoostingClassifier: cannot"),
        (RandomForestClassifier(), "not fitted"),
        (split, "splits by categories"),
        (twice, "2 labels a sample"),
        (one, "one class only"),
    ]:
        with pytest.raises(ModelError, match=message):
            write_tree_graph(tmp_path / "model.onnx", estimator, FEATURES, Sigmoid(), input_name="features")
    with pytest.raises(ModelError, match="take 5 features, the input contract has 4"):
        write_tree_graph(tmp_path / "model.onnx", trees, 4, Sigmoid(), input_name="features")
    with pytest.raises(ContractError, match="softmax needs logits"):
        write_tree_graph(tmp_path / "model.onnx", trees, FEATURES, Softmax(), input_name="features")
    assert not list(tmp_path.iterdir())


def test_a_calibration_without_a_translation(tmp_path: Path) -> None:
    class Halved:
        kind = "halved"

        def __call__(self, logits: Any) -> Any:
            return 0.5 * logits[:, 0]

        def to_json(self) -> dict[str, Any]:
            return {"kind": self.kind}

    trees, _ = fitted("boosting", 2)
    with pytest.raises(ModelError, match="kind 'halved' has no graph"):
        write_tree_graph(tmp_path / "model.onnx", trees, FEATURES, Halved(), input_name="features")


def test_features_that_are_none() -> None:
    trees, rows = fitted("forest", 3)
    assert tree_logits(trees, rows[:0]).shape == (0, 3)
    with pytest.raises(ContractError, match=r"shape \(400, 4\); expected \(N, 5\)"):
        tree_logits(trees, rows[:, :4])
    with pytest.raises(ContractError, match="feature 2 of row 1 is infinite"):
        tree_logits(trees, np.where(np.arange(15).reshape(3, 5) == 7, 1e300, 0.0))
