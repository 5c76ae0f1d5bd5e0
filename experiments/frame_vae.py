"""The variational autoencoder of frames, trained on SIMULATED frames: what it restores, what it tells.

Run by ``make experiments``; the documentation reads ``experiments/results/frame_vae.json``. No decoder and no
frames are published, so that the whole autoencoder can be trained on simulated frames only. It is compared
with the mean frame and with as many principal components as it has numbers, on sequences that it was not
trained on. Then a forest names the kinds of artefact of these sequences from statistics of the numbers along
each, in five folds; the same from principal components. Six real frames are restored as well: they were never
trained on. All figures but theirs are of simulated frames.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from sklearn.decomposition import PCA
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from torch import Tensor

from skysieve.networks.frame_vae import LATENT, FrameVAE, frame_vae_loss
from skysieve.networks.weights import load_weights, save_weights
from skysieve.preprocess.frames import FrameMinMax
from skysieve.preprocess.sequence_statistics import sequence_statistics
from skysieve.sources.simulators.frames import ARTEFACTS, SimulatedFrames, simulate_frame_sequences

__all__ = ["kinds_told", "measure", "panel", "reconstruction", "train_vae"]

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("SKYSIEVE_DATA", ROOT.parent / "shared" / "data"))
RUNS = ROOT / "runs" / "frame_vae"
RESULT = Path(__file__).parent / "results" / "frame_vae.json"
PICTURE = ROOT / "docs" / "images" / "frame-vae.png"

SEED, SEQUENCES, LENGTHS, EPOCHS, BATCH, LEARNING_RATE = 5, 1400, (10, 20), 20, 128, 1e-3
Frames = NDArray[np.float32]


def scaled(frames: Frames) -> Frames:
    """Return frames (N, 1, 28, 28) each scaled to 0..1, as the published encoder takes them."""
    made: Frames = FrameMinMax()(torch.from_numpy(frames)).numpy()
    return made


def train_vae(frames: Frames, epochs: int, report: Callable[[int, float], None] | None = None) -> FrameVAE:
    """Train on frames (N, 1, 28, 28) in 0..1: Adam, fewer and larger steps than published."""
    torch.manual_seed(SEED)
    network = FrameVAE().train()
    optimizer = torch.optim.Adam(network.parameters(), LEARNING_RATE, fused=True)
    batches = max(1, len(frames) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=epochs * batches)
    rng = np.random.default_rng(SEED)
    for epoch in range(1, epochs + 1):
        total = 0.0
        for rows in np.array_split(rng.permutation(len(frames)), batches):
            given = torch.from_numpy(frames[rows])
            loss = frame_vae_loss(*_restored(network, given))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item() * len(rows)
        if report is not None:
            report(epoch, total / len(frames))
    return network.eval()


def _restored(network: FrameVAE, given: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    restored, mean, log_variance = network(given)
    return restored, given, mean, log_variance


@torch.inference_mode()
def encoded(network: FrameVAE, frames: Frames) -> tuple[Frames, NDArray[np.float32], NDArray[np.float32]]:
    """Return restored frames, means and log variances."""
    parts = [network(part) for part in torch.from_numpy(frames).split(256)]
    restored, mean, log_variance = (torch.cat(part).numpy() for part in zip(*parts, strict=True))
    return restored, mean, log_variance


def log_cosh(restored: NDArray[Any], frames: Frames) -> float:
    """Return the mean of log cosh of differences: the reconstruction part of the loss."""
    nothing = torch.zeros(len(frames), 1)
    given = (torch.from_numpy(np.array(each, np.float32)) for each in (restored, frames))
    return float(frame_vae_loss(*given, nothing, nothing))


def reconstruction(network: FrameVAE, components: PCA, train: Frames, held_out: Frames) -> dict[str, Any]:
    """Return losses on frames that were not trained on, beside those of simpler descriptions."""
    restored, mean, log_variance = encoded(network, held_out)
    divergence = 0.5 * (mean**2 + np.exp(log_variance) - 1 - log_variance).sum(1)
    flat = held_out.reshape(len(held_out), -1)
    by_components = components.inverse_transform(components.transform(flat)).reshape(held_out.shape)
    everywhere = np.broadcast_to(train.mean(0), held_out.shape)
    return {
        "autoencoder": {
            "log_cosh": log_cosh(restored, held_out),
            "kld": float(divergence.mean()),
            "numbers_in_use": int((mean.std(0) > 0.1).sum()),
        },
        f"{LATENT} principal components": {"log_cosh": log_cosh(by_components, held_out)},
        "mean frame": {"log_cosh": log_cosh(everywhere, held_out)},
    }


def kinds_told(numbers: NDArray[Any], simulated: SimulatedFrames, folds: int = 5) -> dict[str, float]:
    """Return the area for each kind of artefact, one against all other sequences, from numbers of frames.

    ``numbers`` (P, K) are those of all frames of all sequences, one after another.
    """
    cut = np.split(numbers, np.cumsum([len(each) for each in simulated.time])[:-1])
    table = sequence_statistics(cut)
    areas = {}
    for kind in ("any", *sorted(ARTEFACTS)):
        has = np.array([bool(tags) if kind == "any" else kind in tags.split("|") for tags in simulated.tags])
        if min(has.sum(), (~has).sum()) < folds:
            continue
        forest = ExtraTreesClassifier(200, min_samples_leaf=2, class_weight="balanced", random_state=SEED)
        cv = StratifiedKFold(folds, shuffle=True, random_state=SEED)
        told = cross_val_predict(forest, table, has, cv=cv, method="predict_proba")[:, 1]
        areas[kind] = float(roc_auc_score(has, told))
    return areas


def panel(rows: list[tuple[str, Frames, Frames]], side: int = 84) -> Image.Image:
    """Return a picture of frames above what was restored of them, a pair of rows for each name."""
    longest = max(len(frames) for _, frames, _ in rows)
    sheet = Image.new("RGB", (110 + longest * (side + 2), len(rows) * (2 * side + 10)), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(12)
    for number, (name, frames, restored) in enumerate(rows):
        top = number * (2 * side + 10)
        for line, (word, group) in enumerate(((name, frames), ("restored", restored))):
            pen.text((4, top + line * side + side / 2), word, "black", font=font, anchor="lm")
            for column, frame in enumerate(group):
                grey = Image.fromarray((np.clip(frame[0], 0, 1) ** 0.5 * 255).astype(np.uint8))
                sheet.paste(
                    grey.resize((side - 2, side - 2), 0), (110 + column * (side + 2), top + line * side)
                )
    return sheet


def real_frames() -> tuple[list[str], Frames]:
    """Return names and frames (N, 1, 28, 28) of the published examples; none where they are not at hand."""
    paths = sorted((DATA / "snad" / "artefact_img").glob("*.npy"))
    frames = [np.load(path, allow_pickle=False).astype(np.float32).reshape(1, 28, 28) for path in paths]
    return [path.stem for path in paths], scaled(np.stack(frames)) if frames else np.empty((0, 1, 28, 28))


def shown(simulated: SimulatedFrames) -> list[tuple[str, int]]:
    """Return a sequence of every kind of artefact alone, and one of none: kind and number."""
    return [
        (kind or "variable star", simulated.tags.index(kind))
        for kind in ("", *sorted(ARTEFACTS))
        if kind in simulated.tags
    ]


def measure(sequences: int, epochs: int, runs: Path | None) -> tuple[dict[str, Any], list[Image.Image]]:
    """Train or read the autoencoder, and return figures and pictures: of simulated, and of real frames."""
    train = simulate_frame_sequences(sequences, seed=SEED, lengths=LENGTHS)
    others = simulate_frame_sequences(sequences // 2, seed=SEED, lengths=LENGTHS, start=sequences)
    given, held_out = (scaled(np.concatenate(each.frames)) for each in (train, others))
    losses: list[float] = []
    weights = None if runs is None else runs / f"vae-{sequences}-{epochs}.safetensors"
    began = time.process_time()
    if weights is not None and weights.is_file():
        network, told = FrameVAE().eval(), json.loads(weights.with_suffix(".json").read_text())
        load_weights(network, weights)
    else:

        def report(epoch: int, loss: float) -> None:
            losses.append(loss)
            print(f"epoch {epoch}  loss {loss:.5f}  {time.process_time() - began:.0f} s", flush=True)

        network = train_vae(given, epochs, report)
        told = {"loss_by_epoch": losses, "cpu_seconds": round(time.process_time() - began)}
        if weights is not None:
            runs.mkdir(parents=True, exist_ok=True)  # type: ignore[union-attr]
            weights.with_suffix(".json").write_text(json.dumps(told))
            save_weights(network, weights)
    components = PCA(LATENT, svd_solver="randomized", random_state=SEED).fit(given.reshape(len(given), -1))
    flat = held_out.reshape(len(held_out), -1)
    restored, mean, _ = encoded(network, held_out)
    names, real = real_frames()
    content = {
        "data": f"SIMULATED: {len(given):,} frames of {sequences:,} sequences to train on, "
        f"{len(held_out):,} of {len(others.tags):,} others",
        "protocol": f"{epochs} epochs, {LATENT} numbers; kinds by 200 extra trees in five folds of the other "
        "sequences",
        "training": told,
        "reconstruction": reconstruction(network, components, given, held_out),
        "kinds": {
            "autoencoder": kinds_told(mean, others),
            f"{LATENT} principal components": kinds_told(components.transform(flat), others),
        },
        "sequences_of_kind": {
            kind: sum(kind in tags.split("|") for tags in others.tags) for kind in sorted(ARTEFACTS)
        },
    }
    first = np.cumsum([0, *(len(each) for each in others.time)])
    rows = [
        (kind, held_out[first[at] : first[at] + 8], restored[first[at] : first[at] + 8])
        for kind, at in shown(others)
    ]
    pictures = [panel(rows, side=44)]
    if names:
        again = encoded(network, real)[0]
        components_again = components.inverse_transform(components.transform(real.reshape(len(real), -1)))
        content["real_frames"] = {
            name: {
                "autoencoder": log_cosh(again[n : n + 1], real[n : n + 1]),
                f"{LATENT} principal components": log_cosh(
                    components_again[n : n + 1].reshape(1, 1, 28, 28), real[n : n + 1]
                ),
            }
            for n, name in enumerate(names)
        }
        pictures.append(panel([("real", real, again)]))
    return content, pictures


def main() -> None:
    """Measure, print, draw and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="30 sequences, one epoch, nothing written")
    parser.add_argument("--epochs", type=int, default=EPOCHS, help="more restore more")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    content, pictures = measure(*((30, 1, None) if arguments.quick else (SEQUENCES, arguments.epochs, RUNS)))
    print(json.dumps({name: content[name] for name in ("reconstruction", "kinds")}, indent=1))
    if arguments.quick:
        return
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n")
    PICTURE.parent.mkdir(exist_ok=True)
    pictures[0].quantize(64).save(PICTURE, optimize=True)
    for picture in pictures[1:]:
        # Real frames are not ours to publish: for looking at only.
        picture.save(RUNS / "real-frames.png")
    print(f"table: {RESULT}")


if __name__ == "__main__":
    main()
