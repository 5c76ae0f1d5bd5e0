"""Votes in a sample set: read by class, refused where they are no votes, and learned from by a recipe."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skysieve.configuration import override
from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.recipes.recipe import RECIPES
from skysieve.recipes.run import train_samples
from skysieve.recipes.seen_groups import seen_samples
from skysieve.recipes.vote_targets import targets_of
from skysieve.samples import Description, SampleSet, TensorColumn

BRAAI = RECIPES.get("braai")
QUICK = {
    "network.arguments": {"width": 4, "dense": 16, "dropout": [0.0, 0.0, 0.0]},
    "training.epochs": 2,
    "training.learning_rate": 3e-3,
    "training.threads": 1,
    "calibration.method": "none",
    "evaluation.replicates": 20,
}


def voted(votes: Any, prefix: str = "votes_", labels: Any = None) -> SampleSet:
    """Return a set without images whose classes are a and b."""
    columns = {"id": [f"s{row}" for row in range(len(votes))], "group": np.arange(len(votes))}
    columns |= {f"{prefix}{name}": [row[number] for row in votes] for number, name in enumerate("ab")}
    return SampleSet.from_columns(columns, Description(classes=("a", "b")))


def test_a_sample_without_votes_has_none() -> None:
    found = targets_of(voted([[1, 3], [None, None]]), "dirichlet-multinomial")
    assert found.tolist() == [[1, 3], [0, 0]]


def test_shares_may_be_rounded() -> None:
    found = targets_of(voted([[0.33, 0.66], [0.5, 0.5]]), "soft-cross-entropy")
    np.testing.assert_allclose(found, [[0.33, 0.66], [0.5, 0.5]], rtol=1e-6)


@pytest.mark.parametrize(
    ("votes", "loss", "message"),
    [
        ([[1, -3], [2, 1]], "soft-cross-entropy", "id s0 are 1, -3 .*not negative"),
        ([[2, 1], [None, 1]], "dirichlet-multinomial", "id s1 are nan, 1"),
        ([[0.5, 0.5], [0.5, 0.2]], "soft-cross-entropy", r"id s1 are 0.5, 0.2 and sum to 0.7 \(1 samples"),
        ([[3, 1], [2.5, 1]], "dirichlet-multinomial", "id s1 are 2.5, 1; .*needs counts"),
        ([[3, 1]], "partial", "reads the column 'allowed_a', which is absent; add one"),
    ],
)
def test_what_is_no_vote(votes: Any, loss: str, message: str) -> None:
    with pytest.raises(SampleSetError, match=message):
        targets_of(voted(votes), loss)


def test_a_misnamed_column_is_recognised() -> None:
    with pytest.raises(SampleSetError, match="did you mean 'vote_a'"):
        targets_of(voted([[1, 2]], prefix="vote_"), "soft-cross-entropy")


@pytest.fixture(scope="module")
def samples() -> SampleSet:
    """Noise with a star where most votes say so; every eighth sample has votes but no label."""
    n, rng = 96, np.random.default_rng(5)
    kind = np.arange(n) % 2
    cutouts = rng.normal(0, 10, (n, 3, 63, 63)).astype(np.float32)
    cutouts[:, :, 29:34, 29:34] += 100 * kind[:, None, None, None]
    votes = rng.binomial(20, np.where(kind == 1, 0.8, 0.1))
    columns = {
        "id": np.arange(n),
        "group": np.arange(n),
        "label": np.where(np.arange(n) % 8 < 2, -1, kind),
        "cutouts": cutouts,
        "votes_bogus": 20 - votes,
        "votes_real": votes,
    }
    layout = TensorColumn((3, 63, 63), channels=("science", "template", "difference"))
    return SampleSet.from_columns(columns, Description({"cutouts": layout}, ("bogus", "real")))


def test_a_recipe_learns_from_votes(samples: SampleSet, tmp_path: Path) -> None:
    settings = override(BRAAI.configuration, {**QUICK, "training.loss": "soft-cross-entropy"})
    run = train_samples(BRAAI, samples, tmp_path / "votes", settings, progress=False)
    used = (tmp_path / "votes/training/member_0/configuration.json").read_text()
    voted_on = int((run.split.split == "train").sum())
    assert f'"training_samples": {voted_on},' in used
    assert voted_on > len(run.split.rows("train"))
    provenance = run.model.description.provenance
    # What has votes and no label was learned from, and counts as seen.
    seen = seen_samples(samples, provenance)
    assert seen is not None
    assert seen[(run.split.split == "train") & (samples.labels < 0)].all()
    assert provenance["configuration"]["training"]["loss"] == "soft-cross-entropy"


def test_counts_need_an_output_a_class(samples: SampleSet, tmp_path: Path) -> None:
    settings = override(BRAAI.configuration, {**QUICK, "training.loss": "dirichlet-multinomial"})
    with pytest.raises(ConfigurationError, match="an output a class"):
        train_samples(BRAAI, samples, tmp_path / "x", settings, progress=False)
