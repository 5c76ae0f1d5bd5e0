"""``skysieve samples propose`` and ``label``: choose what people should look at, take their answers back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from skysieve.cli.inputs import require_inputs
from skysieve.cli.output import examples, say, say_findings, say_table
from skysieve.errors import ConfigurationError

if TYPE_CHECKING:
    from skysieve.models.rules import Rule
    from skysieve.samples import SampleSet

__all__ = ["add_to"]

OutputOption = Annotated[Path, typer.Option("--output", "-o", help="The sample set to write (Parquet).")]


def add_to(verb: typer.Typer) -> None:
    """Add the commands to ``skysieve samples``."""
    verb.command(
        "propose",
        epilog=examples(
            "skysieve samples propose braai-weak samples.parquet -o proposed.parquet --relabel "
            "--strategy uncertainty=10,random=10 --csv labels.csv --images pictures/",
            "skysieve samples propose streak-sieve/ streaks/ -o proposed.parquet --per-bin 2 "
            "--strategy random=3,bins,disagreement=2",
            "skysieve samples propose streak-sieve/ streaks/ -o proposed.parquet --per-bin 2 "
            """--bin 'streaks={"any": "rb"}' --bin 'rest={"not": {"any": "rb"}}' --per-group 1""",
        ),
    )(propose)
    verb.command(
        "label",
        epilog=examples(
            "skysieve samples label proposed.parquet labels.csv -o labelled.parquet "
            "--origin 'two observers, 2026'"
        ),
    )(label)


def propose(
    model: Annotated[str, typer.Argument(help="Model or sieve, or the name of a shipped one.")],
    samples: Annotated[Path, typer.Argument(help="A sample set (Parquet), or a folder of streak cutouts.")],
    output: OutputOption,
    strategy: Annotated[
        str,
        typer.Option(
            help="Ways to choose, with their numbers: random, bins, uncertainty, disagreement; "
            "those without a number take --count, bins --per-bin."
        ),
    ] = "random,bins",
    per_bin: Annotated[int, typer.Option(help="How many of each bin.")] = 1000,
    count: Annotated[int, typer.Option(help="How many by each other way.")] = 100,
    bin_: Annotated[
        list[str] | None,
        typer.Option("--bin", help="A bin of your own as NAME=JSON of a rule; may be repeated."),
    ] = None,
    per_group: Annotated[
        int | None, typer.Option(help="How many of one group (object, exposure) at most.")
    ] = None,
    uncertainty: Annotated[str, typer.Option(help="threshold, entropy or margin.")] = "threshold",
    disagreement: Annotated[str, typer.Option(help="bald, vote-entropy or range.")] = "bald",
    relabel: Annotated[
        bool, typer.Option("--relabel", help="Propose labelled samples, too; their labels are hidden.")
    ] = False,
    hide: Annotated[
        list[str] | None, typer.Option(help="A column that would tell the label; may be repeated.")
    ] = None,
    csv: Annotated[Path | None, typer.Option(help="Write a table to fill in, too.")] = None,
    images: Annotated[Path | None, typer.Option(help="Write a PNG of each sample into this folder.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of all random draws.")] = 42,
) -> None:
    """Choose samples worth labelling: random ones, bins of scores, uncertain and disputed ones."""
    from skysieve.models.sieve import Sieve, load_model_or_sieve
    from skysieve.scoring.proposal_options import ProposalOptions
    from skysieve.scoring.propose import propose_samples

    options = ProposalOptions(
        strategies=_strategies(strategy, per_bin, count),
        bins=_bins(bin_) if bin_ else None,
        uncertainty=uncertainty,
        disagreement=disagreement,
        per_group=per_group,
        relabel=relabel,
        hide=tuple(hide or ()),
        seed=seed,
    )
    judge = load_model_or_sieve(model)
    proposal = propose_samples(judge, _open(samples), options, progress=True)
    say_findings(proposal.findings)
    say(f"{len(proposal.samples):,} of {proposal.pool:,} samples are proposed, by:")
    say_table({f"  {name}": f"{number:,}" for name, number in proposal.counts.items()})
    contract = judge.contract if isinstance(judge, Sieve) else judge.description.contract
    _write_for_people(proposal.samples, csv, images, contract.column)
    say(f"samples: {proposal.samples.write(output)}")


def label(
    samples: Annotated[Path, typer.Argument(help="A sample set (Parquet).")],
    labels: Annotated[
        Path, typer.Argument(help="Table with id and labels (CSV), empty where there is none.")
    ],
    output: OutputOption,
    origin: Annotated[str, typer.Option(help="Who labelled, in a sentence; printed beside every figure.")],
) -> None:
    """Merge labels that people filled into a table."""
    from skysieve.samples import SampleSet
    from skysieve.samples.labelling import answers_of, merge_labels

    require_inputs([samples])
    require_inputs([labels])
    opened = SampleSet.open(samples)
    merged, findings = merge_labels(opened, labels, origin=origin)
    say_findings(findings)
    for name, words in answers_of(opened).items():
        if name in merged.column_names:
            say(f"{name}: {_counts(merged, name, words)}")
    say(f"samples: {merged.write(output)}")


def _open(place: Path) -> SampleSet:
    """Open a sample set, or collect a folder of streaks."""
    from skysieve.samples import SampleSet
    from skysieve.sources.streaks.samples import streaks_to_samples

    require_inputs([place])
    if place.suffix == ".parquet" and place.is_file():
        return SampleSet.open(place)
    samples = streaks_to_samples([place])
    say_findings(samples.findings)
    return samples


def _strategies(text: str, per_bin: int, count: int) -> dict[str, int]:
    """Read ``random=100,bins``."""
    chosen: dict[str, int] = {}
    for part in text.split(","):
        name, _, number = (piece.strip() for piece in part.partition("="))
        if number and not number.isdecimal():
            raise ConfigurationError(f"--strategy {part.strip()}: {number!r} is no number of samples")
        chosen[name] = int(number) if number else per_bin if name == "bins" else count
    return chosen


def _bins(given: list[str]) -> dict[str, Rule]:
    """Read ``NAME=JSON``."""
    from skysieve.models.rules import parse_rule

    bins = {}
    for each in given:
        name, _, text = each.partition("=")
        try:
            rule = json.loads(text)
        except ValueError:
            raise ConfigurationError(
                f"""--bin {each}: expected NAME=JSON of a rule, such as 'high={{"any": "rb"}}'"""
            ) from None
        bins[name.strip()] = parse_rule(rule)
    return bins


def _write_for_people(samples: SampleSet, csv: Path | None, images: Path | None, column: str) -> None:
    from skysieve.scoring.proposal_files import write_label_table, write_pictures

    if csv is not None:
        say(f"to fill in: {write_label_table(samples, csv)}")
    if images is not None:
        say(f"{write_pictures(samples, images, column=column):,} pictures: {images}")


def _counts(samples: SampleSet, name: str, words: tuple[str, ...]) -> str:
    values = samples.labels if name == "label" else samples.scalar(name)
    counts = {word: int((values == number).sum()) for number, word in enumerate(words)}
    counts["unlabelled"] = int((values < 0).sum())
    return ", ".join(f"{word} {number:,}" for word, number in counts.items())
