"""What the images of a survey have in common, what a class adds to it, and what is left of a curve."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skysieve.atomic_file import replacing
from skysieve.errors import ConfigurationError, InputError
from skysieve.preprocess.dmdt.low_rank import LowRank, alternating_projections, principal_component_pursuit

__all__ = ["DmdtBackground", "DmdtParts", "Method", "Missing", "Typical"]

#: How images are separated into a part of low rank and a sparse one.
Method = Literal["alternating-projections", "principal-component-pursuit"]
#: Which image of low rank stands for all.
Typical = Literal["largest", "median"]
#: What counts as not measured.
Missing = Literal["nothing", "empty-dt"]

FORMAT = 1
Images = NDArray[np.float32]


class DmdtParts(NamedTuple):
    """Images as the sum of three, each of shape (N, C, R, T)."""

    background: Images
    of_class: Images
    of_curve: Images


@dataclass(frozen=True, eq=False)
class DmdtBackground:
    """The decomposition dmdt = b + c + s of the images of a survey, fitted once and then frozen.

    b is the background that the cadence of the survey leaves in every image, c what a class adds to it,
    s what is peculiar to the curve. b and c are fitted on training curves: the images of each class,
    one a column, are separated by robust principal components into one part of low rank and a sparse one.

    Parameters
    ----------
    classes : tuple of str
        Names of the K classes.
    common : ndarray, shape (C, R, T), float32
        The background b.
    of_class : ndarray, shape (K, C, R, T), float32
        The typical image of low rank of each class, less b.
    fitted : dict
        How: method, rank, images of each class, residuals.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> survey = rng.uniform(1, 2, (1, 6, 8))
    >>> images = (survey * rng.uniform(0.5, 1, (40, 1, 1, 1))).astype(np.float32)
    >>> background = DmdtBackground.fit(images, np.arange(40) % 2, ("RRab", "EW"))
    >>> background.subtract(images).shape, bool(background.subtract(images).max() < 0.01)
    ((40, 1, 6, 8), True)
    """

    classes: tuple[str, ...]
    common: Images
    of_class: Images
    fitted: dict[str, Any]

    @classmethod
    def fit(
        cls,
        images: ArrayLike,
        labels: ArrayLike,
        classes: Sequence[str],
        *,
        method: Method = "alternating-projections",
        rank: int = 1,
        typical: Typical = "largest",
        missing: Missing = "nothing",
        threshold: float | None = None,
    ) -> DmdtBackground:
        """Fit the background on training images.

        Parameters
        ----------
        images : array_like, shape (N, C, R, T)
            Of training curves only; NaN where something is missing.
        labels : array_like of int, shape (N,)
            Indices into ``classes``; images of no class (-1) are left out.
        classes : sequence of str
            Each has at least two images.
        method : {"alternating-projections", "principal-component-pursuit"}
            The first is told the rank, the second finds it.
        rank : int
            Of the images of a class, for alternating projections.
        typical : {"largest", "median"}
            Which image of low rank is b: that with the largest sum of all, as published (the others
            then lie below it), or the median of all, pixel by pixel. Likewise of each class.
        missing : {"nothing", "empty-dt"}
            ``empty-dt``: where a curve has no pair at some dt, the whole column is not measured rather
            than empty.
        threshold : float, optional
            β of the alternating projections, or λ of the pursuit; `low_rank` says what it is if left out.

        Raises
        ------
        ConfigurationError
            If a class has too few images, or there is no such choice.

        References
        ----------
        A. Mahabal and M. Gandhi, github.com/AshishMahabal/Reproducibility (alternating projections of
        rank 1 with β = 2⁻⁹, on images of each class; the largest column is subtracted from every image
        and what is negative set to 0).
        """
        for name, value, choices in (
            ("method", method, get_args(Method)),
            ("typical", typical, get_args(Typical)),
            ("missing", missing, get_args(Missing)),
        ):
            if value not in choices:
                raise ConfigurationError(f"{name!r} is one of {', '.join(choices)}; found {value!r}")
        values, numbers = np.asarray(images, dtype=np.float64), np.asarray(labels)
        parts = []
        for number, name in enumerate(classes):
            chosen = values[numbers == number]
            if len(chosen) <= rank:
                raise ConfigurationError(
                    f"class {name!r} has {len(chosen)} training images; a background of rank {rank} needs "
                    f"{rank + 1} or more"
                )
            parts.append(_separated(chosen, method, rank, missing, threshold))
        shape = values.shape[1:]
        everything = np.concatenate([part.low_rank for part in parts], axis=1)
        common = _typical(everything, typical).reshape(shape)
        of_class = [_typical(part.low_rank, typical).reshape(shape) - common for part in parts]
        fitted = {
            "method": method,
            "rank": [part.rank for part in parts],
            "typical": typical,
            "missing": missing,
            "images": [part.low_rank.shape[1] for part in parts],
            "residual": [part.residual for part in parts],
            "converged": [part.converged for part in parts],
        }
        return cls(tuple(classes), common.astype(np.float32), np.array(of_class, np.float32), fitted)

    def subtract(self, images: ArrayLike, *, clip: bool = True) -> Images:
        """Return images less b, negative pixels set to 0 unless ``clip`` is false; no class is needed."""
        return self._less(images, self.common, clip)

    def subtract_classes(self, images: ArrayLike, *, clip: bool = True) -> Images:
        """Return images less b + c of every class, one after another as channels (N, K · C, R, T).

        The channels of the true class hold what is peculiar to the curve; no class is needed, so that
        nothing of a label can leak into what a network sees.
        """
        values = np.asarray(images, dtype=np.float32)[:, None]
        left = self._less(values, self.common + self.of_class, clip)
        return left.reshape(len(left), -1, *self.common.shape[1:])

    def parts(self, images: ArrayLike, labels: ArrayLike) -> DmdtParts:
        """Return b, c and s of images of known class; their sum is the images."""
        values, numbers = np.asarray(images, dtype=np.float32), np.asarray(labels)
        self._check(values.shape[1:])
        if not ((numbers >= 0) & (numbers < len(self.classes))).all():
            raise ConfigurationError(
                f"the background has the classes {', '.join(self.classes)}, of indices 0 to "
                f"{len(self.classes) - 1}; found {numbers.min()} to {numbers.max()}"
            )
        background = np.broadcast_to(self.common, values.shape)
        of_class = self.of_class[numbers]
        return DmdtParts(background, of_class, values - background - of_class)

    def save(self, path: str | Path) -> Path:
        """Write the background as a ``.npz`` file without pickled objects, and return its path."""
        told = {"format": FORMAT, "classes": self.classes, "fitted": self.fitted}
        with replacing(path) as partial, partial.open("wb") as file:
            np.savez(file, description=json.dumps(told), common=self.common, of_class=self.of_class)
        return Path(path)

    @classmethod
    def load(cls, path: str | Path) -> DmdtBackground:
        """Read what `save` wrote.

        Raises
        ------
        InputError
            If the file is not a background, or was written by a later version.
        """
        try:
            with np.load(path, allow_pickle=False) as stored:
                told = json.loads(str(stored["description"]))
                found = cls(tuple(told["classes"]), stored["common"], stored["of_class"], told["fitted"])
        except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
            raise InputError(str(path), "not-a-background", f"is not a dmdt background ({error})") from None
        if told["format"] > FORMAT:
            reason = f"has format {told['format']}, this skysieve reads up to {FORMAT}; install a newer one"
            raise InputError(str(path), "newer-format", reason)
        return found

    def _less(self, images: ArrayLike, background: Images, clip: bool) -> Images:
        values = np.asarray(images, dtype=np.float32)
        self._check(values.shape[-3:])
        left = values - background
        return np.maximum(left, 0, out=left) if clip else left

    def _check(self, shape: tuple[int, ...]) -> None:
        if shape != self.common.shape:
            raise ConfigurationError(
                f"the background is of images of shape {self.common.shape}, found {shape}; "
                "make them on the same edges and bands"
            )


def _separated(
    images: NDArray[np.float64], method: Method, rank: int, missing: Missing, threshold: float | None
) -> LowRank:
    """Decompose the matrix whose columns are images."""
    seen = np.isfinite(images)
    if missing == "empty-dt":
        seen &= (images != 0).any(axis=2, keepdims=True)
    columns, mask = images.reshape(len(images), -1).T, seen.reshape(len(images), -1).T
    if method == "alternating-projections":
        return alternating_projections(columns, rank, seen=mask, threshold=threshold, tolerance=1e-5)
    return principal_component_pursuit(columns, seen=mask, weight=threshold, tolerance=1e-5)


def _typical(columns: NDArray[np.float64], typical: Typical) -> NDArray[np.float64]:
    if typical == "median":
        return np.asarray(np.median(columns, axis=1))
    return columns[:, columns.sum(axis=0).argmax()]
