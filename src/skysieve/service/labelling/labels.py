"""What people say of candidates: said once, undone or said anew, never changed.

Of one person, one candidate and one campaign (or none) one label counts at a time. Saying something else
withdraws what was said before, at the very time at which the new label is made; undoing the new one lets
the earlier count again. So undoing is exact: it leaves what was before.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from skysieve.errors import AccessError, InputError
from skysieve.service.database.columns import utc_now
from skysieve.service.database.tables import Campaign, Candidate, Label, Taxonomy, User
from skysieve.service.labelling.campaign_rules import check_may_label
from skysieve.service.labelling.taxonomies import check_value, current_taxonomy

__all__ = ["ORIGINS", "GivenLabel", "give_label", "labels_of", "plurality", "undo_last", "withdraw"]

#: Where a label may come from.
ORIGINS = ("scan", "page", "api", "import")


class GivenLabel(NamedTuple):
    """A label with the names that a reader wants."""

    label: Label
    user: str
    taxonomy: str
    version: int
    #: Name of the campaign; empty: none.
    campaign: str

    @property
    def counts(self) -> bool:
        """Whether it counts: nobody has taken it back or said something else since."""
        return self.label.withdrawn_at is None


def give_label(
    session: Session,
    *,
    candidate_id: int,
    user_id: int,
    value: str,
    taxonomy_id: int | None = None,
    campaign_id: int | None = None,
    origin: str = "page",
    machine_hidden: bool = False,
    seconds: float | None = None,
    request_key: str | None = None,
) -> Label:
    """Store what a person says of a candidate.

    Parameters
    ----------
    session : Session
        Of `Database.writing`.
    candidate_id, user_id : int
        Of what, by whom.
    value : str
        A class of the taxonomy.
    taxonomy_id : int, optional
        The version that was shown; that of the campaign, or the newest of the kind, if not given.
    campaign_id : int, optional
        The campaign that asked; it must be open, hold the candidate, and its tutorial have been read.
    origin : {"page", "scan", "api", "import"}
        Where it was said.
    machine_hidden : bool
        Whether the scores were hidden.
    seconds : float, optional
        From showing to saying.
    request_key : str, optional
        Chosen by the sender: the same key again changes nothing and returns the label of the first time.

    Returns
    -------
    Label
        The label that counts now; of a repeated request, that of the first, which may be undone since.

    Raises
    ------
    InputError
        ``no-such-candidate``, ``bad-class``, ``no-such-taxonomy``, ``bad-label``, ``request-key-taken``,
        and as of `skysieve.service.labelling.campaign_rules.check_may_label`.
    """
    kind = _lock(session, candidate_id)
    if request_key is not None:
        before = session.scalars(select(Label).where(Label.request_key == request_key)).first()
        if before is not None:
            return _same_request(before, candidate_id, user_id)
    _check_words(origin, seconds, request_key)
    campaign = None if campaign_id is None else check_may_label(session, campaign_id, candidate_id, user_id)
    taxonomy = _taxonomy(session, kind, taxonomy_id, campaign)
    check_value(taxonomy, value)
    now = utc_now()
    _supersede(session, candidate_id, user_id, campaign_id, now)
    label = Label(
        candidate_id=candidate_id,
        user_id=user_id,
        taxonomy_id=taxonomy.id,
        campaign_id=campaign_id,
        value=value,
        machine_hidden=machine_hidden,
        origin=origin,
        seconds=seconds,
        made_at=now,
        request_key=request_key,
    )
    _insert(session, label)
    _recount(session, candidate_id)
    return label


def undo_last(session: Session, user_id: int, *, campaign_id: int | None = None) -> Label | None:
    """Take back the last label that a person gave and that still counts; called again, the one before.

    What that label had replaced counts again.

    Parameters
    ----------
    session : Session
        Of `Database.writing`.
    user_id : int
        Who.
    campaign_id : int, optional
        Where; None: outside of campaigns.

    Returns
    -------
    Label or None
        What was taken back; None if there is nothing.
    """
    # Rows by id: what was restored stands where it was given, not where it was restored.
    last = session.scalars(
        select(Label)
        .where(Label.user_id == user_id, Label.withdrawn_at.is_(None), _within(campaign_id))
        .order_by(Label.id.desc())
        .limit(1)
    ).first()
    return None if last is None else withdraw(session, last.id, user_id)


def withdraw(session: Session, label_id: int, user_id: int) -> Label:
    """Take one label back; what it had replaced counts again. One that was taken back stays so.

    Raises
    ------
    InputError
        ``no-such-label``, or ``closed-campaign`` if its campaign does not take labels any more.
    AccessError
        If somebody else gave it.
    """
    label = session.get(Label, label_id)
    if label is None:
        raise InputError(str(label_id), "no-such-label", "no label has this number")
    if label.user_id != user_id:
        raise AccessError("a label is taken back by who gave it")
    if label.campaign_id is not None:
        check_may_label(session, label.campaign_id, label.candidate_id, user_id)
    _lock(session, label.candidate_id)
    session.refresh(label)
    if label.withdrawn_at is not None:
        return label
    label.withdrawn_at = utc_now()
    session.flush()
    session.execute(
        update(Label)
        .where(
            Label.candidate_id == label.candidate_id,
            Label.user_id == user_id,
            _within(label.campaign_id),
            Label.withdrawn_at == label.made_at,
        )
        .values(withdrawn_at=None)
        .execution_options(synchronize_session=False)
    )
    _recount(session, label.candidate_id)
    return label


def labels_of(session: Session, candidate_id: int, *, withdrawn: bool = False) -> list[GivenLabel]:
    """Return the labels of a candidate, the oldest first; with those taken back where asked."""
    statement = (
        select(Label, User.name, Taxonomy.name, Taxonomy.version, Campaign.name)
        .join(User, User.id == Label.user_id)
        .join(Taxonomy, Taxonomy.id == Label.taxonomy_id)
        .outerjoin(Campaign, Campaign.id == Label.campaign_id)
        .where(Label.candidate_id == candidate_id)
        .order_by(Label.id)
    )
    if not withdrawn:
        statement = statement.where(Label.withdrawn_at.is_(None))
    return [
        GivenLabel(label, user, taxonomy, version, campaign or "")
        for label, user, taxonomy, version, campaign in session.execute(statement)
    ]


def plurality(values: list[str]) -> str:
    """Return what most say; empty where nobody says anything, or two answers have the most.

    Examples
    --------
    >>> plurality(["real", "bogus", "real"]), plurality(["real", "bogus"]), plurality([])
    ('real', '', '')
    """
    ranked = Counter(values).most_common(2)
    if not ranked or (len(ranked) == 2 and ranked[0][1] == ranked[1][1]):
        return ""
    return ranked[0][0]


def _lock(session: Session, candidate_id: int) -> str:
    """Hold the candidate's row, so that two labels at once are counted one after the other; say its kind."""
    statement = select(Candidate.kind).where(Candidate.id == candidate_id).with_for_update()
    kind = session.scalar(statement)
    if kind is None:
        raise InputError(str(candidate_id), "no-such-candidate", "no candidate has this number")
    return kind


