"""Simulated images with true masks, off the middle: what the experiment on explanations explains."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from skysieve.samples import SampleSet
from skysieve.sources.simulators.galaxies.samples import write_galaxy_samples, write_lsbg_samples
from skysieve.sources.simulators.galaxies.simulate import GALAXY_WIDTH, LSBG_WIDTH
from skysieve.sources.simulators.streaks.samples import write_streak_samples

__all__ = ["MASK_SIGMA", "MOST_COVERED", "Masked", "galaxies", "lsbgs", "streaks", "trail_masks"]

#: Side of a picture of galaxies, and by how much its middle lies off the subject at most, in pixels.
SIDE, OFF = 64, 10

#: Light of the subject, in sigma of the sky noise, from which a pixel is in its mask.
MASK_SIGMA = {"morphology": 4.0, "lsbg": 1.0}

#: Share of an image that a mask may cover: a larger one is hit by any map.
MOST_COVERED = 0.5

#: Half-width of the mask of a trail, in units of the seeing's FWHM.
TRAIL = 1.0


@dataclass(frozen=True)
class Masked:
    """Images with labels and masks.

    Parameters
    ----------
    images : ndarray, shape (N, C, H, W)
        Raw pixels.
    masks : ndarray of bool, shape (N, H, W)
        Where the subject is.
    labels : ndarray, shape (N,), int64
        Number of the class.
    kinds : ndarray, shape (N,), str
        Kind of the simulator.
    classes, channels : tuple of str
        Names.
    """

    images: NDArray[np.generic]
    masks: NDArray[np.bool_]
    labels: NDArray[np.int64]
    kinds: NDArray[np.str_]
    classes: tuple[str, ...]
    channels: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def coverage(self) -> NDArray[np.float64]:
        """Share of each image that its mask covers, shape (N,)."""
        return np.asarray(self.masks.mean(axis=(1, 2)))

    def select(self, rows: NDArray[np.bool_] | NDArray[np.int64] | slice) -> Masked:
        """Return some of them."""
        return Masked(
            self.images[rows],
            self.masks[rows],
            self.labels[rows],
            self.kinds[rows],
            self.classes,
            self.channels,
        )

    def with_masks_to_judge(self) -> Masked:
        """Return those of which the mask is not empty and covers at most half."""
        return self.select((self.coverage > 0) & (self.coverage <= MOST_COVERED))


def galaxies(path: Path, n: int, seed: int) -> Masked:
    """Return galaxies of four classes of morphology, off the middle of their pictures."""
    return _off_the_middle(path, n, seed, "morphology", write_galaxy_samples, GALAXY_WIDTH)


def lsbgs(path: Path, n: int, seed: int) -> Masked:
    """Return galaxies of low surface brightness and artefacts, off the middle of their pictures."""
    return _off_the_middle(path, n, seed, "lsbg", write_lsbg_samples, LSBG_WIDTH)


def streaks(path: Path, n: int, seed: int) -> Masked:
    """Return trails of asteroids in difference images; masks are what lies within one FWHM of the trail."""
    if not path.is_file():
        write_streak_samples(path, n=n, seed=seed, kinds=["asteroid"])
    samples = SampleSet.open(path)
    images = samples.tensor("cutouts")
    # The simulator's numbers are those of the pixels before the cutouts were made smaller.
    return Masked(
        images,
        trail_masks(samples, images.shape[-1]),
        np.ones(len(samples), dtype=np.int64),
        samples.scalar("kind"),
        ("bogus", "real"),
        ("difference",),
    )


def trail_masks(
    samples: SampleSet, side: int, simulated_side: int = 157, scale: float = 1.01
) -> NDArray[np.bool_]:
    """Return which pixels lie within one FWHM of a trail, shape (N, side, side).

    Parameters
    ----------
    samples : SampleSet
        With the ends of the trails in pixels of the simulator, and the seeing in arcsec.
    side : int
        Pixels of a cutout.
    simulated_side : int
        Pixels of the simulator on the same piece of sky.
    scale : float
        Side of a pixel of the simulator, in arcsec.
    """
    places = (np.arange(side) + 0.5) * simulated_side / side - 0.5
    ends = np.stack([samples.scalar(name) for name in ("x1", "y1", "x2", "y2")], axis=1)
    reach = TRAIL * samples.scalar("seeing") / scale
    masks = np.zeros((len(samples), side, side), dtype=bool)
    for row, (x1, y1, x2, y2) in enumerate(ends.tolist()):
        dx, dy = x2 - x1, y2 - y1
        x, y = places[None, :] - x1, places[:, None] - y1
        along = np.clip((x * dx + y * dy) / max(dx * dx + dy * dy, 1e-12), 0.0, 1.0)
        masks[row] = np.hypot(x - along * dx, y - along * dy) <= reach[row]
    return masks


def _off_the_middle(
    path: Path, n: int, seed: int, name: str, write: Callable[..., Path], width: float
) -> Masked:
    """Simulate larger pictures, and cut each around a place that is not its middle."""
    large = SIDE + 2 * OFF
    if not path.is_file():
        write(path, n, seed, size=large, width=width * large / SIDE, mask_sigma=MASK_SIGMA[name])
    samples = SampleSet.open(path)
    pictures, masks = samples.tensor("cutouts"), samples.tensor("mask")[:, 0] != 0
    corners = np.random.default_rng(seed).integers(0, 2 * OFF + 1, size=(n, 2))
    rows = corners[:, 0, None] + np.arange(SIDE)
    columns = corners[:, 1, None] + np.arange(SIDE)
    each = np.arange(n)[:, None, None]
    return Masked(
        # Indices on either side of a slice come first.
        pictures[each, :, rows[:, :, None], columns[:, None, :]].transpose(0, 3, 1, 2),
        masks[each, rows[:, :, None], columns[:, None, :]],
        samples.labels,
        samples.scalar("kind"),
        samples.classes,
        samples.description.tensors["cutouts"].channels,
    )
