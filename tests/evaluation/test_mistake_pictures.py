from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from skysieve.evaluation.curve_pictures import LEGEND
from skysieve.evaluation.evaluate import Evaluation, evaluate
from skysieve.evaluation.frame_pictures import EMBEDDING_LEGEND, FRAME_LEGEND
from skysieve.evaluation.mistake_pictures import mistake_pictures
from skysieve.evaluation.report_content import worst_examples
from skysieve.samples.description import Description, TensorColumn
from skysieve.samples.light_curves import LightCurves
from skysieve.samples.sample_set import SampleSet

N = 40
ROWS = np.arange(N)[::-1]
"""The evaluation judges the samples in reverse order."""


@pytest.fixture(scope="module")
def judged() -> Evaluation:
    rng = np.random.default_rng(2)
    scores, ids = rng.dirichlet(np.ones(3), N), [f"star {row}" for row in ROWS]
    return evaluate(
        rng.integers(0, 3, N),
        scores,
        groups=range(N),
        split="test",
        seed=0,
        replicates=5,
        classes="abc",
        ids=ids,
    )


def sequences(**tensors: tuple[int, ...]) -> SampleSet:
    rng, ids = np.random.default_rng(0), [f"star {row}" for row in range(N)]
    columns: dict[str, Any] = {
        name: [rng.normal(size=(4, *shape)) for _ in ids] for name, shape in tensors.items()
    }
    layout = {name: TensorColumn((None, *shape), "float64") for name, shape in tensors.items()}
    return SampleSet.from_columns({"id": ids, "group": ids, **columns}, Description(tensors=layout))


def test_each_curve_is_drawn_beside_its_own_name_and_folded_if_it_has_a_period(judged: Evaluation) -> None:
    ids = [f"star {row}" for row in range(N)]
    curves = LightCurves.from_lists(
        [np.arange(5.0)] * N, [np.full(5, float(row)) for row in range(N)], ids=ids
    )
    period = np.where(np.arange(N) % 2, 1.7, np.nan)
    found = mistake_pictures(curves.samples({"period": period}), judged, ROWS, limit=3, multiple=2)
    assert found is not None
    assert found.legend == LEGEND
    for some in worst_examples(judged, limit=3, pictures=found).values():
        for each in some:
            odd = int(each.id.split()[1]) % 2
            assert f"Light curve of {each.id}: 5 points" in each.picture
            assert each.picture.count("2P = 3.4 d</text>") == odd


@pytest.mark.parametrize(
    ("tensors", "legend", "words"),
    [
        ({"frames": (1, 6, 6), "time": (), "embedding": (3,)}, FRAME_LEGEND, "4 frames"),
        ({"frames": (1, 6, 6)}, FRAME_LEGEND, "4 frames"),
        ({"embedding": (3,), "time": ()}, EMBEDDING_LEGEND, "4 frames, 3 dimensions"),
    ],
    ids=["frames", "frames without times", "embedding"],
)
def test_sequences_are_drawn(
    judged: Evaluation, tensors: dict[str, tuple[int, ...]], legend: str, words: str
) -> None:
    found = mistake_pictures(sequences(**tensors), judged, ROWS, limit=3)
    assert found is not None
    assert found.legend == legend
    shown = worst_examples(judged, limit=3, pictures=found)
    assert all(f'"{each.id}: {words}' in each.picture for some in shown.values() for each in some)


def test_what_cannot_be_drawn_has_no_pictures(judged: Evaluation) -> None:
    assert mistake_pictures(sequences(features=(3,)), judged, ROWS) is None
    right = evaluate([0, 1, 2], np.eye(3), groups=range(3), split="test", seed=0, replicates=5, classes="abc")
    assert mistake_pictures(sequences(embedding=(3,)), right, np.arange(3)) is None
