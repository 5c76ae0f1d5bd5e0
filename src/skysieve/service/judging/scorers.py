"""Take models and sieves in, and say what each of them does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from skysieve.errors import ConfigurationError
from skysieve.models.model import Model
from skysieve.models.sieve import Sieve, load_model_or_sieve
from skysieve.service.accounts.audit import record
from skysieve.service.accounts.caller import Caller
from skysieve.service.database.insert import insert_new
from skysieve.service.database.tables import Scorer
from skysieve.service.database.tables.candidates import ALERT, STREAK
from skysieve.service.database.tables.judging import BESIDE, ON_DUTY, RETIRED
from skysieve.service.judging.contracts import check_suits
from skysieve.service.judging.duty import promote, retire, roll_back
from skysieve.service.judging.model_copies import copy_in
from skysieve.service.judging.opening import open_scorer
from skysieve.service.judging.rescoring import rescore
from skysieve.service.judging.scorer_account import account_of
from skysieve.service.judging.scorer_rows import all_scorers, find_scorer, on_duty
from skysieve.service.service import Service

__all__ = [
    "all_scorers",
    "ensure_default_scorers",
    "find_scorer",
    "on_duty",
    "open_scorer",
    "promote",
    "register",
    "rescore",
    "retire",
    "roll_back",
]

#: Letters of a name of a member or a rule that the database has room for.
_LONGEST_NAME = 48


def register(
    service: Service, place: str | Path, *, kind: str, duty: str = BESIDE, actor: str | Caller = "command"
) -> int:
    """Take a model or a sieve in: verify it, copy it, and let it score what comes from now on.

    Parameters
    ----------
    service : Service
        The service.
    place : str or path
        Folder of a model or a sieve, or the name of a shipped one; copied, so that neither an upgrade nor a
        training run changes what is on duty.
    kind : str
        Kind of candidates that it is to score: ``alert`` or ``streak``.
    duty : {"beside", "on-duty"}
        What it does; with ``on-duty`` it is put on duty in the place of another.
    actor : str or Caller
        Who asked, for the audit log.

    Returns
    -------
    int
        Id of its row. The same model again is the same row; a retired one scores beside again.

    Raises
    ------
    ModelError
        If it is damaged.
    ContractError
        If it does not take what candidates of the kind have.
    ConfigurationError
        If there is no such kind or duty.
    """
    if duty not in (BESIDE, ON_DUTY):
        raise ConfigurationError(f"a scorer is registered {BESIDE!r} or {ON_DUTY!r}, not {duty!r}")
    opened = load_model_or_sieve(place)
    contract = opened.contract if isinstance(opened, Sieve) else opened.description.contract
    check_suits(contract, kind, opened.description.name)
    account = account_of(opened)
    _check_names(account, opened.description.name)
    row = _row(copy_in(service.home, opened), kind, account)

    def work(session: Session) -> int:
        known: Scorer | None = session.scalars(_of(row)).one_or_none()
        if known is not None and known.duty != RETIRED:
            return known.id
        insert_new(session, Scorer, [row])
        scorer: Scorer = session.scalars(_of(row).with_for_update()).one()
        scorer.duty = BESIDE if scorer.duty == RETIRED else scorer.duty
        record(session, actor, "scorer.register", str(scorer.id), {"name": scorer.name, "kind": kind})
        return scorer.id

    scorer_id = service.database.write(work)
    if duty == ON_DUTY:
        promote(service, scorer_id, actor=actor)
    return scorer_id


def ensure_default_scorers(service: Service) -> None:
    """Give a new service the scorers that its settings name; a kind that has had one is left alone.

    Raises
    ------
    ModelError, ContractError
        If the settings name what cannot score.
    """
    wanted = {ALERT: service.settings.judging.alerts, STREAK: service.settings.judging.streaks}
    with service.database.reading() as session:
        known = set(session.scalars(select(Scorer.kind).distinct()))
    for kind, place in wanted.items():
        if place and kind not in known:
            register(service, place, kind=kind, duty=ON_DUTY, actor="settings")


def _check_names(account: dict[str, Any], name: str) -> None:
    for given in (*(member["name"] for member in account["members"]), *account["rules"]):
        if len(given) > _LONGEST_NAME:
            raise ConfigurationError(
                f"{name}: the name {given!r} is longer than {_LONGEST_NAME} letters; give it a shorter one"
            )


def _row(opened: Model | Sieve, kind: str, account: dict[str, Any]) -> dict[str, Any]:
    return {
        "kind": kind,
        "identity": opened.identity,
        "name": opened.description.name[:80],
        "is_sieve": isinstance(opened, Sieve),
        "place": opened.folder.name,
        "description": account,
        "duty": BESIDE,
    }


def _of(row: dict[str, Any]) -> Select[Any]:
    return select(Scorer).where(Scorer.kind == row["kind"], Scorer.identity == row["identity"])
