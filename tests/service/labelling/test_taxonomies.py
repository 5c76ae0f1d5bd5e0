"""Taxonomies: the shipped ones, new versions, what is refused."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from skysieve.errors import InputError
from skysieve.service.database.tables import Label, Taxonomy
from skysieve.service.labelling.labels import give_label
from skysieve.service.labelling.shipped_taxonomies import SHIPPED, STREAK_CLASSES
from skysieve.service.labelling.taxonomies import (
    current_taxonomy,
    ensure_taxonomies,
    new_version,
    taxonomies,
)
from skysieve.service.service import Service
from skysieve.sources.streaks.labels import CLASS_LABELS

TWO = [{"name": "yes", "key": "y", "real": True}, {"name": "no", "key": "n", "real": False}]


def test_shipped_taxonomies_are_there_once_however_often_they_are_ensured(service: Service) -> None:
    for _ in range(2):
        with service.database.writing() as session:
            ensure_taxonomies(session)
    with service.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Taxonomy)) == 3
        alerts = current_taxonomy(session, "alert")
        assert [(each["name"], each["key"], each["real"]) for each in alerts.classes] == [
            ("real", "r", True),
            ("bogus", "b", False),
            ("unsure", "q", None),
        ]
        assert [each.name for each in taxonomies(session, "streak")] == ["streaks"]


def test_the_key_that_undoes_is_no_shipped_class() -> None:
    for _, classes in SHIPPED.values():
        assert not {each["key"] for each in classes} & {"u", " ", ""}


def test_the_eight_classes_of_streaks_are_those_that_the_networks_learn_from(service: Service) -> None:
    with service.database.writing() as session:
        streaks = current_taxonomy(session, "streak")
    assert list(STREAK_CLASSES.values()) == list(CLASS_LABELS)[:8]
    plausible = {-1: None, 0: False, 1: True}
    assert [each["real"] for each in streaks.classes] == [
        plausible[CLASS_LABELS[meaning][3]] for meaning in STREAK_CLASSES.values()
    ]


def test_a_changed_list_is_a_new_version_and_labels_keep_theirs(service: Service, people, candidates) -> None:
    (user,), (candidate,) = people(service, "ada"), candidates(service, 1)
    with service.database.writing() as session:
        before = give_label(session, candidate_id=candidate, user_id=user, value="unsure").id
        made = new_version(session, "real-bogus", TWO, kind="alert")
        assert made.version == 2
        assert new_version(session, "real-bogus", TWO, kind="alert").id == made.id
    with service.database.writing() as session:
        assert session.get_one(Taxonomy, session.get_one(Label, before).taxonomy_id).version == 1
        assert current_taxonomy(session, "alert").version == 2
        with pytest.raises(InputError, match=r"unsure: is no class of real-bogus version 2 \(yes, no\)"):
            give_label(session, candidate_id=candidate, user_id=user, value="unsure")


@pytest.mark.parametrize(
    ("classes", "reason"),
    [
        (TWO[:1], "has 1 classes"),
        ([*TWO, TWO[0]], "name 'yes' is given to two classes"),
        ([*TWO, {"name": "perhaps", "key": "y"}], "key 'y' is given to two classes"),
        ([*TWO, {"name": "No Spaces"}], "small letters"),
        ([*TWO, {"name": "a", "key": "ab"}], "one character"),
        ([*TWO, {"name": "a", "real": 1}], "true, false or null"),
        ([*TWO, {"name": "a", "colour": "red"}], "'colour'"),
    ],
)
def test_malformed_classes_are_refused(sqlite_service: Service, classes, reason) -> None:
    with sqlite_service.database.writing() as session, pytest.raises(InputError, match=reason) as refused:
        new_version(session, "own", classes, kind="alert")
    assert refused.value.kind == "bad-taxonomy"


def test_unknown_taxonomy_and_other_kind_are_refused(sqlite_service: Service) -> None:
    with sqlite_service.database.writing() as session:
        ensure_taxonomies(session)
        with pytest.raises(InputError, match="known: alerts-detailed, real-bogus"):
            current_taxonomy(session, "alert", "streaks")
        with pytest.raises(InputError, match="is for kind 'alert'"):
            new_version(session, "real-bogus", TWO, kind="streak")
