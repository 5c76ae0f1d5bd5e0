"""What wrong labels cost: a curve over the fraction of training labels that is wrong."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.atomic_file import replacing
from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.evaluation.arrays import check_fraction
from skysieve.evaluation.intervals import Interval, bootstrap_intervals
from skysieve.evaluation.label_noise import class_number, with_label_noise
from skysieve.evaluation.plot_style import figure_to_svg
from skysieve.evaluation.uncertainty_page import PageSection, PageTable, interval_cells
from skysieve.evaluation.uncertainty_plots import curve_plot, page_figure
from skysieve.recipes.configuration import Configuration
from skysieve.recipes.recipe import Recipe
from skysieve.recipes.scored_samples import ScoredSamples
from skysieve.recipes.split_samples import SPLITS, check_split_names
from skysieve.recipes.uncertainty.figures import figure_function, headlines
from skysieve.recipes.uncertainty.results import Subject, Written, write_results
from skysieve.recipes.uncertainty.runs import (
    RunOutcome,
    RunTask,
    changed_settings,
    check_runs,
    identities_of,
    subject_of_recipe,
    train_runs,
)
from skysieve.recipes.vote_targets import PREFIXES
from skysieve.samples.sample_set import SampleSet
from skysieve.samples.splits import with_splits

__all__ = ["NoiseCurve", "NoisePoint", "label_noise_curve"]

#: Splits whose labels are made wrong.
NOISY = ("train", "validation")

#: The same where whoever chooses epoch, calibration and threshold knows better.
CLEAN_VALIDATION = NOISY[:1]

#: The fractions of Tanoglidis et al. 2021, table 4.
FRACTIONS = (0.01, 0.05, 0.1, 0.33)


@dataclass(frozen=True)
class NoisePoint:
    """Figures at one fraction of wrong labels.

    Parameters
    ----------
    fraction : float
        Share of the labels of training, and of validation unless that is clean, that is wrong.
    wrong : int
        How many labels that are.
    figures : dict of str to Interval
        On the untouched test split, means over the repeats; with intervals by bootstrap over groups.
    change : dict of str to Interval
        Figure minus that of clean labels, on the same resampled test samples.
    deviation : dict of str to float
        Standard deviation over the repeats; NaN for a single one.
    """

    fraction: float
    wrong: int
    figures: dict[str, Interval]
    change: dict[str, Interval]
    deviation: dict[str, float]


@dataclass(frozen=True)
class NoiseCurve:
    """What was found, and where it lies.

    Parameters
    ----------
    points : tuple of NoisePoint
        From clean labels on.
    direction : str
        ``random``, or ``<class> to <class>``.
    written : Written
        JSON and page.
    plot : Path
        The curve as SVG.
    """

    points: tuple[NoisePoint, ...]
    direction: str
    written: Written
    plot: Path


def label_noise_curve(
    recipe: Recipe,
    inputs: Sequence[str | Path],
    folder: str | Path,
    configuration: Configuration | None = None,
    *,
    fractions: Sequence[float] = FRACTIONS,
    source: str | None = None,
    target: str | None = None,
    clean_validation: bool = False,
    repeats: int = 1,
    seed: int = 1,
    workers: int = 1,
    resume: bool = True,
    progress: bool = True,
) -> NoiseCurve:
    """Train a recipe on labels of which more and more are wrong, and judge it on clean ones.

    Labels of the training and of the validation split are made wrong, as they are in a survey where nobody
    knows the truth, unless ``clean_validation`` spares the latter; those of the test split never. The noise
    is nested: what is wrong at 1 % is wrong in the same way at 5 %.

    Parameters
    ----------
    recipe : Recipe
        The experiment.
    inputs : sequence of path
        A sample set, or what the recipe can make one from; its own split is respected.
    folder : path
        Holds ``noise_0``, ``noise_0.05`` ...: a run folder each, with repeats ``noise_0.05_repeat_1`` ....
    configuration : Configuration, optional
        Settings; those of the recipe if not given.
    fractions : sequence of float
        Shares of all labels of a split, from 0 to 1; 0 is added.
    source, target : str, optional
        Turn labels of one class into another only; both or none.
    clean_validation : bool
        Make labels of the training split wrong only, as Tanoglidis et al. 2021 did.
    repeats : int
        Other draws of the noise, each with another seed of the training.
    seed : int
        Of the noise.
    workers, resume, progress
        As of `skysieve.recipes.uncertainty.runs.train_runs`.

    Raises
    ------
    ConfigurationError
        If a fraction is out of 0 ... 1 or more than a class can give, a single direction is named, or the
        recipe learns from votes.
    UnknownNameError
        If a class does not exist; the message names the nearest.
    SampleSetError
        As of `skysieve.recipes.run.train_samples`.
    """
    settings = configuration or recipe.configuration
    chosen = sorted({0.0, *(check_fraction("a fraction", each, closed=True) for each in fractions)})
    direction = _direction(recipe.classes, source, target)
    _check(settings, chosen, repeats)
    check_runs(recipe, settings, workers)
    samples = recipe.prepare(inputs, settings)
    recipe.check_classes(samples)
    samples = _with_split(samples, settings)
    noisy_parts = CLEAN_VALIDATION if clean_validation else NOISY
    plans = [(fraction, repeat) for fraction in chosen for repeat in range(repeats)]
    tasks = [
        _task(samples, settings, fraction, repeat, repeats, seed, direction, noisy_parts)
        for fraction, repeat in plans
    ]
    place = Path(folder)
    outcomes = train_runs(
        recipe, inputs, samples, place, tasks, workers=workers, resume=resume, progress=progress
    )
    by_fraction = {
        fraction: [each for each, plan in zip(outcomes, plans, strict=True) if plan[0] == fraction]
        for fraction in chosen
    }
    points = tuple(
        _point(fraction, found, by_fraction[0.0], samples, settings, seed, noisy_parts)
        for fraction, found in by_fraction.items()
    )
    name = "random" if direction is None else f"{source} to {target}"
    subject = subject_of_recipe(recipe, inputs, samples)
    changed = changed_settings(recipe, settings)
    return _written(place, subject, points, name, repeats, seed, outcomes, noisy_parts, changed)


def _check(settings: Configuration, fractions: Sequence[float], repeats: int) -> None:
    if len(fractions) < 2:
        raise ConfigurationError("a curve needs at least one fraction above 0")
    if repeats < 1:
        raise ConfigurationError(f"repeats is 1 or more, found {repeats}")
    if settings.training.loss in PREFIXES:
        raise ConfigurationError(
            f"wrong labels mean nothing to the loss {settings.training.loss!r}, which reads votes; "
            "set training.loss to 'cross-entropy'"
        )


def _direction(classes: tuple[str, ...], source: str | None, target: str | None) -> tuple[int, int] | None:
    if source is None and target is None:
        return None
    if source is None or target is None:
        raise ConfigurationError("name both classes of one-directional noise (--from and --to), or none")
    return class_number(source, classes), class_number(target, classes)


def _with_split(samples: SampleSet, settings: Configuration) -> SampleSet:
    if "split" in samples.column_names:
        check_split_names(samples)
        return samples
    shares = {name: getattr(settings.splits, name) for name in SPLITS}
    return with_splits(samples, shares, seed=settings.splits.seed)


def _task(
    samples: SampleSet,
    settings: Configuration,
    fraction: float,
    repeat: int,
    repeats: int,
    seed: int,
    direction: tuple[int, int] | None,
    noisy_parts: tuple[str, ...],
) -> RunTask:
    labels, split = samples.labels, samples.scalar("split")
    noisy = labels.copy()
    source, target = direction or (None, None)
    for number, part in enumerate(noisy_parts):
        rows = np.flatnonzero((split == part) & (labels >= 0))
        if not len(rows):
            raise SampleSetError(f"the split {part!r} has no labelled sample")
        own = int(np.random.SeedSequence([seed, repeat, number]).generate_state(1)[0])
        noisy[rows] = with_label_noise(
            labels[rows], fraction, classes=len(samples.classes), seed=own, source=source, target=target
        )
    training = replace(settings.training, seed=settings.training.seed + settings.network.members * repeat)
    origin = samples.description.label_origin or "Of unstated origin"
    return RunTask(
        f"noise_{fraction:g}" + (f"_repeat_{repeat}" if repeats > 1 else ""),
        replace(settings, training=training),
        columns={"label": _nullable(noisy), "split": split},
        label_origin=f"{origin.rstrip('.')}; {fraction:.3g} of those of {_in_words(noisy_parts)} made wrong."
        if fraction
        else "",
    )


def _in_words(noisy_parts: tuple[str, ...]) -> str:
    return " and ".join(part.replace("train", "training") for part in noisy_parts)


def _nullable(labels: NDArray[np.int64]) -> NDArray[Any]:
    return np.array([None if label < 0 else int(label) for label in labels], dtype=object)


def _point(
    fraction: float,
    noisy: Sequence[RunOutcome],
    clean: Sequence[RunOutcome],
    samples: SampleSet,
    settings: Configuration,
    seed: int,
    noisy_parts: tuple[str, ...],
) -> NoisePoint:
    """Judge all repeats at a fraction beside those on clean labels, on the same resampled test groups."""
    parts = [_test_of(each) for each in (*noisy, *clean)]
    functions = [figure_function(part.classes, part.threshold) for part in parts]
    first, count = parts[0], len(noisy)

    def statistics(labels: NDArray[Any], *scores: NDArray[Any]) -> dict[str, float]:
        found = [function(labels, each) for function, each in zip(functions, scores, strict=True)]
        mean, before = (
            {name: float(np.mean([each[name] for each in group])) for name in found[0]}
            for group in (found[:count], found[count:])
        )
        return mean | {f"change of {name}": mean[name] - before[name] for name in mean}

    intervals = bootstrap_intervals(
        statistics,
        first.labels,
        *(part.scores for part in parts),
        groups=first.groups,
        replicates=settings.evaluation.replicates,
        seed=seed,
    )
    names = [name for name in intervals if not name.startswith("change of ")]
    values = {name: [each.figures[name].value for each in noisy] for name in names}
    known = samples.scalar("split")[samples.labels >= 0]
    return NoisePoint(
        fraction=fraction,
        wrong=sum(round(fraction * int((known == part).sum())) for part in noisy_parts),
        # A single run has its own intervals, with Wilson's for rates of exactly 0 or 1.
        figures=noisy[0].figures if count == 1 else {name: intervals[name] for name in names},
        change={name: intervals[f"change of {name}"] for name in names},
        deviation={
            name: float(np.std(each, ddof=1)) if len(each) > 1 else np.nan for name, each in values.items()
        },
    )


def _test_of(outcome: RunOutcome) -> ScoredSamples:
    return outcome.scored.take(outcome.scored.rows("test"))


def _written(
    place: Path,
    subject: Subject,
    points: tuple[NoisePoint, ...],
    direction: str,
    repeats: int,
    seed: int,
    outcomes: Sequence[RunOutcome],
    noisy_parts: tuple[str, ...],
    changed: dict[str, Any],
) -> NoiseCurve:
    shown = headlines(list(points[0].figures))
    # Rates of mistakes lie at the other end of the scale.
    curves = {name: [point.figures[name] for point in points] for name in shown if name != "fpr"}
    # The curve is a file of its own: what is said of the labels must go where it goes.
    figure = curve_plot(
        [point.fraction for point in points],
        curves,
        xlabel="share of wrong labels",
        title=_wrapped(subject.disclosure),
    )
    plot = place / "uncertainty-label-noise.svg"
    caption = f"On clean test labels; noise {direction}. Bands are intervals by bootstrap over groups."
    with replacing(plot) as partial:
        partial.write_text(figure_to_svg(figure, name="noise", description=caption), encoding="utf-8")
    tables = [_table(name, points, repeats) for name in shown]
    text = (
        f"Labels of {_in_words(noisy_parts)} are made wrong ({direction}), those of the test split are "
        "not. The change is against clean labels on the same resampled test groups, so that what both find "
        "hard cancels."
    )
    settings = {
        "fractions": [point.fraction for point in points],
        "direction": direction,
        "clean_validation": noisy_parts == CLEAN_VALIDATION,
        "repeats": repeats,
        "seed": seed,
        **changed,
    }
    results = {
        "runs": identities_of(outcomes),
        "points": [
            {
                "fraction": point.fraction,
                "wrong": point.wrong,
                "figures": {name: each.to_json() for name, each in point.figures.items()},
                "change": {name: each.to_json() for name, each in point.change.items()},
                "deviation": point.deviation,
            }
            for point in points
        ],
    }
    written = write_results(
        place,
        "label-noise",
        subject,
        settings=settings,
        results=results,
        sections=[
            PageSection(
                "What wrong labels cost",
                text,
                tables,
                [page_figure("noise", "Figures over the share of wrong labels", figure, caption)],
            )
        ],
        title=f"{subject.name} with wrong labels: {direction}",
    )
    return NoiseCurve(points, direction, written, plot)


def _wrapped(disclosure: str) -> str:
    return textwrap.fill(disclosure, 80, max_lines=2)


def _table(name: str, points: Sequence[NoisePoint], repeats: int) -> PageTable:
    columns = [f"{name} at wrong labels", "value", "range", "change", "range of it"]
    columns += ["deviation of repeats"] if repeats > 1 else []
    rows = []
    for point in points:
        change = point.change[name]
        moved = [f"{change.value:+.4f}", f"{change.low:+.4f} to {change.high:+.4f}"]
        row = [f"{point.fraction:.3g} ({point.wrong:,})", *interval_cells(point.figures[name])]
        row += moved if point.fraction else ["", ""]
        row += [f"{point.deviation[name]:.4f}"] if repeats > 1 else []
        rows.append(row)
    return PageTable(columns, rows)
