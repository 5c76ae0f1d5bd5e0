"""Scoring of sample sets: every curve once, what cannot be scored by name, a kill costs one part."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

from skysieve.errors import ConfigurationError, ContractError, SampleSetError
from skysieve.models import InputContract, Model, ModelDescription, save_model
from skysieve.models.readings import read_inputs
from skysieve.models.rebuild import build_network
from skysieve.samples import SampleSet
from skysieve.samples.light_curves import LightCurves
from skysieve.scoring import sample_table
from skysieve.scoring.sample_table import score_sample_table

CLASSES = ("EA", "EW", "LPV")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """Return an untrained network of sequences whose scores differ from curve to curve."""
    torch.manual_seed(3)
    description = ModelDescription(
        name="toy",
        summary="Tells kinds of curves.",
        classes=CLASSES,
        contract=InputContract(
            (None, 2), ("time", "value"), column="steps", reading={"kind": "light-curve-steps"}
        ),
        preprocess=[],
        network={"name": "recurrent", "outputs": 3, "arguments": {"hidden": 4}},
        calibration={"kind": "softmax"},
    )
    return save_model(tmp_path_factory.mktemp("toy") / "model", build_network(description), description)


@pytest.fixture
def curves(tmp_path: Path) -> Path:
    """Write ten light curves; the one called c4 has no point, c7 goes back in time."""
    generator = np.random.default_rng(5)
    times = [np.sort(generator.uniform(0, 100, count)) for count in (9, 3, 30, 1, 0, 8, 12, 5, 40, 2)]
    times[7] = times[7][::-1]
    values = [generator.normal(15, 1, len(time)) for time in times]
    samples = LightCurves.from_lists(times, values, ids=[f"c{number}" for number in range(10)]).samples()
    path = tmp_path / "curves.parquet"
    samples.with_columns({"ra": np.arange(10.0)}).write(path)
    return path


def test_scores_are_joined_by_identity_and_bad_curves_cost_themselves(
    model: Model, curves: Path, tmp_path: Path
) -> None:
    summary = score_sample_table(model, curves, tmp_path / "scores.parquet", fields=["ra"])
    table = pq.read_table(summary.output).to_pydict()
    assert table["id"] == ["c0", "c1", "c2", "c3", "c5", "c6", "c8", "c9"]
    assert table["ra"] == [0, 1, 2, 3, 5, 6, 8, 9]
    samples = SampleSet.open(curves)
    for row, name in ((0, "c0"), (8, "c8")):
        alone = model.predict(read_inputs(model.description.contract, samples, np.array([row])))[0]
        told = [table[f"score_{each}"][table["id"].index(name)] for each in CLASSES]
        np.testing.assert_allclose(told, alone, atol=1e-6)
        assert table["called"][table["id"].index(name)] == CLASSES[int(alone.argmax())]
    assert summary.kept_aside == {"no-points": 1, "unreadable": 1}
    assert summary.scored + sum(summary.kept_aside.values()) == 10
    assert sum(summary.called.values()) == 8
    aside = [json.loads(line) for line in summary.quarantine.read_text().splitlines()]
    assert [each["source"] for each in aside] == ["c4", "c7"]
    assert "c7 is not in the order of time" in aside[1]["reason"]


def test_a_kill_costs_one_part_and_changes_nothing(
    model: Model, curves: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sample_table, "PART_ROWS", 3)
    whole = score_sample_table(model, curves, tmp_path / "whole.parquet")
    scored: list[int] = []
    really = sample_table._score_piece

    def dies(model: Model, piece: SampleSet, *rest: object) -> object:
        if len(scored) == 2:
            raise KeyboardInterrupt
        scored.append(len(piece))
        return really(model, piece, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(sample_table, "_score_piece", dies)
    target = tmp_path / "scores.parquet"
    with pytest.raises(KeyboardInterrupt):
        score_sample_table(model, curves, target)
    assert not target.exists()
    pieces: list[int] = []

    def counts(model: Model, piece: SampleSet, *rest: object) -> object:
        pieces.append(len(piece))
        return really(model, piece, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(sample_table, "_score_piece", counts)
    summary = score_sample_table(model, curves, target)
    assert summary.resumed
    assert pieces == [3, 1]
    assert pq.read_table(target).equals(pq.read_table(whole.output))
    assert not (tmp_path / "scores.parquet.parts").exists()
    again = score_sample_table(model, curves, target)
    assert (again.seconds, again.scored) == (0.0, 8)
    assert pieces == [3, 1]


def test_parts_and_tables_of_other_runs_are_refused(model: Model, curves: Path, tmp_path: Path) -> None:
    target = tmp_path / "scores.parquet"
    score_sample_table(model, curves, target)
    with pytest.raises(ConfigurationError, match=r"another run \(differs in: fields\)"):
        score_sample_table(model, curves, target, fields=["ra"])
    assert score_sample_table(model, curves, target, fields=["ra"], restart=True).scored == 8


def test_what_is_not_there_is_named(model: Model, curves: Path, tmp_path: Path) -> None:
    with pytest.raises(SampleSetError, match="no column 'dec' to copy"):
        score_sample_table(model, curves, tmp_path / "a.parquet", fields=["dec"])
    described = model.description
    wrong = InputContract((1, 8, 8), ("science",))
    other = Model(model.folder, ModelDescription(**{**vars(described), "contract": wrong}), model.identity)
    with pytest.raises(ContractError):
        score_sample_table(other, curves, tmp_path / "b.parquet")


def test_a_column_called_kind_is_copied_and_one_of_the_table_is_refused(
    model: Model, curves: Path, tmp_path: Path
) -> None:
    samples = SampleSet.open(curves)
    kinds = [f"kind {number}" for number in range(10)]
    samples.with_columns({"kind": kinds, "reason": kinds, "called": kinds}).write(tmp_path / "kinds.parquet")
    found = score_sample_table(
        model, tmp_path / "kinds.parquet", tmp_path / "a.parquet", fields=["kind", "reason"]
    )
    table = pq.read_table(found.output).to_pydict()
    assert table["kind"] == table["reason"] == [f"kind {name[1:]}" for name in table["id"]]
    assert sum(found.kept_aside.values()) == 2
    with pytest.raises(SampleSetError, match="'called' is a column of the table of scores itself"):
        score_sample_table(model, tmp_path / "kinds.parquet", tmp_path / "b.parquet", fields=["called"])


def test_what_the_model_gives_no_number_for_is_kept_aside(
    model: Model, curves: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    predict = Model.predict

    def spoilt(self: Model, inputs: Any, engine: Any = None) -> Any:
        scores = predict(self, inputs, engine)
        scores[0] = np.nan
        return scores

    monkeypatch.setattr(Model, "predict", spoilt)
    found = score_sample_table(model, curves, tmp_path / "scores.parquet")
    assert found.kept_aside["no-score"] >= 1
    table = pq.read_table(found.output)
    assert np.isfinite(table[f"score_{CLASSES[0]}"].to_numpy()).all()
    assert found.scored + sum(found.kept_aside.values()) == 10
