"""``skysieve scorers``: which models and sieves score for a service, and which of them is on duty."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from skysieve.cli.output import examples, say, say_table
from skysieve.cli.service_home import HomeOption

if TYPE_CHECKING:
    from skysieve.service.service import Service

__all__ = ["add_to"]

#: Who did it, in the audit log.
ACTOR = "command"

ScorerArgument = Annotated[int, typer.Argument(help="Number of the scorer, as `scorers list` shows it.")]
KindArgument = Annotated[str, typer.Argument(help="Kind of candidates: alert or streak.")]
RetireOption = Annotated[
    bool, typer.Option("--retire-former", help="The former scores no more; without it, it scores beside.")
]


def add_to(application: typer.Typer) -> None:
    """Add the verb."""
    verb = typer.Typer(
        help="Say which models and sieves score for a service, and which of them is on duty.",
        no_args_is_help=True,
    )
    verb.command("list", epilog=examples("skysieve scorers list --home vetting"))(list_)
    verb.command(
        "add",
        epilog=examples(
            "skysieve scorers add streaks --kind streak --on-duty --home vetting",
            "skysieve scorers add imported/ --kind alert --home vetting",
        ),
    )(add)
    verb.command("promote", epilog=examples("skysieve scorers promote 1 --home vetting"))(promote)
    verb.command("roll-back", epilog=examples("skysieve scorers roll-back alert --home vetting"))(roll_back)
    verb.command("retire", epilog=examples("skysieve scorers retire 1 --home vetting"))(retire)
    verb.command("rescore", epilog=examples("skysieve scorers rescore 2 --night 20240213 --home vetting"))(
        rescore
    )
    application.add_typer(verb, name="scorers")


def list_(home: HomeOption = None) -> None:
    """Print all scorers: kind, what they do, identity, how many candidates they have still to score."""
    from sqlalchemy import func, select

    from skysieve.service.database.tables import PendingScore
    from skysieve.service.judging.scorers import all_scorers

    with _opened(home) as service, service.database.reading() as session:
        counted = select(PendingScore.scorer_id, func.count()).group_by(PendingScore.scorer_id)
        pending = {row[0]: row[1] for row in session.execute(counted)}
        rows = {str(each.id): _line(each, pending.get(each.id, 0)) for each in all_scorers(session)}
    if rows:
        say_table(rows)
    else:
        say("nothing scores yet; add a model with `skysieve scorers add PLACE --kind alert --on-duty`")


def add(
    place: Annotated[str, typer.Argument(help="A model folder, a sieve, or the name of a shipped one.")],
    kind: Annotated[str, typer.Option(help="Kind of candidates that it scores: alert or streak.")],
    on_duty: Annotated[bool, typer.Option("--on-duty", help="Put it on duty at once.")] = False,
    home: HomeOption = None,
) -> None:
    """Take a model or a sieve in: it is verified and copied, and scores beside until it is promoted."""
    from skysieve.service.database.tables.judging import BESIDE, ON_DUTY
    from skysieve.service.judging.scorers import register

    with _opened(home) as service:
        scorer = register(service, place, kind=kind, duty=ON_DUTY if on_duty else BESIDE, actor=ACTOR)
        _say_duty(service, scorer)


def promote(scorer: ScorerArgument, retire_former: RetireOption = False, home: HomeOption = None) -> None:
    """Put a scorer on duty: its scores are those that pages sort by and that leave."""
    from skysieve.service.judging import scorers

    with _opened(home) as service:
        scorers.promote(service, scorer, actor=ACTOR, former=_former(retire_former))
        _say_duty(service, scorer)


def roll_back(kind: KindArgument, retire_former: RetireOption = False, home: HomeOption = None) -> None:
    """Put the scorer on duty that was so before the present one."""
    from skysieve.service.judging import scorers

    with _opened(home) as service:
        scorer = scorers.roll_back(service, kind, actor=ACTOR, former=_former(retire_former))
        _say_duty(service, scorer)


def retire(scorer: ScorerArgument, home: HomeOption = None) -> None:
    """Let a scorer score no more; its scores stay."""
    from skysieve.service.judging import scorers

    with _opened(home) as service:
        scorers.retire(service, scorer, actor=ACTOR)
        _say_duty(service, scorer)


def rescore(
    scorer: ScorerArgument,
    night: Annotated[
        str | None, typer.Option(help="Only candidates of this night, YYYYMMDD; all if left out.")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Also what it has scored already.")] = False,
    home: HomeOption = None,
) -> None:
    """Ask a scorer for candidates of the past; the worker scores them, beside what others said of them."""
    from skysieve.service.judging import scorers

    with _opened(home) as service:
        asked = scorers.rescore(service, scorer, night, again=again)
    say(f"{asked:,} candidates are to be scored" if asked else "there is nothing that it has not scored")


def _opened(home: Path | None) -> AbstractContextManager[Service]:
    from skysieve.service.operation.existing import existing_service

    return existing_service(home)


def _former(retired: bool) -> str:
    from skysieve.service.database.tables.judging import BESIDE, RETIRED

    return RETIRED if retired else BESIDE


def _say_duty(service: Service, scorer_id: int) -> None:
    from skysieve.service.judging.scorers import find_scorer

    with service.database.reading() as session:
        scorer = find_scorer(session, scorer_id)
        what = {"on-duty": "is on duty", "beside": "scores beside", "retired": "is retired"}[scorer.duty]
        say(f"{scorer.id} ({scorer.name}) {what} for the kind {scorer.kind}")


def _line(scorer: Any, pending: int) -> str:
    since = f"since {scorer.promoted_at:%Y-%m-%d %H:%M} UTC" if scorer.duty == "on-duty" else ""
    left = f"{pending:,} to score" if pending else ""
    words = (scorer.kind.ljust(6), scorer.duty.ljust(7), scorer.identity[:12], scorer.name, since, left)
    return "  ".join(word for word in words if word)
