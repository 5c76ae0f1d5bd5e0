"""Which samples are unlike all that a model learned from, and how well each score tells them."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from skysieve.atomic_file import replacing
from skysieve.errors import ContractError, SampleSetError
from skysieve.evaluation.intervals import Interval
from skysieve.evaluation.out_of_distribution import (
    Mahalanobis,
    NearestOfTraining,
    energy_score,
    max_softmax_score,
    separation,
)
from skysieve.evaluation.uncertainty_page import PageSection, PageTable, interval_cells
from skysieve.evaluation.uncertainty_plots import page_figure, score_plot
from skysieve.models.card import disclosure
from skysieve.models.model import Model
from skysieve.models.readings import read_arrays
from skysieve.recipes.configuration import LabelConfig
from skysieve.recipes.uncertainty.results import Subject, Written, write_results
from skysieve.recipes.uncertainty.score_model import samples_of_model
from skysieve.recipes.uncertainty.stored_chunks import digest_of, digest_of_samples, stored_chunks
from skysieve.recipes.uncertainty.torch_model import TorchModel
from skysieve.samples.findings import Finding
from skysieve.samples.sample_set import SampleSet

__all__ = ["METHODS", "Strangers", "strangers"]

#: Scores by their names, with what they are read from.
METHODS = {
    "max_softmax": "one minus the largest probability",
    "energy": "free energy of the logits",
    "mahalanobis": "distance of the embedding to the nearest class",
    "nearest": "distance of the embedding to training samples",
}


@dataclass(frozen=True)
class Strangers:
    """What was found, and where it lies.

    Parameters
    ----------
    separation : dict of str to (dict of str to Interval)
        ``auroc`` and ``fpr_at_95`` of each score.
    tables : tuple of Path
        Samples inside, and those outside: a column a method, beside the model's own scores.
    written : Written
        JSON and page.
    """

    separation: dict[str, dict[str, Interval]]
    tables: tuple[Path, Path]
    written: Written


def strangers(
    model: Model,
    inputs: Sequence[str | Path],
    others: Sequence[str | Path],
    folder: str | Path,
    *,
    neighbours: int = 20,
    largest_reference: int = 20_000,
    labels: LabelConfig | None = None,
    replicates: int = 1000,
    seed: int = 1,
    progress: bool = True,
) -> Strangers:
    """Score samples from inside and from outside of what a model learned, and tell how well they part.

    The scores of embeddings know the training split of the samples; the test split is what is inside. No
    score has seen a sample from outside.

    Parameters
    ----------
    model : Model
        The model.
    inputs : sequence of path
        What it was trained on, with its split or that of the run in which the model lies.
    others : sequence of path
        Samples from elsewhere, of the same shape; labels are not needed.
    folder : path
        Where ``uncertainty-ood.json``, ``.html`` and two tables go; an interrupted call goes on.
    neighbours : int
        Which neighbour ``nearest`` measures to.
    largest_reference : int
        Training samples that the scores of embeddings know at most, drawn by the seed.
    labels : LabelConfig, optional
        Where labels come from; as in the model's recipe if not given.
    replicates, seed
        Of the bootstrap over groups.
    progress : bool
        Show progress.

    Raises
    ------
    ContractError
        If the samples from elsewhere are of another shape, the network has no linear layer, or the model
        takes sequences.
    SampleSetError
        If the samples have no split.
    MissingExtraError
        If PyTorch is not installed.
    """
    torch_model = TorchModel.of(model)
    inside = samples_of_model(model, inputs, labels)
    outside = samples_of_model(model, others, labels, labelled=False)
    _check_shape(model, outside)
    place = Path(folder)
    parts = place / "uncertainty-ood.parts"
    reference = _labelled(inside, "train")
    if len(reference) > largest_reference:
        chosen = np.random.default_rng(seed).choice(len(reference), largest_reference, replace=False)
        reference = reference[np.sort(chosen)]
    tested = inside.split_rows("test")

    def look(samples: SampleSet, rows: NDArray[np.int64], what: str) -> _Seen:
        key = digest_of(model.identity, digest_of_samples(samples), rows)
        return _looked_at(torch_model, model, samples, rows, parts, key, what, progress=progress)

    known = look(inside, reference, "training samples")
    seen = {
        "inside": look(inside, tested, "samples inside"),
        "outside": look(outside, np.arange(len(outside)), "samples outside"),
    }
    near = NearestOfTraining.fit(known.embeddings, neighbours)
    far = Mahalanobis.fit(known.embeddings, inside.labels[reference])
    scores = {
        side: {
            "max_softmax": max_softmax_score(each.logits),
            "energy": energy_score(each.logits),
            "mahalanobis": far.score(each.embeddings),
            "nearest": near.score(each.embeddings),
        }
        for side, each in seen.items()
    }
    groups = {"inside": inside.groups[tested], "outside": outside.groups}
    found = {
        name: separation(
            scores["inside"][name],
            scores["outside"][name],
            inside_groups=groups["inside"],
            outside_groups=groups["outside"],
            seed=seed,
            replicates=replicates,
        )
        for name in METHODS
    }
    ids = {"inside": inside.ids[tested], "outside": outside.ids}
    tables = tuple(
        _write_scores(
            place / f"uncertainty-ood-{side}.parquet",
            ids[side],
            groups[side],
            scores[side] | _probabilities(torch_model, model, each.logits),
        )
        for side, each in seen.items()
    )
    settings = {"neighbours": near.k, "reference": len(reference), "replicates": replicates, "seed": seed}
    data = {"inputs": [str(each) for each in inputs], "others": [str(each) for each in others]}
    written = write_results(
        place,
        "ood",
        Subject(model.description.name, model.identity, data, disclosure(inside.description.label_origin)),
        settings=settings,
        results={
            "counts": {side: len(each) for side, each in ids.items()},
            "separation": {
                name: {figure: each.to_json() for figure, each in figures.items()}
                for name, figures in found.items()
            },
        },
        sections=[_section(found, scores, near.k)],
        findings=_findings(inside, outside),
        title=f"Strangers to {model.description.name}",
    )
    shutil.rmtree(parts)
    return Strangers(found, (tables[0], tables[1]), written)


@dataclass(frozen=True, eq=False)
class _Seen:
    """What the network made of some samples."""

    embeddings: NDArray[np.float32]
    logits: NDArray[np.float32]


def _looked_at(
    torch_model: TorchModel,
    model: Model,
    samples: SampleSet,
    rows: NDArray[np.int64],
    parts: Path,
    key: str,
    what: str,
    *,
    progress: bool,
) -> _Seen:
    from skysieve.training.embeddings import embeddings_and_logits

    contract, outputs = model.description.contract, int(model.description.network["outputs"])

    def compute(first: int, behind: int) -> NDArray[Any]:
        images = read_arrays(contract, samples, rows[first:behind])
        both = embeddings_and_logits(torch_model.network, images, preprocess=torch_model.preprocess)
        return np.concatenate(both, axis=1)

    found = stored_chunks(parts, key, len(rows), compute, what=what, progress=progress)
    return _Seen(found[:, :-outputs], found[:, -outputs:])


def _labelled(samples: SampleSet, split: str) -> NDArray[np.int64]:
    rows = samples.split_rows(split)
    rows = rows[samples.labels[rows] >= 0]
    if len(rows) < 2:
        raise SampleSetError(
            f"the split {split!r} has {len(rows)} labelled samples; expected 2 or more to know"
        )
    return rows


def _check_shape(model: Model, outside: SampleSet) -> None:
    contract = model.description.contract
    if contract.reading or contract.sequence:
        # One sample tells whether the others can be read, before anything is computed.
        read_arrays(contract, outside, np.arange(1))
        return
    layout = outside.description.tensors.get(contract.column)
    if layout is None or layout.fixed_shape != contract.shape:
        found = "no such column" if layout is None else f"the shape {layout.shape}"
        raise ContractError(
            f"the samples from elsewhere have {found} for {contract.column!r}; the model expects "
            f"{contract.shape}"
        )
    contract.check_channels(layout.channels)


def _findings(inside: SampleSet, outside: SampleSet) -> tuple[Finding, ...]:
    shared = np.isin(outside.groups.astype(str), inside.groups.astype(str))
    if not shared.any() or "simulator" in outside.description.origin:
        # Numbers of a simulation begin at 0 in each.
        return ()
    reason = f"{int(shared.sum())} of {len(outside)} samples from elsewhere are of groups that are inside too"
    return (Finding("group", "inside-and-outside", reason, "warning"),)


def _probabilities(torch_model: TorchModel, model: Model, logits: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """Return the model's own scores by the names that they have in tables of scores."""
    found = np.asarray(torch_model.calibrate(logits.astype(np.float64)))
    if found.ndim == 1:
        return {"score": found}
    return {f"score_{name}": found[:, number] for number, name in enumerate(model.description.classes)}


