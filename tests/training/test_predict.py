"""Logits in chunks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from skysieve.errors import ContractError
from skysieve.networks.compact import Compact
from skysieve.training.predict import predict_logits

torch.set_num_threads(1)
INPUTS = np.random.default_rng(0).normal(size=(70, 1, 16, 16)).astype(np.float32)


@pytest.fixture
def network() -> Compact:
    torch.manual_seed(0)
    return Compact((1, 16, 16), 2, width=4)


def test_chunks_do_not_matter(network: Compact) -> None:
    expected = network.eval()(torch.from_numpy(INPUTS)).detach().numpy()
    for batch_size in (1, 7, 64, 1000):
        found = predict_logits(network, INPUTS, batch_size=batch_size)
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
        assert found.dtype == np.float32


def test_rows_of_a_file_in_the_given_order(network: Compact, tmp_path: Path) -> None:
    np.save(tmp_path / "inputs.npy", INPUTS)
    inputs = np.load(tmp_path / "inputs.npy", mmap_mode="r")
    rows = np.array([60, 3, 3, 17])
    found = predict_logits(network, inputs, rows=rows, batch_size=3)
    np.testing.assert_allclose(found, predict_logits(network, INPUTS)[rows], rtol=1e-4, atol=1e-5)


def test_preprocess_sees_raw_samples(network: Compact) -> None:
    raw = np.where(INPUTS > 2, np.float32(np.nan), INPUTS)
    found = predict_logits(network, raw, preprocess=torch.nan_to_num)
    np.testing.assert_array_equal(found, predict_logits(network, np.nan_to_num(raw)))
    assert np.isnan(predict_logits(network, raw)).any()


def test_modes_come_back(network: Compact) -> None:
    network.train()
    network.stem.eval()
    predict_logits(network, INPUTS[:2])
    assert network.training
    assert not network.stem[1].training
    assert network.stages.training


def test_no_samples(network: Compact) -> None:
    with pytest.raises(ContractError, match="no samples"):
        predict_logits(network, INPUTS[:0])
