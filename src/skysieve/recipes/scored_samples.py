"""Scores beside what they are judged by: written by a run or by a command, read by whoever judges them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from skysieve.atomic_file import replacing
from skysieve.errors import SampleSetError
from skysieve.evaluation.evaluate import Evaluation, evaluate
from skysieve.evaluation.thresholds import Threshold

__all__ = ["SCORES", "ScoredSamples"]

#: Name of the table in a run folder.
SCORES = "scores.parquet"

_KEY, _KIND, _FORMAT = b"skysieve", "scores of samples", 1


@dataclass(frozen=True, eq=False)
class ScoredSamples:
    """Scores of samples, with labels, groups and splits.

    Parameters
    ----------
    ids, groups : ndarray, shape (N,)
        Names of the samples and of what must not be taken apart.
    labels : ndarray, shape (N,), int64
        Class, -1 where unknown.
    split : ndarray of str, shape (N,)
        ``train``, ``validation``, ``test``, or nothing.
    scores : ndarray, shape (N,) or (N, K)
        Calibrated probability of the second of two classes, or of each.
    classes : tuple of str
        Names of the classes.
    threshold : Threshold or None
        Of the model; None for more than two classes.
    learned, seen : ndarray of bool, shape (N,)
        Whether the model learned from the group of a sample, and whether the group had any part in making
        the model; both all False for a model that does not say.
    model, data : mapping
        Name and identity of the model; where the samples came from.
    """

    ids: NDArray[Any]
    groups: NDArray[Any]
    labels: NDArray[np.int64]
    split: NDArray[Any]
    scores: NDArray[Any]
    classes: tuple[str, ...]
    threshold: Threshold | None
    learned: NDArray[np.bool_]
    seen: NDArray[np.bool_]
    model: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.ids)

    def rows(self, split: str) -> NDArray[np.int64]:
        """Return the labelled rows of a split; of all samples if no split is named.

        Raises
        ------
        SampleSetError
            If there are none.
        """
        rows = np.flatnonzero((self.labels >= 0) & ((self.split == split) | (split == "")))
        if not len(rows):
            found = ", ".join(repr(str(name)) for name in np.unique(self.split)) or "none"
            where = f"of the split {split!r}" if split else "at all"
            raise SampleSetError(f"no labelled sample {where} was scored; splits found: {found}")
        return rows

    def take(self, rows: NDArray[Any]) -> ScoredSamples:
        """Return chosen rows, by number or mask."""
        names = ("ids", "groups", "labels", "split", "scores", "learned", "seen")
        return replace(self, **{name: getattr(self, name)[rows] for name in names})

    def evaluate(
        self, split: str, *, seed: int, replicates: int = 1000, level: float = 0.95, by_group: bool = True
    ) -> Evaluation:
        """Judge the labelled samples of a split.

        Parameters
        ----------
        split : str
            Name of the split; all samples if empty.
        seed, replicates, level
            Of the bootstrap.
        by_group : bool
            False resamples single samples, as if those of a group were independent.
        """
        part = self.take(self.rows(split))
        return evaluate(
            part.labels,
            part.scores,
            groups=part.groups if by_group else np.arange(len(part)),
            split=split or "all labelled samples",
            seed=seed,
            threshold=self.threshold,
            classes=self.classes,
            ids=part.ids,
            level=level,
            replicates=replicates,
        )

    def write(self, path: str | Path) -> Path:
        """Write the table as Parquet: id, group, label, split, learned, seen, and the scores.

        The score of two classes is the column ``score``, that of more a column ``score_<class>`` each.
        """
        columns: dict[str, Any] = {
            "id": self.ids.tolist(),
            "group": self.groups.tolist(),
            "label": [None if label < 0 else int(label) for label in self.labels],
            "split": [str(name) for name in self.split],
            "learned": self.learned.tolist(),
            "seen": self.seen.tolist(),
        }
        columns |= dict(zip(self._score_names(), np.atleast_2d(self.scores.T), strict=True))
        about = {
            "kind": _KIND,
            "format": _FORMAT,
            "classes": self.classes,
            "threshold": None if self.threshold is None else self.threshold.to_json(),
            "model": dict(self.model),
            "data": dict(self.data),
        }
        table = pa.table(columns).replace_schema_metadata({_KEY: json.dumps(about, sort_keys=True)})
        with replacing(path) as partial:
            pq.write_table(table, partial)
        return Path(path)

    @classmethod
    def read(cls, path: str | Path) -> ScoredSamples:
        """Read what `write` wrote.

        Raises
        ------
        SampleSetError
            If the file is missing or is no such table.
        """
        advice = "give the scores of a run, or a model and samples"
        try:
            table = pq.read_table(path)
        except (OSError, pa.ArrowInvalid) as error:
            raise SampleSetError(f"{path}: is not a readable table of scores ({error}); {advice}") from None
        about = json.loads((table.schema.metadata or {}).get(_KEY, b"{}"))
        if about.get("kind") != _KIND or about.get("format") != _FORMAT:
            raise SampleSetError(f"{path}: holds no {_KIND}; {advice}")
        threshold, classes = about["threshold"], tuple(about["classes"])
        names = [name for name in table.column_names if name == "score" or name.startswith("score_")]
        scores = np.stack([table[name].to_numpy() for name in names], axis=1)
        return cls(
            ids=np.asarray(table["id"].to_pylist()),
            groups=np.asarray(table["group"].to_pylist()),
            labels=table["label"].fill_null(-1).to_numpy().astype(np.int64),
            split=np.asarray(table["split"].to_pylist(), dtype=np.str_),
            scores=scores[:, 0] if len(classes) == 2 else scores,
            classes=classes,
            threshold=None if threshold is None else Threshold(**threshold),
            learned=table["learned"].to_numpy(),
            seen=table["seen"].to_numpy(),
            model=about["model"],
            data=about["data"],
        )

    def _score_names(self) -> list[str]:
        return ["score"] if len(self.classes) == 2 else [f"score_{name}" for name in self.classes]
