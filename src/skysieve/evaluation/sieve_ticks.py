"""Numbers on a logarithmic axis that spans little more than a decade."""

from __future__ import annotations

import math

__all__ = ["few_digits"]


def few_digits(value: float) -> str:
    """Write 2 and 5 of each decade and leave the other minor ticks bare.

    Examples
    --------
    >>> [few_digits(value) for value in (0.2, 0.3, 5.0, 70.0)]
    ['0.2', '', '5', '']
    """
    if value <= 0:
        return ""
    digit = value / 10 ** math.floor(math.log10(value))
    return f"{value:g}" if any(math.isclose(digit, few, rel_tol=1e-6) for few in (2, 5)) else ""
