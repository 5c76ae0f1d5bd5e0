"""``skysieve samples from-labels``: a sample set of what people said in a night service."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from skysieve.cli.output import examples, say, say_findings, say_table
from skysieve.cli.service_home import HomeOption
from skysieve.errors import ConfigurationError

__all__ = [
    "CampaignOption",
    "ClassOption",
    "ConsensusOption",
    "HeldOutOption",
    "HiddenOption",
    "KindOption",
    "MinLabelsOption",
    "MinProbabilityOption",
    "ValidationOption",
    "WhereOption",
    "add_to",
    "classes_of",
]

KindOption = Annotated[str, typer.Option(help="alert or streak.")]
ConsensusOption = Annotated[
    str,
    typer.Option(
        help="majority; dawid-skene (each person is trusted as far as they agree with others and with gold "
        "items); single (what nobody contradicts)."
    ),
]
CampaignOption = Annotated[str, typer.Option(help="Labels of this campaign only; all labels if left out.")]
WhereOption = Annotated[str, typer.Option(help="Filter that the candidates must pass, as in a search.")]
MinLabelsOption = Annotated[int, typer.Option(help="People who must have labelled a candidate.")]
MinProbabilityOption = Annotated[
    float, typer.Option(help="How likely a label must be; of the majority, its share of votes.")
]
ClassOption = Annotated[
    list[str] | None,
    typer.Option(
        "--class",
        help="CLASS=MEANING where a class does not say itself what it means: real, bogus, or empty for no "
        "vote; may be repeated.",
    ),
]
HiddenOption = Annotated[
    bool, typer.Option("--only-hidden", help="Only labels that were given while the scores were hidden.")
]
HeldOutOption = Annotated[
    float, typer.Option(help="Share of the objects that judge, never to be trained on.")
]
ValidationOption = Annotated[float, typer.Option(help="Share of the objects that stop and calibrate.")]


def add_to(verb: typer.Typer) -> None:
    """Add the command to ``skysieve samples``."""
    verb.command(
        "from-labels",
        epilog=examples(
            "skysieve samples from-labels --home labelled-service --consensus dawid-skene -o set.parquet",
            "skysieve samples from-labels --home labelled-service --min-labels 2 --min-probability 0.8 "
            "--class unsure=bogus -o sure.parquet",
        ),
    )(from_labels)


def from_labels(
    output: Annotated[Path, typer.Option("--output", "-o", help="The sample set to write (Parquet).")],
    home: HomeOption = None,
    kind: KindOption = "alert",
    consensus: ConsensusOption = "majority",
    campaign: CampaignOption = "",
    where: WhereOption = "",
    min_labels: MinLabelsOption = 1,
    min_probability: MinProbabilityOption = 0.0,
    class_: ClassOption = None,
    only_hidden: HiddenOption = False,
    survey: Annotated[
        list[str] | None, typer.Option(help="Alerts of this survey only; may be repeated.")
    ] = None,
    held_out: HeldOutOption = 0.2,
    validation: ValidationOption = 0.15,
    names: Annotated[bool, typer.Option("--names", help="Tell in the set who gave how many labels.")] = False,
) -> None:
    """Make a sample set of the labels that people gave in a night service, split by the names of objects."""
    from skysieve.service.feedback.from_labels import samples_from_labels
    from skysieve.service.operation.existing import existing_service

    classes = classes_of(class_)
    with existing_service(home) as service:
        samples = samples_from_labels(
            service,
            kind=kind,
            consensus=consensus,
            campaign=campaign,
            where=where,
            min_labels=min_labels,
            min_probability=min_probability,
            classes=classes,
            only_hidden=only_hidden,
            surveys=tuple(survey or ()),
            held_out=held_out,
            validation=validation,
            name_labellers=names,
        )
    say_findings(samples.findings)
    say(samples.description.label_origin)
    left_out: dict[str, Any] = samples.description.origin["left_out"]
    if left_out:
        say_table({reason: f"{number:,}" for reason, number in left_out.items()}, title="left out:")
    split = samples.scalar("split").tolist()
    counts = ", ".join(f"{name} {split.count(name):,}" for name in ("train", "validation", "test"))
    say(f"{len(samples):,} samples in {len(set(samples.groups)):,} groups: {counts}")
    say(f"samples: {samples.write(output)}")


def classes_of(given: list[str] | None) -> dict[str, str]:
    """Read ``CLASS=MEANING``."""
    made = {}
    for each in given or ():
        name, equals, meaning = each.partition("=")
        if not name.strip() or not equals:
            raise ConfigurationError(f"--class {each}: expected CLASS=MEANING, such as unsure=bogus")
        made[name.strip()] = meaning.strip()
    return made
