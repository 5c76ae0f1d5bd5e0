"""What ``skysieve score`` does where the model, or the sieve, takes streak cutouts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from skysieve.cli.output import say, say_table
from skysieve.errors import ConfigurationError, ScoringError

if TYPE_CHECKING:
    from skysieve.models.model import Model
    from skysieve.models.sieve import Sieve
    from skysieve.scoring.streaks import StreakOptions

__all__ = ["check_streak_truth", "is_sample_set", "say_passed", "score_night_of_streaks", "takes_streaks"]

#: Kinds of findings on streaks that the same command may score later.
_LATER = ("image-without-metadata", "metadata-without-image", "ades-missing", "ades-without-image")


def takes_streaks(model: Model) -> bool:
    """Say whether a model takes streak cutouts."""
    contract = model.description.contract
    if contract.channels != ("difference",):  # alerts do not wait for imports that are not theirs
        return False
    from skysieve.scoring.streaks import is_streak_contract

    return is_streak_contract(contract)


def is_sample_set(inputs: Sequence[str]) -> bool:
    """Say whether the inputs are one Parquet file: no night has any.

    Raises
    ------
    ConfigurationError
        If there are several of them and nothing else.
    """
    tables = [name for name in inputs if name.lower().endswith(".parquet")]
    if len(tables) == len(inputs) > 1:
        raise ConfigurationError(
            f"{len(inputs)} Parquet files were given; sample sets are scored one by one, each into a table"
        )
    return len(tables) == len(inputs)


def check_streak_truth(path: Path) -> None:
    """Refuse what is no table of the truth before anything is scored."""
    from skysieve.scoring.streak_truth import read_streak_truth

    read_streak_truth(path, ())


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
    """Score a night, or a sample set, of streaks and say what came of it."""
    if is_sample_set(inputs):
        from skysieve.scoring.streak_samples import score_streak_samples

        summary = score_streak_samples(sieve, inputs[0], output, options, restart=restart, progress=True)
    else:
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
    if not summary.scored and not set(summary.kept_aside) & set(_LATER):
        raise ScoringError(f"not one of the inputs could be used; the reasons are in {summary.quarantine}")
    if report is not None:
        from skysieve.scoring.streak_night_report import write_report_of_streaks

        page = write_report_of_streaks(sieve, summary, report, truth=truth, truth_origin=truth_origin)
        say(f"report: {page}")


def say_passed(passed: Mapping[str, int], scored: int) -> None:
    """Print how many streaks pass each rule."""
    say_table({rule: f"{count:,}" for rule, count in passed.items()}, title=f"of {scored:,} streaks pass:")
