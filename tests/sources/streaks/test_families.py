"""The words of the families are classes that people may choose, and no other place spells them otherwise."""

from __future__ import annotations

from skysieve.models.keras_import import PROJECTS
from skysieve.recipes import deepstreaks
from skysieve.sources.streaks.families import FAMILIES, FAMILY_ANSWERS
from skysieve.sources.streaks.labels import CLASS_LABELS


def test_each_word_answers_the_question_of_its_family_alone() -> None:
    for at, family in enumerate(FAMILIES):
        for answer, word in enumerate(FAMILY_ANSWERS[family]):
            said = [-1] * len(FAMILIES)
            said[at] = answer
            assert CLASS_LABELS[word] == tuple(said)


def test_recipes_and_published_weights_are_of_these_families() -> None:
    assert tuple(PROJECTS) == tuple(deepstreaks.FAMILIES) == FAMILIES
    assert {name: family.classes for name, family in deepstreaks.FAMILIES.items()} == FAMILY_ANSWERS
