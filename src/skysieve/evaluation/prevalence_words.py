"""The precision of a model in words that nobody can misread."""

from __future__ import annotations

import math
from collections.abc import Sequence

from skysieve.evaluation.intervals import Interval

__all__ = ["count_of", "one_in", "precision_statement"]

At = tuple[float, Interval]
SIMILAR = 0.1
"""Shares that differ by less, as a part of the greater, are called alike."""


def precision_statement(subject: str, here: At, sky: At | None, elsewhere: Sequence[At]) -> str:
    """Say how many samples called ``subject`` are right, and how that depends on its share.

    Parameters
    ----------
    subject : str
        Name of the class.
    here, sky : tuple of float and Interval
        Share and precision among the judged samples; on the sky, None where that is not known.
    elsewhere : sequence of the same
        At other shares, told where the true one is not known.

    Examples
    --------
    >>> def certain(value):
    ...     return Interval(value, value, value, 0.95, 0, "wilson")
    >>> precision_statement("merger", (0.25, certain(0.81)), (0.001, certain(0.03)), [])
    'Of 100 samples called merger, 3 (3 to 3) are right on the sky, where 1 in 1,000 is merger. In this test \
set 81 are, because here 1 in 4 is.'
    """
    if sky is None:
        return _unknown(subject, here, elsewhere)
    (share_here, found_here), (share, found) = here, sky
    if not math.isfinite(found.value):
        return (
            f"How many of 100 samples called {subject} are right on the sky, where {one_in(share)} "
            f"{subject}, cannot be told: none is called {subject}, or a class has no sample in this test set."
        )
    base = _base(found.value)
    first = (
        f"Of {base:,} samples called {subject}, {_ranged(found, base)} are right on the sky, "
        f"where {one_in(share)} {subject}."
    )
    if abs(share - share_here) < SIMILAR * max(share, share_here):
        return f"{first} The share in this test set is much the same."
    return (
        f"{first} In this test set {count_of(found_here.value, base)} are, because here {one_in(share_here)}."
    )


def count_of(precision: float, base: int = 100) -> str:
    """Write a share as a count of ``base``, with the decimals that it needs to differ from none and all.

    Examples
    --------
    >>> count_of(0.812), count_of(0.0132), count_of(0.9994), count_of(0.0), count_of(float("nan"))
    ('81', '1.3', '99.94', '0', 'an unknown number')
    """
    if not math.isfinite(precision):
        return "an unknown number"
    count = precision * base
    for decimals in range(4):
        text = f"{count:,.{decimals}f}"
        if abs(float(text.replace(",", "")) - count) <= 0.1 * min(count, base - count) + 1e-9:
            break
    return text


def one_in(share: float) -> str:
    r"""Write a share as people count, with its verb.

    Examples
    --------
    >>> one_in(0.25), one_in(0.001), one_in(1 / 340), one_in(0.4), one_in(0.9)
    ('1 in 4 is', '1 in 1,000 is', '1 in 340 is', '40\xa0% are', '90\xa0% are')
    """
    if share <= 0:
        return "none is"
    number = 1 / share
    if share > 0.51 or (number < 10 and abs(number - round(number)) > 0.05 * number):
        return f"{count_of(share)}\N{NO-BREAK SPACE}% are"
    digits = max(0, math.floor(math.log10(number)) - 1)
    return f"1 in {round(number / 10**digits) * 10**digits:,} is"


def _unknown(subject: str, here: At, elsewhere: Sequence[At]) -> str:
    share, found = here
    if not math.isfinite(found.value):
        return (
            f"No sample of this test set is called {subject}: how many of those that are called so would be "
            "right cannot be told."
        )
    first = (
        f"Of 100 samples called {subject}, {_ranged(found, 100)} are right in this test set, "
        f"where {one_in(share)} {subject}."
    )
    told = [(share, each) for share, each in elsewhere if math.isfinite(each.value)]
    if not told:
        return first
    numbers = "; ".join(f"where {one_in(share)}, {count_of(each.value)}" for share, each in told)
    return (
        f"{first} The true share on the sky is not stated (evaluation.prevalences), and the number "
        f"changes with it: {numbers}."
    )


def _base(precision: float) -> int:
    base = 100
    while 0 < precision * base < 0.95 and base < 1_000_000:
        base *= 10
    return base


def _ranged(found: Interval, base: int) -> str:
    ends = (
        f" ({count_of(found.low, base)} to {count_of(found.high, base)})" if math.isfinite(found.low) else ""
    )
    return count_of(found.value, base) + ends
