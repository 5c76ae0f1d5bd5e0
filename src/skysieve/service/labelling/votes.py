"""Who said what, as numbers: one vote a person and item, for agreement and consensus."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import InputError

__all__ = ["Votes", "votes_from"]

IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Votes:
    """Votes in long form: vote ``v`` is that ``raters[rater[v]]`` called ``items[item[v]]`` ``value[v]``.

    Parameters
    ----------
    items, raters : tuple of int
        Candidates and people; items without any vote may be among them.
    classes : tuple of str
        The words.
    item, rater, value : ndarray of int64, shape (V,)
        Indices into the three; nobody votes twice on an item.
    """

    items: tuple[int, ...]
    raters: tuple[int, ...]
    classes: tuple[str, ...]
    item: IntArray
    rater: IntArray
    value: IntArray

    def __len__(self) -> int:
        return len(self.value)

    def counts(self) -> IntArray:
        """Return how many call an item a class, shape (items, classes)."""
        counts = np.zeros((len(self.items), len(self.classes)), dtype=np.int64)
        np.add.at(counts, (self.item, self.value), 1)
        return counts

    def table(self) -> IntArray:
        """Return the votes as a table, shape (items, raters); -1 where somebody did not vote."""
        table = np.full((len(self.items), len(self.raters)), -1, dtype=np.int64)
        table[self.item, self.rater] = self.value
        return table


def votes_from(
    votes: Iterable[tuple[int, int, str]], classes: Sequence[str], *, items: Iterable[int] = ()
) -> Votes:
    """Collect votes.

    Parameters
    ----------
    votes : iterable of (int, int, str)
        Item, person and word; of two by one person on one item the later counts.
    classes : sequence of str
        The words that there are.
    items : iterable of int
        Items to know of even where nobody voted.

    Raises
    ------
    InputError
        ``bad-class`` if a vote is none of the words.

    Examples
    --------
    >>> votes_from([(5, 1, "real"), (5, 2, "bogus")], ("bogus", "real")).table().tolist()
    [[1, 0]]
    """
    index = {name: number for number, name in enumerate(classes)}
    last: dict[tuple[int, int], int] = {}
    for item, rater, word in votes:
        if word not in index:
            raise InputError(str(item), "bad-class", f"{word!r} is none of {', '.join(classes)}")
        last[item, rater] = index[word]
    known_items = tuple(sorted({*items, *(item for item, _ in last)}))
    known_raters = tuple(sorted({rater for _, rater in last}))
    item_at = {item: at for at, item in enumerate(known_items)}
    rater_at = {rater: at for at, rater in enumerate(known_raters)}
    rows = sorted((item_at[item], rater_at[rater], value) for (item, rater), value in last.items())
    columns = np.asarray(rows, dtype=np.int64).reshape(-1, 3)
    return Votes(
        known_items, known_raters, tuple(classes), *(np.ascontiguousarray(columns[:, at]) for at in range(3))
    )
