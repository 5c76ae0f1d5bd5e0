"""What has been found of an item so far, and what that makes of it in the end."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Set
from dataclasses import dataclass, field

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from skysieve.service.database.tables import JournalEntry, QuarantinedItem
from skysieve.service.ingest.items import Item, Outcome
from skysieve.service.ingest.journal import Key, Line
from skysieve.service.ingest.pieces import Problem, Result
from skysieve.service.ingest.quarantine import OPEN, RETRY, resolve, set_aside

__all__ = ["MOST_PROBLEMS", "RetriedTally", "Tally", "outcome_of"]

#: Bad records of one item that are written down one by one; further ones are counted.
MOST_PROBLEMS = 1000

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Tally:
    """What has been found of an item.

    Parameters
    ----------
    item : Item
        The item.
    known : bool
        Whether it was taken before, with another stamp: its quarantine may be resolved.
    """

    item: Item
    known: bool = False
    results: Counter[Result] = field(default_factory=Counter)
    #: Names of the candidates that it brought or changed.
    changed: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)
    uncounted: int = 0
    outcome: Outcome = "ignored"

    @property
    def key(self) -> Key:
        """Feed and name."""
        return self.item.feed, self.item.name

    def add_problem(self, problem: Problem) -> None:
        """Note a problem; beyond `MOST_PROBLEMS` they are counted."""
        _log.info("%s: %s %s: %s [%s]", *self.key, problem.record, problem.reason, problem.kind)
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(problem)
        else:
            self.uncounted += 1

    def told_problems(self) -> list[Problem]:
        """Return the problems, and how many more there are."""
        if not self.uncounted:
            return self.problems
        reason = f"{self.uncounted:,} further records are bad; mend the source and let the item come anew"
        return [*self.problems, Problem("(further)", "further-records", reason)]

    def close(self, session: Session, results: Counter[Result], changed: Set[str]) -> Line:
        """Write what is wrong with the item, and return its line of the journal.

        Parameters
        ----------
        session : Session
            Of the transaction that stores its last pieces.
        results : Counter
            What became of the pieces in this transaction.
        changed : set of str
            Candidates that they brought or changed.
        """
        total, problems = self.results + results, self.told_problems()
        if problems:
            set_aside(session, *self.key, problems)
        whole_is_bad = any(not problem.record for problem in problems)
        if self.known and not whole_is_bad:
            resolve(session, *self.key, but={problem.record for problem in problems})
        return Line(self.item, outcome_of(total, bad=bool(problems)), len(self.changed | changed))


@dataclass(slots=True)
class RetriedTally(Tally):
    """What has been found of bytes that were kept in quarantine.

    Parameters
    ----------
    record : str
        The file or member of the item that the bytes are of; empty: the whole.
    """

    record: str = ""

    def close(self, session: Session, results: Counter[Result], changed: Set[str]) -> Line:
        """Resolve what went well this time and correct the journal; the line is for the caller alone."""
        total, problems = self.results + results, self.told_problems()
        if problems:
            set_aside(session, *self.key, problems)
        bad = {problem.record for problem in problems}
        if self.record not in bad:
            resolve(session, *self.key, but=bad, within=self.record or None)
        line = Line(self.item, outcome_of(total, bad=bool(problems)), len(self.changed | changed))
        self._correct_journal(session, total, line.candidates)
        return line

    def _correct_journal(self, session: Session, total: Counter[Result], candidates: int) -> None:
        feed, item = self.key
        row = JournalEntry.feed == feed, JournalEntry.item == item
        before = session.scalar(select(JournalEntry.outcome).where(*row))
        left = session.scalar(
            select(func.count()).where(
                QuarantinedItem.feed == feed,
                QuarantinedItem.item == item,
                QuarantinedItem.state.in_((OPEN, RETRY)),
            )
        )
        found = outcome_of(total, bad=bool(left))
        if found == "quarantined" and before not in (None, "quarantined"):
            found = "partly"
        elif before == "partly" and not left:
            found = "stored"
        values = {"outcome": found, "candidates": JournalEntry.candidates + candidates}
        session.execute(
            update(JournalEntry).where(*row).values(values).execution_options(synchronize_session=False)
        )


def outcome_of(results: Mapping[Result, int], *, bad: bool) -> Outcome:
    """Return the outcome of an item.

    Parameters
    ----------
    results : mapping
        What became of its pieces, counted.
    bad : bool
        Whether any record could not be used.

    Examples
    --------
    >>> outcome_of({"stored": 3}, bad=True), outcome_of({"same": 3}, bad=False), outcome_of({}, bad=False)
    ('partly', 'duplicate', 'ignored')
    """
    if bad:
        return "partly" if any(results.values()) else "quarantined"
    if results.get("stored"):
        return "stored"
    if results.get("waiting"):
        return "waiting"
    return "duplicate" if results.get("same") else "ignored"
