"""How many came in on a night, were scored, stand out, and were put aside."""

from __future__ import annotations

from skysieve.errors import ConfigurationError

__all__ = ["night_counts"]


def night_counts(*, received: int, scored: int, candidates: int, of: str) -> dict[str, int]:
    """Return the counts on top of the report of a night, by their titles.

    Parameters
    ----------
    received, scored, candidates : int
        How many came in, those put aside included; how many have a score; how many stand out.
    of : str
        What is counted, for the error: ``streaks``.

    Raises
    ------
    ConfigurationError
        If fewer were received than scored.

    Examples
    --------
    >>> night_counts(received=12, scored=11, candidates=2, of="streaks")
    {'received': 12, 'scored': 11, 'candidates': 2, 'put aside': 1}
    """
    if scored > received:
        raise ConfigurationError(f"{scored} scores of {received} {of} received; expected at most as many")
    return {"received": received, "scored": scored, "candidates": candidates, "put aside": received - scored}
