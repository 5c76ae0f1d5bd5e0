"""Probabilities against votes: known errors come back, and only what the cut left out is compared."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from skysieve.configuration import override
from skysieve.errors import SampleSetError
from skysieve.recipes.deepshadows import DEEPSHADOWS
from skysieve.recipes.galaxy_votes import below_the_cut, vote_agreement
from skysieve.recipes.run import train_samples
from skysieve.samples import Description, SampleSet, TensorColumn

torch.set_num_threads(1)

CLASSES = ("edge_on", "featured", "smooth")
OPTIONS = {"groups": np.arange(2000), "classes": CLASSES, "replicates": 20}


def people(count: int = 2000, votes: int = 40) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return true shares, and what so many people say."""
    generator = np.random.default_rng(1)
    shares = generator.dirichlet([2, 1, 3], count)
    return shares, np.array([generator.multinomial(votes, each) for each in shares], dtype=float)


def test_a_perfect_predictor_has_the_error_of_the_votes_themselves() -> None:
    shares, votes = people()
    found = vote_agreement(shares, votes, **OPTIONS)
    for name in CLASSES:
        assert found.rmse[name].value == pytest.approx(found.rmse_of_the_votes_themselves[name], rel=0.08)
        assert found.calibration[name].value < 0.012
        assert found.correlation[name].value > 0.9
    assert found.galaxies == 2000
    assert "edge_on: RMSE 0.0" in str(found)
    assert set(found.to_json()["smooth"]) >= {"rmse", "rmse_of_a_constant"}


def test_a_shifted_one_is_not_calibrated_and_a_constant_knows_nothing() -> None:
    shares, votes = people()
    shifted = np.stack([shares[:, 0] - 0.1, shares[:, 1] + 0.1, shares[:, 2]], axis=1)
    found = vote_agreement(shifted, votes, **OPTIONS)
    assert found.calibration["featured"].value == pytest.approx(0.1, abs=0.01)
    assert found.calibration["smooth"].value < 0.012
    constant = vote_agreement(np.broadcast_to(shares.mean(0), shares.shape), votes, **OPTIONS)
    assert constant.rmse["smooth"].value == pytest.approx(constant.rmse_of_a_constant["smooth"], rel=0.01)
    assert np.isnan(constant.correlation["smooth"].value)


def test_shares_without_counts_have_no_known_noise() -> None:
    shares, _ = people()
    assert np.isnan(vote_agreement(shares, shares, **OPTIONS).rmse_of_the_votes_themselves["smooth"])


@pytest.mark.parametrize(
    ("scores", "votes", "message"),
    [
        (np.ones((3, 2)), np.ones((3, 2)), r"expected both \(N, 3\)"),
        (np.ones((3, 3)), np.ones((4, 3)), r"votes of shape \(4, 3\)"),
        (np.ones((2, 3)), np.array([[1, 2, 3], [0, 0, 0]]), "row 1 has no votes"),
    ],
)
def test_what_cannot_be_compared(scores: np.ndarray, votes: np.ndarray, message: str) -> None:
    with pytest.raises(SampleSetError, match=message):
        vote_agreement(scores, votes, np.arange(len(scores)), CLASSES, replicates=20)


def test_only_galaxies_without_a_label_are_compared(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    share = generator.uniform(size=90)
    label = np.where(share > 0.7, 1, np.where(share < 0.3, 0, -1))
    images = generator.integers(0, 30, (90, 3, 64, 64)).astype(np.uint8)
    images[:, 0, 20:44, 20:44] = (40 + 200 * share).astype(np.uint8)[:, None, None]
    rows = np.arange(90)
    votes = np.rint(np.stack([1 - share, share], axis=1) * 30)
    content = {"id": rows, "group": rows, "label": label, "cutouts": images}
    content |= {f"votes_{name}": votes[:, number] for number, name in enumerate(DEEPSHADOWS.classes)}
    layout = TensorColumn((3, 64, 64), "uint8", DEEPSHADOWS.contract.channels)
    samples = SampleSet.from_columns(content, Description({"cutouts": layout}, DEEPSHADOWS.classes))
    quick = {
        "splits": {"train": 0.5, "validation": 0.25, "test": 0.25},
        "network": {"name": "compact", "arguments": {"width": 4}},
        "training": {"epochs": 4, "batch_size": 8, "optimizer": "adam", "learning_rate": 0.01, "threads": 1},
        "evaluation": {"replicates": 20},
    }
    settings = override(DEEPSHADOWS.configuration, quick)
    run = train_samples(DEEPSHADOWS, samples, tmp_path / "run", settings, progress=False)
    found = below_the_cut(run, replicates=20)
    assert found.galaxies == int((label < 0).sum())
    complete = samples.with_columns({"label": (share > 0.5).astype(int)})
    again = train_samples(DEEPSHADOWS, complete, tmp_path / "all", settings, progress=False)
    with pytest.raises(SampleSetError, match="none of 90 samples has votes but no label"):
        below_the_cut(again)
    soft = override(settings, {"training.loss": "soft-cross-entropy"})
    learned = train_samples(DEEPSHADOWS, samples, tmp_path / "soft", soft, progress=False)
    with pytest.raises(SampleSetError, match="it has learned from the votes"):
        below_the_cut(learned)
