"""Numbers as they were measured, or not at all."""

from __future__ import annotations

import math
from typing import Any

__all__ = ["measured"]


def measured(value: Any) -> float | None:
    """Return a finite number as a float; None for whatever else stands in its place: JSON has no NaN.

    Examples
    --------
    >>> measured(18), measured(float("nan")), measured("18"), measured(True)
    (18.0, None, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)
