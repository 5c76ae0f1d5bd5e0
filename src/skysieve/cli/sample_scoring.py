"""What ``skysieve score`` does with a sample set."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from skysieve.cli.output import say, say_table
from skysieve.errors import ConfigurationError, ScoringError

if TYPE_CHECKING:
    from skysieve.models.model import Model

__all__ = ["score_samples", "takes_samples_only"]


def takes_samples_only(model: Model) -> bool:
    """Say whether a model takes what comes as sample sets only: light curves, sequences, tables."""
    contract = model.description.contract
    return bool(contract.reading) or not contract.image


def score_samples(
    model: Model,
    inputs: Sequence[str],
    output: Path,
    *,
    engine: str,
    precision: str,
    fields: Sequence[str],
    restart: bool,
) -> None:
    """Score a sample set and say what came of it."""
    from skysieve.recipes.alert_samples import is_sample_set
    from skysieve.scoring.sample_table import score_sample_table

    name = model.description.name
    if len(inputs) != 1 or not is_sample_set(inputs[0]):
        raise ConfigurationError(
            f"{name} scores one sample set, found {', '.join(inputs)}; `skysieve samples curves` makes one "
            "of tables of light curves"
        )
    summary = score_sample_table(
        model,
        inputs[0],
        output,
        engine=engine,
        precision=precision,
        fields=fields,
        restart=restart,
        progress=True,
    )
    when = f" in {summary.seconds:.1f} s" if summary.seconds else ", by an earlier run that had finished"
    continued = ", going on with an earlier run" if summary.resumed else ""
    say(f"{summary.scored:,} samples scored with {name} ({model.identity[:12]}){when}{continued}")
    say_table({called: f"{count:,}" for called, count in summary.called.items()}, title="called:")
    if summary.kept_aside:
        say_table(
            {kind: f"{count:,}" for kind, count in summary.kept_aside.items()},
            title=f"{sum(summary.kept_aside.values()):,} kept aside, with reasons in {summary.quarantine}:",
        )
    say(f"scores: {summary.output}")
    if not summary.scored:
        raise ScoringError(f"not one of the samples could be scored; the reasons are in {summary.quarantine}")
