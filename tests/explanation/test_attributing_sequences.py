"""What points of sequences contribute: captum says the same, it adds up, and a planted point is found."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from captum.attr import IntegratedGradients, Saliency
from numpy.typing import NDArray
from torch import Tensor, nn

from skysieve.errors import ConfigurationError, ContractError, ModelError
from skysieve.explanation import attribute_sequences, build_sequence_explainer, randomised_network
from skysieve.explanation.value_entrance import has_entrance, values_changed
from skysieve.networks import build_network
from skysieve.networks.sequences.light_curve_steps import standardised
from skysieve.networks.sequences.sequence_network import SequenceNetwork
from skysieve.training.ensemble import Ensemble
from skysieve.training.ragged import RaggedSequences

torch.set_num_threads(1)

#: Networks that standardise curves, with arguments that keep them small.
CURVES: dict[str, dict[str, Any]] = {
    "gru-d": {"hidden": 6},
    "recurrent": {"hidden": 6, "bidirectional": True, "pooling": "mean"},
    "static-rnn": {"hidden": 6},
    "naul": {"hidden": 6, "layers": 1, "embedding": 4},
    "time-transformer": {"width": 8, "heads": 2, "layers": 1},
}


def network_of(name: str, features: int = 2, outputs: int = 3, seed: int = 0, **more: Any) -> nn.Module:
    """Return a network whose logits move: its weights are larger than those of the start."""
    torch.manual_seed(seed)
    network = build_network(name, shape=(features,), outputs=outputs, **CURVES.get(name, {}), **more)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(1.5)
    return network.eval()


@pytest.fixture
def curves() -> RaggedSequences:
    rng = np.random.default_rng(0)
    lengths = rng.integers(3, 15, 9)
    steps = [np.stack([np.sort(rng.uniform(0, 300, n)), 15 + rng.normal(0, 0.4, n)], 1) for n in lengths]
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return RaggedSequences(np.concatenate(steps).astype(np.float32), offsets)


def padded(sequences: RaggedSequences) -> Tensor:
    return torch.from_numpy(sequences[np.arange(len(sequences))])


def filled(steps: list[NDArray[np.float32]], length: int) -> NDArray[np.float32]:
    return np.stack([np.pad(step, (0, length - len(step))) for step in steps])


@pytest.mark.parametrize("outputs", [1, 3])
def test_gradients_through_raw_values_are_those_of_captum(outputs: int, curves: RaggedSequences) -> None:
    network, x = network_of("recurrent", outputs=outputs), padded(curves)
    valid = x[..., 1].isfinite()
    mean = (torch.where(valid, x[..., 1], 0).sum(1) / valid.sum(1))[:, None].expand_as(valid)

    def logits(values: Tensor) -> Tensor:
        # Captum asks for many copies of the batch at once.
        many = x.repeat(len(values) // len(x), 1, 1)
        return network(
            torch.stack([many[..., 0], torch.where(many[..., 1].isfinite(), values, torch.nan)], -1)
        )

    values = torch.where(valid, x[..., 1], 0.0).requires_grad_()
    baseline = torch.where(valid, mean, 0.0)
    told = {"target": 1 if outputs == 1 else 2, "columns": (1,), "space": "raw"}
    column = 0 if outputs == 1 else 2
    expected, missed = IntegratedGradients(logits).attribute(
        values, baseline, column, n_steps=20, method="gausslegendre", return_convergence_delta=True
    )
    found = attribute_sequences(network, curves, steps=20, **told)
    np.testing.assert_allclose(filled(found.steps, x.shape[1]), expected.detach(), atol=1e-5)
    np.testing.assert_allclose(found.figures["completeness_error"], missed.detach(), atol=1e-5)
    slopes = attribute_sequences(network, curves, "saliency", **told)
    expected = Saliency(logits).attribute(values, target=column)
    np.testing.assert_allclose(filled(slopes.steps, x.shape[1]), expected.detach(), rtol=1e-4, atol=1e-6)
    assert not slopes.signed


def test_gradients_behind_the_standardisation_are_those_of_captum(curves: RaggedSequences) -> None:
    network, x = network_of("gru-d"), padded(curves)
    observed = x[..., 1:].isfinite()
    start, _, _ = standardised(x[..., 1:].nan_to_num(), observed)

    def logits(values: Tensor) -> Tensor:
        with values_changed(network, lambda _: values):
            return network(x.repeat(len(values) // len(x), 1, 1))

    expected = IntegratedGradients(logits).attribute(start, target=1, n_steps=16, method="gausslegendre")
    found = attribute_sequences(network, curves, columns=(1,), target=1, steps=16)
    assert found.settings["way"] == "standardised values"
    np.testing.assert_allclose(filled(found.steps, x.shape[1]), expected[..., 0].detach(), atol=1e-6)


@pytest.mark.parametrize("name", CURVES)
def test_attributions_add_up_to_the_difference_of_the_logits(name: str, curves: RaggedSequences) -> None:
    network = network_of(name)
    assert has_entrance(network)
    found = attribute_sequences(network, curves, columns=(1,), target=0)
    sums, difference = np.array([step.sum() for step in found.steps]), found.figures["logit_difference"]
    assert np.abs(difference).max() > 1e-3
    np.testing.assert_allclose(sums, difference, atol=1e-2 * np.abs(difference).max())
    np.testing.assert_allclose(sums - difference, found.figures["completeness_error"], atol=1e-5)


@pytest.mark.parametrize("name", [*CURVES, "frame-statistics"])
@pytest.mark.parametrize("method", ["integrated-gradients", "saliency"])
def test_a_sequence_is_explained_alike_in_any_company(
    name: str, method: str, curves: RaggedSequences
) -> None:
    network = network_of(name)
    together = attribute_sequences(network, curves, method, columns=(1,), target=1)
    in_pairs = attribute_sequences(network, curves, method, columns=(1,), target=1, batch=2)
    for row, (first, second) in enumerate(zip(together.steps, in_pairs.steps, strict=True)):
        alone = curves.steps[curves.offsets[row] : curves.offsets[row + 1]]
        single = RaggedSequences(alone, np.array([0, len(alone)]))
        third = attribute_sequences(network, single, method, columns=(1,), target=1).steps[0]
        scale = np.abs(first).max()
        np.testing.assert_allclose(second, first, atol=1e-4 * scale)
        np.testing.assert_allclose(third, first, atol=1e-4 * scale)


class Tells(SequenceNetwork):
    """Looks at the second feature of the third step only."""

    def logits_of(self, x: Tensor, valid: Tensor, lengths: Tensor) -> Tensor:
        return 4 * x[:, 2, 1:2]


@pytest.mark.parametrize("method", ["integrated-gradients", "saliency"])
def test_a_point_that_alone_decides_is_found(method: str, curves: RaggedSequences) -> None:
    found = attribute_sequences(Tells(), curves, method, columns=(1,), target=1)
    for row, step in enumerate(found.steps):
        value = curves.steps[curves.offsets[row] : curves.offsets[row + 1], 1]
        assert np.flatnonzero(step).tolist() == [2]
        expected = 4 * (value[2] - value.mean()) if method == "integrated-gradients" else 4
        assert step[2] == pytest.approx(expected, rel=1e-3, abs=1e-4)


def test_frames_start_from_zeros_and_all_their_numbers_count() -> None:
    steps = np.random.default_rng(1).normal(size=(12, 8)).astype(np.float32)
    sequences = RaggedSequences(steps, np.array([0, 5, 12]))
    network = network_of("frame-statistics", features=8, outputs=1)
    found = attribute_sequences(network, sequences, columns=range(8), target=1, steps=128)
    assert found.settings["baseline"] == "zeros"
    error, difference = found.figures["completeness_error"], found.figures["logit_difference"]
    assert np.abs(error).max() < 0.05 * np.abs(difference).max()


def test_what_was_not_observed_gets_nothing() -> None:
    nan = np.nan
    steps = np.array([[0, 15.0, nan], [1, nan, nan], [2, 15.5, nan], [3, nan, 14]], dtype=np.float32)
    sequences = RaggedSequences(steps, np.array([0, 4]))
    network = network_of("gru-d", features=3)
    found = attribute_sequences(network, sequences, columns=(1, 2), target=0).steps[0]
    # One value of the second band is its mean.
    assert (found != 0).tolist() == [True, False, True, False]


def test_an_ensemble_is_the_mean_of_its_members(curves: RaggedSequences) -> None:
    members = [network_of("gru-d", seed=seed) for seed in (1, 2)]
    parts = [attribute_sequences(member, curves, columns=(1,), target=1).steps for member in members]
    found = attribute_sequences(Ensemble(members), curves, columns=(1,), target=1).steps
    for both, first, second in zip(found, *parts, strict=True):
        np.testing.assert_allclose(both, (first + second) / 2, atol=1e-6)


def test_a_network_that_has_forgotten_says_something_else(curves: RaggedSequences) -> None:
    network = network_of("time-transformer")
    first = attribute_sequences(network, curves, columns=(1,), target=1).steps
    second = attribute_sequences(randomised_network(network, seed=1), curves, columns=(1,), target=1).steps
    assert np.corrcoef(np.concatenate(first), np.concatenate(second))[0, 1] < 0.9


def test_the_network_is_left_as_it_was(curves: RaggedSequences) -> None:
    for name in CURVES:
        network = network_of(name)
        before = network(padded(curves))
        attribute_sequences(network, curves, columns=(1,), target=1, steps=2)
        assert torch.equal(network(padded(curves)), before)
        assert all(parameter.grad is None for parameter in network.parameters())


def test_what_cannot_be_is_refused(curves: RaggedSequences) -> None:
    network = network_of("gru-d")
    with pytest.raises(ConfigurationError, match="use integrated-gradients or saliency instead"):
        attribute_sequences(network, curves, "grad-cam", columns=(1,))
    with pytest.raises(ConfigurationError, match="expected 1 or more"):
        build_sequence_explainer("integrated-gradients", {"steps": 0})
    with pytest.raises(ContractError, match="sequences have 0 to 1"):
        attribute_sequences(network, curves, columns=(2,))
    with pytest.raises(ContractError, match="has the classes 0 to 2"):
        attribute_sequences(network, curves, columns=(1,), target=3)
    with torch.no_grad():
        dict(network.named_parameters())["fc_out.bias"].fill_(torch.nan)
    with pytest.raises(ModelError, match="returns"):
        attribute_sequences(network, curves, columns=(1,))
