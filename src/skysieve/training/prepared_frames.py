"""Frames of a sample set as training reads them: prepared once, divided, on disk in files that are mapped."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from skysieve.atomic_file import replacing
from skysieve.errors import SampleSetError
from skysieve.networks.frame_vae import SIDE
from skysieve.preprocess.steps import Pipeline
from skysieve.progress import progress_bar
from skysieve.samples.sample_set import SampleSet
from skysieve.training.frame_reading import FRAMES, PREPROCESS, flat_items, measured_pixels

__all__ = ["Frames", "prepared_frames", "remove_prepared"]

Frames = NDArray[np.float32]

_PARTS = ("train", "validation")

#: Sequences that are read together.
_SEQUENCES = 64


def prepared_frames(
    samples: SampleSet, folder: Path, validation: float, seed: int, *, progress: bool = False
) -> tuple[Frames, Frames]:
    """Return the frames to train on and those to validate on, each brought to 0..1 by itself.

    They are written to the folder, where an earlier run has not; a frame takes 3 kB. Frames without a
    measured pixel are left out.

    Parameters
    ----------
    samples : SampleSet
        With frames, as of `skysieve.training.frame_reading.require_frames`.
    folder : Path
        Where they are kept until `remove_prepared`.
    validation : float
        Share of the groups that validate, where the set has no ``split``.
    seed : int
        Of that division.
    progress : bool
        Show progress.

    Returns
    -------
    train, validation : ndarray, shape (n, 1, 28, 28), float32
        Maps of the files.

    Raises
    ------
    SampleSetError
        If a part has no frame.
    """
    paths = {part: _path(folder, part) for part in _PARTS}
    if not all(path.exists() for path in paths.values()):
        _write(samples, _parts(samples, validation, seed), paths, progress)
    train, validating = (
        np.memmap(path, dtype=np.float32, mode="r").reshape(-1, 1, SIDE, SIDE) for path in paths.values()
    )
    return train, validating


def remove_prepared(folder: Path) -> None:
    """Remove what `prepared_frames` has written."""
    for part in _PARTS:
        _path(folder, part).unlink(missing_ok=True)


def _write(samples: SampleSet, parts: NDArray[np.str_], paths: dict[str, Path], progress: bool) -> None:
    preprocess, first = Pipeline.of(*PREPROCESS), 0
    with ExitStack() as files, progress_bar("preparing frames", len(samples), enabled=progress) as bar:
        opened = {
            name: files.enter_context(files.enter_context(replacing(path)).open("wb"))
            for name, path in paths.items()
        }
        for batch in samples.batches(_SEQUENCES):
            offsets, frames = flat_items(batch, FRAMES)
            of_frames = np.repeat(parts[first : first + len(batch)], np.diff(offsets))
            kept = measured_pixels(frames).any((1, 2, 3))
            for name, file in opened.items():
                chosen = frames[kept & (of_frames == name)].astype(np.float32)
                file.write(preprocess(chosen).tobytes())
            first += len(batch)
            bar.advance(len(batch))
        if empty := [name for name, file in opened.items() if not file.tell()]:
            raise SampleSetError(f"no frame with a measured pixel is in the part {empty[0]!r} of the samples")


def _parts(samples: SampleSet, validation: float, seed: int) -> NDArray[np.str_]:
    """Return the part of each sequence, shape (N,): that of its split, or one drawn by group."""
    if "split" in samples.column_names:
        return samples.scalar("split")
    groups, of_rows = np.unique(samples.groups, return_inverse=True)
    count = max(1, round(validation * len(groups)))
    if len(groups) <= count:
        raise SampleSetError(
            f"{len(groups)} groups of sequences cannot be divided for training and validation; give more"
        )
    drawn = np.full(len(groups), _PARTS[0], dtype="<U10")
    drawn[np.random.default_rng(seed).permutation(len(groups))[:count]] = _PARTS[1]
    return np.asarray(drawn[of_rows])


def _path(folder: Path, part: str) -> Path:
    return folder / f"{part}-frames.float32"
