"""A network in place of the matched filters: find streaks on whole frames by the map that it draws.

The network (``line_network.py``) scores cells, ``line_segments.py`` makes segments of them, and the
detector's own fit gives ends, flux and errors. The score of a detection is the mean of the map along
the fitted segment. Frames to train on are those of the boosted trees and more of the same kind; the last of
them are held out, and tell from which score on a detection is reported.
"""

from __future__ import annotations

import json
import math
import shutil
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from scipy import ndimage

from detector_figures import best_cut, figures, gains, load, outcome
from line_network import BATCH, CELL, CROP, LineNetwork, Scene, line_cells, network_input, score_cells, train
from line_segments import line_segments
from skysieve.atomic_file import replacing
from skysieve.detection.candidates import measure_peaks
from skysieve.detection.detect import FoundCandidates
from skysieve.detection.features import measure_features
from skysieve.detection.line_filters import FilterBank, Peaks
from skysieve.detection.noise import Whitened, whiten
from skysieve.detection.psf_width import estimate_fwhm
from skysieve.sources.simulators.streak_frames import StreakFrame

__all__ = ["NetworkOptions", "find_by_network", "judge_by_network", "score_along"]

Simulate = Callable[[str, int], StreakFrame]

#: Scores that are tried beside the chosen one.
CUTS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
#: S/N that a segment must have when the brighter ones are taken out: its pieces have less.
_LEFT = 3.0
#: An end so many FWHM from the border of the frame goes on beyond it.
_EDGE = 2.0


@dataclass(frozen=True, slots=True)
class NetworkOptions:
    """How the network is trained and read.

    Parameters
    ----------
    frames, held_out : int
        Frames that it learns from, and that its threshold is chosen on; they follow each other.
    steps : int
        Batches of 16 crops.
    seed : int
        Of weights and crops.
    low, high : float
        Cells from ``low`` on are a segment if one of them has ``high``; see `line_segments`.
    """

    frames: int = 64
    held_out: int = 12
    steps: int = 2000
    seed: int = 1
    low: float = 0.15
    high: float = 0.3


def judge_by_network(
    frames: list[dict[str, Any]],
    simulate: Simulate,
    passed: dict[str, list[np.ndarray]],
    runs: Path,
    options: NetworkOptions,
    workers: int = 1,
) -> dict[str, Any]:
    """Return figures of a network that finds streaks, and of the other judges on the same frames."""
    torch.set_num_threads(1)
    folder = runs / f"network-{options.frames}-{options.steps}-{options.seed}"
    folder.mkdir(exist_ok=True)
    trained = _trained(simulate, folder, options)
    tasks = [("train", options.frames + number) for number in range(options.held_out)]
    tasks += [("test", number) for number in range(len(frames))]
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        paths = list(pool.map(partial(_run_frame, simulate, folder, options), tasks))
    held_out, found = load(paths[: options.held_out]), load(paths[options.held_out :])
    least, _ = best_cut(held_out, [frame["score"] for frame in held_out])
    chosen = [frame["score"] >= least for frame in found]
    by_cut = []
    for cut in CUTS:
        every = figures(found, [frame["score"] >= cut for frame in found])
        by_cut.append({"score": cut, "all": every["all"], "bar": every["bar"]})
    return trained | {
        "options": asdict(options),
        "frames": len(found),
        "candidates": sum(int(frame["within_limits"].sum()) for frame in found),
        "seconds_a_frame": float(np.median([frame["seconds"] for frame in found])),
        "seconds_a_frame_of_the_search": float(np.median([frame["seconds"] for frame in frames])),
        "seconds_are": "processor time in one thread; until all candidates are fitted",
        "judged": "segments of the network's own map, fitted as those of the search are; the same limits",
        "minimum_score": least,
        "minimum_score_is": (
            "that of the highest F1, of 0.05 to 0.95 in steps of 0.05, on the training frames held out"
        ),
        "results": {name: figures(frames, each) for name, each in passed.items()}
        | {"network": figures(found, chosen)},
        "network_less_classifier": gains((found, chosen), (frames, passed["classifier"])),
        "by_score": by_cut,
    }


def find_by_network(
    frame: StreakFrame, network: LineNetwork, options: NetworkOptions
) -> tuple[FoundCandidates, np.ndarray]:
    """Return the fitted segments of a network's map, and their scores."""
    whitened, valid = _whitened(frame)
    fwhm = estimate_fwhm(frame.science, valid)
    cells = score_cells(network, network_input(whitened))
    ends, sums = line_segments(cells, low=options.low, high=options.high)
    x, y = 0.5 * (ends[:, 0] + ends[:, 2]), 0.5 * (ends[:, 1] + ends[:, 3])
    dx, dy = ends[:, 2] - ends[:, 0], ends[:, 3] - ends[:, 1]
    # Each segment is a filter of its own, so that what follows the search can go on from here.
    lengths, none = np.maximum(np.hypot(dx, dy), CELL), np.empty((0, 0, 0), np.float32)
    bank = FilterBank(lengths, np.arctan2(dy, dx) % math.pi, none, 0)
    columns, rows = np.rint(x).astype(np.int64), np.rint(y).astype(np.int64)
    peaks = Peaks(columns, rows, sums.astype(np.float32), np.arange(len(x)))
    candidates = measure_peaks(whitened, peaks, bank, fwhm, _LEFT)
    features = measure_features(whitened, candidates, fwhm)
    found = np.array([each.fit.trail.ends() for each in candidates]).reshape(-1, 2, 2)
    border = np.array([frame.science.shape[1], frame.science.shape[0]]) - 1.0
    near = np.minimum(found, border - found).min(axis=(1, 2)) < _EDGE * fwhm
    kept = FoundCandidates(tuple(candidates), features, near, fwhm, frame.pixel_scale)
    return kept, score_along(cells, found.reshape(-1, 4))


