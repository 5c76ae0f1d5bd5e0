"""Rows of a set are read one by one, and scalars without a tensor."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from skysieve.errors import SampleSetError
from skysieve.models import Model
from skysieve.recipes.configuration import EvaluationConfig
from skysieve.recipes.evaluate import evaluate_model
from skysieve.recipes.stored_rows import StoredImages, scalars_of
from skysieve.samples import Description, SampleSet, TensorColumn
from skysieve.sources.simulators.samples import write_triplet_samples


def sample_set() -> SampleSet:
    images = np.arange(5 * 4, dtype=np.float32).reshape(5, 1, 2, 2)
    columns = {"id": list("abcde"), "group": list("aabbc"), "label": [0, None, 1, 0, 1], "image": images}
    layout = Description({"image": TensorColumn((1, 2, 2))}, ("no", "yes"), label_origin="Two observers.")
    return SampleSet.from_columns(columns | {"mag": [1.0, None, 3.0, 4.0, 5.0]}, layout)


def test_images_are_those_of_their_rows(tmp_path: Path) -> None:
    samples = sample_set()
    opened = SampleSet.open(samples.write(tmp_path / "s.parquet"))
    rows = np.array([4, 1, 2])
    for each in (samples, opened):
        images = StoredImages(each, "image", rows)
        assert len(images) == 3
        for number, row in enumerate(rows):
            np.testing.assert_array_equal(images[number], samples.tensor("image")[row])


def test_scalars_come_without_tensors() -> None:
    found = scalars_of(sample_set(), np.array([3, 1, 4]))
    assert found.ids.tolist() == ["d", "b", "e"]
    assert found.groups.tolist() == ["b", "a", "c"]
    assert found.labels.tolist() == [0, -1, 1]
    np.testing.assert_array_equal(found.scalar("mag"), [4.0, np.nan, 5.0])
    assert (found.classes, found.description.label_origin) == (("no", "yes"), "Two observers.")
    with pytest.raises(SampleSetError, match="no tensor column is called 'image'"):
        found.tensor("image")


def test_an_evaluation_never_holds_all_images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_triplet_samples(tmp_path / "s.parquet", n=1100, seed=3)
    read = SampleSet.tensor
    counts = []

    def counting(self: SampleSet, name: str, rows: np.ndarray | None = None) -> np.ndarray:
        found = read(self, name, rows)
        counts.append(len(found))
        return found

    monkeypatch.setattr(SampleSet, "tensor", counting)
    model = Model.load("braai-weak")
    found = evaluate_model(model, [path], tmp_path / "judged", settings=EvaluationConfig(replicates=10))
    assert max(counts) <= 1024
    samples = SampleSet.open(path)
    np.testing.assert_array_equal(found.evaluation.labels, samples.labels)
    np.testing.assert_allclose(
        found.evaluation.scores[1020:1030], model.predict(read(samples, "cutouts")[1020:1030]), rtol=1e-5
    )
