"""From what people call a candidate to what a network is to answer of it.

An alert is real or bogus. A streak has the four answers of DeepStreaks' families (rb, sl, kd, os), each of
which a class may leave open: what people do not tell apart is then told apart no further than they do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import ConfigurationError
from skysieve.service.database.tables import Taxonomy
from skysieve.service.database.tables.candidates import ALERT, STREAK
from skysieve.service.labelling.shipped_taxonomies import STREAK_CLASSES
from skysieve.service.labelling.taxonomies import meaning_of_values
from skysieve.sources.streaks.families import FAMILIES
from skysieve.sources.streaks.labels import CLASS_LABELS, UNLABELLED

__all__ = ["ALERT_CLASSES", "LABEL", "Vocabulary", "vocabulary_of"]

#: Classes of the sample set of alerts, and the name of their answer.
ALERT_CLASSES, LABEL = ("bogus", "real"), "label"


@dataclass(frozen=True)
class Vocabulary:
    """The words in which votes are counted, and what each of them answers.

    Parameters
    ----------
    classes : tuple of str
        The words.
    answers : mapping of str to ndarray of int, shape (classes,)
        0 or 1 for each word and answer; -1 where the word leaves it open.
    word : mapping of (int, str) to str
        The word for a class of a taxonomy; empty where the class says nothing and is no vote.
    """

    classes: tuple[str, ...]
    answers: Mapping[str, NDArray[np.int64]]
    word: Mapping[tuple[int, str], str]


def vocabulary_of(
    kind: str, taxonomies: Iterable[Taxonomy], mapping: Mapping[str, str] | None = None
) -> Vocabulary:
    """Return the words for a kind of candidates.

    Parameters
    ----------
    kind : str
        ``alert`` or ``streak``.
    taxonomies : iterable of Taxonomy
        Every version that some label is of.
    mapping : mapping of str to str, optional
        What a class means, where its name and its flag ``real`` do not say it or are to be overruled:
        ``bogus`` or ``real`` of alerts; of streaks a class of the shipped taxonomy, ``plausible`` or
        ``other``; empty: no vote.

    Raises
    ------
    ConfigurationError
        If there is no such kind or word, or a class is mapped that no taxonomy has.

    Examples
    --------
    >>> classes = [{"name": "star", "real": True}, {"name": "hm", "real": None}]
    >>> shown = Taxonomy(id=1, name="t", classes=classes)
    >>> vocabulary_of("alert", [shown]).word
    {(1, 'star'): 'real', (1, 'hm'): ''}
    """
    known, overruled = list(taxonomies), dict(mapping or {})
    flags = meaning_of_values(known)
    if strange := sorted(set(overruled) - {name for _, name in flags}):
        raise ConfigurationError(
            f"no taxonomy of the labels has the class {strange[0]!r}; found "
            f"{', '.join(sorted({name for _, name in flags})) or 'no labels'}"
        )
    if kind == ALERT:
        return _of_alerts(flags, overruled)
    if kind == STREAK:
        return _of_streaks(flags, overruled)
    raise ConfigurationError(f"candidates are of the kind {ALERT} or {STREAK}, not {kind!r}")


def _of_alerts(flags: Mapping[tuple[int, str], bool | None], overruled: Mapping[str, str]) -> Vocabulary:
    by_flag = {None: "", False: ALERT_CLASSES[0], True: ALERT_CLASSES[1]}
    word = {key: overruled.get(key[1], by_flag[real]) for key, real in flags.items()}
    _check_words(word.values(), ALERT_CLASSES)
    return Vocabulary(ALERT_CLASSES, {LABEL: np.array([0, 1])}, word)


def _of_streaks(flags: Mapping[tuple[int, str], bool | None], overruled: Mapping[str, str]) -> Vocabulary:
    meanings = {name: CLASS_LABELS[told] for name, told in STREAK_CLASSES.items()}
    meanings |= {name: CLASS_LABELS[name] for name in ("other", "plausible")}
    meanings = {name: answers for name, answers in meanings.items() if answers != UNLABELLED}
    by_flag = {None: "", False: "other", True: "plausible"}

    def word_of(name: str, real: bool | None) -> str:
        if name in overruled:
            return overruled[name]
        return name if name in meanings else by_flag[real]

    word = {key: word_of(key[1], real) for key, real in flags.items()}
    _check_words(word.values(), tuple(meanings))
    classes = tuple(name for name in meanings if name in set(word.values())) or ("other", "plausible")
    columns = np.array([meanings[name] for name in classes], dtype=np.int64)
    return Vocabulary(classes, dict(zip(FAMILIES, columns.T, strict=True)), word)


def _check_words(words: Iterable[str], known: tuple[str, ...]) -> None:
    if strange := sorted({each for each in words if each} - set(known)):
        raise ConfigurationError(
            f"a class is said to mean {strange[0]!r}; expected {', '.join(known)}, or nothing for no vote"
        )
