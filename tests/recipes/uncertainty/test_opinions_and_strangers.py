"""Opinions of dropout and members, and what a model finds strange."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from scipy import special

from skysieve.errors import ConfigurationError, ContractError
from skysieve.evaluation import out_of_distribution
from skysieve.evaluation.calibration import Temperature
from skysieve.models.model import Model
from skysieve.preprocess import Pipeline
from skysieve.recipes.run import TrainingRun
from skysieve.recipes.uncertainty import opinions as opinions_module
from skysieve.recipes.uncertainty.opinions import opinions
from skysieve.recipes.uncertainty.strangers import METHODS, strangers
from skysieve.recipes.uncertainty.torch_model import TorchModel
from skysieve.samples import Description, SampleSet, TensorColumn

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def model(toy_run: TrainingRun) -> Model:
    return Model.load(toy_run.model.folder)


def test_members_average_to_the_model(
    model: Model, toy_run: TrainingRun, toy_set: Path, tmp_path: Path
) -> None:
    found = opinions(model, [toy_set], tmp_path, source="members", replicates=10, progress=False)
    table = pq.read_table(found.table).to_pydict()
    rows = toy_run.split.rows("test")
    assert table["id"] == toy_run.split.samples.ids[rows].tolist()
    assert set(table["opinions"]) == {2}
    np.testing.assert_allclose(table["mean"], toy_run.scores[rows], atol=1e-4)
    assert (np.array(table["mutual_information"]) <= np.array(table["entropy"]) + 1e-9).all()


def test_dropout_disagrees_and_goes_on_after_an_interruption(
    model: Model, toy_set: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {"passes": 6, "replicates": 10, "seed": 5, "progress": False}
    chunked = opinions_module.stored_chunks
    monkeypatch.setattr(opinions_module, "stored_chunks", lambda *a, **k: chunked(*a, **k, size=25))
    whole = opinions(model, [toy_set], tmp_path / "whole", **options)
    asked = opinions_module._logits
    calls: list[int] = []

    def breaking(*arguments: object) -> object:
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return asked(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(opinions_module, "_logits", breaking)
    with pytest.raises(KeyboardInterrupt):
        opinions(model, [toy_set], tmp_path / "broken", **options)
    again = opinions(model, [toy_set], tmp_path / "broken", **options)
    assert len(calls) == 4
    np.testing.assert_array_equal(again.spread.mean, whole.spread.mean)
    assert (whole.spread.spread > 0).mean() > 0.9
    stored = json.loads(whole.written.table.read_text())["results"]
    assert stored["accuracy_of_surest"]["entropy"][-1] == pytest.approx(whole.figures["accuracy"].value)


def test_mistakes_and_what_is_right_of_a_group_are_drawn_together(monkeypatch: pytest.MonkeyPatch) -> None:
    groups, right = np.repeat(np.arange(40), 2), np.tile([True, False], 40)
    labels = np.tile([0, 1], 40)
    unsure = np.random.default_rng(3).random(80)
    judged = opinions_module._Judged(
        np.arange(80), groups, labels, ("bogus", "real"), None, np.full(80, 0.4), right, {"entropy": unsure}
    )
    shares: list[float] = []
    asked = out_of_distribution._separation

    def noted(truth: np.ndarray, scores: np.ndarray) -> dict[str, float]:
        shares.append(float(truth.mean()))
        return asked(truth, scores)

    monkeypatch.setattr(out_of_distribution, "_separation", noted)
    monkeypatch.setattr(opinions_module, "figure_function", lambda *_: lambda *_: {"accuracy": 0.5})
    found = judged.figures(replicates=20, seed=1)
    assert 0.3 < found["mistakes by entropy"].value < 0.7
    # Each object has one of both: so has every draw of objects.
    assert shares == [0.5] * 21


def test_a_single_member_has_no_second_opinion(toy_set: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="a single member"):
        opinions(Model.load("braai-weak"), [toy_set], tmp_path, source="members")


def test_strangers_stand_out(model: Model, toy_set: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(9)
    images = rng.normal(6, 9, (60, 1, 16, 16)).astype(np.float32)
    columns = {"id": np.arange(60), "group": np.arange(60) + 1000, "cutouts": images}
    description = Description({"cutouts": TensorColumn((1, 16, 16), channels=("science",))})
    other = SampleSet.from_columns(columns, description).write(tmp_path / "other.parquet")
    found = strangers(model, [toy_set], [other], tmp_path / "out", replicates=10, progress=False)
    assert set(found.separation) == set(METHODS)
    assert found.separation["mahalanobis"]["auroc"].value > 0.95
    assert found.separation["nearest"]["auroc"].value > 0.5
    inside, outside = (pq.read_table(each) for each in found.tables)
    assert outside.num_rows == 60
    assert {*METHODS, "score"} < set(inside.column_names)
    assert "Inside and outside" in found.written.report.read_text()
    assert not list((tmp_path / "out").glob("*.parts"))


def test_strangers_of_another_shape_are_refused(model: Model, toy_set: Path, tmp_path: Path) -> None:
    columns = {"id": [1], "group": [1], "cutouts": np.zeros((1, 1, 8, 8), np.float32)}
    other = SampleSet.from_columns(columns, Description({"cutouts": TensorColumn((1, 8, 8))}))
    with pytest.raises(ContractError, match=r"have the shape \(1, 8, 8\) .* expects \(1, 16, 16\)"):
        strangers(model, [toy_set], [other.write(tmp_path / "small.parquet")], tmp_path / "out")


@pytest.mark.parametrize("outputs", [1, 3])
def test_opinions_are_pooled_and_then_calibrated(outputs: int) -> None:
    logits = np.random.default_rng(1).normal(0, 3, (4, 9, outputs)).astype(np.float32)
    model = TorchModel(None, Pipeline.of("nan-to-num"), Temperature(1.7))
    found = opinions_module._spread(model, logits)
    if outputs == 1:
        mean = special.expit(logits[..., 0].astype(float)).mean(0)
        expected = special.expit(special.logit(mean) / 1.7)
    else:
        mean = special.softmax(logits.astype(float), axis=2).mean(0)
        expected = special.softmax(np.log(mean) / 1.7, axis=1)
    np.testing.assert_allclose(found.mean, expected, rtol=1e-9)
    sure = opinions_module._spread(model, np.full((2, 1, 1), 60.0))
    assert sure.mean[0] == pytest.approx(special.expit(60 / 1.7), rel=1e-12)
    assert sure.mutual_information[0] == 0
