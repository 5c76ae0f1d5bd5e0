"""The forms of a campaign's pages: what they hold, and what that asks for."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from skysieve.errors import InputError
from skysieve.service.labelling.campaigns import CampaignPlan
from skysieve.service.labelling.proposals import Chosen, Proposal, choose, chosen_by_id
from skysieve.service.service import Service

__all__ = ["WAYS", "CampaignForm", "gold_lines"]

#: Ways to choose, as the form says them; each is a field of it.
WAYS = {
    "random": "at random",
    "bins": "of each bin of scores",
    "uncertainty": "where the machine is in doubt",
    "disagreement": "where machines disagree",
}

Number = Annotated[int, Field(ge=0, le=100_000)]


class CampaignForm(BaseModel):
    """A campaign that is to be, as it was filled in."""

    name: str = Field(max_length=200)
    kind: Literal["alert", "streak"] = "alert"
    tutorial: str = Field("", max_length=50_000)
    labels_wanted: Number = 3
    gold_percent: Number = 10
    hide_machine: bool = False
    taxonomy: str = Field("", max_length=20)
    where: str = Field("", max_length=4000)
    random: Number = 0
    bins: Number = 0
    uncertainty: Number = 0
    disagreement: Number = 0
    relabel: bool = False
    seed: Number = 42
    candidates: str = Field("", max_length=1_000_000)

    def plan(self) -> CampaignPlan:
        """Return what the campaign is to be.

        Raises
        ------
        InputError
            ``bad-campaign``.
        """
        return CampaignPlan(
            name=self.name.strip(),
            kind=self.kind,
            tutorial=self.tutorial,
            labels_wanted=self.labels_wanted,
            hide_machine=self.hide_machine,
            taxonomy_id=int(self.taxonomy) if self.taxonomy.isdecimal() else None,
            gold_rate=self.gold_percent / 100,
        )

    def chosen(self, service: Service, session: Session) -> Chosen:
        """Return the candidates that are named, or choose some in the ways that were asked for.

        Raises
        ------
        InputError
            ``no-such-candidate``, and as of `skysieve.service.labelling.proposals.choose`.
        """
        if self.candidates.strip():
            return chosen_by_id(session, self.kind, _numbers(self.candidates))
        strategies = {way: number for way in WAYS if (number := getattr(self, way))}
        proposal = Proposal(self.kind, strategies, self.where, relabel=self.relabel, seed=self.seed)
        return choose(service, session, proposal)


def gold_lines(text: str) -> dict[int, tuple[str, str]]:
    """Read ``number class how it is known``, a line each.

    Raises
    ------
    InputError
        ``bad-gold``, ``no-such-candidate``.

    Examples
    --------
    >>> gold_lines("7 bogus a diffraction spike")
    {7: ('bogus', 'a diffraction spike')}
    """
    gold: dict[int, tuple[str, str]] = {}
    for line in filter(str.strip, text.splitlines()):
        words = line.split(maxsplit=2)
        if len(words) < 2:
            raise InputError(
                line[:60], "bad-gold", "expected the candidate's number, its class, and a reason"
            )
        (number,) = _numbers(words[0]) or [0]
        gold[number] = (words[1], words[2] if len(words) > 2 else "")
    return gold


def _numbers(text: str) -> list[int]:
    words = text.replace(",", " ").split()
    for word in words:
        if not (word.isascii() and word.isdigit() and len(word) <= 18):
            reason = "is no number of a candidate, as its page shows it"
            raise InputError(word[:40], "no-such-candidate", reason)
    return [int(word) for word in words]
