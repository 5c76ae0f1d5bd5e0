"""The samples of a run, by split: what is learned from, what chooses, what judges."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from skysieve.atomic_file import replacing
from skysieve.errors import SampleSetError
from skysieve.models.contract import InputContract
from skysieve.models.readings import read_inputs
from skysieve.recipes.configuration import SplitConfig
from skysieve.samples.findings import Finding
from skysieve.samples.sample_set import SampleSet
from skysieve.samples.splits import with_splits
from skysieve.samples.validation import validate
from skysieve.training.ragged import RaggedSequences

__all__ = ["SPLITS", "SplitSamples", "check_split_names", "split_samples"]

#: Every split that a run needs.
SPLITS = ("train", "validation", "test")

#: Findings that make one sample unusable; it is left out, and the run goes on.
_OF_ONE_SAMPLE = ("all-nan-image",)

#: Findings that make the whole split dishonest; the run does not start.
_SAME_IMAGE = "duplicate-across-splits"
_OF_THE_SPLIT = ("group-straddles-splits", _SAME_IMAGE)

#: Tensors larger than this are mapped from disk instead of held in memory.
LARGEST_IN_MEMORY = 4 * 2**30


@dataclass(frozen=True)
class SplitSamples:
    """Samples with their split, checked, their images at hand.

    Parameters
    ----------
    samples : SampleSet
        The samples, with a column ``split``.
    images : ndarray, shape (N, C, H, W) or (N, F), or RaggedSequences
        What a model takes of them: images as stored, in memory or mapped; features; or sequences.
    labels : ndarray, shape (N,)
        Class index, -1 where there is none.
    split : ndarray, shape (N,)
        Name of the split.
    usable : ndarray of bool, shape (N,)
        False for samples that cannot be used.
    findings : tuple of Finding
        What was found in the samples.
    made : str
        Where the split comes from, in words.
    """

    samples: SampleSet
    images: NDArray[Any] | RaggedSequences
    labels: NDArray[np.int64]
    split: NDArray[Any]
    usable: NDArray[np.bool_]
    findings: tuple[Finding, ...]
    made: str

    def rows(self, split: str) -> NDArray[np.int64]:
        """Return the labelled, usable rows of a split."""
        return np.flatnonzero((self.split == split) & (self.labels >= 0) & self.usable)

    def write_splits(self, path: Path) -> None:
        """Write id, group, label and split of every sample."""
        table = {
            "id": self.samples.ids,
            "group": self.samples.groups.tolist(),
            "label": [None if label < 0 else int(label) for label in self.labels],
            "split": self.split.tolist(),
        }
        with replacing(path) as partial:
            pq.write_table(pa.table(table), partial)


def split_samples(
    samples: SampleSet, contract: InputContract, splits: SplitConfig, folder: Path
) -> SplitSamples:
    """Split samples unless they come with a split, check it, and load the images.

    Parameters
    ----------
    samples : SampleSet
        Labelled samples; a column ``split`` is respected, and rows where it is empty are not used.
    contract : InputContract
        What a model takes of them.
    splits : SplitConfig
        Shares and seed of a new split.
    folder : Path
        Where images too large for memory are mapped.

    Raises
    ------
    SampleSetError
        If a split has a name of its own, a group or an image stands in two splits, or a split lacks a
        class. Samples that cannot be used do not count.
    """
    made = "split of the sample set"
    if "split" in samples.column_names:
        check_split_names(samples)
    else:
        made = f"split by group (seed {splits.seed})"
        shares = {name: getattr(splits, name) for name in SPLITS}
        samples = with_splits(samples, shares, seed=splits.seed)
    validation = validate(samples)
    bad = {finding.item for finding in validation.findings if finding.kind in _OF_ONE_SAMPLE}
    usable = np.array([str(name) not in bad for name in samples.ids])
    split = samples.scalar("split")
    made_of_curves = bool(contract.reading) and contract.column in samples.description.tensors
    findings = _check_honesty(samples, validation.findings, usable & (split != ""), made_of_curves)
    checked = SplitSamples(
        samples=samples,
        images=_inputs(samples, contract, folder),
        labels=samples.labels,
        split=split,
        usable=usable,
        findings=findings,
        made=made,
    )
    for name in SPLITS:
        present = np.unique(checked.labels[checked.rows(name)])
        missing = [label for number, label in enumerate(samples.classes) if number not in present]
        if missing:
            raise SampleSetError(
                f"the split {name!r} has no sample of the class {' and '.join(missing)}; "
                "add samples, change the shares (--set splits.test=...) or the seed (splits.seed)"
            )
    return checked


def check_split_names(samples: SampleSet) -> None:
    """Check that a column ``split`` holds names of splits, or nothing where a sample is not used.

    Raises
    ------
    SampleSetError
        If there is another name: its samples would silently be left out.
    """
    found = {str(name) for name in samples.scalar("split").tolist()}
    if strange := sorted(found - {*SPLITS, ""}):
        raise SampleSetError(
            f"the column 'split' holds {', '.join(map(repr, strange))}; the splits are "
            f"{', '.join(map(repr, SPLITS))}, and '' for samples that are not used; rename them"
        )


def _check_honesty(
    samples: SampleSet, findings: tuple[Finding, ...], used: NDArray[np.bool_], made_of_curves: bool
) -> tuple[Finding, ...]:
    """Raise if samples that are used spoil the split; return what is to be known about the samples.

    Images that are made of light curves are the same for any two curves of one point, and for many of two:
    that is told, and no sign of a curve that stands in two splits.
    """
    if not used.all() and any(finding.kind in _OF_THE_SPLIT for finding in findings):
        # Images without a pixel are all the same, and what is not used spoils nothing: look at the rest.
        aside = [finding for finding in findings if finding.kind in _OF_ONE_SAMPLE]
        findings = (*samples.findings, *aside, *validate(samples.select(used)).findings)
    if made_of_curves:
        findings = tuple(
            replace(finding, severity="warning") if finding.kind == _SAME_IMAGE else finding
            for finding in findings
        )
    fatal = {*_OF_THE_SPLIT} - ({_SAME_IMAGE} if made_of_curves else set())
    wrong = [finding for finding in findings if finding.kind in fatal]
    if wrong:
        raise SampleSetError(f"the split is not honest: {len(wrong)} findings, first {wrong[0]}")
    return findings


def _inputs(samples: SampleSet, contract: InputContract, folder: Path) -> NDArray[Any] | RaggedSequences:
    if contract.reading or contract.sequence:
        return read_inputs(contract, samples)
    column = contract.column
    layout = samples.description.tensors[column]
    size = np.dtype(layout.dtype).itemsize * len(samples) * int(np.prod(layout.fixed_shape))
    if size <= LARGEST_IN_MEMORY:
        return samples.tensor(column)
    return samples.tensor_to_memmap(column, folder / f"{column}.npy")
