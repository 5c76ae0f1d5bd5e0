import json

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from skysieve.detection.boosted_trees import BoostedTrees, shipped_trees
from skysieve.detection.features import FEATURES
from skysieve.errors import ModelError


def test_trees_copied_from_scikit_learn_give_its_probabilities() -> None:
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(500, 3)).astype(np.float32)
    label = rows[:, 0] * rows[:, 1] + 0.3 * rows[:, 2] > 0
    model = HistGradientBoostingClassifier(max_iter=12, random_state=1).fit(rows, label)
    trees = tuple(
        {
            "feature": np.where(each.nodes["is_leaf"], -1, each.nodes["feature_idx"]).tolist(),
            "threshold": np.where(each.nodes["is_leaf"], 0.0, each.nodes["num_threshold"]).tolist(),
            "left": each.nodes["left"].tolist(),
            "right": each.nodes["right"].tolist(),
            "value": each.nodes["value"].tolist(),
        }
        for (each,) in model._predictors
    )
    copy = BoostedTrees(("a", "b", "c"), float(model._baseline_prediction.ravel()[0]), trees)
    np.testing.assert_allclose(copy.predict(rows), model.predict_proba(rows)[:, 1], atol=1e-7)
    again = BoostedTrees.from_json(copy.to_json(), "copy")
    np.testing.assert_array_equal(again.predict(rows), copy.predict(rows))


def test_the_shipped_trees_know_the_features() -> None:
    trees = shipped_trees()
    assert trees.features == FEATURES
    assert 0 < len(trees.trees) < 1000


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 9}', '{"format": 1, "features": ["a"]}'])
def test_damaged_files_are_refused(text: str) -> None:
    with pytest.raises(ModelError, match=r"trees\.json"):
        BoostedTrees.from_json(text, "trees.json")


def test_rows_of_another_width_are_refused() -> None:
    with pytest.raises(ModelError, match=r"\(2, 3\), expected \(n, 1\)"):
        BoostedTrees(("a",), 0.0, ()).predict(np.zeros((2, 3)))


def test_json_is_plain() -> None:
    assert json.loads(BoostedTrees(("a",), 0.5, ()).to_json())["start"] == 0.5
