"""The report of a scored night of streaks: what came in and passed, and how good it was if that is known."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from skysieve.evaluation.report_content import Example
from skysieve.evaluation.sieve_evaluation import SieveEvaluation
from skysieve.evaluation.sieve_judging import judge_sieve
from skysieve.evaluation.sieve_night_report import write_streak_night_report
from skysieve.evaluation.sieve_report_content import StreakNightContent, ranked_examples
from skysieve.evaluation.sieve_scores import SieveScores
from skysieve.models.model import Model
from skysieve.models.sieve import Sieve
from skysieve.models.sieve_card import sieve_card
from skysieve.samples.findings import Finding
from skysieve.scoring.streak_cutouts import read_streak_cutouts
from skysieve.scoring.streak_table import read_description, read_scores
from skysieve.scoring.streak_truth import StreakTruth, read_streak_truth
from skysieve.scoring.streaks import StreakSummary

__all__ = ["write_report_of_streaks"]

#: Columns of the table that stand beside a candidate's picture: title and format.
_SHOWN = {
    "midpoint_ra": ("RA", "{:.5f}°"),
    "midpoint_dec": ("Dec", "{:+.5f}°"),
    "angular_rate": ("rate", "{:.2f}°/day"),
    "angular_length": ("length", "{:.1f}″"),
    "ades_mag": ("magnitude", "{:.2f}"),
}


def write_report_of_streaks(
    sieve: Sieve | Model,
    summary: StreakSummary,
    path: str | Path,
    *,
    truth: str | Path | None = None,
    truth_origin: str = "",
    candidates: int = 48,
) -> Path:
    """Write the HTML report of a scored night of streaks.

    Parameters
    ----------
    sieve : Sieve or Model
        What scored.
    summary : StreakSummary
        What `skysieve.scoring.streaks.score_streaks` returned.
    path : path
        The HTML file.
    truth : path, optional
        Table of the truth as of `read_streak_truth`; streaks that it does not tell are not judged.
    truth_origin : str
        How the truth is known (``simulated``), printed with the figures; the name of its file if not given.
    candidates : int
        How many of the best are shown.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ConfigurationError
        If the table of the truth lacks a column, or tells no scored streak.
    """
    sieve = Sieve.of_model(sieve) if isinstance(sieve, Model) else sieve
    table = read_scores(summary.output)
    told = None if truth is None else read_streak_truth(truth, _ids(table))
    origin = truth_origin or ("" if truth is None else Path(truth).name)
    scores = _scores(sieve, table, told)
    findings, aside = _quarantine(summary)
    night = _night(table, summary)
    card = sieve_card(sieve)
    content = StreakNightContent(
        title=f"{night}: streaks scored by {sieve.description.name}",
        night=night,
        card=dataclasses.replace(card, label_disclosure=_disclosure(card.label_disclosure, truth, origin)),
        received=len(aside | set(_ids(table))),
        scores=scores,
        default_rule=sieve.rule,
        candidates=_candidates(scores, sieve.rule, table, candidates),
        findings=findings,
        evaluation=None if told is None else _judge(_only(scores, told.known), sieve.rule, origin),
        provenance=_provenance(table),
    )
    return write_streak_night_report(path, content)


def _scores(sieve: Sieve, table: pa.Table, told: StreakTruth | None) -> SieveScores:
    """Return what the sieve said of all scored streaks, with their truth where there is one."""
    return SieveScores(
        families={member.name: member.family for member in sieve.members},
        scores={member.name: table[member.name].to_numpy() for member in sieve.members},
        thresholds={name: each.value for name, each in sieve.thresholds.items()},
        passed={name: table[name].to_numpy() for name in dict.fromkeys((sieve.rule, *sieve.rules))},
        groups=np.arange(table.num_rows) if told is None else told.groups,
        labels={} if told is None else told.labels,
        kinds=None if told is None else told.kinds,
        truth={} if told is None else told.parameters,
        ids=np.asarray(_ids(table), dtype=str),
    )


def _ids(table: pa.Table) -> list[str]:
    """Return the names of the streaks, as words where they are the numbers of a sample set."""
    return [str(name) for name in table["id"].to_pylist()]


def _only(scores: SieveScores, rows: NDArray[np.bool_]) -> SieveScores:
    """Return the streaks whose truth is known."""

    def chosen(columns: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
        return {name: np.asarray(values)[rows] for name, values in columns.items()}

    return dataclasses.replace(
        scores,
        scores=chosen(scores.scores),
        passed=chosen(scores.passed),
        groups=np.asarray(scores.groups)[rows],
        labels=chosen(scores.labels),
        kinds=None if scores.kinds is None else np.asarray(scores.kinds)[rows],
        truth=chosen(scores.truth),
        ids=np.asarray(scores.ids)[rows],
    )


def _judge(scores: SieveScores, rule: str, origin: str) -> SieveEvaluation:
    return judge_sieve(scores, default_rule=rule, split=f"night (truth: {origin})", seed=1)


def _candidates(scores: SieveScores, rule: str, table: pa.Table, limit: int) -> tuple[Example, ...]:
    """Return the best candidates with their pictures, which are read for them alone."""
    best = ranked_examples(scores, rule, limit=limit)
    row_of = {name: row for row, name in enumerate(_ids(table))}
    rows = table.take([row_of[each.id] for each in best]).to_pylist() if best else []
    cutouts = read_streak_cutouts(row["source"] for row in rows)
    return tuple(
        dataclasses.replace(each, cutouts=cutouts.get(row["source"]), columns=_shown(row))
        for each, row in zip(best, rows, strict=True)
    )


def _shown(row: Mapping[str, Any]) -> dict[str, str]:
    found = {}
    for name, (title, words) in _SHOWN.items():
        value = row.get(name)
        # A nightly table or a report may hold anything under these names.
        if isinstance(value, int | float) and not isinstance(value, bool) and np.isfinite(value):
            found[title] = words.format(value)
    return found


def _quarantine(summary: StreakSummary) -> tuple[list[Finding], set[str]]:
    """Return what was found, and the ids of the streaks that were put aside."""
    if not summary.quarantine.exists():
        return [], set()
    with summary.quarantine.open(encoding="utf-8") as lines:
        read = [json.loads(line) for line in lines]
    findings = [Finding(line["source"], line["kind"], line["reason"], line["severity"]) for line in read]
    return findings, {line["id"] for line in read if line["id"] and line["severity"] != "note"}


def _night(table: pa.Table, summary: StreakSummary) -> str:
    """Return the observing night, or the first and last, or the name of the table."""
    name = "observing_night"
    nights = (
        sorted({str(each) for each in table[name].to_pylist() if each}) if name in table.column_names else []
    )
    if not nights:
        return summary.output.stem
    return nights[0] if len(nights) == 1 else f"{nights[0]} to {nights[-1]}"


def _disclosure(labels: str, truth: str | Path | None, origin: str) -> str:
    """Return what stands on top: how the labels of training came to be, and the truth of this night."""
    simulated = truth is not None and "simulat" in origin.lower()
    said = "" if origin.lower() == "simulated" else f" ({origin})"
    night = f"The truth of this night is SIMULATED{said}: its figures are not those of a real night."
    return " ".join(part for part in (labels, night if simulated else "") if part)


def _provenance(table: pa.Table) -> dict[str, Mapping[str, Any]]:
    run = read_description(table.schema.metadata, "the table")
    names = ("sieve", "identity", "rule", "engine", "precision", "skysieve")
    thresholds = {name: f"{each['value']:g} ({each['origin']})" for name, each in run["thresholds"].items()}
    return {
        "run": {name: run[name] for name in names if name in run},
        "members": run["members"],
        "thresholds": thresholds,
    }
