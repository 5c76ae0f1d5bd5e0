"""Candidates that look alike: a few numbers of each image that do not change when it is turned.

An image is brought to its noise and compressed (asinh); of it are kept the mean and the scatter in
rings around the centre, and the strength of the first angular modes in wider rings. What a star, a
dipole, a streak or a dead column leaves there differs; how it happens to lie does not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from skysieve.service.database.kept_answers import KeptAnswers
from skysieve.service.database.tables import Candidate
from skysieve.service.filters.index_choice import without_index

__all__ = ["MOST_COMPARED", "look_of", "similar"]

#: The latest candidates that are compared.
MOST_COMPARED = 20_000
#: The candidates that came last, by kind; of many it does not matter if the very last are missing.
_RECENT: KeptAnswers[dict[int, _Looks]] = KeptAnswers(
    30.0, lambda looks: sum(len(each.numbers) for each in looks.values()) >= 2_000, most=4
)
#: Rings for mean and scatter, rings for angular modes, and the modes.
RINGS, WIDE_RINGS, MODES = 8, 3, (1, 2, 3, 4)
#: An image of twice the side, or more, is shrunk first.
_LARGEST_SIDE = 64
#: Pixels beyond it are sentinels for missing ones.
_LARGEST_MEASURED = 1e30


def look_of(images: Mapping[str, NDArray[np.floating[Any]]]) -> bytes:
    """Return what images look like, whichever way they are turned.

    Parameters
    ----------
    images : mapping of str to ndarray, shape (H, W)
        Channels in their order; NaN, infinities and sentinels are missing and count as sky.

    Returns
    -------
    bytes
        Float32, as many for each channel; no bytes where there is no channel.

    Examples
    --------
    >>> image = np.random.default_rng(0).normal(size=(63, 63))
    >>> upright, turned = (np.frombuffer(look_of({"difference": each}), np.float32)
    ...                    for each in (image, np.rot90(image)))
    >>> bool(np.allclose(upright, turned, atol=1e-4))
    True
    """
    looks = [_look(np.asarray(image, dtype=np.float32)) for image in images.values()]
    return np.concatenate(looks).tobytes() if looks else b""


def similar(session: Session, candidate: Candidate, most: int = 12) -> list[tuple[Candidate, float]]:
    """Return the candidates that look most alike, among the latest of the same kind.

    Parameters
    ----------
    session : Session
        Of the database.
    candidate : Candidate
        The one that others are compared with.
    most : int
        So many at the most.

    Returns
    -------
    list of (Candidate, float)
        Nearest first, with the distance, each number in units of its scatter over the night; empty where
        the candidate has no image.
    """
    look = session.scalar(select(Candidate.look).where(Candidate.id == candidate.id))
    if not look:
        return []
    recent = _RECENT.get(session, candidate.kind, lambda: _recent(session, candidate.kind))
    alike = recent.get(len(look))
    if alike is None:
        return []
    distances = alike.distances(np.frombuffer(look, dtype=np.float32))
    distances[alike.numbers == candidate.id] = np.inf
    nearest = np.argsort(distances, kind="stable")[:most]
    nearest = nearest[np.isfinite(distances[nearest])]
    numbers = alike.numbers[nearest].tolist()
    rows = session.scalars(
        select(Candidate).where(Candidate.id.in_(numbers)).options(undefer(Candidate.look))
    ).all()
    by_number = {row.id: row for row in rows}
    # One that was removed meanwhile is left out.
    return [
        (by_number[number], float(distances[at]))
        for number, at in zip(numbers, nearest, strict=True)
        if number in by_number
    ]


@dataclass(frozen=True, eq=False)
class _Looks:
    """What candidates look like: each number in units of its scatter."""

    numbers: NDArray[np.int64]
    scaled: NDArray[np.float32]
    scale: NDArray[np.float32]

    def distances(self, look: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return how far each is from a look."""
        apart = self.scaled - look / self.scale
        return np.asarray(np.sqrt(np.einsum("ij,ij->i", apart, apart) / apart.shape[1]), dtype=np.float32)


