"""Campaigns: drafts, opening and closing, gold, members, and the rules for labels in them."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from skysieve.errors import InputError
from skysieve.service.database.tables import Campaign, CampaignItem, Candidate, Taxonomy
from skysieve.service.labelling.campaigns import (
    CampaignPlan,
    add_gold,
    add_members,
    all_campaigns,
    campaign_of_name,
    change_state,
    gold_items,
    members_of,
    read_tutorial,
)
from skysieve.service.labelling.labels import give_label, undo_last, withdraw
from skysieve.service.labelling.proposals import chosen_by_id
from skysieve.service.labelling.taxonomies import new_version
from skysieve.service.service import Service


def _kind(service: Service, **label) -> str:
    """Return why a label is refused; empty where it is taken."""
    try:
        service.database.write(lambda session: give_label(session, **{"value": "real"} | label).id)
    except InputError as error:
        return error.kind
    return ""


def test_labels_are_taken_while_a_campaign_is_open_after_its_tutorial_was_read(
    service: Service, people, candidates, campaign
) -> None:
    (user,), chosen = people(service, "ada"), candidates(service, 3)
    made = campaign(service, chosen[:2], state="draft", tutorial="Look at the difference.")
    label = {"candidate_id": chosen[0], "user_id": user, "campaign_id": made}
    assert _kind(service, **label) == "closed-campaign"
    service.database.write(lambda session: change_state(session, made, "open").id)
    assert _kind(service, **label) == "tutorial-unread"
    for _ in range(2):
        service.database.write(lambda session: read_tutorial(session, made, user))
    assert _kind(service, **label) == ""
    assert _kind(service, **label | {"candidate_id": chosen[2]}) == "not-in-campaign"
    assert _kind(service, **label | {"campaign_id": 999}) == "no-such-campaign"
    service.database.write(lambda session: change_state(session, made, "closed").id)
    assert _kind(service, **label) == "closed-campaign"
    with pytest.raises(InputError, match="closed"):
        service.database.write(lambda session: undo_last(session, user, campaign_id=made))
    with service.database.reading() as session:
        assert [(each.name, each.has_read) for each in members_of(session, made)] == [("ada", True)]


def test_a_label_in_a_campaign_leaves_those_outside_alone(
    service: Service, people, candidates, campaign
) -> None:
    (user,), (candidate,) = people(service, "ada"), candidates(service, 1)
    made = campaign(service, [candidate])
    assert _kind(service, candidate_id=candidate, user_id=user, value="bogus") == ""
    assert _kind(service, candidate_id=candidate, user_id=user, campaign_id=made) == ""
    with service.database.reading() as session:
        found = session.get_one(Candidate, candidate)
        # One voice a person, the later: whether it was said in a campaign or not.
        assert (found.label, found.label_count) == ("real", 1)
    undone = service.database.write(lambda session: undo_last(session, user))
    assert undone is not None
    assert undone.value == "bogus"


def test_the_words_of_a_campaign_stay_when_the_taxonomy_changes(
    service: Service, people, candidates, campaign
) -> None:
    (user,), (candidate,) = people(service, "ada"), candidates(service, 1)
    made = campaign(service, [candidate])
    with service.database.writing() as session:
        other = new_version(session, "real-bogus", [{"name": "yes"}, {"name": "no"}], kind="alert").id
    label = {"candidate_id": candidate, "user_id": user, "campaign_id": made}
    assert _kind(service, **label, taxonomy_id=other) == "no-such-taxonomy"
    assert _kind(service, **label, value="yes") == "bad-class"
    assert _kind(service, **label, value="real") == ""


def test_gold_items_are_added_and_told_how_they_are_known(
    service: Service, people, candidates, campaign
) -> None:
    chosen = candidates(service, 4)
    made = campaign(service, chosen[:2])
    with service.database.writing() as session:
        add_gold(session, made, {chosen[1]: ("real", "a known asteroid"), chosen[3]: ("bogus", "")})
    with service.database.writing() as session:
        assert gold_items(session, made) == [
            (chosen[1], "real", "a known asteroid"),
            (chosen[3], "bogus", ""),
        ]
        positions = select(CampaignItem.position).where(CampaignItem.campaign_id == made)
        assert len(set(session.scalars(positions))) == 3
        with pytest.raises(InputError, match="reel"):
            add_gold(session, made, {chosen[0]: ("reel", "")})
        with pytest.raises(InputError, match="no candidate"):
            add_gold(session, made, {9999: ("real", "")})
        change_state(session, made, "closed")
        with pytest.raises(InputError, match="takes no gold"):
            add_gold(session, made, {chosen[0]: ("real", "")})


def test_states_follow_each_other_and_open_campaigns_come_first(
    service: Service, candidates, campaign
) -> None:
    chosen = candidates(service, 1)
    first, second = (campaign(service, chosen, state="draft", name=name) for name in ("one", "two"))
    with service.database.writing() as session:
        with pytest.raises(InputError, match="is draft; it can become open"):
            change_state(session, first, "closed")
        change_state(session, first, "open")
        assert [each.id for each in all_campaigns(session)] == [first, second]
        change_state(session, first, "closed")
        assert [each.id for each in all_campaigns(session)] == [second, first]
        assert change_state(session, first, "open").state == "open"
        assert campaign_of_name(session, "two").id == second
        with pytest.raises(InputError, match="known are: one, two"):
            campaign_of_name(session, "three")


def test_members_are_people_that_exist(service: Service, people, candidates, campaign) -> None:
    users, chosen = people(service, "bo", "ada"), candidates(service, 1)
    made = campaign(service, chosen)
    with service.database.writing() as session:
        for _ in range(2):
            add_members(session, made, users)
        assert [(each.name, each.has_read) for each in members_of(session, made)] == [
            ("ada", False),
            ("bo", False),
        ]
        with pytest.raises(InputError, match="no user"):
            add_members(session, made, [*users, 999])


@pytest.mark.parametrize(
    "plan",
    [
        {"name": "  "},
        {"name": "a\nb"},
        {"name": "x" * 81},
        {"labels_wanted": 0},
        {"gold_rate": 0.6},
        {"tutorial": "x" * 20_001},
    ],
)
def test_plans_that_make_no_sense_are_refused(plan) -> None:
    with pytest.raises(InputError) as refused:
        CampaignPlan(**{"name": "first", "kind": "alert"} | plan)
    assert refused.value.kind == "bad-campaign"


def test_names_taken_lists_empty_and_other_kinds_are_refused(
    sqlite_service: Service, candidates, campaign
) -> None:
    chosen = candidates(sqlite_service, 1)
    campaign(sqlite_service, chosen)
    with pytest.raises(InputError, match="choose another"):
        campaign(sqlite_service, chosen)
    with sqlite_service.database.reading() as session:
        for kind, given in (("alert", []), ("streak", chosen), ("alert", [9999])):
            with pytest.raises(InputError):
                chosen_by_id(session, kind, given)
        assert session.scalars(select(Campaign.name)).all() == ["first"]
        streaks = session.scalars(select(Taxonomy.id).where(Taxonomy.kind == "streak")).one()
    with pytest.raises(InputError, match="no taxonomy"):
        campaign(sqlite_service, chosen, name="second", taxonomy_id=streaks)


def test_taking_back_a_label_of_a_closed_campaign_is_refused(
    sqlite_service: Service, people, candidates, campaign
) -> None:
    (user,), (candidate,) = people(sqlite_service, "ada"), candidates(sqlite_service, 1)
    made = campaign(sqlite_service, [candidate])
    label = sqlite_service.database.write(
        lambda session: (
            give_label(session, candidate_id=candidate, user_id=user, value="real", campaign_id=made).id
        )
    )
    sqlite_service.database.write(lambda session: change_state(session, made, "closed").id)
    with pytest.raises(InputError, match="closed"):
        sqlite_service.database.write(lambda session: withdraw(session, label, user))
