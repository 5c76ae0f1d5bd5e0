"""What is wrong with a filter, said with the place and the nearest right name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from skysieve.errors import InputError

__all__ = ["bad_filter", "did_you_mean"]

#: Characters shown on each side of the place.
_AROUND = 36


def bad_filter(text: str, position: int, reason: str) -> InputError:
    """Return the error that points at a place of a filter.

    Parameters
    ----------
    text : str
        The filter.
    position : int
        Index of the character where it goes wrong.
    reason : str
        What was found and what was expected.

    Examples
    --------
    >>> print(bad_filter("scor > 0.9", 0, "no field is called 'scor'").reason)
    no field is called 'scor' (character 1)
      scor > 0.9
      ^
    """
    start, end = max(0, position - _AROUND), position + _AROUND
    # What cannot be seen would shift the caret.
    shown = "".join(character if character.isprintable() else "·" for character in text[start:end])
    before = "..." if start else ""
    after = "..." if end < len(text) else ""
    caret = " " * (len(before) + position - start) + "^"
    return InputError(
        "filter", "bad-filter", f"{reason} (character {position + 1})\n  {before}{shown}{after}\n  {caret}"
    )


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return the end of a message: the nearest names, or all where there are few.

    Examples
    --------
    >>> did_you_mean("scor", ["score", "mag"])
    '; did you mean score?'
    """
    names = sorted(set(known))
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.7)
    if near:
        return f"; did you mean {' or '.join(near)}?"
    return f"; known are: {', '.join(names)}" if 0 < len(names) <= 30 else ""
