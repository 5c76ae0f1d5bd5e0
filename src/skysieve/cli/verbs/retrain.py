"""``skysieve retrain``: from people's labels to a new model, compared with the one on duty."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from skysieve.cli.output import examples, say, say_columns, say_counts
from skysieve.cli.samples_from_labels import (
    CampaignOption,
    ClassOption,
    ConsensusOption,
    HeldOutOption,
    HiddenOption,
    KindOption,
    MinLabelsOption,
    MinProbabilityOption,
    ValidationOption,
    WhereOption,
    classes_of,
)
from skysieve.cli.service_home import HomeOption

__all__ = ["add_to"]


def add_to(application: typer.Typer) -> None:
    """Add the verb."""
    application.command(
        "retrain",
        epilog=examples(
            "skysieve retrain --home labelled-service -o retrained/ --consensus dawid-skene "
            "--held-out 0.4 --validation 0.2 --set training.epochs=1 --set evaluation.replicates=20",
        ),
    )(retrain)


def retrain(
    output: Annotated[Path, typer.Option("--output", "-o", help="The run folder; a broken run goes on.")],
    home: HomeOption = None,
    kind: KindOption = "alert",
    recipe: Annotated[
        str, typer.Option(help="braai for alerts and deepstreaks for streaks if left out.")
    ] = "",
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="KEY=VALUE of a setting (`skysieve recipes NAME` lists them); may be repeated."
        ),
    ] = None,
    consensus: ConsensusOption = "majority",
    campaign: CampaignOption = "",
    where: WhereOption = "",
    min_labels: MinLabelsOption = 1,
    min_probability: MinProbabilityOption = 0.0,
    class_: ClassOption = None,
    only_hidden: HiddenOption = False,
    held_out: HeldOutOption = 0.2,
    validation: ValidationOption = 0.15,
    start: Annotated[
        str,
        typer.Option(help="Model whose weights to start from: a folder, a shipped one, or on-duty."),
    ] = "",
    name: Annotated[str, typer.Option(help="Name of the model; the recipe and the date if left out.")] = "",
    workers: Annotated[int, typer.Option(help="Members of a sieve that are trained at the same time.")] = 1,
    promote: Annotated[
        bool, typer.Option("--promote", help="Put it on duty, unless it is worse or nothing can be told.")
    ] = False,
    even_if_worse: Annotated[
        bool, typer.Option("--even-if-worse", help="With --promote: whatever the comparison says.")
    ] = False,
) -> None:
    """Train on people's labels, compare with the model on duty on held-out labels, let it score beside it."""
    from skysieve.configuration import parse_assignments
    from skysieve.service.feedback.comparison_page import comparison_rows
    from skysieve.service.feedback.retrain import RetrainRequest
    from skysieve.service.feedback.retrain import retrain as run
    from skysieve.service.operation.existing import existing_service

    labels = {
        "consensus": consensus,
        "campaign": campaign,
        "where": where,
        "min_labels": min_labels,
        "min_probability": min_probability,
        "classes": classes_of(class_),
        "only_hidden": only_hidden,
        "held_out": held_out,
        "validation": validation,
    }
    request = RetrainRequest(
        kind=kind,
        recipe=recipe,
        settings=parse_assignments(set_ or []),
        labels=labels,
        start=start,
        name=name,
    )
    with existing_service(home) as service:
        made = run(service, output, request, promoting=promote, even_if_worse=even_if_worse, workers=workers)
    say(made.samples.description.label_origin)
    say_counts(made.splits)
    if made.comparison is not None:
        say_columns(("figure", "on duty", "new", "difference"), comparison_rows(made.comparison))
        say(made.comparison.words)
    say(made.decision)
    say(f"model: {made.model} (scorer {made.scorer_id})")
    say(f"comparison: {made.report}")
