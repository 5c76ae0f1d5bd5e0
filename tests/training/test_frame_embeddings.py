"""From frames on disk to embeddings on disk: as if at once, whatever is missing or killed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from skysieve.errors import ConfigurationError, ModelError, SampleSetError
from skysieve.networks.frame_encoder_file import frame_encoder_digest, read_frame_encoder
from skysieve.networks.frame_vae import FrameEncoder, FrameVAE, import_frame_encoder
from skysieve.networks.weights import save_weights
from skysieve.preprocess import Pipeline
from skysieve.samples import Description, SampleSet, TensorColumn
from skysieve.sources.archives.frame_sequences import frame_columns
from skysieve.sources.simulators.frames.samples import write_frame_samples
from skysieve.training import frame_embeddings
from skysieve.training.frame_embeddings import embed_frames, write_frame_embeddings
from skysieve.training.frame_reading import flat_items

torch.set_num_threads(1)

# Published frames of objects in r: file, object, place of the frame in its sequence.
STORED = (
    ("defocusing", 682201300017788, 704),
    ("ghost", 635209100001425, 350),
    ("track", 678216100007149, 128),
)
SIX = ("column", "column2", "defocusing", "ghost", "track", "track2")


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    save_weights(FrameVAE(latent=6), tmp_path / "vae.safetensors")
    return tmp_path / "vae.safetensors"


@pytest.fixture
def frames(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return ten simulated sequences; parts have four."""
    monkeypatch.setattr(frame_embeddings, "PART", 4)
    return write_frame_samples(tmp_path / "frames.parquet", 10, seed=1, lengths=(3, 9))


def sequences(path: Path, frames: list[Any], **columns: Any) -> Path:
    """Write sequences of these frames, their times counted from 0."""
    ids = [f"s{number}" for number in range(len(frames))]
    time = [np.arange(float(len(each))) for each in frames]
    given = {"id": ids, "group": ids, "frames": frames, "time": time, **columns}
    return SampleSet.from_columns(given, Description(frame_columns())).write(path)


