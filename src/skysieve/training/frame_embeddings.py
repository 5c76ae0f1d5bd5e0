"""From frame sequences on disk to sequences of embeddings: streamed, in parts, each frame encoded once.

Finished parts lie beside the output until it is complete. A killed run goes on behind them, and ends with the
same file as one that was not.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray

import skysieve
from skysieve.atomic_file import replacing
from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.networks.frame_encoder_file import frame_encoder_digest, read_frame_encoder
from skysieve.networks.frame_vae import FrameEncoder
from skysieve.preprocess.masking import FillMasked
from skysieve.preprocess.steps import Pipeline
from skysieve.progress import ProgressBar, progress_bar
from skysieve.samples.description import Description, TensorColumn
from skysieve.samples.findings import Finding
from skysieve.samples.parquet import SampleWriter
from skysieve.samples.part_folder import part_folder
from skysieve.samples.sample_set import SampleSet
from skysieve.training.frame_reading import (
    FRAMES,
    PREPROCESS,
    flat_items,
    measured_pixels,
    require_frames,
)

__all__ = ["EMBEDDING", "EmbeddingSummary", "embed_frames", "write_frame_embeddings"]

#: Tensor column with the numbers that the frames of a sequence become.
EMBEDDING = "embedding"

#: Sequences in a part: what a kill can cost.
PART = 64

#: Frames that go through the encoder together.
BATCH = 256

_COUNT = "n_frames"

#: What is found: of what it is, how grave, and what it means.
_KINDS: dict[str, tuple[str, Literal["warning", "note"], str]] = {
    "empty-sequence": ("sequences", "warning", "have no frame with a measured pixel and are left out"),
    "unmeasured-frame": ("frames", "warning", "have no measured pixel and are left out, with their times"),
    "missing-pixels": (
        "frames",
        "note",
        "lack pixels, which become 0 as published and crush the contrast of the rest",
    ),
    "constant-frame": ("frames", "note", "have one value everywhere and are embedded as frames of zeros"),
}


@dataclass(frozen=True, slots=True)
class EmbeddingSummary:
    """What `write_frame_embeddings` did.

    Parameters
    ----------
    path : Path
        The sample set.
    samples, frames : int
        Sequences in it, and their frames.
    encoder : str
        SHA-256 of the weights of the encoder.
    findings : tuple of Finding
        What was left out, and frames that say little, counted; each names the first sequence.
    """

    path: Path
    samples: int
    frames: int
    encoder: str
    findings: tuple[Finding, ...]


def embed_frames(
    encoder: FrameEncoder, frames: NDArray[np.floating[Any]], *, batch: int = BATCH
) -> NDArray[np.float32]:
    """Return the means that an encoder gives frames, after the published preprocessing.

    Parameters
    ----------
    encoder : FrameEncoder
        In evaluation mode.
    frames : ndarray, shape (T, 1, 28, 28)
        Detector counts. Pixels that are NaN or infinite become 0 before each frame is brought to 0..1 by
        itself; a frame without a measured pixel thus embeds as one of zeros.
    batch : int
        Frames that go through the encoder together.

    Returns
    -------
    ndarray, shape (T, latent), float32

    Raises
    ------
    ConfigurationError
        If ``batch`` is below 1.

    Examples
    --------
    >>> _ = torch.manual_seed(0)
    >>> frames = np.random.default_rng(1).normal(200, 9, (3, 1, 28, 28))
    >>> embed_frames(FrameEncoder().eval(), frames).shape
    (3, 36)
    """
    if batch < 1:
        raise ConfigurationError(f"batch is {batch}; give 1 or more")
    preprocess = Pipeline.of(*PREPROCESS)
    # Given once, so that no frames have a shape, too.
    made = [np.empty((0, _latent(encoder)), dtype=np.float32)]
    with torch.inference_mode():
        for start in range(0, len(frames), batch):
            prepared = preprocess(np.asarray(frames[start : start + batch], dtype=np.float32))
            made.append(encoder(torch.from_numpy(prepared))[0].numpy())
    return np.concatenate(made)


def write_frame_embeddings(
    samples: str | Path,
    output: str | Path,
    encoder: str | Path,
    *,
    batch: int = BATCH,
    progress: bool = False,
) -> EmbeddingSummary:
    """Embed the frames of a sample set, and write a sample set of the embeddings.

    It has everything that the given one has but the frames; ``n_frames`` counts the frames that are left. A
    frame without a measured pixel says nothing and is left out, with its time; so is a sequence of nothing
    else. ``origin["embedding"]`` says which encoder it was, so that a model trained on embeddings of one
    encoder can refuse those of another.

    Parameters
    ----------
    samples : path
        Sample set with a ragged column ``frames`` (T, 1, 28, 28), detector counts, NaN allowed; may be larger
        than memory. Its other ragged columns have an item for each frame.
    output : path
        The sample set to write, with a ragged column ``embedding`` (T, latent); it appears when it is
        complete.
    encoder : path
        Weights, as of `skysieve.networks.frame_encoder_file.read_frame_encoder`.
    batch : int
        Frames that go through the encoder together.
    progress : bool
        Show progress.

    Raises
    ------
    SampleSetError
        If the set has no such frames, has embeddings already, or no frame is measured.
    ModelError
        If the weights are those of another network.
    ConfigurationError
        If a setting is wrong, or the parts beside the output are of another run.

    References
    ----------
    Semenikhin 2024, Systems and Means of Informatics 34(1), 70; github.com/semtim/RB_ZTF.
    """
    samples, output = Path(samples), Path(output)
    if samples.resolve() == output.resolve():
        raise ConfigurationError(f"{output}: is the sample set of the frames; give another output")
    if batch < 1:
        raise ConfigurationError(f"batch is {batch}; give 1 or more")
    network, given = read_frame_encoder(encoder), SampleSet.open(samples)
    _check(samples, given.description)
    identity = _identity(samples, frame_encoder_digest(network), _latent(network))
    description, counts = _description(given.description, identity["embedding"]), _Counts()
    with (
        part_folder(output, identity) as parts,
        SampleWriter(output, description) as writer,
        progress_bar("embedding", len(given), enabled=progress) as bar,
    ):
        for number, part in enumerate(given.batches(PART)):
            _write_part(writer, part, network, parts / f"part-{number:06d}.npy", batch, counts, bar)
        if not counts.samples:
            raise SampleSetError(
                f"{samples}: none of {len(given)} sequences has a frame with a measured pixel; "
                "fetch them again"
            )
    return EmbeddingSummary(
        output, counts.samples, counts.frames, identity["embedding"]["encoder"], counts.findings(len(given))
    )


@dataclass
class _Counts:
    """How many frames and sequences were seen and kept, and what was found about them."""

    samples: int = 0
    frames: int = 0
    seen: int = 0
    found: dict[str, tuple[int, str]] = dataclasses.field(default_factory=dict)

    def add(self, kind: str, which: NDArray[np.bool_], ids: NDArray[Any]) -> None:
        """Count frames or sequences; ``ids`` are those of the sequences that they are of."""
        if which.any():
            number, first = self.found.get(kind, (0, str(ids[which.argmax()])))
            self.found[kind] = (number + int(which.sum()), first)

    def findings(self, sequences: int) -> tuple[Finding, ...]:
        """Return a finding for each kind, of so many sequences."""
        totals, made = {"sequences": sequences, "frames": self.seen}, []
        for kind, (subject, severity, meaning) in _KINDS.items():
            if kind in self.found:
                number, first = self.found[kind]
                reason = f"{number:,} of {totals[subject]:,} {subject}, the first here, {meaning}"
                made.append(Finding(first, kind, reason, severity))
        return tuple(made)


def _write_part(
    writer: SampleWriter,
    part: SampleSet,
    network: FrameEncoder,
    path: Path,
    batch: int,
    counts: _Counts,
    bar: ProgressBar,
) -> None:
    """Embed the frames of some sequences, unless an earlier run has, and write them."""
    offsets, frames = flat_items(part, FRAMES)
    kept = _judge(part.ids, offsets, frames, counts)
    of_frames = np.repeat(np.arange(len(part)), np.diff(offsets))
    lengths = np.bincount(of_frames[kept], minlength=len(part))
    rows = lengths > 0
    if rows.any():
        items = {EMBEDDING: _embedded(path, network, frames[kept], batch)}
        items |= {name: values[kept] for name, values in _with_frames(part, offsets).items()}
        ends = np.cumsum(lengths[rows])[:-1]
        ragged = {name: np.split(values, ends) for name, values in items.items()}
        writer.write(_carried(part, rows, lengths) | ragged)
    counts.add("empty-sequence", ~rows, part.ids)
    counts.samples += int(rows.sum())
    counts.frames += int(kept.sum())
    counts.seen += len(kept)
    bar.advance(len(part))


def _judge(
    ids: NDArray[Any], offsets: NDArray[np.int64], frames: NDArray[Any], counts: _Counts
) -> NDArray[np.bool_]:
    """Return which frames have a measured pixel, and count what is strange about all."""
    of_frames, pixels = np.repeat(ids, np.diff(offsets)), tuple(range(1, frames.ndim))
    measured, filled = measured_pixels(frames), FillMasked()(frames)
    kept = np.asarray(measured.any(pixels))
    counts.add("unmeasured-frame", ~kept, of_frames)
    counts.add("missing-pixels", kept & ~measured.all(pixels), of_frames)
    counts.add("constant-frame", kept & (filled.max(pixels) == filled.min(pixels)), of_frames)
    return kept


def _with_frames(part: SampleSet, offsets: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    """Return the items of the other ragged columns, one for each frame."""
    found = {}
    for name, column in part.description.tensors.items():
        if name == FRAMES or not column.ragged:
            continue
        of_name, found[name] = flat_items(part, name)
        if not np.array_equal(of_name, offsets):
            lengths, frames = np.diff(of_name), np.diff(offsets)
            wrong = int((lengths != frames).argmax())
            raise SampleSetError(
                f"the sequence {part.ids[wrong]} has {lengths[wrong]} items in {name!r} for {frames[wrong]} "
                "frames; each frame needs one"
            )
    return found


def _embedded(path: Path, network: FrameEncoder, frames: NDArray[Any], batch: int) -> NDArray[np.float32]:
    if path.exists():
        stored: NDArray[np.float32] = np.load(path)
        return stored
    made = embed_frames(network, frames, batch=batch)
    with replacing(path) as partial:
        np.save(partial, made)
    return made


def _carried(part: SampleSet, rows: NDArray[np.bool_], lengths: NDArray[np.int64]) -> dict[str, Any]:
    """Return the columns of the sequences that are kept but those that go by frames."""
    tensors, chosen = part.description.tensors, pa.array(rows)
    columns: dict[str, Any] = {
        name: part._scalar_column(name).filter(chosen) for name in part.column_names if name not in tensors
    }
    if _COUNT in columns:
        columns[_COUNT] = lengths[rows]
    fixed = {name: part.tensor(name)[rows] for name, column in tensors.items() if not column.ragged}
    return columns | fixed


def _check(path: Path, description: Description) -> None:
    """Refuse a set that has no frames, or embeddings already."""
    if EMBEDDING in description.tensors:
        raise SampleSetError(f"{path}: has a column {EMBEDDING!r} already; give the set of its frames")
    require_frames(path, description)


def _description(given: Description, embedding: Mapping[str, Any]) -> Description:
    tensors = {EMBEDDING: TensorColumn((None, embedding["latent"]), "float32", unit="latent")}
    tensors |= {name: column for name, column in given.tensors.items() if name != FRAMES}
    return dataclasses.replace(given, tensors=tensors, origin={**given.origin, EMBEDDING: dict(embedding)})


def _identity(samples: Path, encoder: str, latent: int) -> dict[str, Any]:
    """Return everything that decides what stands in the parts."""
    stat = samples.stat()
    preprocess = json.loads(json.dumps(Pipeline.of(*PREPROCESS).to_json()))
    return {
        "samples": str(samples.resolve()),
        "bytes": stat.st_size,
        "changed": stat.st_mtime_ns,
        "part": PART,
        "skysieve": skysieve.__version__,
        "embedding": {"encoder": encoder, "latent": latent, "preprocess": preprocess},
    }


def _latent(encoder: FrameEncoder) -> int:
    return int(encoder.state_dict()["encoder.6.bias"].shape[0]) // 2
