"""What holds whatever the method: batches, targets, missing pixels, ensembles, bad input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from skysieve.errors import ConfigurationError, ContractError, ModelError, UnknownNameError
from skysieve.explanation import EXPLAINERS, attribute, build_explainer
from skysieve.explanation.attributing import method_of
from skysieve.explanation.grad_cam import GradCam
from skysieve.explanation.integrated_gradients import IntegratedGradients
from skysieve.explanation.registry import Explainer
from skysieve.explanation.saliency import Saliency
from skysieve.models.model import SHIPPED, WEIGHTS, Model
from skysieve.models.rebuild import build_network as rebuild
from skysieve.networks import build_network
from skysieve.preprocess import Pipeline
from skysieve.sources.simulators.streaks.simulate import simulate_streaks
from skysieve.sources.simulators.triplets import simulate_triplets
from skysieve.sources.streaks.cutout_file import resize_cutouts
from skysieve.training.ensemble import Ensemble

#: Every method, with few steps where it has any: what is tested here does not depend on their number.
METHODS = (GradCam(), IntegratedGradients(steps=4), Saliency())


def test_every_method_is_registered() -> None:
    assert {method_of(each) for each in METHODS} <= set(EXPLAINERS)


@pytest.mark.parametrize("method", METHODS, ids=method_of)
@pytest.mark.parametrize("name", ["vgg6", "streaknet", "compact"])
def test_maps_do_not_depend_on_the_batch(
    method: Explainer, name: str, small_network: Callable[..., Any], some_images: Any
) -> None:
    network, images = small_network(name, 3), some_images(name, 5)
    together = attribute(network, images, method)
    apart = attribute(network, images, method, batch=2)
    np.testing.assert_allclose(together.maps, apart.maps, rtol=1e-4, atol=1e-6 * together.maps.max())
    np.testing.assert_array_equal(together.target, together.logits.argmax(1))


@pytest.mark.parametrize("method", METHODS, ids=method_of)
def test_the_network_is_left_as_it_was(
    method: Explainer, small_network: Callable[..., Any], some_images: Any
) -> None:
    network = small_network("compact").train()
    network.stages[0].eval()
    modes = [module.training for module in network.modules()]
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    attribute(network, some_images("compact"), method)
    assert [module.training for module in network.modules()] == modes
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())
    assert all(parameter.grad is None for parameter in network.parameters())


@pytest.mark.parametrize("method", METHODS, ids=method_of)
@pytest.mark.parametrize("norm", ["l2-per-cutout", "l2-per-row"])
def test_pixels_that_were_not_measured_get_nothing(method: Explainer, norm: str) -> None:
    torch.manual_seed(0)
    network = build_network("compact", shape=(3, 32, 32), outputs=1, width=8)
    images = np.random.default_rng(0).normal(100, 10, (3, 3, 32, 32)).astype(np.float32)
    images[0, :, :6] = np.nan
    images[1, 1] = np.nan
    images[1, 2] = -3.4e38
    images[2, 0, 3, 4] = np.inf
    found = attribute(network, images, method, preprocess=Pipeline.of("fill-masked", norm))
    assert np.isfinite(found.maps).all()
    assert not found.maps[0, :6].any()
    assert found.maps[0].any()
    assert found.maps[1].any() or isinstance(method, GradCam)


@pytest.mark.parametrize("method", [IntegratedGradients, Saliency])
@pytest.mark.parametrize("space", ["raw", "network"])
def test_what_stands_in_a_pixel_that_was_not_measured_does_not_matter(method: Any, space: Any) -> None:
    torch.manual_seed(0)
    network = build_network("compact", shape=(2, 24, 24), outputs=1, width=8)
    images = np.random.default_rng(0).normal(100, 10, (1, 2, 24, 24)).astype(np.float32)
    found = []
    for missing in (np.nan, np.inf, -3.4e38):
        images[0, 0, 5:9, 5:9] = missing
        preprocess = Pipeline.of("fill-masked", "l2-per-cutout")
        found.append(attribute(network, images, method(space=space), preprocess=preprocess).maps)
    assert found[0].any()
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])


@pytest.mark.parametrize("method", METHODS, ids=method_of)
@pytest.mark.parametrize("outputs", [1, 3])
def test_an_ensemble_shows_the_mean_of_its_members(
    method: Explainer, outputs: int, small_network: Callable[..., Any], some_images: Any
) -> None:
    members = [small_network("streaknet", outputs, seed) for seed in range(3)]
    images = some_images("streaknet")
    ensemble = attribute(Ensemble(members), images, method, target=1)
    each = [attribute(member, images, method, target=1).maps for member in members]
    np.testing.assert_allclose(ensemble.maps, np.mean(each, axis=0), rtol=1e-4, atol=1e-7)


def test_a_sure_network_is_explained_all_the_same() -> None:
    # The probability is 1 in float32, and its gradient is 0.
    network = nn.Sequential(nn.Flatten(), nn.Linear(16, 1))
    with torch.no_grad():
        network[1].bias.fill_(500.0)
    images = np.random.default_rng(0).normal(size=(1, 1, 4, 4))
    for method in METHODS[1:]:
        assert attribute(network, images, method).maps.any()


@pytest.mark.parametrize("method", METHODS, ids=method_of)
def test_the_shipped_model_of_alerts(method: Explainer) -> None:
    model = Model.load("braai-weak")
    network = rebuild(model.description, model.folder / WEIGHTS)
    triplets = simulate_triplets(6, seed=1)
    images = triplets.cutouts.astype(np.float32)
    preprocess = Pipeline.from_json(model.description.preprocess)
    found = attribute(network, images, method, preprocess=preprocess)
    assert found.maps.shape == (6, 63, 63)
    assert np.isfinite(found.maps).all()
    # Grad-CAM may find nothing that speaks for the class; a gradient is never nothing.
    assert all(each.any() for each in found.maps) or isinstance(method, GradCam)
    assert found.maps.any()
    np.testing.assert_array_equal(found.target, found.logits[:, 0] > 0)


def test_a_shipped_member_of_a_sieve() -> None:
    model = Model.load(SHIPPED / "streaks" / "rb-1")
    network = rebuild(model.description, model.folder / WEIGHTS)
    streaks = simulate_streaks(4, seed=2, kinds=["satellite"], size=157)
    images = resize_cutouts(np.asarray(streaks.cutouts, np.uint8))[:, None]
    found = attribute(network, images, preprocess=Pipeline.from_json(model.description.preprocess))
    assert found.maps.shape == (4, 144, 144)
    assert found.settings["activation"].startswith("add (64 x ")
    # Light is dark: what the maps point at is darker than the rest of the image.
    weights = found.maps / found.maps.sum((1, 2), keepdims=True)
    assert ((weights * images[:, 0]).sum((1, 2)) < images[:, 0].mean((1, 2))).all()


def test_bad_input_is_refused(small_network: Callable[..., Any], some_images: Any) -> None:
    network, images = small_network("vgg6"), some_images("vgg6")
    with pytest.raises(ContractError, match="expected \\(images, channels, rows, columns\\)"):
        attribute(network, images[0])
    with pytest.raises(ContractError, match="class 2 is to be explained; the network has the classes 0 to 1"):
        attribute(network, images, target=2)
    with pytest.raises(ContractError, match="targets for 3 images"):
        attribute(network, images, target=[1, 0])
    with pytest.raises(UnknownNameError, match="did you mean 'grad-cam'"):
        attribute(network, images, "gradcam")
    with pytest.raises(ConfigurationError, match="'layer'"):
        attribute(network, images, layr="conv1")
    with pytest.raises(ConfigurationError, match="made already"):
        attribute(network, images, build_explainer("saliency"), smooth=3)
    with pytest.raises(ConfigurationError, match="batch is 0"):
        attribute(network, images, batch=0)


def test_a_network_that_returns_nan_is_told() -> None:
    network = build_network("compact", shape=(1, 16, 16), outputs=1, width=8)
    images = np.zeros((2, 1, 16, 16))
    images[1, 0, 0, 0] = np.nan
    with pytest.raises(ModelError, match="for image 1 of a batch; does the preprocessing fill NaN"):
        attribute(network, images)
