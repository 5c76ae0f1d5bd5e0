"""Choose samples worth a person's look: active learning with weights that keep its figures honest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import SampleSetError
from skysieve.models.model import Model
from skysieve.models.rules import Rule
from skysieve.models.sieve import Sieve
from skysieve.samples.findings import Finding
from skysieve.samples.sample_set import SampleSet
from skysieve.scoring.proposal_bins import bin_membership, cells_of, default_bins
from skysieve.scoring.proposal_draw import Drawing, reweigh
from skysieve.scoring.proposal_options import ProposalOptions
from skysieve.scoring.proposal_ranking import disagreement, uncertainty
from skysieve.scoring.sample_scores import PoolScores, score_pool
from skysieve.sources.streaks.families import FAMILIES

__all__ = ["Proposal", "label_columns", "propose_samples"]

#: Columns of words that say what a sample is.
_TELLING = ("class", "kind")

_WEIGHTS = (
    "proposal_weight is, for what was drawn at random (random, bin:...), the number of samples of the pool "
    "that it stands for: sum labels with it to speak of the pool. It is NaN for what was picked for its "
    "scores (uncertainty, disagreement), which teaches a model and speaks for nothing but itself."
)


@dataclass(frozen=True)
class Proposal:
    """Samples that were chosen.

    Parameters
    ----------
    samples : SampleSet
        In random order, without labels.
    counts : dict
        How many were chosen, by reason; 0 where a bin was empty, or used up by others.
    pool : int
        How many there were to choose from.
    findings : tuple of Finding
        What could not be had.
    """

    samples: SampleSet
    counts: dict[str, int]
    pool: int
    findings: tuple[Finding, ...] = ()


def propose_samples(
    judge: Model | Sieve,
    samples: SampleSet,
    options: ProposalOptions | None = None,
    *,
    progress: bool = False,
) -> Proposal:
    """Choose samples to label.

    Parameters
    ----------
    judge : Model or Sieve
        Whose scores count.
    samples : SampleSet
        The pool, larger than memory if need be; what has a label is left out unless ``relabel``.
    options : ProposalOptions, optional
        How to choose.
    progress : bool
        Whether to show a bar.

    Returns
    -------
    Proposal
        The chosen samples in random order, so that their place tells nothing, with all their columns
        and tensors, and: a column a score; ``proposed_by``, the first reason for which each was chosen
        (``random``, ``bin:<name>``, ``uncertainty``, ``disagreement``); ``proposal_rank``, its place within
        that reason, from 1; ``proposal_weight``, the number of samples of the pool that it stands for, NaN
        where it was not chosen at random; ``had_label``. All labels are -1, and columns of words that
        tell them (``class``, ``kind``) are empty.

    Raises
    ------
    ConfigurationError
        If a bin names what does not exist, or a way of choosing does not suit the model.
    ContractError
        If the images are not what the model takes.
    SampleSetError
        If there is nothing to choose from, or nothing was chosen.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from skysieve.sources.simulators.samples import write_triplet_samples
    >>> path = write_triplet_samples(Path(tempfile.mkdtemp()) / "night.parquet", n=20, seed=1)
    >>> options = ProposalOptions({"random": 4, "uncertainty": 2}, relabel=True, seed=1)
    >>> proposal = propose_samples(Model.load("braai-weak"), SampleSet.open(path), options)
    >>> proposal.counts
    {'random': 4, 'uncertainty': 2}
    >>> float(np.nansum(proposal.samples.scalar("proposal_weight"))), proposal.samples.labels.tolist()
    (20.0, [-1, -1, -1, -1, -1, -1])
    """
    options = options or ProposalOptions()
    labelled = _has_label(samples, label_columns(samples, judge))
    rows = np.arange(len(samples)) if options.relabel else np.flatnonzero(~labelled)
    if not len(rows):
        raise SampleSetError(
            f"all {len(samples):,} samples have labels; to label them once more, blindly, ask to relabel"
        )
    _rehearse(judge, samples, rows, options)
    pool = score_pool(judge, samples, rows, threads=options.threads, progress=progress)
    bins = dict((options.bins or default_bins(pool)) if "bins" in options.strategies else {})
    membership = bin_membership(bins, pool)
    drawing = Drawing(samples.groups[rows], options.seed, options.per_group)
    counts = _choose(drawing, pool, dict(zip(bins, membership, strict=True)), options)
    if not drawing.chosen:
        raise SampleSetError(
            "no bin holds a sample, nothing was chosen; give other bins, or ask for random ones"
        )
    weights, findings = _weigh(drawing, cells_of(membership), options.per_group)
    columns: dict[str, Any] = {name: values[drawing.rows] for name, values in pool.columns.items()}
    columns |= {
        "proposed_by": drawing.reasons,
        "proposal_rank": drawing.ranks,
        "proposal_weight": weights,
        "had_label": labelled[rows[drawing.rows]],
    }
    if replaced := sorted(set(columns) & set(samples.column_names)):
        reason = f"of the set are replaced by those of this proposal: {', '.join(replaced)}"
        findings.append(Finding("columns", "replaced-column", reason, "note"))
    subset = samples.select(rows[drawing.rows])
    columns |= _hidden(subset, {*label_columns(samples, judge), *pool.answers}, options.hide)
    described = {"label_origin": "", "origin": _origin(samples, pool, bins, len(rows), options)}
    if "label" in pool.answers:
        described["classes"] = pool.answers["label"]
    shuffled = np.random.default_rng((options.seed, 1)).permutation(len(subset))
    made = subset.with_columns(columns, **described).select(shuffled)
    return Proposal(made, counts, len(rows), tuple(findings))


def label_columns(samples: SampleSet, judge: Model | Sieve) -> list[str]:
    """Return the columns of a set that hold labels: ``label``, the families of a sieve and of streaks."""
    present = samples.column_names
    names = ["label"] if "label" in present else []
    if isinstance(judge, Sieve):
        names += [name for name in judge.families if name in present]
    # A table of alerts has an ``rb`` that is a score; only the four together are labels of streaks.
    if set(FAMILIES) <= set(present):
        names += FAMILIES
    return list(dict.fromkeys(names))


def _has_label(samples: SampleSet, columns: list[str]) -> NDArray[np.bool_]:
    known = np.zeros(len(samples), dtype=bool)
    for name in columns:
        values = samples.labels if name == "label" else samples.scalar(name)
        known |= np.nan_to_num(values.astype(float), nan=-1) >= 0
    return known


def _rehearse(
    judge: Model | Sieve, samples: SampleSet, rows: NDArray[np.int64], options: ProposalOptions
) -> None:
    """Do with one sample all that can be refused: a mistyped name must not cost the scoring of a pool."""
    for name in options.hide:
        samples.scalar(name)
    trial = score_pool(judge, samples, rows[:1])
    if "bins" in options.strategies:
        bin_membership(options.bins or default_bins(trial), trial)
    if "uncertainty" in options.strategies:
        uncertainty(trial, options.uncertainty)
    if "disagreement" in options.strategies:
        disagreement(trial, options.disagreement)


def _choose(
    drawing: Drawing, pool: PoolScores, bins: Mapping[str, NDArray[np.bool_]], options: ProposalOptions
) -> dict[str, int]:
    """Choose by all strategies; those by chance come first."""
    asked = options.strategies
    counts: dict[str, int] = {}
    if "random" in asked:
        everyone = np.ones(len(pool), dtype=bool)
        counts["random"] = drawing.draw("random", everyone, asked["random"])
    for name, inside in bins.items():
        counts[f"bin:{name}"] = drawing.draw(f"bin:{name}", inside, asked["bins"])
    for name in asked:
        if name == "uncertainty":
            counts[name] = drawing.pick(name, uncertainty(pool, options.uncertainty), asked[name])
        elif name == "disagreement":
            counts[name] = drawing.pick(name, disagreement(pool, options.disagreement), asked[name])
    return counts


def _weigh(
    drawing: Drawing, cells: NDArray[np.int64], per_group: int | None
) -> tuple[NDArray[np.float64], list[Finding]]:
    """Return the weights of the chosen, NaN where they were not drawn, and what they do not reach."""
    by_chance = [reason == "random" or reason.startswith("bin:") for reason in drawing.reasons]
    drawn = np.array(by_chance, dtype=bool)
    weights = np.full(len(drawn), np.nan)
    if not drawn.any():
        return weights, []
    weights[drawn] = reweigh(drawing.rows[drawn], cells, drawing.groups, per_group)
    unreached = round(len(cells) - weights[drawn].sum())
    if not unreached:
        return weights, []
    reason = (
        f"{unreached:,} of {len(cells):,} samples are in bins, or in none, of which nothing was drawn: the "
        "weights do not stand for them; draw more random ones"
    )
    return weights, [Finding("weights", "unreached-samples", reason, "warning")]


def _hidden(samples: SampleSet, labels: set[str], further: tuple[str, ...]) -> dict[str, Any]:
    """Return empty columns in place of all that tell what a sample is."""
    columns: dict[str, Any] = {name: np.full(len(samples), -1) for name in sorted(labels)}
    told = [name for name in _TELLING if name in samples.column_names]
    for name in [*told, *further]:
        numeric = samples.scalar(name).dtype.kind in "biuf"
        columns[name] = np.full(len(samples), np.nan) if numeric else [""] * len(samples)
    return columns


def _origin(
    samples: SampleSet,
    pool: PoolScores,
    bins: Mapping[str, Rule],
    size: int,
    options: ProposalOptions,
) -> dict[str, Any]:
    return {
        **samples.description.origin,
        "answers": {name: list(words) for name, words in pool.answers.items()},
        "proposal": {
            "model": pool.name,
            "identity": pool.identity,
            "pool": size,
            "strategies": dict(options.strategies),
            "bins": {name: rule.to_json() for name, rule in bins.items()},
            "uncertainty": options.uncertainty,
            "disagreement": options.disagreement,
            "per_group": options.per_group,
            "relabel": options.relabel,
            "seed": options.seed,
            "weights": _WEIGHTS,
        },
    }
