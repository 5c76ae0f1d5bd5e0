"""``skysieve campaigns``: ask several people for labels, and see how far they agree."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from skysieve.cli.output import examples, say, say_columns, say_table
from skysieve.cli.samples_from_labels import KindOption, WhereOption
from skysieve.cli.service_home import HomeOption
from skysieve.errors import ConfigurationError

if TYPE_CHECKING:
    from skysieve.evaluation.intervals import Interval

__all__ = ["add_to"]

CampaignArgument = Annotated[str, typer.Argument(help="Name of the campaign.")]


def add_to(application: typer.Typer) -> None:
    """Add the verb."""
    verb = typer.Typer(help="Campaigns: sets of candidates that several people label.", no_args_is_help=True)
    verb.command(
        "create",
        epilog=examples(
            "skysieve campaigns create second --home labelled-service --strategy random=10 --labels 2 "
            "--relabel --open",
        ),
    )(create)
    verb.command("list", epilog=examples("skysieve campaigns list --home labelled-service"))(list_)
    verb.command("show", epilog=examples("skysieve campaigns show first --home labelled-service"))(show)
    verb.command("open", epilog=examples("skysieve campaigns open first --home labelled-service"))(open_)
    verb.command("close", epilog=examples("skysieve campaigns close first --home labelled-service"))(close)
    application.add_typer(verb, name="campaigns")


def create(
    name: CampaignArgument,
    home: HomeOption = None,
    kind: KindOption = "alert",
    strategy: Annotated[
        str,
        typer.Option(
            help="Ways to choose, with their numbers: random, bins (of each), uncertainty, disagreement."
        ),
    ] = "random=100",
    where: WhereOption = "",
    per_object: Annotated[int | None, typer.Option(help="How many of one object at most.")] = None,
    relabel: Annotated[
        bool, typer.Option("--relabel", help="Choose candidates that have labels, too.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Seed of all random draws.")] = 42,
    labels: Annotated[int, typer.Option(help="Labels wanted of each candidate.")] = 3,
    tutorial: Annotated[Path | None, typer.Option(help="Text that labellers read before they begin.")] = None,
    show_machine: Annotated[
        bool, typer.Option("--show-machine", help="Show scores to labellers, which leads them.")
    ] = False,
    opened: Annotated[bool, typer.Option("--open", help="Open it at once.")] = False,
) -> None:
    """Choose candidates and ask people to label them."""
    from skysieve.service.accounts.audit import record
    from skysieve.service.labelling.campaigns import CampaignPlan, change_state, create_campaign
    from skysieve.service.labelling.proposals import Proposal, choose
    from skysieve.service.operation.existing import existing_service

    text = "" if tutorial is None else _read(tutorial)
    plan = CampaignPlan(
        name=name, kind=kind, tutorial=text, labels_wanted=labels, hide_machine=not show_machine
    )
    proposal = Proposal(
        kind=kind,
        strategies=_strategies(strategy),
        where=where,
        per_object=per_object,
        relabel=relabel,
        seed=seed,
    )
    with existing_service(home) as service:
        with service.database.reading() as session:
            chosen = choose(service, session, proposal)
        with service.database.writing() as session:
            campaign = create_campaign(session, plan, chosen)
            record(session, "command", "campaign.create", str(campaign.id), {"name": name})
            if opened:
                change_state(session, campaign.id, "open")
            number, state = campaign.id, campaign.state
        where_to = service.settings.web.public_url.rstrip("/")
    say(f"{len(chosen.candidates):,} of {chosen.record['candidates']:,} candidates, by:")
    say_table({f"  {way}": f"{count:,}" for way, count in chosen.record["counts"].items()})
    say(f"campaign {name} is {state}; people scan it at {where_to}/scan?campaign={number}")


def list_(home: HomeOption = None) -> None:
    """Print all campaigns and how far they are."""
    from skysieve.service.labelling.campaign_figures import progress
    from skysieve.service.labelling.campaigns import all_campaigns
    from skysieve.service.operation.existing import existing_service

    with existing_service(home) as service, service.database.reading() as session:
        rows = []
        for campaign in all_campaigns(session):
            fares = progress(session, campaign)
            done = f"{fares.done:,} of {fares.items:,}"
            rows.append((campaign.name, campaign.kind, campaign.state, done, f"{fares.share:.0%}"))
    if rows:
        say_columns(("campaign", "kind", "state", "done", "labels"), rows)
    else:
        say("there are no campaigns yet; make one with `skysieve campaigns create`")


def show(name: CampaignArgument, home: HomeOption = None) -> None:
    """Print how people label in a campaign, and how far they agree."""
    from skysieve.evaluation.report_page import number_text
    from skysieve.service.labelling.agreement import agreement
    from skysieve.service.labelling.campaign_figures import campaign_votes, labellers, progress
    from skysieve.service.labelling.campaigns import campaign_of_name
    from skysieve.service.operation.existing import existing_service

    with existing_service(home) as service, service.database.reading() as session:
        campaign = campaign_of_name(session, name)
        fares, people = progress(session, campaign), labellers(session, campaign)
        agreed = agreement(campaign_votes(session, campaign))
        state = campaign.state
    say_table(
        {
            "state": state,
            "done": f"{fares.done:,} of {fares.items:,} candidates, and {fares.gold:,} gold items",
            "labels": f"{fares.labels:,} of {fares.wanted:,} ({fares.share:.0%})",
            "Krippendorff's alpha": f"{agreed.alpha} on {agreed.items:,} candidates"
            if agreed.items
            else "nobody has labelled what somebody else has",
        },
        title=name,
    )
    if people:
        rows = [
            (
                each.name,
                each.labels,
                number_text(each.seconds, 1),
                _share(each.agreement),
                _share(each.accuracy),
                each.gold,
            )
            for each in people
        ]
        say_columns(("who", "labels", "seconds", "agrees with others", "right on gold", "gold"), rows)


def _share(interval: Interval) -> str:
    from skysieve.evaluation.report_page import interval_text

    value, around = interval_text(interval)
    return f"{value} ({around})" if around else value


def open_(name: CampaignArgument, home: HomeOption = None) -> None:
    """Take labels for a campaign."""
    _change(name, home, "open")


def close(name: CampaignArgument, home: HomeOption = None) -> None:
    """Take no more labels for a campaign; it can be opened again."""
    _change(name, home, "closed")


def _change(name: str, home: Path | None, state: str) -> None:
    from skysieve.service.accounts.audit import record
    from skysieve.service.labelling.campaigns import campaign_of_name, change_state
    from skysieve.service.operation.existing import existing_service

    with existing_service(home) as service, service.database.writing() as session:
        campaign = campaign_of_name(session, name)
        change_state(session, campaign.id, state)
        record(session, "command", "campaign.state", str(campaign.id), {"name": name, "state": state})
    say(f"campaign {name} is {state}")


def _strategies(text: str) -> dict[str, int]:
    """Read ``random=100,bins=20``."""
    chosen: dict[str, int] = {}
    for part in text.split(","):
        way, _, number = (piece.strip() for piece in part.partition("="))
        if not number.isdecimal():
            raise ConfigurationError(f"--strategy {part.strip()}: expected WAY=NUMBER, such as random=100")
        chosen[way] = int(number)
    return chosen


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{path}: cannot be read as a text in UTF-8 ({error})") from None
