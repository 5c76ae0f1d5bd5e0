"""A look at a sample set before anybody trains on it."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.samples.description import SPLIT_NAMES
from skysieve.samples.findings import Finding, count_findings
from skysieve.samples.sample_set import SampleSet
from skysieve.samples.split_neighbours import SkyCheck, check_sky

__all__ = ["Validation", "content_hashes", "validate"]


@dataclass(frozen=True)
class Validation:
    """What `validate` saw.

    Parameters
    ----------
    samples : int
        Number of samples looked at.
    class_counts : dict
        Samples by class, ``unlabelled`` among them.
    split_counts : dict
        Samples by split and class; empty without a split.
    findings : tuple of Finding
        Everything worth knowing, errors first.
    sky : SkyCheck
        Whether the parts of the split show the same sky, or why that was not looked at.
    """

    samples: int
    class_counts: dict[str, int]
    split_counts: dict[str, dict[str, int]]
    findings: tuple[Finding, ...]
    sky: SkyCheck = field(default_factory=SkyCheck)

    @property
    def ok(self) -> bool:
        """Whether nothing makes a sample, or the split, unusable."""
        return all(finding.severity != "error" for finding in self.findings)

    def as_dict(self) -> dict[str, Any]:
        """Return everything as a JSON-ready dictionary."""
        return {
            "samples": self.samples,
            "class_counts": self.class_counts,
            "split_counts": self.split_counts,
            "kinds": count_findings(self.findings),
            "findings": [finding.as_dict() for finding in self.findings],
            "sky": self.sky.as_dict(),
        }


def validate(samples: SampleSet, *, batch: int = 512, closer_than: float | None = None) -> Validation:
    """Look for what spoils training or flatters a result.

    Reported: samples whose tensors are the same byte for byte (an error where they stand in
    different splits or carry different labels), images that are constant or all NaN, infinite
    values and the float32 sentinel -3.4e38, classes without samples, missing labels, groups that
    straddle a split, samples of different splits whose cutouts show the same sky, ids that repeat,
    labels that are no class, splits that nothing reads, and whatever was kept aside when the set was made.

    Parameters
    ----------
    samples : SampleSet
        The set; read in batches, so it may be larger than memory.
    batch : int
        Rows in memory at a time.
    closer_than : float, optional
        Samples of different splits that are no further apart share sky, arcsec; the width of a cutout if
        the set says it.

    Returns
    -------
    Validation
        Counts and findings.

    Raises
    ------
    SampleSetError
        If ``closer_than`` is not positive.

    Examples
    --------
    >>> import numpy as np
    >>> from skysieve.samples import Description, SampleSet, TensorColumn
    >>> samples = SampleSet.from_columns(
    ...     {"id": ["a", "b"], "group": ["a", "b"], "cutouts": np.zeros((2, 1, 3, 3))},
    ...     Description(tensors={"cutouts": TensorColumn((1, 3, 3))}),
    ... )
    >>> count_findings(validate(samples).findings)
    {'constant-image': 2, 'duplicate': 1, 'unlabelled': 1}
    """
    findings = list(samples.findings)
    hashes: list[bytes] = []
    for piece in samples.batches(batch):
        hashes.extend(content_hashes(piece))
        for name, column in samples.description.tensors.items():
            if not column.ragged and len(column.shape) > 1:
                findings.extend(_image_findings(piece.ids, piece.tensor(name), name, column.channels))
    labels, ids = samples.labels, samples.ids
    splits = _parts(samples)
    findings.extend(_broken_rules(samples, ids, labels))
    if samples.description.tensors:
        findings.extend(_duplicates(hashes, ids, labels, splits))
    findings.extend(_straddling(samples.groups, splits))
    sky = check_sky(samples, closer_than)
    findings.extend(sky.findings())
    names = [*samples.classes, "unlabelled"]
    class_counts = {name: int((labels == number).sum()) for number, name in enumerate(samples.classes)}
    class_counts["unlabelled"] = int((labels < 0).sum())
    findings.extend(_class_findings(class_counts))
    split_counts: dict[str, dict[str, int]] = {}
    if splits is not None:
        for part in np.unique(splits):
            found = Counter(labels[splits == part].tolist())
            split_counts[str(part)] = {name: found[number] for number, name in enumerate(samples.classes)} | {
                names[-1]: found[-1]
            }
        findings.extend(_empty_classes(split_counts))
    rank = {"error": 0, "warning": 1, "note": 2}
    findings.sort(key=lambda finding: rank[finding.severity])
    return Validation(len(samples), class_counts, split_counts, tuple(findings), sky)


def content_hashes(samples: SampleSet) -> list[bytes]:
    """Return one digest a sample, over the bytes of all its tensors.

    Samples are the same if every tensor is, bit for bit (NaN equal to the same NaN).
    """
    digests = [hashlib.blake2b(digest_size=16) for _ in range(len(samples))]
    for name, column in samples.description.tensors.items():
        rows = samples.ragged(name) if column.ragged else samples.tensor(name)
        for digest, row in zip(digests, rows, strict=True):
            digest.update(str(row.shape).encode())
            digest.update(np.ascontiguousarray(row).tobytes())
    return [digest.digest() for digest in digests]


def _broken_rules(samples: SampleSet, ids: NDArray[Any], labels: NDArray[np.int64]) -> Iterator[Finding]:
    """Look for what `SampleSet.from_columns` refuses, but another program may have written."""
    values, counts = np.unique(ids, return_counts=True)
    for value, count in zip(values[counts > 1], counts[counts > 1], strict=True):
        reason = f"is the id of {count} samples; every sample needs one of its own"
        yield Finding(str(value), "repeated-id", reason)
    for row in np.flatnonzero(labels >= len(samples.classes)):
        reason = f"has the label {labels[row]}, which is no index into the classes {samples.classes}"
        yield Finding(str(ids[row]), "unknown-label", reason)
    if "split" in samples.column_names:
        names, counts = np.unique(samples.scalar("split"), return_counts=True)
        for name, count in zip(names, counts, strict=True):
            if name not in SPLIT_NAMES:
                reason = f"{count} samples stand in this split; one of {', '.join(SPLIT_NAMES)} was expected"
                yield Finding(str(name), "unknown-split", reason)


def _parts(samples: SampleSet) -> NDArray[Any] | None:
    for name in ("split", "fold"):
        if name in samples.column_names:
            return samples.scalar(name)
    return None


def _image_findings(
    ids: NDArray[Any], images: NDArray[Any], name: str, channels: tuple[str, ...]
) -> list[Finding]:
    """Look at images of shape (N, C, H, W): each channel of each sample."""
    findings = []
    flat = images.reshape(len(images), images.shape[1], -1)
    nan = np.isnan(flat)
    all_nan = nan.all(axis=2)
    low = np.where(nan, np.inf, flat).min(axis=2)
    high = np.where(nan, -np.inf, flat).max(axis=2)
    odd = (high == np.inf) | (low <= np.finfo(np.float32).min)
    for row, channel in np.argwhere(all_nan | odd | (low == high)):
        label = channels[channel] if channels else f"channel {channel}"
        item = f"{ids[row]}"
        if all_nan[row, channel]:
            findings.append(Finding(item, "all-nan-image", f"{name}: {label} holds NaN only"))
        elif odd[row, channel]:
            reason = f"{name}: {label} holds infinite values or the sentinel -3.4e38; treat them as masked"
            findings.append(Finding(item, "infinite-pixels", reason, "warning"))
        else:
            reason = f"{name}: {label} is constant at {low[row, channel]:g}"
            findings.append(Finding(item, "constant-image", reason, "warning"))
    return findings


def _duplicates(
    hashes: list[bytes], ids: NDArray[Any], labels: NDArray[np.int64], splits: NDArray[Any] | None
) -> list[Finding]:
    rows_of: dict[bytes, list[int]] = defaultdict(list)
    for row, digest in enumerate(hashes):
        rows_of[digest].append(row)
    findings = []
    for rows in rows_of.values():
        if len(rows) == 1:
            continue
        first, others = str(ids[rows[0]]), ", ".join(str(ids[row]) for row in rows[1:])
        if splits is not None and len(set(splits[rows])) > 1:
            where = ", ".join(sorted({str(part) for part in splits[rows]}))
            reason = f"is the same, byte for byte, as {others}, across {where}; put them in one group"
            findings.append(Finding(first, "duplicate-across-splits", reason))
        elif len(set(labels[rows])) > 1:
            reason = f"is the same, byte for byte, as {others}, but their labels differ"
            findings.append(Finding(first, "duplicate-with-other-label", reason, "warning"))
        else:
            reason = f"is the same, byte for byte, as {others}"
            findings.append(Finding(first, "duplicate", reason, "warning"))
    return findings


def _straddling(groups: NDArray[Any], splits: NDArray[Any] | None) -> list[Finding]:
    if splits is None:
        return []
    parts_of: dict[Any, set[str]] = defaultdict(set)
    for group, part in zip(groups.tolist(), splits.tolist(), strict=True):
        parts_of[group].add(str(part))
    return [
        Finding(
            str(group),
            "group-straddles-splits",
            f"the group stands in {', '.join(sorted(parts))}; split by group (`skysieve samples split`)",
        )
        for group, parts in parts_of.items()
        if len(parts) > 1
    ]


def _class_findings(counts: dict[str, int]) -> list[Finding]:
    findings = [
        Finding(name, "empty-class", "no sample has this label", "warning")
        for name, count in counts.items()
        if not count and name != "unlabelled"
    ]
    if counts["unlabelled"]:
        reason = f"{counts['unlabelled']} of {sum(counts.values())} samples have no label"
        findings.append(Finding("label", "unlabelled", reason, "note"))
    return findings


def _empty_classes(split_counts: dict[str, dict[str, int]]) -> list[Finding]:
    return [
        Finding(part, "class-missing-in-split", f"no sample of the class {name!r}", "warning")
        for part, counts in split_counts.items()
        for name, count in counts.items()
        if not count and name != "unlabelled"
    ]
