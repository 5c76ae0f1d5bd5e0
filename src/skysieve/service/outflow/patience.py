"""How long a destination is given before a message is given up."""

from __future__ import annotations

import random
from dataclasses import dataclass

__all__ = ["Patience", "growing_pause"]


@dataclass(frozen=True, slots=True)
class Patience:
    """When a message is sent again, and when it is given up.

    With the defaults a message that is refused each time is given up after more than a day.

    Parameters
    ----------
    attempts : int
        Times that one message is sent before it is given up; the reason is kept.
    first_s, longest_s : float
        Seconds before the second attempt, doubled before each further one, and the longest pause.
    rest_s : float
        Longest pause before a destination that cannot be reached is tried with the next message.
    lease_s : float
        Seconds for which messages belong to the process that took them; after that another one, which
        sees that they were not marked, sends them again.
    look_s : float
        Seconds between two looks for what is due.
    """

    attempts: int = 48
    first_s: float = 5.0
    longest_s: float = 3600.0
    rest_s: float = 60.0
    lease_s: float = 600.0
    look_s: float = 1.0

    def after(self, attempts: int) -> float:
        """Return the seconds until a message is sent again that failed so many times."""
        return growing_pause(attempts, first_s=self.first_s, longest_s=self.longest_s)

    def rest(self, failures: int) -> float:
        """Return the seconds to leave a destination alone that failed so many times in a row."""
        return growing_pause(failures, first_s=self.first_s, longest_s=self.rest_s)


def growing_pause(failures: int, *, first_s: float, longest_s: float) -> float:
    """Return the seconds to wait after so many failures in a row.

    The pause doubles from failure to failure up to the longest, and is spread at random over its upper
    half, so that those who failed together do not come back together.

    Parameters
    ----------
    failures : int
        Failures in a row, at least 1.
    first_s, longest_s : float
        Pause after the first failure, and the longest, seconds.

    Examples
    --------
    >>> 4.0 <= growing_pause(3, first_s=2.0, longest_s=60.0) <= 8.0
    True
    >>> 30.0 <= growing_pause(5000, first_s=2.0, longest_s=60.0) <= 60.0
    True
    """
    # Beyond 2**60 the power only overflows: the longest pause was reached long before.
    pause = min(first_s * 2.0 ** min(failures - 1, 60), longest_s)
    return pause * random.uniform(0.5, 1.0)  # noqa: S311 - spreads clients, guards nothing
