"""Folds: who sees what, and that nothing is done twice."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from skysieve.errors import ConfigurationError
from skysieve.networks import build_network
from skysieve.training import kfold
from skysieve.training.configuration import TrainingConfig
from skysieve.training.examples import Examples
from skysieve.training.fit import fit
from skysieve.training.kfold import fit_folds
from skysieve.training.predict import predict_logits

FOLDS = np.arange(150) % 3


def make_network() -> nn.Module:
    return build_network("vgg6", shape=(1, 20, 20), outputs=1, width=4, dense=16)


def test_out_of_fold_logits_come_from_the_network_of_the_fold(
    train: Examples, config: TrainingConfig, tmp_path: Path
) -> None:
    config = dataclasses.replace(config, epochs=2)
    arguments = {"preprocess": torch.nan_to_num, "progress": False}
    result = fit_folds(make_network, train, FOLDS, config, tmp_path, **arguments)
    assert result.logits.shape == (150, 1)
    for fold, fitted in enumerate(result.results):
        assert fitted.folder == tmp_path / f"fold_{fold}"
        all_logits = predict_logits(fitted.network, train.inputs, preprocess=torch.nan_to_num)
        np.testing.assert_allclose(
            result.logits[fold == FOLDS], all_logits[fold == FOLDS], rtol=1e-4, atol=1e-5
        )
    again = fit_folds(make_network, train, FOLDS, config, tmp_path, **arguments)
    np.testing.assert_array_equal(again.logits, result.logits)
    assert [one.seconds for one in again.results] == [one.seconds for one in result.results]


def test_the_tested_fold_neither_trains_nor_validates(
    train: Examples, config: TrainingConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def spy(
        network: nn.Module, training: Examples, validation: Examples, *rest: object, **arguments: object
    ) -> object:
        assert training.rows is not None
        assert validation.rows is not None
        calls.append((set(FOLDS[training.rows].tolist()), set(FOLDS[validation.rows].tolist())))
        return fit(network, training, validation, *rest, **arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(kfold, "fit", spy)
    config = dataclasses.replace(config, epochs=1)
    fit_folds(make_network, train, FOLDS, config, tmp_path, preprocess=torch.nan_to_num, progress=False)
    assert calls == [({2}, {1}), ({0}, {2}), ({1}, {0})]


@pytest.mark.parametrize(
    ("folds", "message"),
    [
        (np.arange(150) % 2, "K of at least 3"),
        (np.arange(150) % 3 + 1, "expected 0 to K - 1"),
        (np.where(np.arange(150) % 4 == 2, 0, np.arange(150) % 4), "expected 0 to K - 1"),
        (np.zeros(3, int), "150 examples have folds"),
        (FOLDS.astype(float), "150 examples have folds of type float64"),
    ],
)
def test_unusable_folds(
    folds: np.ndarray, message: str, train: Examples, config: TrainingConfig, tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        fit_folds(make_network, train, folds, config, tmp_path)
