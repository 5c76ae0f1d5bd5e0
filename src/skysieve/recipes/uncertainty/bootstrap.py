"""How far figures move with other test samples, and with other training samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.evaluation.arrays import check_fraction
from skysieve.evaluation.intervals import Interval
from skysieve.evaluation.uncertainty_page import PageSection, PageTable, interval_cells
from skysieve.evaluation.uncertainty_plots import interval_plot, page_figure
from skysieve.recipes.scored_samples import ScoredSamples
from skysieve.recipes.uncertainty.figures import figure_function
from skysieve.recipes.uncertainty.results import Written, write_results
from skysieve.recipes.uncertainty.score_model import subject_of
from skysieve.samples.findings import Finding

__all__ = ["Bootstrap", "Refits", "bootstrap"]


@dataclass(frozen=True)
class Refits:
    """Figures of networks that were trained on resampled groups.

    Parameters
    ----------
    values : dict of str to ndarray
        Each figure on the whole test split, one value a refit.
    intervals : dict of str to Interval
        Of test and training samples together: quantiles over resampled test groups of all refits.
    """

    values: dict[str, NDArray[np.float64]]
    intervals: dict[str, Interval]


@dataclass(frozen=True)
class Bootstrap:
    """What was found, and where it lies.

    Parameters
    ----------
    by_group : dict of str to Interval
        Every figure with its interval over resampled groups.
    by_sample : dict of str to Interval
        The same over resampled samples, too narrow where groups hold several; empty where they do not.
    refits : Refits or None
        If training was repeated.
    written : Written
        JSON and page.
    """

    by_group: dict[str, Interval]
    by_sample: dict[str, Interval]
    refits: Refits | None
    written: Written


def bootstrap(
    scored: ScoredSamples,
    folder: str | Path,
    *,
    split: str = "test",
    replicates: int = 1000,
    level: float = 0.95,
    seed: int = 1,
    refits: Sequence[ScoredSamples] = (),
) -> Bootstrap:
    """Give every figure an interval, without training anything.

    Parameters
    ----------
    scored : ScoredSamples
        Scores beside labels and groups.
    folder : path
        Where ``uncertainty-bootstrap.json`` and ``.html`` go.
    split : str
        The split to judge; all samples if empty.
    replicates, level, seed
        Of the bootstrap over groups.
    refits : sequence of ScoredSamples
        Scores of the same test samples by networks of `skysieve.recipes.uncertainty.refits.refit`.

    Raises
    ------
    SampleSetError
        If the split has no labelled sample, or refits scored other samples.
    ConfigurationError
        If level or replicates are out of range.
    """
    check_fraction("level", level)
    options: dict[str, Any] = {"seed": seed, "replicates": replicates, "level": level}
    by_group = scored.evaluate(split, **options).intervals
    part = scored.take(scored.rows(split))
    several = len(np.unique(part.groups)) < len(part)
    by_sample = scored.evaluate(split, by_group=False, **options).intervals if several else {}
    trained = _with_training(part, refits, split, **options) if refits else None
    findings = _findings(part)
    settings = {"split": split, "refits": len(refits), **options}
    counts = {"samples": len(part), "groups": len(np.unique(part.groups))}
    results: dict[str, Any] = {"counts": counts, "by_group": _json(by_group), "by_sample": _json(by_sample)}
    if trained is not None:
        results |= {"refits": trained.values, "by_group_and_training": _json(trained.intervals)}
    written = write_results(
        Path(folder),
        "bootstrap",
        subject_of(scored),
        settings=settings,
        results=results,
        sections=[_section(by_group, by_sample, trained, counts)],
        findings=findings,
        title=f"Intervals of {scored.model.get('name', 'a model')} on {split or 'all samples'}",
    )
    return Bootstrap(by_group, by_sample, trained, written)


def _with_training(
    part: ScoredSamples,
    refits: Sequence[ScoredSamples],
    split: str,
    *,
    seed: int,
    replicates: int,
    level: float,
) -> Refits:
    if split != "test":
        raise ConfigurationError(f"refits are judged on the test split, found {split!r}")
    aligned = [_aligned(part, each) for each in refits]
    functions = [figure_function(part.classes, each.threshold) for each in aligned]
    values = [function(part.labels, each.scores) for function, each in zip(functions, aligned, strict=True)]
    codes = np.unique(part.groups, return_inverse=True)[1]
    rows_of = np.split(np.argsort(codes, kind="stable"), np.cumsum(np.bincount(codes))[:-1])
    rng, drawn = np.random.default_rng(seed), []
    for replicate in range(replicates):
        which = replicate % len(aligned)
        rows = np.concatenate([rows_of[group] for group in rng.integers(len(rows_of), size=len(rows_of))])
        drawn.append(functions[which](part.labels[rows], aligned[which].scores[rows]))
    whole = figure_function(part.classes, part.threshold)(part.labels, part.scores)
    intervals = {}
    for name, value in whole.items():
        column = np.array([each[name] for each in drawn])
        defined = column[np.isfinite(column)]
        low, high = (
            np.quantile(defined, [(1 - level) / 2, (1 + level) / 2]) if defined.size else (np.nan,) * 2
        )
        undefined = column.size - defined.size
        intervals[name] = Interval(value, float(low), float(high), level, replicates, "percentile", undefined)
    return Refits({name: np.array([each[name] for each in values]) for name in whole}, intervals)


def _aligned(part: ScoredSamples, refit: ScoredSamples) -> ScoredSamples:
    place = {str(name): row for row, name in enumerate(refit.ids.tolist())}
    absent = [name for name in map(str, part.ids.tolist()) if name not in place]
    if absent:
        raise SampleSetError(f"{len(absent)} test samples were not scored by a refit, first {absent[0]}")
    return refit.take(np.array([place[str(name)] for name in part.ids.tolist()]))


def _findings(part: ScoredSamples) -> tuple[Finding, ...]:
    if not part.seen.any():
        return ()
    reason = (
        f"{int(part.seen.sum())} of {len(part)} samples are of groups that had a part in making the model"
    )
    return (Finding("group", "seen-in-training", f"{reason}; they flatter the figures", "warning"),)


def _section(
    by_group: dict[str, Interval],
    by_sample: dict[str, Interval],
    trained: Refits | None,
    counts: dict[str, int],
) -> PageSection:
    columns = ["figure", "value", "by group"]
    columns += ["by sample"] if by_sample else []
    columns += ["mean of refits", "deviation of refits", "test and training"] if trained else []
    rows = []
    for name, interval in by_group.items():
        row = [name, *interval_cells(interval)]
        row += [interval_cells(by_sample[name])[1]] if by_sample else []
        if trained and name in trained.values:
            values = trained.values[name]
            row += [
                f"{values.mean():.4f}",
                f"{values.std(ddof=1):.4f}",
                interval_cells(trained.intervals[name])[1],
            ]
        rows.append(row)
    ways = {"by group": by_group} | ({"by sample": by_sample} if by_sample else {})
    ways |= {"test and training": trained.intervals} if trained else {}
    drawn = {way: {name: each[name] for name in by_group if name in each} for way, each in ways.items()}
    text = (
        f"{counts['samples']:,} samples in {counts['groups']:,} groups. Groups are drawn with replacement, "
        "with all their samples."
    )
    if by_sample:
        text += " Drawn one by one, samples of a group count as if they knew nothing of each other."
    if trained:
        text += (
            " A refit sees some 63 % of the groups, several of them twice, and is a little worse for it; "
            "what counts is how far refits differ."
        )
    figure = page_figure(
        "intervals", "Intervals", interval_plot(drawn), "Dots are the figures on all samples."
    )
    return PageSection("Figures and their intervals", text, [PageTable(columns, rows)], [figure])


def _json(intervals: dict[str, Interval]) -> dict[str, Any]:
    return {name: interval.to_json() for name, interval in intervals.items()}