def score_along(cells: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Return the mean of a map along segments, shape (n,): of the best cell across the line at each place."""
    ridge = ndimage.maximum_filter(cells, size=3)
    scores = np.zeros(len(ends))
    for number, (x1, y1, x2, y2) in enumerate(ends.tolist()):
        share = np.linspace(0.0, 1.0, 2 + int(np.hypot(x2 - x1, y2 - y1)))
        columns = ((x1 + (x2 - x1) * share + 0.5) / CELL).astype(int)
        rows = ((y1 + (y2 - y1) * share + 0.5) / CELL).astype(int)
        inside = (rows >= 0) & (rows < cells.shape[0]) & (columns >= 0) & (columns < cells.shape[1])
        if inside.any():
            scores[number] = ridge[rows[inside], columns[inside]].mean()
    return scores


def _trained(simulate: Simulate, folder: Path, options: NetworkOptions) -> dict[str, Any]:
    """Train, unless the run folder holds the weights, and say how it went."""
    path = folder / "weights.safetensors"
    if not path.exists():
        kept = folder.parent / "network-scenes"
        kept.mkdir(exist_ok=True)
        scenes = [_scene(simulate, kept, number) for number in range(options.frames)]
        network, seconds = train(scenes, steps=options.steps, seed=options.seed)
        crops = options.steps * BATCH
        about = {
            "parameters": sum(each.numel() for each in network.parameters()),
            "training_frames": options.frames,
            "held_out_frames": options.held_out,
            "crops": crops,
            "epochs": crops * CROP**2 / sum(math.prod(scene.pixels.shape[1:]) for scene in scenes),
            "epochs_are": "pixels of all crops over pixels of all frames",
            "training_seconds": seconds,
            "training_seconds_are": "processor time in one thread, without the simulation of frames",
            "seed": options.seed,
        }
        (folder / "training.json").write_text(json.dumps(about, indent=1) + "\n")
        with replacing(path) as partial_path:
            weights = {name: values.contiguous() for name, values in network.state_dict().items()}
            save_file(weights, partial_path)
        shutil.rmtree(kept)
    found: dict[str, Any] = json.loads((folder / "training.json").read_text())
    return found


def _scene(simulate: Simulate, folder: Path, number: int) -> Scene:
    """Simulate a frame to train on, unless the run folder holds it; its pixels stay on disk."""
    pixels, lines = folder / f"pixels-{number:03d}.npy", folder / f"lines-{number:03d}.npz"
    if not lines.exists():
        frame = simulate("train", number)
        np.save(pixels, network_input(_whitened(frame)[0]))
        trails = np.column_stack([frame.truth[name] for name in ("x1", "y1", "x2", "y2")])
        cells = line_cells(np.concatenate([trails, frame.satellites]), frame.science.shape)
        with replacing(lines) as partial_path:
            np.savez(partial_path, cells=cells, trails=trails)
    with np.load(lines) as file:
        return Scene(np.load(pixels, mmap_mode="r"), file["cells"], file["trails"])


def _whitened(frame: StreakFrame) -> tuple[Whitened, np.ndarray]:
    images: Sequence[np.ndarray] = (frame.science, frame.reference, frame.difference)
    valid = np.logical_and.reduce([np.isfinite(image) for image in images])
    valid = np.asarray(ndimage.minimum_filter(valid, size=3, mode="nearest"))
    return whiten(frame.difference, frame.reference, valid), valid


def _run_frame(simulate: Simulate, folder: Path, options: NetworkOptions, task: tuple[str, int]) -> Path:
    """Search one frame by the network and keep what it finds, with its truth."""
    part, number = task
    path = folder / f"{part}-{number:03d}-{options.low:g}-{options.high:g}.npz"
    if path.exists():
        return path
    torch.set_num_threads(1)
    network = LineNetwork().to(memory_format=torch.channels_last)
    network.load_state_dict(load_file(folder / "weights.safetensors"))
    frame = simulate(part, number)
    start = time.process_time()
    found, scores = find_by_network(frame, network, options)
    seconds = time.process_time() - start
    with replacing(path) as partial_path:
        np.savez_compressed(partial_path, score=scores, **outcome(frame, found, seconds))
    return path
