"""Which objects are held out: decided by their names alone, once and for all.

A model that is trained on the labels of next year must not learn from what judged the model of this year, or
the two could never be compared. A share that is drawn anew for each set would mix them; a hash of the
object's name is the same for every set, every service and every campaign.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import ConfigurationError

__all__ = ["HELD_OUT", "VALIDATION", "split_of_groups"]

#: Shares of the objects that judge, and that stop and calibrate the training.
HELD_OUT, VALIDATION = 0.2, 0.15

# Changing it would hand objects that judged earlier models to the training of later ones.
_SALT = "skysieve held-out 1 "


def split_of_groups(
    groups: Iterable[object], *, held_out: float = HELD_OUT, validation: float = VALIDATION
) -> NDArray[np.str_]:
    """Return the split of every sample by the name of its group: ``test``, ``validation`` or ``train``.

    Parameters
    ----------
    groups : iterable
        Groups; what is compared is their text.
    held_out, validation : float
        Shares. With a larger share of either, what was held out before still is.

    Raises
    ------
    ConfigurationError
        If the shares leave nothing to learn from.

    Examples
    --------
    >>> split_of_groups(["ZTF18aaa", "ZTF18aab", "ZTF18aac", "ZTF18aaa"]).tolist()
    ['train', 'test', 'train', 'train']
    """
    if not (0 < held_out < 1 and 0 < validation < 1 and held_out + validation < 1):
        raise ConfigurationError(
            f"the shares held out ({held_out:g}) and for validation ({validation:g}) must be positive and "
            "leave something to learn from"
        )
    places = np.array([_place(str(group)) for group in groups])
    # Validation lies at the other end, so that a larger held-out share only takes from the training.
    return np.where(places < held_out, "test", np.where(places >= 1 - validation, "validation", "train"))


def _place(name: str) -> float:
    digest = hashlib.blake2b((_SALT + name).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64
