"""Fine-tuning: what learns, what rests to the last bit, and that cached features change nothing."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from skysieve.errors import ConfigurationError
from skysieve.networks import NETWORKS, build_network
from skysieve.networks.sequences import SequenceNetwork
from skysieve.training.configuration import AugmentationConfig, TrainingConfig
from skysieve.training.examples import Examples
from skysieve.training.execution import seeded_network
from skysieve.training.feature_cache import feature_key, head_features
from skysieve.training.fine_tuning import FineTuningConfig
from skysieve.training.fine_tuning_blocks import blocks_of
from skysieve.training.fine_tuning_fit import FEATURES, fit_fine_tuned
from skysieve.training.fine_tuning_plan import plan_fine_tuning
from skysieve.training.fit import fit

IMAGE_NETWORKS = [name for name in NETWORKS if not issubclass(NETWORKS.get(name), SequenceNetwork)]
SMALL = {"night-sky-net": {"dense": (8, 8, 8, 8)}, "fc4": {"dense": (16, 8)}}


def compact(seed: int = 0) -> nn.Module:
    return seeded_network(lambda: build_network("compact", shape=(1, 20, 20), outputs=1, width=4), seed)


def changed(before: dict[str, torch.Tensor], network: nn.Module) -> set[str]:
    """Return the names of the tensors that are no longer what they were, to the last bit."""
    return {name for name, tensor in network.state_dict().items() if not torch.equal(tensor, before[name])}


def copied(network: nn.Module) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in network.state_dict().items()}


@pytest.mark.parametrize("name", IMAGE_NETWORKS)
def test_blocks_hold_every_weight_of_every_network_once(name: str) -> None:
    network = build_network(name, shape=(1, 64, 64), outputs=2, **SMALL.get(name, {}))
    blocks = blocks_of(network, torch.zeros(1, 1, 64, 64))
    modules = [module for block in blocks for module in block.modules]
    owners = [each for each, module in network.named_modules() if list(module.buffers(recurse=False))]
    assert sum(block.parameters for block in blocks) == sum(each.numel() for each in network.parameters())
    assert len(set(modules)) == len(modules)
    assert set(owners) <= set(modules)
    assert isinstance(network.get_submodule(blocks[-1].modules[0]), nn.Linear)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("deepshadows", ["conv1", "conv2", "conv3", "fc_1", "fc_out"]),
        ("vgg6", ["conv1", "conv2", "conv3", "conv4", "fc_1", "fc_out"]),
        ("compact", ["stem", *(f"stages.{number}" for number in range(5)), "output"]),
    ],
)
def test_blocks_come_in_the_order_of_the_forward_pass(name: str, expected: list[str]) -> None:
    network = build_network(name, shape=(1, 64, 64), outputs=1)
    assert [block.name for block in blocks_of(network, torch.zeros(1, 1, 64, 64))] == expected


def test_order_is_that_of_the_calls_not_of_the_definition() -> None:
    class Backwards(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.last, self.norm, self.first = nn.Linear(3, 1), nn.BatchNorm1d(3), nn.Linear(2, 3)
            self.scale = nn.Parameter(torch.ones(1))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            out: torch.Tensor = self.last(self.norm(self.first(x * self.scale)))
            return out

    network = Backwards()
    blocks = blocks_of(network, torch.zeros(4, 2))
    assert [block.modules for block in blocks] == [("",), ("first", "norm"), ("last",)]
    assert network.training


def test_network_without_a_linear_head_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="ends in Conv2d; fine-tuning needs a linear layer"):
        blocks_of(nn.Sequential(nn.Conv2d(1, 1, 3)), torch.zeros(1, 1, 5, 5))


def test_too_many_blocks_are_refused_and_listed() -> None:
    with pytest.raises(ConfigurationError, match=r"has 6 before its head: stem \(\d+ parameters\), stages"):
        plan_fine_tuning(compact(), torch.zeros(1, 1, 20, 20), FineTuningConfig("last-blocks", blocks=7))


@pytest.mark.parametrize("text", ["head", "last-blocks:3", "whole", "whole@0.7", "last-blocks:0@0.5"])
def test_short_form_reads_back(text: str) -> None:
    assert FineTuningConfig.of_text(text).text == text


@pytest.mark.parametrize("text", ["", "heads", "head:2", "whole@", "whole@x", "whole@2", "last-blocks:-1"])
def test_what_is_no_short_form_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError):
        FineTuningConfig.of_text(text)


@pytest.mark.parametrize("setting", [{"strategy": "tail"}, {"blocks": -1}, {"layer_decay": 0.0}])
def test_settings_out_of_their_limits_are_refused(setting: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError, match="fine-tuning setting"):
        FineTuningConfig(**setting)  # type: ignore[arg-type]


def test_features_without_a_frozen_network_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="needs a frozen network"):
        FineTuningConfig("whole", features="disk")


@pytest.mark.parametrize(
    ("text", "trained"),
    [
        ("head", ("output",)),
        ("last-blocks:2", ("stages.3", "stages.4", "output")),
        ("whole", ("stem", "stages", "output")),
    ],
)
def test_only_what_is_trained_changes(
    text: str, trained: tuple[str, ...], train: Examples, validation: Examples,
    config: TrainingConfig, tmp_path: Path,
) -> None:  # fmt: skip
    network = compact()
    before = copied(network)
    fine_tuning = FineTuningConfig.of_text(text, features="none")
    result = fit(
        network, train, validation, config, tmp_path, preprocess=torch.nan_to_num, progress=False,
        fine_tuning=fine_tuning,
    )  # fmt: skip
    moved = changed(before, result.network)
    assert moved
    # Parameters and running statistics of batch normalisation alike.
    assert all(name.startswith(trained) for name in moved)
    assert any("running_mean" in name for name in moved) == (text != "head")
    assert all(parameter.requires_grad for parameter in network.parameters())


def test_statistics_are_kept_where_asked_while_weights_learn(
    train: Examples, validation: Examples, config: TrainingConfig, tmp_path: Path
) -> None:
    network = compact()
    before = copied(network)
    fit(
        network, train, validation, config, tmp_path, preprocess=torch.nan_to_num, progress=False,
        fine_tuning=FineTuningConfig("whole", frozen_statistics=True),
    )  # fmt: skip
    moved = changed(before, network)
    assert "stem.0.weight" in moved
    assert "stem.1.weight" in moved
    assert not any("running" in name or "batches_tracked" in name for name in moved)


def test_frozen_part_is_without_dropout_and_what_follows_keeps_its_own() -> None:
    network = build_network("vgg6", shape=(1, 20, 20), outputs=1)
    sample = torch.zeros(1, 1, 20, 20)
    plan = plan_fine_tuning(network, sample, FineTuningConfig("last-blocks"))
    assert {"dropout1", "dropout2"} <= set(plan.resting)
    assert "dropout3" not in plan.resting
    assert "dropout3" in plan_fine_tuning(network, sample, FineTuningConfig("head")).resting
    assert plan_fine_tuning(network, sample, FineTuningConfig("whole")).resting == ()


def test_rates_fall_from_the_head_down(
    train: Examples, validation: Examples, config: TrainingConfig, tmp_path: Path
) -> None:
    """With plain SGD and one step a parameter moves by its rate times its gradient."""
    one_step = dataclasses.replace(
        config, epochs=1, batch_size=len(train), optimizer="sgd", momentum=0.0, learning_rate=1e-3,
        augmentation=AugmentationConfig(flips=False),
    )  # fmt: skip
    moves = []
    for text in ("whole", "whole@0.5"):
        network = compact()
        before = copied(network)
        fit(
            network, train, validation, one_step, tmp_path / text, preprocess=torch.nan_to_num,
            progress=False, fine_tuning=FineTuningConfig.of_text(text),
        )  # fmt: skip
        names = ("output.weight", "stages.4.first.0.weight", "stages.0.first.0.weight", "stem.0.weight")
        moves.append([(network.state_dict()[name] - before[name]).norm().item() for name in names])
    np.testing.assert_allclose(np.divide(*reversed(moves)), [1, 0.5, 0.5**5, 0.5**6], rtol=2e-2)


def test_whole_at_one_rate_is_training_as_ever(
    train: Examples, validation: Examples, config: TrainingConfig, tmp_path: Path
) -> None:
    networks = [compact(), compact()]
    for number, fine_tuning in enumerate((None, FineTuningConfig("whole"))):
        fit(
            networks[number], train, validation, config, tmp_path / str(number),
            preprocess=torch.nan_to_num, progress=False, fine_tuning=fine_tuning,
        )  # fmt: skip
    assert not changed(copied(networks[0]), networks[1])


@pytest.mark.parametrize("features", ["memory", "disk"])
@pytest.mark.parametrize("augmentation", [(False, False), (True, False), (False, True), (True, True)])
def test_cached_features_give_the_same_head(
    features: str, augmentation: tuple[bool, bool], train: Examples, validation: Examples,
    config: TrainingConfig, tmp_path: Path,
) -> None:  # fmt: skip
    """Without augmentation, and with symmetries: these are drawn as they would be of the images."""
    settings = dataclasses.replace(
        config, augmentation=AugmentationConfig(*augmentation), copies=100, weight_decay=0.01
    )
    results = []
    for way in (features, "none"):
        network = compact()
        fine_tuning = FineTuningConfig("head", features=way)  # type: ignore[arg-type]
        results.append(
            fit_fine_tuned(
                network, train, validation, settings, tmp_path / way, fine_tuning,
                preprocess=torch.nan_to_num, progress=False,
            )
        )  # fmt: skip
    cached, long_way = (each.network.state_dict() for each in results)
    assert (tmp_path / features / FEATURES).is_dir() == (features == "disk")
    start = compact().state_dict()
    assert not torch.allclose(cached["output.weight"], start["output.weight"], atol=1e-4)
    for name in start:
        torch.testing.assert_close(cached[name], long_way[name], rtol=1e-4, atol=1e-6)
    for first, second in zip(*(each.history for each in results), strict=True):
        assert first.validation_loss == pytest.approx(second.validation_loss, rel=1e-4)


def test_random_shifts_are_not_cached(
    train: Examples, validation: Examples, config: TrainingConfig, tmp_path: Path
) -> None:
    shifted = dataclasses.replace(config, augmentation=AugmentationConfig(shift=2.0))
    arguments = (train, validation, shifted, tmp_path)
    with pytest.raises(ConfigurationError, match="cannot hold random shifts"):
        fit_fine_tuned(
            compact(), *arguments, FineTuningConfig("head", features="disk"), preprocess=torch.nan_to_num
        )
    fit_fine_tuned(
        compact(), *arguments, FineTuningConfig("head"), preprocess=torch.nan_to_num, progress=False
    )
    assert not (tmp_path / FEATURES).exists()


def test_features_are_read_again_for_the_same_content_only(train: Examples, tmp_path: Path) -> None:
    network, small = compact(), train.take(np.arange(12))
    first = head_features(network, small, preprocess=torch.nan_to_num, folder=tmp_path)
    (path,) = tmp_path.iterdir()
    np.save(path, first + 1)
    again = head_features(network, small, preprocess=torch.nan_to_num, folder=tmp_path)
    np.testing.assert_array_equal(again, first + 1)
    path.write_bytes(b"torn")
    np.testing.assert_array_equal(
        head_features(network, small, preprocess=torch.nan_to_num, folder=tmp_path), first
    )


def test_key_follows_what_decides_about_features(train: Examples) -> None:
    small = train.take(np.arange(6))
    other_pixel = Examples(small.inputs[small.rows].copy(), small.labels)
    other_pixel.inputs[3, 0, 5, 5] += 1e-3
    key = feature_key(compact(), small, torch.nan_to_num)
    same_but_head = compact()
    nn.init.ones_(same_but_head.output.weight)  # type: ignore[union-attr, arg-type]
    assert feature_key(same_but_head, small, torch.nan_to_num) == key
    others = [
        feature_key(compact(1), small, torch.nan_to_num),
        feature_key(compact(), other_pixel, torch.nan_to_num),
        feature_key(compact(), small, lambda x: torch.nan_to_num(x) * 2),
        feature_key(compact(), small, torch.nan_to_num, (0, 1)),
        feature_key(compact(), small.take(np.arange(6)[::-1]), torch.nan_to_num),
    ]
    assert len({key, *others}) == 6


def test_key_follows_layers_that_are_defined_behind_the_head(train: Examples) -> None:
    class HeadFirst(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            size = int(np.prod(train.shape))
            self.head, self.body = nn.Linear(4, 1), nn.Linear(size, 4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.head(self.body(x.flatten(1)))  # type: ignore[no-any-return]

    torch.manual_seed(1)
    network, small = HeadFirst(), train.take(np.arange(4))
    key = feature_key(network, small, torch.nan_to_num)
    nn.init.ones_(network.head.weight)
    assert feature_key(network, small, torch.nan_to_num) == key
    nn.init.ones_(network.body.weight)
    assert feature_key(network, small, torch.nan_to_num) != key


@pytest.mark.parametrize("text", ["head", "last-blocks:1@0.5"])
def test_killed_run_ends_as_one_that_was_not(
    text: str, train: Examples, validation: Examples, config: TrainingConfig, tmp_path: Path
) -> None:
    def run(folder: str, kill_after: int = 99) -> nn.Module:
        def kill(record: object) -> None:
            if record.epoch == kill_after:  # type: ignore[attr-defined]
                raise KeyboardInterrupt

        return fit_fine_tuned(
            compact(), train, validation, config, tmp_path / folder, FineTuningConfig.of_text(text),
            preprocess=torch.nan_to_num, progress=False, on_epoch=kill,
        ).network  # fmt: skip

    with pytest.raises(KeyboardInterrupt):
        run("killed", kill_after=2)
    assert not changed(copied(run("killed")), run("whole"))


def test_run_of_another_strategy_is_not_gone_on_with(
    train: Examples, validation: Examples, config: TrainingConfig, tmp_path: Path
) -> None:
    def run(text: str | None) -> None:
        fine_tuning = None if text is None else FineTuningConfig.of_text(text)
        fit(
            compact(), train, validation, config, tmp_path, preprocess=torch.nan_to_num, progress=False,
            fine_tuning=fine_tuning,
        )  # fmt: skip

    run("last-blocks:1")
    with pytest.raises(ConfigurationError, match="fine-tuning was 'last-blocks:1' and is 'last-blocks:2'"):
        run("last-blocks:2")
    with pytest.raises(ConfigurationError, match="fine-tuning was 'last-blocks:1' and is None"):
        run(None)
    run("last-blocks:1")