def _write_scores(
    path: Path, ids: NDArray[Any], groups: NDArray[Any], scores: dict[str, NDArray[Any]]
) -> Path:
    table = pa.table({"id": ids.tolist(), "group": groups.tolist()} | scores)
    with replacing(path) as partial:
        pq.write_table(table, partial)
    return path


def _section(
    found: dict[str, dict[str, Interval]], scores: dict[str, dict[str, NDArray[Any]]], neighbour: int
) -> PageSection:
    rows = [
        [f"{name}: {METHODS[name]}", *interval_cells(each["auroc"]), *interval_cells(each["fpr_at_95"])]
        for name, each in found.items()
    ]
    figures = [
        page_figure(
            name.replace("_", "-"),
            name,
            score_plot({side: each[name] for side, each in scores.items()}, xlabel=METHODS[name]),
            "Each set to the same area; the outermost bins hold all that lies beyond.",
        )
        for name in found
    ]
    text = (
        "AUROC: how often a sample from outside scores above one from inside; 0.5 is chance. FPR at 95 %: "
        "the "
        "share of the samples inside that are flagged where 95 % of those outside are. Embeddings are the "
        "input "
        f"of the network's last linear layer; nearest is the distance to training sample number {neighbour}."
    )
    columns = ["score", "AUROC", "range", "FPR at 95 %", "range"]
    return PageSection("Inside and outside", text, [PageTable(columns, rows)], figures)
