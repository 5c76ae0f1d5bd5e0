"""Sequences of different lengths: stored flat, padded when read, batched by length; fit learns from them."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from skysieve.errors import ConfigurationError, ContractError, SampleSetError
from skysieve.networks import build_network
from skysieve.training.configuration import TrainingConfig
from skysieve.training.ensemble import Ensemble
from skysieve.training.examples import Examples
from skysieve.training.execution import seeded_network
from skysieve.training.fit import FitResult, fit
from skysieve.training.history import EpochRecord
from skysieve.training.predict import predict_logits
from skysieve.training.ragged import RaggedSequences, bucketed_batches
from skysieve.training.thinning import Thinning

torch.set_num_threads(1)


def made(count: int, seed: int, batch_tokens: int | None = None) -> Examples:
    """Return curves that rise or fall."""
    rng = np.random.default_rng(seed)
    labels, lengths = rng.integers(0, 2, count), rng.integers(1, 30, count)
    labels[:2] = 0, 1
    lengths[lengths < 3] = 5
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    time = np.concatenate([np.sort(rng.uniform(0, 100, length)) for length in lengths])
    sign = np.repeat(2 * labels - 1, lengths)
    value = 15 + sign * time / 50 + rng.normal(0, 0.1, len(time))
    steps = np.stack([time, value], axis=1).astype(np.float32)
    return Examples(RaggedSequences(steps, offsets, batch_tokens), labels)


def network(seed: int = 0) -> torch.nn.Module:
    def new() -> torch.nn.Module:
        return build_network("recurrent", shape=(2,), outputs=1, hidden=4, dropout=0.1, pooling="attention")

    return seeded_network(new, seed)


@pytest.fixture
def config() -> TrainingConfig:
    return TrainingConfig(
        epochs=3, batch_size=16, learning_rate=0.02, device="cpu", precision="float32", threads=1
    )


class KilledError(Exception):
    pass


def run(config: TrainingConfig, folder: Path, kill_at: int | None = None, **arguments: Any) -> FitResult:
    def kill(record: EpochRecord) -> None:
        if record.epoch == kill_at:
            raise KilledError

    examples = {"train": made(60, 1, 200), "validation": made(30, 2)} | arguments
    return fit(network(), config=config, run_folder=folder, progress=False, on_epoch=kill, **examples)


def test_learns(config: TrainingConfig, tmp_path: Path) -> None:
    result = run(dataclasses.replace(config, epochs=15), tmp_path)
    assert result.history[result.best_epoch - 1].validation_accuracy > 0.9


@pytest.mark.parametrize("batch_tokens", [None, 200])
def test_killed_run_ends_as_one_that_was_not(
    config: TrainingConfig, tmp_path: Path, batch_tokens: int | None
) -> None:
    given = {"train": made(60, 1, batch_tokens), "augmenter": Thinning()}
    whole = run(config, tmp_path / "whole", **given)
    with pytest.raises(KilledError):
        run(config, tmp_path / "killed", kill_at=2, **given)
    resumed = run(config, tmp_path / "killed", **given)
    assert resumed.history == whole.history
    weights = [(result.folder / "best.safetensors").read_bytes() for result in (whole, resumed)]
    assert weights[0] == weights[1]


@pytest.mark.parametrize(
    "other",
    [
        {"train": made(60, 1, 100)},
        {"train": made(60, 3, 200)},
        {"augmenter": Thinning((0.1, 0.2))},
        {"validation": made(30, 4)},
    ],
    ids=["budget", "samples", "thinning", "validation"],
)
def test_another_run_is_not_gone_on_with(
    config: TrainingConfig, tmp_path: Path, other: dict[str, Any]
) -> None:
    run(config, tmp_path)
    with pytest.raises(ConfigurationError):
        run(dataclasses.replace(config), tmp_path, **other)


def test_logits_are_those_of_each_sequence_alone_and_in_order() -> None:
    examples = made(20, 5)
    net, inputs = network().eval(), examples.inputs
    rows = np.random.default_rng(0).permutation(20)[:15]
    found = predict_logits(net, inputs, rows=rows, batch_size=4)
    budget = predict_logits(net, made(20, 5, 60).inputs, rows=rows)
    with torch.inference_mode():
        alone = [net(torch.from_numpy(inputs[np.array([row])])).numpy() for row in rows]
    np.testing.assert_allclose(found, np.concatenate(alone), atol=1e-5)
    np.testing.assert_allclose(budget, found, atol=1e-5)


def test_an_ensemble_takes_sequences() -> None:
    ensemble = Ensemble([network(1), network(2)])
    assert predict_logits(ensemble, made(9, 5).inputs).shape == (9, 1)


def test_taking_keeps_lengths() -> None:
    examples = made(20, 5)
    some = examples.take(np.array([7, 3]))
    assert some.lengths is not None
    assert some.lengths.tolist() == examples.inputs.lengths[[7, 3]].tolist()
    assert some.batch(np.array([0])).shape == (1, some.lengths[0], 2)
    assert examples.shape == (2,)
    assert Examples(np.zeros((3, 2)), np.zeros(3, int)).lengths is None


def test_a_value_that_is_infinite_is_named(config: TrainingConfig, tmp_path: Path) -> None:
    def spoil(samples: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        return samples.where(samples.isnan(), torch.nan).nan_to_num(nan=torch.inf)

    with pytest.raises((ContractError, ConfigurationError), match="epoch 1, batch"):
        run(config, tmp_path, augmenter=spoil)


@given(
    lengths=st.lists(st.integers(1, 50), min_size=1, max_size=200),
    most_samples=st.one_of(st.none(), st.integers(1, 9)),
    most_steps=st.one_of(st.none(), st.integers(1, 300)),
    seed=st.one_of(st.none(), st.integers(0, 5)),
)
def test_every_sequence_is_in_one_batch_within_the_limits(
    lengths: list[int], most_samples: int | None, most_steps: int | None, seed: int | None
) -> None:
    if most_samples is None and most_steps is None:
        most_samples = 4
    counts = np.array(lengths)

    def batches() -> list[np.ndarray]:
        generator = None if seed is None else torch.Generator().manual_seed(seed)
        return bucketed_batches(counts, most_samples=most_samples, most_steps=most_steps, generator=generator)

    found = batches()
    assert sorted(np.concatenate(found).tolist()) == list(range(len(lengths)))
    for batch, again in zip(found, batches(), strict=True):
        np.testing.assert_array_equal(batch, again)
        assert most_samples is None or len(batch) <= most_samples
        assert most_steps is None or len(batch) == 1 or len(batch) * counts[batch].max() <= most_steps


def test_batches_differ_between_seeds_and_hold_little_padding() -> None:
    lengths = np.random.default_rng(0).integers(5, 1091, 2000)
    first, second = (
        bucketed_batches(lengths, most_samples=32, generator=torch.Generator().manual_seed(seed))
        for seed in (1, 2)
    )
    assert {tuple(sorted(batch)) for batch in first} != {tuple(sorted(batch)) for batch in second}
    read = sum(len(batch) * lengths[batch].max() for batch in first)
    assert read < 1.1 * lengths.sum()


def test_no_limit() -> None:
    with pytest.raises(ConfigurationError, match="limit"):
        bucketed_batches(np.array([1]))


@pytest.mark.parametrize(
    ("steps", "offsets", "told"),
    [
        (np.zeros((3, 2)), [0, 2], "do not fit"),
        (np.zeros((3, 2)), [0, 3, 3], "number 1"),
        (np.array([[0.0, 1.0], [np.nan, 1.0]]), [0, 1, 2], "sequence 1"),
        (np.array([[0.0, np.inf], [0.0, 1.0]]), [0, 1, 2], "sequence 0"),
    ],
)
def test_sequences_that_cannot_be_are_named(steps: np.ndarray, offsets: list[int], told: str) -> None:
    with pytest.raises(SampleSetError, match=told):
        RaggedSequences(steps, np.array(offsets))


def test_batch_tokens_below_one() -> None:
    with pytest.raises(ConfigurationError, match="0 batch tokens"):
        RaggedSequences(np.zeros((1, 1)), np.array([0, 1]), 0)


def test_beginnings_keep_first_steps_and_at_least_one() -> None:
    inputs = made(6, 3).inputs
    assert isinstance(inputs, RaggedSequences)
    cut = inputs.beginnings(np.array([0, 2, 99, 1, 1, 1]))
    assert cut.lengths.tolist()[:3] == [1, 2, inputs.lengths[2]]
    np.testing.assert_array_equal(cut[np.array([1])][0], inputs[np.array([1])][0, :2])
