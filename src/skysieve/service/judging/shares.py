"""A share with its interval, and how it is written."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Share", "percent", "share_of"]


@dataclass(frozen=True, slots=True)
class Share:
    """A share and the ends of its 95 % interval.

    Parameters
    ----------
    value, low, high : float
        From 0 to 1.
    n : int
        Of how many; 0 where that is not known.
    """

    value: float
    low: float
    high: float
    n: int = 0


def share_of(successes: int, n: int) -> Share:
    """Return a share with Wilson's interval.

    Examples
    --------
    >>> share = share_of(18, 20)
    >>> percent(share.value), percent(share.low), percent(share.high)
    ('90 %', '70 %', '97 %')
    """
    from skysieve.evaluation.intervals import wilson_interval

    found = wilson_interval(successes, n)
    return Share(found.value, found.low, found.high, n)


def percent(share: float) -> str:
    """Write a share in per cent, with a decimal where a whole number would say none or all.

    Examples
    --------
    >>> percent(0.876), percent(0.0042), percent(0.996), percent(0.99999), percent(0.0), percent(1.0)
    ('88 %', '0.4 %', '99.6 %', '> 99.9 %', '0 %', '100 %')
    """
    value = 100 * share
    if 0 < value < 0.05:
        return "< 0.1 %"
    if 99.95 <= value < 100:
        return "> 99.9 %"
    return f"{value:.1f} %" if 0 < value < 0.95 or 99.05 <= value < 100 else f"{value:.0f} %"
