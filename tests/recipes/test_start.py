"""What the networks of a run start from: each member of an ensemble from its own weights."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from skysieve.configuration import override
from skysieve.errors import ConfigurationError
from skysieve.models.model import WEIGHTS, Model
from skysieve.models.rebuild import build_network
from skysieve.networks.weights import save_weights
from skysieve.recipes import start
from skysieve.recipes.recipe import Recipe
from skysieve.recipes.start import fine_tuned_from, network_maker
from skysieve.training.fine_tuning import FineTuningConfig


@pytest.fixture
def pair(blob_model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Model:
    """Return a model of two members with random weights of their own."""
    described = blob_model.description
    described = replace(described, network=described.network | {"members": 2})
    network = build_network(described)
    save_weights(network, tmp_path / WEIGHTS)
    model = Model(tmp_path, described, "0" * 64)
    monkeypatch.setattr(start.Model, "load", lambda _: model)
    return model


def test_every_member_starts_from_its_own(pair: Model, blob_recipe: Recipe) -> None:
    settings = override(blob_recipe.configuration, {"network.members": 2})
    make = network_maker(blob_recipe, settings, pair.folder)
    members = build_network(pair.description, pair.folder / WEIGHTS).networks
    for member in members:
        for name, tensor in make().state_dict().items():
            assert torch.equal(tensor, member.state_dict()[name])
    weights = [each.output.weight for each in members]
    assert not torch.equal(*weights)


@pytest.mark.parametrize("members", [1, 3])
def test_another_number_of_members_is_refused(members: int, pair: Model, blob_recipe: Recipe) -> None:
    settings = override(blob_recipe.configuration, {"network.members": members})
    with pytest.raises(ConfigurationError, match="cannot start from this model"):
        network_maker(blob_recipe, settings, pair.folder)()


def test_card_of_an_ensemble_tells_the_blocks_of_a_member(pair: Model) -> None:
    told = fine_tuned_from(pair, FineTuningConfig("last-blocks"))
    assert told["facts"]["trained"] == {"stages.4": 1.0, "output": 1.0}
    assert "stem, stages.0" in told["words"]