def _same_request(before: Label, candidate_id: int, user_id: int) -> Label:
    if (before.candidate_id, before.user_id) != (candidate_id, user_id):
        raise _taken(str(before.request_key))
    return before


def _taken(key: str) -> InputError:
    reason = "this request key was used for another label; choose a new one for each"
    return InputError(key[:64], "request-key-taken", reason)


def _check_words(origin: str, seconds: float | None, request_key: str | None) -> None:
    if origin not in ORIGINS:
        raise InputError(origin[:48], "bad-label", f"is no origin of labels; expected {', '.join(ORIGINS)}")
    if seconds is not None and not 0 <= seconds < 86_400 * 7:
        raise InputError("seconds", "bad-label", f"a label takes 0 seconds to a week, found {seconds}")
    if request_key is not None and not 1 <= len(request_key) <= 64:
        raise InputError("request_key", "bad-label", f"has {len(request_key)} characters; expected 1 to 64")


def _taxonomy(session: Session, kind: str, taxonomy_id: int | None, campaign: Campaign | None) -> Taxonomy:
    asked = taxonomy_id if campaign is None else campaign.taxonomy_id
    if asked is None:
        return current_taxonomy(session, kind)
    found = session.get(Taxonomy, asked)
    if found is None or found.kind not in ("", kind):
        raise InputError(str(asked), "no-such-taxonomy", f"is no taxonomy for candidates of kind {kind!r}")
    if campaign is not None and taxonomy_id not in (None, found.id):
        reason = f"the campaign {campaign.name} asks in the words of {found.name} version {found.version}"
        raise InputError(str(taxonomy_id), "no-such-taxonomy", reason)
    return found


def _within(campaign_id: int | None) -> ColumnElement[bool]:
    return Label.campaign_id.is_(None) if campaign_id is None else Label.campaign_id == campaign_id


def _supersede(
    session: Session, candidate_id: int, user_id: int, campaign_id: int | None, now: object
) -> None:
    session.execute(
        update(Label)
        .where(
            Label.candidate_id == candidate_id,
            Label.user_id == user_id,
            _within(campaign_id),
            Label.withdrawn_at.is_(None),
        )
        .values(withdrawn_at=now)
        .execution_options(synchronize_session="fetch")
    )


def _insert(session: Session, label: Label) -> None:
    try:
        with session.begin_nested():
            session.add(label)
    except IntegrityError:
        # The key came with another candidate at the same time; a lock of one does not see the other.
        raise _taken(str(label.request_key)) from None


def _recount(session: Session, candidate_id: int) -> None:
    """Bring the copies on the candidate up to date: one voice a person, the last that counts."""
    rows = session.execute(
        select(Label.user_id, Label.value)
        .where(Label.candidate_id == candidate_id, Label.withdrawn_at.is_(None))
        .order_by(Label.id)
    )
    voices = {row.user_id: row.value for row in rows}
    session.execute(
        update(Candidate)
        .where(Candidate.id == candidate_id)
        .values(label=plurality(list(voices.values())), label_count=len(voices))
    )
