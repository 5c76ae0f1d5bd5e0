"""``skysieve sieve``: look at a sieve, and decide anew from stored scores."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from skysieve.cli.output import examples, in_words, say, say_table
from skysieve.configuration import parse_assignments

if TYPE_CHECKING:
    from skysieve.models.rules import Rule
    from skysieve.models.sieve import Sieve

__all__ = ["add_to"]

#: Name of a rule that is given without one.
UNNAMED = "passes"


def add_to(application: typer.Typer) -> None:
    """Add the verb."""
    verb = typer.Typer(
        help="Look at sieves (several models and the rules that join them), decide anew from stored scores.",
        no_args_is_help=True,
    )
    verb.command("show", epilog=examples("skysieve sieve show streak-sieve/"))(show)
    verb.command(
        "decide",
        epilog=examples(
            "skysieve sieve decide streaks.parquet --threshold rb=0.7 -o strict.parquet",
            "skysieve sieve decide streaks.parquet --sieve streak-sieve/ "
            """--rule 'mean={"mean": "rb", ">=": 0.4}' --rule plausible -o mean.parquet""",
        ),
    )(decide)
    application.add_typer(verb, name="sieve")


def show(sieve: Annotated[str, typer.Argument(help="A sieve, or the name of a shipped one.")]) -> None:
    """Print members, thresholds and who gave them, rules in words, figures."""
    from skysieve.models.card import UNSTATED, format_figure
    from skysieve.models.sieve import Sieve

    opened = Sieve.load(sieve)
    described = opened.description
    say(f"{described.name}: {described.summary}" if described.summary else described.name)
    say(f"labels: {opened.labels or UNSTATED}")
    say_table(_members(opened), title="members:")
    counting = {name: " (this one counts)" if name == opened.rule else "" for name in opened.rules}
    rules = {name: rule.explain() + counting[name] for name, rule in opened.rules.items()}
    say_table(rules, title="a candidate passes if:")
    for split, figures in described.figures.items():
        words = {
            name: in_words(value) if _is_nested(value) else format_figure(value)
            for name, value in figures.items()
        }
        say_table(words, title=f"figures on {split} (95 % interval):")
    say_table({"identity": opened.identity, "folder": opened.folder})


def decide(
    scores: Annotated[Path, typer.Argument(help="A table of streak scores (Parquet).")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The table with new verdicts.")],
    sieve: Annotated[
        str | None,
        typer.Option(help="Whose thresholds and rules count; those of the table if left out."),
    ] = None,
    rule: Annotated[
        list[str] | None,
        typer.Option(help="""A rule's name, its JSON, or NAME=JSON: '{"any": "rb"}'; may be repeated."""),
    ] = None,
    threshold: Annotated[
        list[str] | None,
        typer.Option(help="Threshold of a family or a member: rb=0.7; may be repeated."),
    ] = None,
) -> None:
    """Decide anew who passes, from stored scores: no network runs."""
    from skysieve.cli.streak_scoring import say_passed
    from skysieve.models.rules import parse_rule
    from skysieve.models.sieve import Sieve
    from skysieve.scoring.streak_table import read_description, read_scores, redecide, write_scores

    opened = None if sieve is None else Sieve.load(sieve)
    table = read_scores(scores)
    if output.exists():
        read_scores(output)
    if opened is None:
        stored = read_description(table.schema.metadata, scores)["rules"]
        known = {name: parse_rule(each) for name, each in stored.items()}
    else:
        known = dict(opened.rules)
    chosen = dict(_rule(each, known) for each in rule or ())
    decided = redecide(table, opened, rules=chosen, thresholds=parse_assignments(threshold or ()))
    write_scores(decided, output)
    description = read_description(decided.schema.metadata, output)
    say_passed(description["counts"]["passed"], decided.num_rows)
    say(f"verdicts: {output}")


def _members(sieve: Sieve) -> dict[str, str]:
    words = {}
    for member in sieve.members:
        threshold = sieve.thresholds[member.name]
        words[member.name] = (
            f"{member.family}  >= {threshold.value:g} ({threshold.origin})  "
            f"{member.model.description.network['name']}  {member.model.identity[:12]}"
        )
    return words


def _is_nested(value: object) -> bool:
    return isinstance(value, dict) and "value" not in value


def _rule(given: str, known: dict[str, Rule]) -> tuple[str, Rule]:
    """Return the name and the rule of a ``--rule``."""
    import difflib

    from skysieve.errors import ConfigurationError
    from skysieve.models.rules import parse_rule

    name, equals, text = given.partition("=") if not given.lstrip().startswith("{") else (UNNAMED, "=", given)
    if not equals:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]!r}?" if near else f"known are: {', '.join(known)}; or give JSON"
            raise ConfigurationError(f"no rule is called {name!r}; {hint}")
        return name, known[name]
    try:
        return name, parse_rule(json.loads(text))
    except ValueError as error:
        if isinstance(error, ConfigurationError):
            raise
        raise ConfigurationError(f"the rule {text!r} is not JSON ({error})") from None
