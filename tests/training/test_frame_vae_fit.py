"""The autoencoder is trained on frames of training objects only, repeatably, through every kill."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from skysieve.errors import ConfigurationError, ModelError, SampleSetError
from skysieve.networks.frame_vae import frame_vae_loss
from skysieve.preprocess import Pipeline
from skysieve.samples import Description, SampleSet, with_splits
from skysieve.sources.archives.frame_sequences import frame_columns
from skysieve.sources.simulators.frames.samples import write_frame_samples
from skysieve.training import frame_vae_fit, prepared_frames
from skysieve.training.frame_embeddings import write_frame_embeddings
from skysieve.training.frame_vae_fit import FrameVaeConfig, FrameVaeEpoch, fit_frame_vae

torch.set_num_threads(1)

CONFIG = FrameVaeConfig(latent=3, epochs=3, batch_size=16, learning_rate=2e-3, device="cpu", threads=1)
FILES = ["checkpoint.pt", "configuration.json", "history.json", "vae.safetensors"]


@pytest.fixture(scope="module")
def frames(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("frames") / "frames.parquet"
    return write_frame_samples(path, 20, seed=1, lengths=(3, 5))


class KilledError(Exception):
    """What stands for a kill."""


def killing_after(epochs: int) -> object:
    def kill(epoch: FrameVaeEpoch) -> None:
        if epoch.epoch == epochs:
            raise KilledError

    return kill


def test_what_is_trained_encodes(frames: Path, tmp_path: Path) -> None:
    fitted = fit_frame_vae(frames, tmp_path / "vae", CONFIG, progress=False)
    assert [each.epoch for each in fitted.history] == [1, 2, 3]
    assert fitted.history[2].training_loss < 0.8 * fitted.history[0].training_loss
    losses = [each.validation_loss for each in fitted.history]
    assert fitted.best_epoch == 1 + int(np.argmin(losses))
    assert sorted(path.name for path in (tmp_path / "vae").iterdir()) == FILES
    summary = write_frame_embeddings(frames, tmp_path / "e.parquet", fitted.weights)
    assert SampleSet.open(summary.path).ragged("embedding")[0].shape[1] == 3


def test_the_figures_are_those_of_validation_frames(frames: Path, tmp_path: Path) -> None:
    split = with_splits(SampleSet.open(frames), {"train": 0.5, "validation": 0.2, "test": 0.3}, seed=1)
    path = split.write(tmp_path / "split.parquet")
    fitted = fit_frame_vae(path, tmp_path / "vae", CONFIG, progress=False)
    rows = split.split_rows("validation")
    given = torch.from_numpy(
        Pipeline.of("frame-min-max")(np.concatenate([split.ragged("frames")[row] for row in rows]))
    )
    with torch.no_grad():
        restored, mean, log_variance = fitted.network(given)
    best = fitted.history[fitted.best_epoch - 1]
    loss = frame_vae_loss(restored, given, mean, log_variance)
    assert best.validation_loss == pytest.approx(loss.item(), rel=1e-4)
    assert best.validation_loss == pytest.approx(best.log_cosh + CONFIG.kld_weight * best.kld)


def test_frames_of_test_objects_are_not_seen(frames: Path, tmp_path: Path) -> None:
    split = with_splits(SampleSet.open(frames), {"train": 0.5, "validation": 0.2, "test": 0.3}, seed=1)
    lengths = split.scalar("n_frames")
    train, validation = prepared_frames.prepared_frames(split, tmp_path, 0.1, 7)
    assert len(train) == lengths[split.split_rows("train")].sum()
    assert len(validation) == lengths[split.split_rows("validation")].sum()
    expected = Pipeline.of("frame-min-max")(split.ragged("frames")[split.split_rows("train")[0]])
    np.testing.assert_array_equal(train[: len(expected)], expected)


def test_groups_are_not_divided_and_frames_without_a_measurement_left_out(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).normal(200, 9, (12, 2, 1, 28, 28)).astype(np.float32)
    pixels[:, 1] = np.nan
    # The brightest pixel tells the group.
    for number in range(12):
        pixels[number, 0, 0, 0, number // 3] = 1e6
    columns = {"id": range(12), "group": [number // 3 for number in range(12)], "frames": pixels}
    given = SampleSet.from_columns(columns | {"time": np.zeros((12, 2))}, Description(frame_columns(28)))
    train, validation = prepared_frames.prepared_frames(given, tmp_path, 0.25, 7)
    assert (len(train), len(validation)) == (9, 3)
    groups = [set(part[:, 0, 0].argmax(1).tolist()) for part in (train, validation)]
    assert not groups[0] & groups[1]
    assert np.isfinite(train).all()


def test_the_seed_decides_everything(frames: Path, tmp_path: Path) -> None:
    one, other = (fit_frame_vae(frames, tmp_path / name, CONFIG, progress=False) for name in "ab")
    assert one.weights.read_bytes() == other.weights.read_bytes()
    assert one.history == other.history


def test_a_killed_run_goes_on_to_the_same_weights(frames: Path, tmp_path: Path) -> None:
    whole = fit_frame_vae(frames, tmp_path / "whole", CONFIG, progress=False)
    with pytest.raises(KilledError):
        fit_frame_vae(frames, tmp_path / "killed", CONFIG, progress=False, on_epoch=killing_after(1))
    seen: list[int] = []
    again = fit_frame_vae(
        frames, tmp_path / "killed", CONFIG, progress=False, on_epoch=lambda each: seen.append(each.epoch)
    )
    assert seen == [2, 3]
    assert again.history == whole.history
    assert again.weights.read_bytes() == whole.weights.read_bytes()


def test_a_finished_run_is_not_done_again_and_goes_on_with_more_epochs(
    frames: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    two = FrameVaeConfig(**(vars(CONFIG) | {"epochs": 2}))
    fit_frame_vae(frames, tmp_path / "vae", two, progress=False)
    more = fit_frame_vae(frames, tmp_path / "vae", CONFIG, progress=False)
    monkeypatch.setattr(frame_vae_fit, "prepared_frames", None)
    again = fit_frame_vae(frames, tmp_path / "vae", CONFIG, progress=False)
    assert again.history == more.history
    for name, tensor in again.network.state_dict().items():
        assert torch.equal(tensor, more.network.state_dict()[name])


def test_another_run_is_refused_or_thrown_away(frames: Path, tmp_path: Path) -> None:
    fit_frame_vae(frames, tmp_path / "vae", CONFIG, progress=False)
    other = FrameVaeConfig(**(vars(CONFIG) | {"seed": 8, "epochs": 1}))
    with pytest.raises(ConfigurationError, match="another run, which differs in seed; choose"):
        fit_frame_vae(frames, tmp_path / "vae", other, progress=False)
    fitted = fit_frame_vae(frames, tmp_path / "vae", other, progress=False, resume=False)
    assert len(fitted.history) == 1
    (tmp_path / "vae" / "checkpoint.pt").write_bytes(b"cut")
    with pytest.raises(ModelError, match="is not a complete checkpoint"):
        fit_frame_vae(frames, tmp_path / "vae", other, progress=False)


def test_what_cannot_be_trained_is_refused(frames: Path, tmp_path: Path) -> None:
    one = SampleSet.open(frames).select([0]).write(tmp_path / "one.parquet")
    with pytest.raises(SampleSetError, match="1 groups of sequences cannot be divided"):
        fit_frame_vae(one, tmp_path / "vae", CONFIG, progress=False)
    training = SampleSet.open(frames).with_columns({"split": ["train"] * 20}).write(tmp_path / "t.parquet")
    with pytest.raises(SampleSetError, match="is in the part 'validation' of the samples"):
        fit_frame_vae(training, tmp_path / "other", CONFIG, progress=False)
    assert [path.name for path in (tmp_path / "other").iterdir()] == ["configuration.json"]
    # A run that did not begin stands in nobody's way.
    assert fit_frame_vae(frames, tmp_path / "other", CONFIG, progress=False).weights.exists()
    hot = FrameVaeConfig(**(vars(CONFIG) | {"learning_rate": 1e30}))
    with pytest.raises(ConfigurationError, match="training diverged in epoch"):
        fit_frame_vae(frames, tmp_path / "hot", hot, progress=False)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"epochs": 0}, "epochs is 0"),
        ({"learning_rate": 0.0}, "learning_rate is above 0"),
        ({"validation": 1.0}, "validation between 0 and 1"),
    ],
)
def test_settings_out_of_their_limits_are_refused(settings: dict[str, float], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        FrameVaeConfig(**settings)
