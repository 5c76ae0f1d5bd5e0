"""Sets of classes that hold the truth as often as asked: made on validation, judged on test."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from skysieve.atomic_file import replacing
from skysieve.errors import SampleSetError
from skysieve.evaluation.conformal import ConformalSets, Method, fit_conformal, least_groups
from skysieve.evaluation.conformal_coverage import ConformalCoverage, conformal_coverage
from skysieve.evaluation.uncertainty_page import PageSection, PageTable, interval_cells
from skysieve.evaluation.uncertainty_plots import line_plot, page_figure
from skysieve.recipes.scored_samples import ScoredSamples
from skysieve.recipes.uncertainty.results import Written, write_results
from skysieve.recipes.uncertainty.score_model import subject_of
from skysieve.samples.findings import Finding

__all__ = ["Conformal", "conformal"]

#: Coverages of the curve beside the one that was asked for.
CURVE = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.925, 0.95, 0.975, 0.99)


@dataclass(frozen=True)
class Conformal:
    """What was found, and where it lies.

    Parameters
    ----------
    sets : ConformalSets
        The map from probabilities to sets.
    coverage : ConformalCoverage
        What the sets do on the test split.
    findings : tuple of Finding
        What limits the guarantee.
    table : Path
        The set of every sample of the test split, a column ``in_set_<class>`` each.
    written : Written
        JSON and page.
    """

    sets: ConformalSets
    coverage: ConformalCoverage
    findings: tuple[Finding, ...]
    table: Path
    written: Written


def conformal(
    scored: ScoredSamples,
    folder: str | Path,
    *,
    coverage: float = 0.9,
    method: Method = "lac",
    class_conditional: bool = False,
    calibration: str = "validation",
    test: str = "test",
    replicates: int = 1000,
    seed: int = 1,
) -> Conformal:
    """Make conformal sets on one split and judge them on another.

    Parameters
    ----------
    scored : ScoredSamples
        Scores of both splits.
    folder : path
        Where ``uncertainty-conformal.json``, ``.html`` and ``.parquet`` go.
    coverage, method, class_conditional
        As of `skysieve.evaluation.conformal.fit_conformal`.
    calibration, test : str
        Names of the splits.
    replicates, seed
        Of the bootstrap over groups; the seed is also that of the random part of ``aps``.

    Raises
    ------
    SampleSetError
        If the splits share a group, the network learned from calibration samples or saw test samples, or
        there are too few groups for the coverage.
    ConfigurationError
        If coverage or method do not exist.
    """
    known, judged = scored.take(scored.rows(calibration)), scored.take(scored.rows(test))
    _check_honesty(known, judged, calibration, test)
    options: dict[str, Any] = {"method": method, "class_conditional": class_conditional, "seed": seed}
    sets = fit_conformal(known.labels, known.scores, known.groups, coverage=coverage, **options)
    inside = sets(judged.scores, seed=seed + 1)
    found = conformal_coverage(
        judged.labels, inside, judged.groups, classes=scored.classes, seed=seed, replicates=replicates
    )
    findings = _findings(scored, known, found, coverage, calibration)
    curve = _curve(known, judged, options)
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    table = place / "uncertainty-conformal.parquet"
    _write_sets(table, judged, inside)
    settings = {"coverage": coverage, "calibration": calibration, "test": test, **options}
    written = write_results(
        place,
        "conformal",
        subject_of(scored),
        settings=settings,
        results={
            "sets": sets.to_json(),
            "coverage": found.to_json(),
            "curve": {str(asked): share for asked, share in curve.items()},
        },
        sections=[_section(sets, found, scored.classes, curve)],
        findings=findings,
        title=f"Conformal sets of {scored.model.get('name', 'a model')} at {coverage:.3g}",
    )
    return Conformal(sets, found, findings, table, written)


def _check_honesty(known: ScoredSamples, judged: ScoredSamples, calibration: str, test: str) -> None:
    """Refuse splits on which the guarantee would be void."""
    shared = np.intersect1d(known.groups, judged.groups)
    if len(shared):
        raise SampleSetError(
            f"{len(shared)} groups stand in both {calibration!r} and {test!r}, first {shared[0]}; sets "
            "made on samples cannot be judged on their companions: split by group"
        )
    if known.learned.any():
        raise SampleSetError(
            f"{int(known.learned.sum())} of {len(known)} samples of {calibration!r} are of groups that the "
            "network learned from; its scores there are too good, and the sets would be too small: "
            "calibrate on samples it has not learned from"
        )
    if judged.seen.any():
        raise SampleSetError(
            f"{int(judged.seen.sum())} of {len(judged)} samples of {test!r} are of groups that had a part in "
            "making the model; the coverage would be flattered: judge on samples that it has not seen"
        )


def _findings(
    scored: ScoredSamples, known: ScoredSamples, found: ConformalCoverage, asked: float, calibration: str
) -> tuple[Finding, ...]:
    findings = []
    if known.seen.any():
        reason = (
            "best epoch, calibration and threshold of the model were chosen on these samples too, so the "
            "guarantee holds nearly, not exactly; the coverage on test tells"
        )
        findings.append(Finding(calibration, "calibration-used-twice", reason, "note"))
    if not scored.data.get("says_what_it_saw", False):
        reason = "the model does not say which groups it saw; that these splits are honest is for you to know"
        findings.append(Finding("model", "seen-groups-unknown", reason, "warning"))
    if found.coverage.high < asked:
        reason = (
            f"the coverage is {found.coverage}, below the {asked:g} that was asked for: the test samples "
            "are not like those that made the sets"
        )
        findings.append(Finding("coverage", "coverage-missed", reason, "warning"))
    return tuple(findings)


def _curve(known: ScoredSamples, judged: ScoredSamples, options: dict[str, Any]) -> dict[float, float]:
    """Return the share of test groups that is covered, for several coverages asked."""
    codes = np.unique(judged.groups, return_inverse=True)[1]
    share = 1 / np.bincount(codes)[codes]
    smallest = len(np.unique(known.groups))
    if options["class_conditional"]:
        smallest = min(
            len(np.unique(known.groups[known.labels == number])) for number in range(len(known.classes))
        )
    found = {}
    for asked in (each for each in CURVE if least_groups(each) <= smallest):
        sets = fit_conformal(known.labels, known.scores, known.groups, coverage=asked, **options)
        inside = sets(judged.scores, seed=options["seed"] + 1)
        covered = inside[np.arange(len(judged)), judged.labels]
        found[asked] = float((covered * share).sum() / share.sum())
    return found


def _write_sets(path: Path, judged: ScoredSamples, inside: NDArray[np.bool_]) -> None:
    columns: dict[str, Any] = {
        "id": judged.ids.tolist(),
        "group": judged.groups.tolist(),
        "label": judged.labels.tolist(),
        "size": inside.sum(axis=1).tolist(),
    }
    columns |= {f"in_set_{name}": inside[:, number] for number, name in enumerate(judged.classes)}
    with replacing(path) as partial:
        pq.write_table(pa.table(columns), partial)


def _section(
    sets: ConformalSets, found: ConformalCoverage, classes: tuple[str, ...], curve: dict[float, float]
) -> PageSection:
    rows = [
        ["groups covered (what was asked)", *interval_cells(found.coverage)],
        ["samples covered", *interval_cells(found.by_sample)],
        *(
            [f"samples of the class {name} covered", *interval_cells(found.by_class[name])]
            for name in classes
        ),
        ["mean number of classes in a set", *interval_cells(found.mean_size)],
    ]
    total = sum(found.sizes)
    sizes = [
        ["1 class" if number == 1 else f"{number} classes", f"{count:,}", f"{count / total:.1%}"]
        for number, count in enumerate(found.sizes)
    ]
    figure = line_plot(
        list(curve),
        {"on test": list(curve.values())},
        xlabel="coverage asked",
        ylabel="groups covered on test",
        diagonal=True,
    )
    figures = [
        page_figure("coverage", "Coverage", figure, "On the dashed line sets do what was asked of them.")
    ]
    text = (
        f"Sets by {sets.method.upper()}, made on {', '.join(map(str, sets.groups))} groups, are to hold "
        "the true "
        f"class of a sample of a new group with probability {sets.coverage:g}. An empty set says that no "
        "class fits."
    )
    tables = [
        PageTable(["coverage", "value", "range"], rows),
        PageTable(["size of the set", "samples", "share"], sizes),
    ]
    return PageSection("Conformal sets", text, tables, figures if len(curve) > 1 else [])
