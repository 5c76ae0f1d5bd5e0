"""A small network that says through which cells of a frame the centre line of a streak passes.

It sees what the classical search sees: the difference in units of its own noise, what part of the noise is
sky's, and the reference's light. A cell is 4 pixels wide. The network is fully convolutional, so that it is
trained on crops and looks at whole frames.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from skysieve.detection.noise import Whitened

__all__ = ["CELL", "LineNetwork", "Scene", "line_cells", "network_input", "score_cells", "train"]

#: Side of a cell in pixels.
CELL = 4
CROP, BATCH = 256, 16
#: Side in pixels of the coarsest cells inside the network; frames are filled up to a multiple of it.
_COARSEST = 8
#: Learning rate and the steps until it is reached; share of the past in the averaged weights at each step.
_RATE, _WARM_UP, _DECAY = 3e-3, 50, 0.99
_FREE_BIAS = -5.0


@dataclass(frozen=True, eq=False)
class Scene:
    """A frame to train on.

    Parameters
    ----------
    pixels : ndarray, shape (3, height, width), float16
        What `network_input` returns; may be mapped from disk.
    cells : ndarray, shape (ceil(height / 4), ceil(width / 4)), bool
        Through which cells the line of a streak passes.
    trails : ndarray, shape (n, 4)
        Ends x1, y1, x2, y2 of the trails that crops are centred on, in pixels.
    """

    pixels: np.ndarray
    cells: np.ndarray
    trails: np.ndarray


def network_input(frame: Whitened) -> np.ndarray:
    """Return deviation, weight and light of a frame, shape (3, height, width), float16.

    The deviation is that in units of noise, linear where it is small and logarithmic where it is large;
    weight is 0 where there is no data.
    """
    deviation = np.arcsinh(frame.flat / frame.sky_sigma * frame.weight)
    return np.stack([deviation, frame.weight, 0.2 * np.log1p(frame.light)]).astype(np.float16)


def line_cells(ends: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Return through which cells of a frame of ``shape`` pixels segments pass, bool.

    Parameters
    ----------
    ends : ndarray, shape (n, 4)
        x1, y1, x2, y2 in pixels; what lies off the frame is left out.
    shape : tuple of two int
        Rows and columns.
    """
    cells = np.zeros([-(-size // CELL) for size in shape], dtype=bool)
    for x1, y1, x2, y2 in np.asarray(ends, dtype=np.float64).reshape(-1, 4).tolist():
        share = np.linspace(0.0, 1.0, 2 + int(4.0 * np.hypot(x2 - x1, y2 - y1)))
        columns = np.floor((x1 + (x2 - x1) * share + 0.5) / CELL).astype(int)
        rows = np.floor((y1 + (y2 - y1) * share + 0.5) / CELL).astype(int)
        inside = (rows >= 0) & (rows < cells.shape[0]) & (columns >= 0) & (columns < cells.shape[1])
        cells[rows[inside], columns[inside]] = True
    return cells


def _layer(channels: int, out: int, *, side: int = 3, stride: int = 1, dilation: int = 1) -> nn.Sequential:
    padding = dilation * (side // 2)
    convolution = nn.Conv2d(channels, out, side, stride, padding, dilation, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(out), nn.ReLU(inplace=True))


class _Residual(nn.Module):
    def __init__(self, channels: int, dilation: int = 1) -> None:
        super().__init__()
        self.layer = _layer(channels, channels, dilation=dilation)

    def forward(self, pixels: Tensor) -> Tensor:
        return pixels + self.layer(pixels)


class LineNetwork(nn.Module):
    """Convolutions at 2, 4 and 8 pixels; those at 8 are dilated, so that a cell sees 80 pixels around it."""

    def __init__(self, narrow: int = 24, middle: int = 48, wide: int = 64) -> None:
        super().__init__()
        self.stem = _layer(3, narrow, side=5, stride=2)
        self.quarter = nn.Sequential(_layer(narrow, middle, stride=2), _Residual(middle))
        context = (_Residual(wide, dilation) for dilation in (1, 2, 4))
        self.eighth = nn.Sequential(_layer(middle, wide, stride=2), *context, nn.Conv2d(wide, middle, 1))
        self.upsample = nn.Upsample(scale_factor=2, mode="bilinear")
        self.head = nn.Sequential(_layer(middle, middle), nn.Conv2d(middle, 1, 1))
        nn.init.constant_(self.head[1].bias, _FREE_BIAS)

    def forward(self, pixels: Tensor) -> Tensor:
        """Return logits, shape (n, height / 4, width / 4), of images of shape (n, 3, height, width)."""
        fine = self.quarter(self.stem(pixels))
        logits: Tensor = self.head(fine + self.upsample(self.eighth(fine)))
        return logits[:, 0]


def score_cells(network: LineNetwork, pixels: np.ndarray) -> np.ndarray:
    """Return the score of every cell of a frame, float32; 0 where none of its pixels holds data."""
    rows, columns = (-(-size // _COARSEST) * _COARSEST for size in pixels.shape[1:])
    filled = np.zeros((3, rows, columns), dtype=np.float32)
    filled[:, : pixels.shape[1], : pixels.shape[2]] = pixels
    image = torch.from_numpy(filled)[None].contiguous(memory_format=torch.channels_last)
    network.eval()
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        scores = network(image)[0].float().sigmoid().numpy()
    known = filled[1].reshape(rows // CELL, CELL, columns // CELL, CELL).any(axis=(1, 3))
    cells = (-(-pixels.shape[1] // CELL), -(-pixels.shape[2] // CELL))
    return np.where(known, scores, np.float32(0.0))[: cells[0], : cells[1]]


def train(scenes: Sequence[Scene], *, steps: int, seed: int) -> tuple[LineNetwork, float]:
    """Train on random crops, half of them around a trail.

    Returns
    -------
    network : LineNetwork
        With weights averaged over the last steps. The learning rate does not fall: more steps begin like
        fewer.
    seconds : float
        Processor time.
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    network = LineNetwork().to(memory_format=torch.channels_last)
    averaged = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(_DECAY), use_buffers=True)
    optimizer = torch.optim.AdamW(network.parameters(), lr=_RATE, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 0.02, total_iters=_WARM_UP)
    start, losses = time.process_time(), []
    network.train()
    for step in range(1, steps + 1):
        images, cells = _draw_batch(scenes, rng)
        with torch.autocast("cpu", torch.bfloat16):
            logits = network(images.contiguous(memory_format=torch.channels_last))
        loss = nn.functional.binary_cross_entropy_with_logits(logits.float(), cells)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 0.1)
        optimizer.step()
        schedule.step()
        averaged.update_parameters(network)
        losses.append(loss.item())
        if step % max(steps // 20, 1) == 0:
            seconds = time.process_time() - start
            print(f"step {step}/{steps}  loss {np.mean(losses[-200:]):.5f}  {seconds:.0f} s", flush=True)
    return averaged.module, time.process_time() - start


def _draw_batch(scenes: Sequence[Scene], rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    images = np.empty((BATCH, 3, CROP, CROP), dtype=np.float32)
    cells = np.empty((BATCH, CROP // CELL, CROP // CELL), dtype=np.float32)
    for place in range(BATCH):
        scene = scenes[int(rng.integers(len(scenes)))]
        top, left = _draw_corner(scene, rng, around_trail=place % 2 == 0)
        rows, columns = slice(top, top + CROP // CELL), slice(left, left + CROP // CELL)
        far = (slice(top * CELL, top * CELL + CROP), slice(left * CELL, left * CELL + CROP))
        turn, mirror = int(rng.integers(4)), bool(rng.integers(2))
        for target, source in (
            (images[place], scene.pixels[:, *far]),
            (cells[place], scene.cells[rows, columns]),
        ):
            turned = np.rot90(source, turn, axes=(-2, -1))
            target[...] = turned[..., ::-1] if mirror else turned
    return torch.from_numpy(images), torch.from_numpy(cells)


def _draw_corner(scene: Scene, rng: np.random.Generator, *, around_trail: bool) -> tuple[int, int]:
    """Return first row and column of a crop, in cells."""
    rows, columns = (size // CELL - CROP // CELL for size in scene.pixels.shape[1:])
    if not around_trail or not len(scene.trails):
        return int(rng.integers(rows + 1)), int(rng.integers(columns + 1))
    x1, y1, x2, y2 = scene.trails[int(rng.integers(len(scene.trails)))]
    away = rng.uniform(-0.4, 0.4, 2) * CROP
    top = (0.5 * (y1 + y2) + away[0] - 0.5 * CROP) / CELL
    left = (0.5 * (x1 + x2) + away[1] - 0.5 * CROP) / CELL
    return int(np.clip(top, 0, rows)), int(np.clip(left, 0, columns))
