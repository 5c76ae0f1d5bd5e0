"""The questions that DeepStreaks asks of a streak, one for each family of networks, and their answers.

Duev et al. 2019, MNRAS 486, 4158. Labels, scores and reports all take the words from here.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["FAMILIES", "FAMILY_ANSWERS"]

#: The answers in words, 0 and 1; the score is the probability of the second.
FAMILY_ANSWERS: Mapping[str, tuple[str, str]] = {
    "rb": ("bogus", "streak"),
    "sl": ("long", "short"),
    "kd": ("ditch", "keep"),
    "os": ("other", "plausible"),
}
#: The families by name, in the order in which their labels are listed.
FAMILIES = tuple(FAMILY_ANSWERS)
