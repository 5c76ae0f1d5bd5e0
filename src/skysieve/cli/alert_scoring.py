"""What ``skysieve score`` does where the model takes alerts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from skysieve.cli.output import say, say_table
from skysieve.errors import InputError, ScoringError

if TYPE_CHECKING:
    from skysieve.models.model import Model
    from skysieve.scoring.merge import ScoringSummary
    from skysieve.scoring.score import ScoringOptions

__all__ = ["score_alerts"]

_STREAK = re.compile(r"strkid\d+_pid\d+_scimref\.\w+$", re.IGNORECASE)


def score_alerts(
    model: Model,
    inputs: Sequence[str],
    output: Path,
    options: ScoringOptions,
    *,
    restart: bool,
    asked_fields: bool,
    report: Path | None,
    truth: Path | None,
    truth_origin: str,
) -> None:
    """Score alerts and say what came of it; ``asked_fields`` where fields were named in the call."""
    from skysieve.scoring.score import score

    _require_alerts(inputs, model.description.name)
    summary = score(model, inputs, output, options, restart=restart, progress=True)
    say(
        f"{summary.scored:,} alerts scored with {model.description.name} ({model.identity[:12]})"
        f"{_when(summary)}"
    )
    threshold = model.description.threshold
    if threshold is not None and summary.above_threshold is not None:
        say(
            f"{summary.above_threshold:,} at or above the threshold {threshold['value']:.3f} "
            f"({threshold['rule']}, chosen on {threshold['split']})"
        )
    if summary.repeated:
        say(f"{summary.repeated:,} of them repeat a candid that an earlier row has")
    if summary.absent_fields and asked_fields:
        say(f"no scored alert has the field {' or '.join(summary.absent_fields)}; its column is empty")
    if summary.kept_aside:
        aside = (
            f"{sum(summary.kept_aside.values()):,} inputs kept aside, with reasons in {summary.quarantine}:"
        )
        say_table({kind: f"{count:,}" for kind, count in summary.kept_aside.items()}, title=aside)
    say(f"scores: {summary.output}")
    if not summary.scored:
        raise ScoringError(f"not one of the inputs could be used; the reasons are in {summary.quarantine}")
    if report is not None:
        from skysieve.scoring.night_report import write_report_of_scores

        page = write_report_of_scores(model, summary, report, truth=truth, truth_origin=truth_origin)
        say(f"report: {page}")


def _require_alerts(inputs: Sequence[str], model: str) -> None:
    """Refuse inputs among which there is no file of alerts at all, before a table of no rows is written."""
    from skysieve.samples.findings import Finding
    from skysieve.sources.alerts.reading import ALERT_SUFFIXES
    from skysieve.sources.inputs import ARCHIVE_SUFFIXES, list_items

    listed = list_items(inputs, suffixes=ALERT_SUFFIXES + ARCHIVE_SUFFIXES)
    absent = [each for each in listed if isinstance(each, Finding)]
    files = [each.name for each in listed if not isinstance(each, Finding)]
    streaks = [name for name in (*files, *(each.item for each in absent)) if _STREAK.search(name)]
    if streaks and set(files) <= set(streaks):
        reason = (
            f"is a streak cutout and {model} scores alerts; a sieve scores streaks, `skysieve score <sieve>`"
        )
        raise InputError(streaks[0], "no-alerts", reason)
    if not files:
        found = ", ".join(f"{kind} {count:,}" for kind, count in Counter(f.kind for f in absent).items())
        reason = f"no file of alerts is there ({found}); {' and '.join(ALERT_SUFFIXES)} are read"
        raise InputError(", ".join(inputs), "no-alerts", reason)


def _when(summary: ScoringSummary) -> str:
    if not summary.seconds:
        return ", by an earlier run that had finished"
    continued = ", going on with an earlier run" if summary.resumed else ""
    return f" in {summary.seconds:.1f} s{continued}"
