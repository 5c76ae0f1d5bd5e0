"""Samples on which an exported graph must agree with its module."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

__all__ = ["trial_batches"]

BATCHES = (1, 3)
STEPS = (1, 7, 40)


def trial_batches(
    shape: tuple[int | None, ...], accepts_nan: bool, full_scale: float | None
) -> Iterator[NDArray[np.float32]]:
    """Yield seeded batches of one and of three samples.

    Parameters
    ----------
    shape : tuple of int or None
        Of one sample; (None, F) for sequences, which are made of 1, 7 and 40 steps and padded with NaN.
    accepts_nan : bool
        Whether some values are NaN, and with arrays of a fixed shape one whole sample. The last of three
        sequences has no step at all in any case, and the first column is NaN in the padding alone.
    full_scale : float, optional
        Values lie between 0 and it; not for sequences.

    Examples
    --------
    >>> {batch.shape for batch in trial_batches((2,), True, None)} == {(1, 2), (3, 2)}
    True
    >>> sorted({batch.shape for batch in trial_batches((None, 2), True, None)})
    [(1, 1, 2), (1, 7, 2), (1, 40, 2), (3, 1, 2), (3, 7, 2), (3, 40, 2)]
    """
    generator = np.random.default_rng(0)
    if shape[0] is None:
        features = tuple(int(size) for size in shape[1:] if size is not None)
        for steps in STEPS:
            for size in BATCHES:
                yield from _sequences(generator, (size, steps, *features), accepts_nan)
        return
    fixed = tuple(int(size) for size in shape if size is not None)
    for size in BATCHES:
        for samples in _trials_of_every_scale(generator, (size, *fixed), accepts_nan, full_scale):
            yield samples
            if accepts_nan:
                with_nan = np.where(generator.random(samples.shape) < 0.1, np.float32(np.nan), samples)
                with_nan[-1] = np.nan
                yield with_nan


def _trials_of_every_scale(
    generator: np.random.Generator, shape: tuple[int, ...], raw: bool, full_scale: float | None
) -> Iterator[NDArray[np.float32]]:
    if full_scale is not None:
        yield generator.uniform(0.0, full_scale, shape).astype(np.float32)
        # Flat but for faint noise, as most images of a known scale are.
        yield (full_scale * (0.8 + 0.08 * generator.standard_normal(shape)).clip(0, 1)).astype(np.float32)
        return
    # Raw pixels have any scale; what is already preprocessed is of order 1.
    for scale in (1.0, 1000.0) if raw else (1.0,):
        yield (scale * generator.standard_normal(shape)).astype(np.float32)


def _sequences(
    generator: np.random.Generator, shape: tuple[int, ...], accepts_nan: bool
) -> Iterator[NDArray[np.float32]]:
    for made in (_light_curves(generator, shape), _unit_steps(generator, shape)):
        yield _padded(generator, made)
        if accepts_nan:
            some = generator.random(shape) < 0.3
            some[:, :, 0] = False
            yield _padded(generator, np.where(some, np.float32(np.nan), made))


def _light_curves(generator: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Return magnitudes of quiet stars at the times of some seasons, in days."""
    made = 15.0 + 0.05 * generator.standard_normal(shape)
    gaps = 10.0 ** generator.uniform(-2.0, 2.3, shape[:2])
    made[:, :, 0] = np.cumsum(gaps, axis=1) - gaps[:, :1]
    return made.astype(np.float32)


def _unit_steps(generator: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Return features of order one; the first is a phase."""
    made = generator.standard_normal(shape)
    made[:, :, 0] = np.sort(generator.random(shape[:2]), axis=1)
    return made.astype(np.float32)


def _padded(generator: np.random.Generator, samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return sequences of which the first fills all steps, and the last of several none."""
    count, steps = samples.shape[:2]
    lengths = generator.integers(1, steps + 1, count)
    lengths[0] = steps
    if count > 1:
        lengths[-1] = 0
    beyond = np.arange(steps) >= lengths[:, None]
    return np.where(beyond.reshape(*beyond.shape, *[1] * (samples.ndim - 2)), np.float32(np.nan), samples)