def sky(count: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(200, 9, (count, 1, 28, 28)).astype(np.float32)


def expected_of(weights: Path, frames: Any) -> Any:
    with torch.no_grad():
        prepared = torch.from_numpy(Pipeline.of("frame-min-max")(frames))
        return read_frame_encoder(weights)(prepared)[0].numpy()


def test_embeddings_stand_in_the_place_of_frames(frames: Path, weights: Path, tmp_path: Path) -> None:
    summary = write_frame_embeddings(frames, tmp_path / "e.parquet", weights)
    given, made = SampleSet.open(frames), SampleSet.open(summary.path)
    assert made.description.tensors == {
        "embedding": TensorColumn((None, 6), "float32", unit="latent"),
        "time": given.description.tensors["time"],
    }
    for found, of in zip(made.ragged("embedding"), given.ragged("frames"), strict=True):
        np.testing.assert_allclose(found, expected_of(weights, of), atol=1e-5)
    for name in ("id", "group", "label", "tags", "n_frames"):
        np.testing.assert_array_equal(made.scalar(name), given.scalar(name))
    for found, of in zip(made.ragged("time"), given.ragged("time"), strict=True):
        np.testing.assert_array_equal(found, of)
    assert (made.classes, made.description.label_origin) == (given.classes, given.description.label_origin)
    assert (summary.samples, summary.frames) == (10, given.scalar("n_frames").sum())
    assert summary.findings == ()
    assert not (tmp_path / "e.parquet.parts").exists()


def test_the_set_says_which_encoder_it_was(frames: Path, weights: Path, tmp_path: Path) -> None:
    summary = write_frame_embeddings(frames, tmp_path / "e.parquet", weights)
    digest = frame_encoder_digest(read_frame_encoder(weights))
    origin = SampleSet.open(summary.path).description.origin
    assert summary.encoder == digest
    assert origin["embedding"] == {
        "encoder": digest,
        "latent": 6,
        "preprocess": [{"step": "frame-min-max"}],
    }
    assert origin["simulator"] == "frames"


def test_streamed_is_as_at_once(
    frames: Path, weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    streamed = write_frame_embeddings(frames, tmp_path / "streamed.parquet", weights, batch=3)
    monkeypatch.setattr(frame_embeddings, "PART", 1000)
    at_once = write_frame_embeddings(frames, tmp_path / "once.parquet", weights)
    assert streamed.frames == at_once.frames
    one, other = (SampleSet.open(each.path).ragged("embedding") for each in (streamed, at_once))
    np.testing.assert_allclose(np.concatenate(one), np.concatenate(other), atol=1e-5)


def test_a_killed_run_goes_on(
    frames: Path, weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, killed = tmp_path / "whole.parquet", tmp_path / "killed.parquet"
    write_frame_embeddings(frames, whole, weights)
    embedded: list[int] = []

    def dying(network: FrameEncoder, given: Any, **more: int) -> Any:
        if len(embedded) == 2:
            raise KeyboardInterrupt
        embedded.append(len(given))
        return embed_frames(network, given, **more)

    monkeypatch.setattr(frame_embeddings, "embed_frames", dying)
    with pytest.raises(KeyboardInterrupt):
        write_frame_embeddings(frames, killed, weights)
    assert not killed.exists()
    embedded[:] = [0]
    write_frame_embeddings(frames, killed, weights)
    assert embedded == [0, SampleSet.open(frames).scalar("n_frames")[8:].sum()], "the third part only"
    assert killed.read_bytes() == whole.read_bytes()


def test_parts_of_another_encoder_are_refused(
    frames: Path, weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dying(part: SampleSet, name: str) -> Any:
        if name == "time":
            raise KeyboardInterrupt
        return flat_items(part, name)

    output = tmp_path / "e.parquet"
    monkeypatch.setattr(frame_embeddings, "flat_items", dying)
    with pytest.raises(KeyboardInterrupt):
        write_frame_embeddings(frames, output, weights)
    save_weights(FrameEncoder(latent=6), tmp_path / "other.safetensors")
    with pytest.raises(ConfigurationError, match=r"another run, which differs in embedding"):
        write_frame_embeddings(frames, output, tmp_path / "other.safetensors")


def test_frames_without_a_measurement_are_left_out_with_their_times(weights: Path, tmp_path: Path) -> None:
    first, lost = sky(4), np.full((2, 1, 28, 28), np.nan, np.float32)
    first[1], first[2, 0, :3], first[3] = np.nan, np.inf, 7.0
    given = sequences(
        tmp_path / "f.parquet",
        [first, lost, np.empty((0, 1, 28, 28)), sky(1, seed=1)],
        n_frames=[4, 2, 0, 1],
        n_cut_off=[0, 0, 0, 1],
        label=[None, None, None, None],
    )
    summary = write_frame_embeddings(given, tmp_path / "e.parquet", weights)
    made = SampleSet.open(summary.path)
    assert made.ids.tolist() == ["s0", "s3"]
    assert made.scalar("n_frames").tolist() == [3, 1]
    assert made.scalar("n_cut_off").tolist() == [0, 1]
    assert made.labels.tolist() == [-1, -1]
    assert [each.tolist() for each in made.ragged("time")] == [[0.0, 2.0, 3.0], [0.0]]
    embeddings = made.ragged("embedding")
    assert np.isfinite(np.concatenate(embeddings)).all()
    np.testing.assert_allclose(embeddings[0], expected_of(weights, first[[0, 2, 3]]), atol=1e-5)
    np.testing.assert_allclose(embeddings[0][2], expected_of(weights, 0 * sky(1))[0], atol=1e-5)
    assert (summary.samples, summary.frames) == (2, 4)
    assert [(each.kind, each.item, each.severity) for each in summary.findings] == [
        ("empty-sequence", "s1", "warning"),
        ("unmeasured-frame", "s0", "warning"),
        ("missing-pixels", "s0", "note"),
        ("constant-frame", "s0", "note"),
    ]
    assert summary.findings[0].reason.startswith("2 of 4 sequences, the first here, have no frame")
    assert summary.findings[1].reason.startswith("3 of 7 frames, the first here, have no measured pixel")


def test_sequences_of_one_frame(weights: Path, tmp_path: Path) -> None:
    each = sky(3)
    given = sequences(tmp_path / "f.parquet", [each[:1], each[1:2], each[2:]])
    made = SampleSet.open(write_frame_embeddings(given, tmp_path / "e.parquet", weights).path)
    assert "n_frames" not in made.column_names
    assert [found.shape for found in made.ragged("embedding")] == [(1, 6)] * 3
    np.testing.assert_allclose(
        np.concatenate(made.ragged("embedding")), expected_of(weights, each), atol=1e-5
    )


def test_what_cannot_be_embedded_is_refused(weights: Path, tmp_path: Path) -> None:
    output = tmp_path / "e.parquet"
    with pytest.raises(SampleSetError, match="none of 1 sequences has a frame with a measured pixel"):
        write_frame_embeddings(
            sequences(tmp_path / "lost.parquet", [np.full((2, 1, 28, 28), np.nan)]), output, weights
        )
    given = sequences(tmp_path / "f.parquet", [sky(2)])
    with pytest.raises(ConfigurationError, match="is the sample set of the frames"):
        write_frame_embeddings(given, given, weights)
    with pytest.raises(ConfigurationError, match="batch is 0"):
        write_frame_embeddings(given, output, weights, batch=0)
    torch.save(torch.nn.GRU(36, 128).state_dict(), tmp_path / "model0.zip")
    with pytest.raises(ModelError, match="has no dense layer"):
        write_frame_embeddings(given, output, tmp_path / "model0.zip")
    made = write_frame_embeddings(given, output, weights).path
    with pytest.raises(SampleSetError, match="has a column 'embedding' already"):
        write_frame_embeddings(made, tmp_path / "again.parquet", weights)


def test_items_that_do_not_go_by_frames_are_refused(weights: Path, tmp_path: Path) -> None:
    given = sequences(tmp_path / "f.parquet", [sky(1), sky(2)], time=[np.zeros(1), np.zeros(3)])
    with pytest.raises(SampleSetError, match="sequence s1 has 3 items in 'time' for 2 frames"):
        write_frame_embeddings(given, tmp_path / "e.parquet", weights)


def test_frames_of_another_size_are_refused(weights: Path, tmp_path: Path) -> None:
    columns = {"id": ["a"], "group": ["a"], "frames": [np.zeros((2, 1, 20, 20))], "time": [np.zeros(2)]}
    SampleSet.from_columns(columns, Description(frame_columns(20))).write(tmp_path / "f.parquet")
    with pytest.raises(
        SampleSetError, match=r"of shape \(None, 1, 28, 28\), found frames \(None, 1, 20, 20\)"
    ):
        write_frame_embeddings(tmp_path / "f.parquet", tmp_path / "e.parquet", weights)


def test_no_frames_have_a_shape() -> None:
    assert embed_frames(FrameEncoder(latent=4).eval(), np.empty((0, 1, 28, 28))).shape == (0, 4)


@pytest.mark.realdata
def test_real_frames_become_the_published_embeddings(real_data: Path, tmp_path: Path) -> None:
    snad = real_data / "snad"
    weights = snad / "published_weights" / "vae" / "encoder.zip"
    # Detector counts of the frames, so that the preprocessing is judged too.
    real = {name: 700 * np.load(snad / "artefact_img" / f"{name}.npy")[None] + 150 for name in SIX}
    given = sequences(
        tmp_path / "f.parquet",
        [np.stack([real["defocusing"], real["ghost"], real["track"]])]
        + [real[name][None] for name in ("column", "column2", "track2")],
    )
    found = SampleSet.open(write_frame_embeddings(given, tmp_path / "e.parquet", weights).path)
    one, *others = found.ragged("embedding")
    with np.load(snad / "embeddings_mu_f16_part0.npz") as part:
        ids, starts, mu = part["oid"], np.cumsum(part["length"]) - part["length"], part["mu"]
    for embedding, (_, oid, place) in zip(one, STORED, strict=True):
        # Half precision of the stored numbers, some of which are near 4.
        stored = mu[starts[ids == oid][0] + place].astype(np.float32)
        np.testing.assert_allclose(embedding, stored, atol=2e-3)
    encoder = import_frame_encoder(weights)
    for (embedding,), name in zip(others, ("column", "column2", "track2"), strict=True):
        with torch.no_grad():
            alone = encoder(torch.from_numpy(Pipeline.of("frame-min-max")(real[name][None])))[0][0]
        np.testing.assert_allclose(embedding, alone.numpy(), atol=1e-4)