def _recent(session: Session, kind: str) -> dict[int, _Looks]:
    """Return what the candidates that came last look like, by the number of bytes that tell it."""
    rows = session.execute(
        select(Candidate.id, Candidate.look)
        .where(without_index(Candidate.__table__.c.kind) == kind, Candidate.look.is_not(None))
        .order_by(Candidate.id.desc())
        .limit(MOST_COMPARED)
    )
    found: dict[int, list[tuple[int, bytes]]] = {}
    for number, look in rows:
        if look:
            found.setdefault(len(look), []).append((number, look))
    return {length: _looks(some) for length, some in found.items()}


def _looks(rows: Sequence[tuple[int, bytes]]) -> _Looks:
    numbers = np.array([number for number, _ in rows], dtype=np.int64)
    matrix = np.frombuffer(b"".join(look for _, look in rows), dtype=np.float32).reshape(len(rows), -1)
    scatter = matrix.std(axis=0)
    scale = np.where(scatter > 0, scatter, np.float32(1)).astype(np.float32)
    return _Looks(numbers, matrix / scale, scale)


def _look(image: NDArray[np.float32]) -> NDArray[np.float32]:
    image = _shrunk(image)
    means, waves = _projections(image.shape[0], image.shape[1])
    # In double precision: the scatter is a difference of numbers that may be nearly equal.
    pixels = _in_units_of_noise(image).ravel().astype(np.float64)
    mean = means @ pixels
    scatter = np.sqrt(np.maximum(means @ (pixels * pixels) - mean * mean, 0.0))
    cosines, sines = (waves @ pixels).reshape(2, -1)
    return np.concatenate([mean, scatter, np.hypot(cosines, sines)]).astype(np.float32)


def _shrunk(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a large image in means of blocks: fine grain says nothing about its kind."""
    side = min(image.shape) // _LARGEST_SIDE
    if side < 2:
        return image
    rows, columns = (size // side for size in image.shape)
    blocks = image[: rows * side, : columns * side].reshape(rows, side, columns, side)
    return np.asarray(blocks.mean(axis=(1, 3)), dtype=np.float32)


def _in_units_of_noise(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the image above its median in units of its scatter, compressed; missing pixels are 0."""
    measured = np.isfinite(image) & (np.abs(image) < _LARGEST_MEASURED)
    if not measured.any():
        return np.zeros_like(image)
    values = image[measured]
    middle = np.median(values)
    noise = 1.4826 * np.median(np.abs(values - middle)) or values.std() or np.float32(1)
    units = np.zeros_like(image)
    units[measured] = np.arcsinh((values - middle) / noise)
    return units


@lru_cache(maxsize=8)
def _projections(rows: int, columns: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return what takes the pixels to means in rings, and to cosines and sines in wide rings."""
    y, x = np.indices((rows, columns), dtype=np.float64)
    y, x = y - (rows - 1) / 2, x - (columns - 1) / 2
    radius = np.hypot(x, y).ravel() / (min(rows, columns) / 2)
    angle = np.arctan2(y, x).ravel()
    narrow = [_ring(radius, ring, RINGS) for ring in range(RINGS)]
    # The very middle has no angle.
    wide = [_ring(radius, ring, WIDE_RINGS) * (radius > 0) for ring in range(WIDE_RINGS)]
    waves = [wave(mode * angle) * ring for wave in (np.cos, np.sin) for ring in wide for mode in MODES]
    return np.array(narrow), np.array(waves)


def _ring(radius: NDArray[np.float64], ring: int, rings: int) -> NDArray[np.float64]:
    # The middle, where the source is, has the narrower rings.
    inside = (radius >= (ring / rings) ** 1.5) & (radius < ((ring + 1) / rings) ** 1.5)
    return np.asarray(inside / max(1, inside.sum()))
