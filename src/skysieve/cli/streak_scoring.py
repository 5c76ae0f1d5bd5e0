"""What ``skysieve score`` does where the model, or the sieve, takes streak cutouts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from skysieve.cli.output import say, say_table

if TYPE_CHECKING:
    from skysieve.models.model import Model
    from skysieve.models.sieve import Sieve
    from skysieve.scoring.streaks import StreakOptions

__all__ = ["say_passed", "score_night_of_streaks", "takes_streaks"]


def takes_streaks(model: Model) -> bool:
    """Say whether a model takes streak cutouts."""
    contract = model.description.contract
    if contract.channels != ("difference",):  # alerts do not wait for imports that are not theirs
        return False
    from skysieve.scoring.streaks import is_streak_contract

    return is_streak_contract(contract)


def score_night_of_streaks(
    sieve: Sieve | Model,
    inputs: Sequence[str],
    output: Path,
    options: StreakOptions,
    *,
    restart: bool,
    report: Path | None = None,
    truth: Path | None = None,
    truth_origin: str = "",
) -> None:
    """Score streaks and say what came of it."""
    from skysieve.scoring.streaks import score_streaks

    summary = score_streaks(sieve, inputs, output, options, restart=restart, progress=True)
    known = summary.scored - summary.new
    before = f", {known:,} were known" if known else ""
    say(
        f"{summary.new:,} streaks scored with {sieve.description.name} ({sieve.identity[:12]}) "
        f"in {summary.seconds:.1f} s{before}{', going on with an earlier run' if summary.resumed else ''}"
    )
    if summary.gone:
        say(f"{summary.gone:,} of before are not among the inputs any more and left the table")
    if summary.withheld:
        say(f"{summary.withheld:,} of before left the table, with reasons in {summary.quarantine}")
    if summary.waiting:
        say(
            f"{summary.waiting:,} are scored and stay in the table, but wait for metadata or a report, "
            f"as {summary.quarantine} tells"
        )
    say_passed(summary.passed, summary.scored)
    if summary.kept_aside:
        total = sum(summary.kept_aside.values())
        title = f"{total:,} inputs kept aside, with reasons in {summary.quarantine}:"
        say_table({kind: f"{count:,}" for kind, count in summary.kept_aside.items()}, title=title)
    say(f"scores: {summary.output}")
    if report is not None:
        from skysieve.scoring.streak_night_report import write_report_of_streaks

        page = write_report_of_streaks(sieve, summary, report, truth=truth, truth_origin=truth_origin)
        say(f"report: {page}")


def say_passed(passed: Mapping[str, int], scored: int) -> None:
    """Print how many streaks pass each rule."""
    say_table({rule: f"{count:,}" for rule, count in passed.items()}, title=f"of {scored:,} streaks pass:")
