"""The taxonomies that every service begins with.

``real`` says whether a class is what the models of the kind are there to find: for alerts a real change
in the sky, for streaks a plausible asteroid. Satellites and cosmic rays are streaks, and still not that.
No class is on ``u``: that key takes the last label back wherever people scan.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from skysieve.service.database.tables.candidates import ALERT, STREAK

__all__ = ["SHIPPED", "STREAK_CLASSES"]


def _class(name: str, key: str, meaning: str, real: bool | None) -> dict[str, Any]:
    return {"name": name, "key": key, "meaning": meaning, "real": real}


_REAL_BOGUS = (
    _class("real", "r", "a real change in the sky", True),
    _class("bogus", "b", "an artefact of detector, optics or image subtraction", False),
    _class("unsure", "q", "cannot be told from what is shown", None),
)

_DETAILED = (
    _class("transient", "t", "new, at or near a galaxy or where nothing was", True),
    _class("nuclear", "n", "real, in the nucleus of a galaxy", True),
    _class("variable-star", "v", "a star that was there before and has changed", True),
    _class("moving-object", "m", "asteroid or comet", True),
    _class("dipole", "d", "bright and dark side by side: images not aligned", False),
    _class("bright-star-residual", "s", "what is left of a bright or saturated star", False),
    _class("cosmic-ray", "c", "sharper than a star, or an elongated hit", False),
    _class("ghost", "g", "reflection, spike or stray light", False),
    _class("bad-pixels", "p", "bad columns, edges, masked regions", False),
    _class("noise", "o", "nothing is there", False),
    _class("unsure", "q", "cannot be told from what is shown", None),
)

#: The classes of the labelling interface of DeepStreaks (Duev et al. 2019) by their names here;
#: `skysieve.sources.streaks.labels.CLASS_LABELS` says what each answers to rb, sl, kd and os.
STREAK_CLASSES: Mapping[str, str] = {
    "plausible-asteroid": "Plausible Asteroid (short streak)",
    "satellite": "Satellite (long streak - could be partially masked)",
    "satellite-flashes": "Satellite flashes",
    "cosmic-ray": "Cosmic rays",
    "masked-star": "Masked bright star",
    "yin-yang": "Yin-Yang (multiple badly subtracted stars)",
    "dementor": "Dementors and ghosts",
    "skip": "Skip (Includes 'Not Sure' and seemingly 'Blank Images')",
}

_STREAKS = tuple(
    _class(name, str(number), meaning, {"plausible-asteroid": True, "skip": None}.get(name, False))
    for number, (name, meaning) in enumerate(STREAK_CLASSES.items(), 1)
)

#: Kind and classes by name.
SHIPPED: Mapping[str, tuple[str, tuple[Mapping[str, Any], ...]]] = {
    "real-bogus": (ALERT, _REAL_BOGUS),
    "alerts-detailed": (ALERT, _DETAILED),
    "streaks": (STREAK, _STREAKS),
}
