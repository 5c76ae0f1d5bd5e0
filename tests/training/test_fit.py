"""Training of one network: it learns, chooses on validation, and repeats to the last bit."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from skysieve.configuration import as_dict
from skysieve.errors import ConfigurationError, ContractError, SampleSetError
from skysieve.networks import build_network
from skysieve.networks.weights import save_weights
from skysieve.training.configuration import TrainingConfig
from skysieve.training.examples import Examples
from skysieve.training.execution import seeded_network
from skysieve.training.fit import FitResult, fit
from skysieve.training.history import EpochRecord, figures_of
from skysieve.training.predict import predict_logits


def small_network(outputs: int = 1, seed: int = 0) -> torch.nn.Module:
    return seeded_network(
        lambda: build_network(
            "vgg6", shape=(1, 20, 20), outputs=outputs, width=8, dense=32, dropout=(0.1, 0.1, 0.1)
        ),
        seed,
    )


@pytest.fixture
def run(train: Examples, validation: Examples, tmp_path: Path) -> Callable[..., FitResult]:
    def run(config: TrainingConfig, folder: str = "run", **arguments: Any) -> FitResult:
        given = {"network": small_network(), "train": train, "validation": validation} | arguments
        return fit(
            **given, config=config, run_folder=tmp_path / folder, preprocess=torch.nan_to_num, progress=False
        )

    return run


def _weights(result: FitResult) -> bytes:
    return (result.folder / "best.safetensors").read_bytes()


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_learns(run: Callable[..., FitResult], config: TrainingConfig, precision: str) -> None:
    result = run(dataclasses.replace(config, epochs=20, batch_size=16, precision=precision))
    best = result.history[result.best_epoch - 1]
    assert best.validation_accuracy > 0.9
    assert result.best_validation == best.validation_loss
    assert best.validation_loss == min(record.validation_loss for record in result.history)
    assert not result.network.training
    assert all(parameter.dtype == torch.float32 for parameter in result.network.parameters())


def test_learns_several_classes_with_balance_and_rotations(config: TrainingConfig, tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    labels = generator.choice(3, 200, p=[0.8, 0.1, 0.1])
    inputs = generator.normal(size=(200, 1, 20, 20)).astype(np.float32)
    inputs += 2 * labels[:, None, None, None]
    examples = Examples(inputs, labels)
    config = dataclasses.replace(config, epochs=12, class_weights="balanced", monitor="balanced_accuracy")
    config = dataclasses.replace(
        config, augmentation=dataclasses.replace(config.augmentation, rotations=True)
    )
    result = fit(small_network(3), examples, examples, config, tmp_path, progress=False)
    assert result.best_validation > 0.9


def test_learns_by_focal_loss_and_tells_cross_entropy_on_validation(
    run: Callable[..., FitResult], config: TrainingConfig
) -> None:
    plain, focal = run(config), run(dataclasses.replace(config, loss="focal"), folder="focal")
    assert focal.history[0].training_loss < 0.6 * plain.history[0].training_loss
    assert focal.history[0].validation_loss > 0.6 * plain.history[0].validation_loss
    flat = run(dataclasses.replace(config, loss="focal", focal_gamma=0.0), folder="flat")
    assert flat.history == plain.history


def test_best_weights_are_those_of_the_best_epoch(
    run: Callable[..., FitResult], config: TrainingConfig, validation: Examples
) -> None:
    result = run(dataclasses.replace(config, epochs=6, learning_rate=0.03))
    logits = predict_logits(result.network, validation.inputs, preprocess=torch.nan_to_num)
    assert figures_of(logits, validation.labels).loss == pytest.approx(result.best_validation, rel=1e-5)
    stored = load_file(result.folder / "best.safetensors")
    for name, tensor in result.network.state_dict().items():
        assert torch.equal(tensor, stored[name])


def test_stops_after_patience(run: Callable[..., FitResult], config: TrainingConfig, train: Examples) -> None:
    opposite = Examples(train.inputs, 1 - train.labels)
    result = run(dataclasses.replace(config, epochs=30, patience=3), validation=opposite)
    assert len(result.history) == result.best_epoch + 3 < 30


def test_same_seed_gives_the_same_bits(run: Callable[..., FitResult], config: TrainingConfig) -> None:
    first = run(config, "first")
    torch.rand(5)
    second = run(config, "second")
    other = run(dataclasses.replace(config, seed=43), "other")
    assert first.history == second.history
    assert _weights(first) == _weights(second)
    assert _weights(first) != _weights(other)


def test_global_random_state_is_left_alone(run: Callable[..., FitResult], config: TrainingConfig) -> None:
    torch.manual_seed(5)
    expected = torch.rand(4)
    torch.manual_seed(5)
    run(dataclasses.replace(config, epochs=1))
    assert torch.equal(torch.rand(4), expected)


def test_run_folder(run: Callable[..., FitResult], config: TrainingConfig) -> None:
    seen: list[EpochRecord] = []
    config = dataclasses.replace(config, precision="auto")
    result = run(config, on_epoch=seen.append)
    assert seen == list(result.history)
    assert {file.name for file in result.folder.iterdir()} == {
        "configuration.json", "history.csv", "history.json", "checkpoint.pt", "best.safetensors",
    }  # fmt: skip
    written = json.loads((result.folder / "configuration.json").read_text())
    assert written["training"] == as_dict(config)
    assert written["used"]["precision"] in ("float32", "bfloat16")
    assert written["used"]["threads"] == 1
    assert json.loads((result.folder / "history.json").read_text())[-1]["epoch"] == 4


def test_rows_and_weights(run: Callable[..., FitResult], config: TrainingConfig, train: Examples) -> None:
    """A subset, and the same samples among others of weight zero, have the same validation figures."""
    config = dataclasses.replace(config, epochs=2)
    few = train.take(np.arange(40))
    padded = Examples(train.inputs, train.labels, (np.arange(len(train)) < 40).astype(float))
    first, second = run(config, "few", validation=few), run(config, "padded", validation=padded)
    for one, other in zip(first.history, second.history, strict=True):
        assert one.validation_loss == pytest.approx(other.validation_loss, rel=1e-6)
        assert one.validation_balanced_accuracy == pytest.approx(other.validation_balanced_accuracy)


def test_frozen_layers_stay(run: Callable[..., FitResult], config: TrainingConfig) -> None:
    network = small_network()
    network.conv1.requires_grad_(False)
    before = network.conv1.weight.clone()
    result = run(dataclasses.replace(config, epochs=1), network=network)
    assert torch.equal(result.network.conv1.weight, before)
    assert not torch.equal(result.network.conv2.weight, small_network().conv2.weight)


def test_fine_tuning_starts_from_the_given_weights(
    run: Callable[..., FitResult], config: TrainingConfig, validation: Examples
) -> None:
    trained = run(dataclasses.replace(config, epochs=15), "first")
    again = run(dataclasses.replace(config, epochs=1, learning_rate=1e-6), "again", network=trained.network)
    assert again.best_validation == pytest.approx(trained.best_validation, rel=0.01)


def test_nan_in_samples_is_named(
    train: Examples, validation: Examples, config: TrainingConfig, tmp_path: Path
) -> None:
    with pytest.raises(
        ContractError, match=r"epoch 1, batch \d of 5, is nan: 1 of its samples.* in row 0 of"
    ):
        fit(small_network(), train, validation, config, tmp_path, progress=False)
    assert (tmp_path / "configuration.json").exists()


def test_nan_in_validation_is_named(
    run: Callable[..., FitResult], config: TrainingConfig, train: Examples
) -> None:
    broken = train.inputs.copy()
    broken[17] = np.inf
    with pytest.raises(ContractError, match="validation sample in row 17"):
        fit(
            small_network(), train, Examples(broken, train.labels).take(np.arange(10, 30)), config,
            run(dataclasses.replace(config, epochs=1)).folder.parent / "other",
            preprocess=lambda x: torch.where(torch.isnan(x), 0.0, x), progress=False,
        )  # fmt: skip


def test_divergence_is_named_and_the_folder_kept(
    run: Callable[..., FitResult], config: TrainingConfig
) -> None:
    network = small_network()

    def overflow(record: EpochRecord) -> None:
        if record.epoch == 2:
            torch.nn.init.constant_(network.fc_out.weight, 3e38)

    with pytest.raises(ConfigurationError, match=r"epoch 3, batch 1 of 5.*diverged; lower 'learning_rate'"):
        run(config, network=network, on_epoch=overflow)
    resumed = run(config)
    assert len(resumed.history) == 4


def test_one_class(run: Callable[..., FitResult], config: TrainingConfig, train: Examples) -> None:
    with pytest.raises(SampleSetError, match="of class 1; training needs at least two classes"):
        run(config, train=train.take(train.labels == 1))


def test_empty_splits(run: Callable[..., FitResult], config: TrainingConfig, train: Examples) -> None:
    empty = train.take(np.array([], dtype=np.int64))
    with pytest.raises(SampleSetError, match="validation split has no samples"):
        run(config, validation=empty)
    with pytest.raises(SampleSetError, match="training split has no samples"):
        run(config, train=empty)


def test_network_for_another_shape(run: Callable[..., FitResult], config: TrainingConfig) -> None:
    network = build_network("vgg6", shape=(1, 30, 30), outputs=1)
    with pytest.raises(ContractError, match=r"VGG6 cannot take samples of shape \(1, 20, 20\)"):
        run(config, network=network)


def test_a_finished_run_is_not_done_again(run: Callable[..., FitResult], config: TrainingConfig) -> None:
    first = run(config)
    calls: list[EpochRecord] = []
    second = run(config, on_epoch=calls.append)
    assert not calls
    assert second.history == first.history
    assert second.seconds == first.seconds
    save_weights(second.network, second.folder / "again.safetensors")
    assert (second.folder / "again.safetensors").read_bytes() == _weights(first)


def test_a_network_from_another_start_is_another_run(
    run: Callable[..., FitResult], config: TrainingConfig
) -> None:
    run(config)
    with pytest.raises(ConfigurationError, match=r"is of another run: start was .*--fresh.*resume=False"):
        run(config, network=small_network(seed=9))
    again = run(config, network=small_network(seed=9), resume=False)
    assert len(again.history) == 4


def test_resume_false_starts_again(run: Callable[..., FitResult], config: TrainingConfig) -> None:
    first = run(config)
    second = run(dataclasses.replace(config, epochs=2), resume=False)
    assert second.history == first.history[:2]


def test_another_run_in_the_folder(
    run: Callable[..., FitResult],
    config: TrainingConfig,
    train: Examples,
    validation: Examples,
    tmp_path: Path,
) -> None:
    run(config)
    kept = (tmp_path / "run" / "checkpoint.pt").read_bytes()
    other = dataclasses.replace(config, learning_rate=0.5)
    with pytest.raises(
        ConfigurationError, match=r"learning_rate was 0.003 and is 0.5; choose another run folder"
    ):
        run(other)
    with pytest.raises(ConfigurationError, match="training samples was"):
        run(config, train=train.take(np.arange(100)))
    with pytest.raises(ConfigurationError, match="network was 'VGG6 of"):
        run(config, network=small_network(outputs=2))
    with pytest.raises(ConfigurationError, match="out of preprocessing with other values"):
        fit(
            small_network(),
            train,
            validation,
            config,
            tmp_path / "run",
            preprocess=_fill_with_one,
            progress=False,
        )
    assert (tmp_path / "run" / "checkpoint.pt").read_bytes() == kept


def _fill_with_one(samples: Tensor) -> Tensor:
    return torch.nan_to_num(samples, nan=1.0)


def test_threads_may_change_between_sessions(run: Callable[..., FitResult], config: TrainingConfig) -> None:
    run(config)
    run(dataclasses.replace(config, threads=None))


def test_a_run_from_before_a_setting_existed_goes_on(
    run: Callable[..., FitResult], config: TrainingConfig
) -> None:
    result = run(config)
    checkpoint = torch.load(result.folder / "checkpoint.pt", weights_only=True)
    assert not {"loss", "focal_gamma", "copies", "decay", "augmentation.shift"} & set(checkpoint["facts"])
    run(config)
    with pytest.raises(ConfigurationError, match="copies was None and is 40"):
        run(dataclasses.replace(config, copies=40))
