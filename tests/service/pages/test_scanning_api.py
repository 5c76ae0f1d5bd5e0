"""What the scanning page asks for and sends."""

from __future__ import annotations

import numpy as np
import pytest
from sqlalchemy import select

from skysieve.service.accounts.roles import Role
from skysieve.service.api import cutouts
from skysieve.service.database.tables import (
    Campaign,
    CampaignItem,
    Candidate,
    Comment,
    Label,
    Scorer,
    Taxonomy,
)


def labels_in(service) -> list[tuple[int, str, bool]]:
    with service.database.reading() as session:
        rows = session.scalars(select(Label).order_by(Label.id)).all()
        return [(row.candidate_id, row.value, row.withdrawn_at is None) for row in rows]


@pytest.fixture
def campaign(service, make_night):
    """Return a function that opens a campaign over candidates and returns its id."""

    def make(ids: list[int], **given) -> int:
        with service.database.writing() as session:
            words = session.scalar(select(Taxonomy).where(Taxonomy.name == "real-bogus"))
            made = Campaign(name="blind", taxonomy_id=words.id, state="open", **given)
            session.add(made)
            session.flush()
            session.add_all(
                CampaignItem(campaign_id=made.id, candidate_id=each, position=at)
                for at, each in enumerate(ids)
            )
            return made.id

    return make


def test_the_queue_comes_in_parts_in_its_order(client, sign_in, make_night):
    ids = make_night(5)
    sign_in(client, Role.SCANNER)
    first = client.get("/api/v1/scanning/queue", params={"size": 3}).json()
    rest = client.get("/api/v1/scanning/queue", params={"size": 3, "cursor": first["next"]}).json()
    assert [row["id"] for row in first["candidates"] + rest["candidates"]] == ids
    assert (first["total"], rest["total"], rest["next"]) == (5, None, "")


def test_what_is_labelled_leaves_the_queue_of_its_kind(client, sign_in, new_client, make_night):
    ids = make_night(3)
    other = new_client()
    sign_in(client, Role.SCANNER, name="ada")
    sign_in(other, Role.SCANNER, name="ben")
    client.post(f"/api/v1/candidates/{ids[0]}/labels", json={"value": "real"})
    other.post(f"/api/v1/candidates/{ids[1]}/labels", json={"value": "bogus"})

    def shown(show: str) -> list[int]:
        found = client.get("/api/v1/scanning/queue", params={"show": show}).json()
        return [row["id"] for row in found["candidates"]]

    assert shown("unlabelled") == [ids[2]]
    assert shown("mine") == [ids[1], ids[2]]
    assert shown("all") == ids


def test_a_filter_within_the_queue_keeps_its_meaning(client, sign_in, make_night):
    ids = make_night(4)
    sign_in(client, Role.SCANNER)
    client.post(f"/api/v1/candidates/{ids[0]}/labels", json={"value": "real"})
    asked = {"where": f"id = {ids[0]} or id = {ids[1]}"}
    rows = client.get("/api/v1/scanning/queue", params=asked).json()["candidates"]
    assert [row["id"] for row in rows] == [ids[1]]
    for where in ("score >", "scor > 1", "id > 0) or (id > 0"):
        wrong = client.get("/api/v1/scanning/queue", params={"where": where})
        assert wrong.status_code == 400
        assert "labels" not in wrong.text


def test_a_hidden_machine_is_not_in_the_answer_at_all(client, sign_in, make_night):
    ids = make_night(3)
    sign_in(client, Role.SCANNER)
    asked = {"hide": "true", "sort": "-score"}
    found = client.get("/api/v1/scanning/queue", params=asked).json()["candidates"]
    assert not {"score", "passes", "label"} & set().union(*found)
    # By time, not by the score.
    assert [row["id"] for row in found] == sorted(ids)
    part = client.get(f"/scan/candidates/{ids[0]}", params={"hide": "true"}).text
    assert "0.990" not in part
    assert "drb" not in part
    assert "braai" not in part
    assert "zeta" in part
    page = client.get("/scan", params={"hide": "true", "where": ""}).text
    assert "0.99" not in page


def test_a_label_is_stored_once_however_often_it_is_sent(service, client, sign_in, make_night):
    first = make_night(1)[0]
    sign_in(client, Role.SCANNER)
    body = {"value": "real", "request_key": "k1", "machine_hidden": True, "seconds": 1.5, "origin": "scan"}
    answers = [client.post(f"/api/v1/candidates/{first}/labels", json=body) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert labels_in(service) == [(first, "real", True)]
    with service.database.reading() as session:
        kept = session.scalar(select(Label))
        assert (kept.machine_hidden, kept.seconds, kept.origin) == (True, 1.5, "scan")


def test_an_undo_of_a_request_is_done_once(service, client, sign_in, make_night):
    ids = make_night(2)
    sign_in(client, Role.SCANNER)
    for at, each in enumerate(ids):
        client.post(f"/api/v1/candidates/{each}/labels", json={"value": "real", "request_key": f"k{at}"})
    for _ in range(2):
        answer = client.post("/api/v1/labels/undo", json={"request_key": "k1"}).json()
        assert answer["label"]["candidate_id"] == ids[1]
    assert labels_in(service) == [(ids[0], "real", True), (ids[1], "real", False)]
    assert client.post("/api/v1/labels/undo", json={}).json()["label"]["candidate_id"] == ids[0]
    assert client.post("/api/v1/labels/undo", json={}).json() == {"label": None}


def test_the_list_of_labels_holds_what_was_taken_back_and_the_candidate_what_stands(
    client, sign_in, make_night
):
    first = make_night(1)[0]
    sign_in(client, Role.SCANNER)
    for value in ("real", "bogus"):
        client.post(f"/api/v1/candidates/{first}/labels", json={"value": value})
    listed = client.get(f"/api/v1/candidates/{first}/labels").json()
    assert [(each["value"], each["withdrawn_at"] is None) for each in listed] == [
        ("real", False),
        ("bogus", True),
    ]
    stands = client.get(f"/api/v1/candidates/{first}").json()["labels"]
    assert [each["value"] for each in stands] == ["bogus"]


def test_nobody_undoes_what_another_said(service, client, new_client, sign_in, make_night):
    first = make_night(1)[0]
    other = new_client()
    sign_in(client, Role.SCANNER, name="ada")
    sign_in(other, Role.SCANNER, name="ben")
    client.post(f"/api/v1/candidates/{first}/labels", json={"value": "real", "request_key": "k"})
    assert other.post("/api/v1/labels/undo", json={"request_key": "k"}).json() == {"label": None}
    assert labels_in(service) == [(first, "real", True)]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"value": "reel"}, 400),
        ({"value": "x" * 49}, 422),
        ({"value": "real", "seconds": -1}, 422),
        ({"value": "real", "campaign_id": 99}, 404),
        ({}, 422),
    ],
)
def test_what_is_no_label_is_refused(service, client, sign_in, make_night, body, status):
    first = make_night(1)[0]
    sign_in(client, Role.SCANNER)
    answer = client.post(f"/api/v1/candidates/{first}/labels", json=body)
    assert answer.status_code == status
    assert labels_in(service) == []


def test_without_the_token_against_forged_requests_nothing_is_labelled(service, client, sign_in, make_night):
    first = make_night(1)[0]
    sign_in(client, Role.SCANNER)
    answer = client.post(
        f"/api/v1/candidates/{first}/labels", json={"value": "real"}, headers={"X-CSRF-Token": ""}
    )
    assert answer.status_code == 403
    assert labels_in(service) == []


@pytest.mark.parametrize("path", ["candidates/{id}/labels", "candidates/{id}/comments", "labels/undo"])
def test_a_viewer_says_nothing(service, client, sign_in, make_night, path):
    first = make_night(1)[0]
    sign_in(client, Role.VIEWER)
    answer = client.post(f"/api/v1/{path.format(id=first)}", json={"value": "real", "text": "hello"})
    assert answer.status_code == 403


def test_a_comment_is_kept(service, client, sign_in, make_night):
    first = make_night(1)[0]
    sign_in(client, Role.SCANNER)
    assert client.post(f"/api/v1/candidates/{first}/comments", json={"text": " a comet? "}).status_code == 201
    assert client.post(f"/api/v1/candidates/{first}/comments", json={"text": "  "}).status_code == 400
    with service.database.reading() as session:
        assert session.scalars(select(Comment.text)).all() == ["a comet?"]


def test_a_campaign_is_scanned_in_parts_until_all_is_said(service, client, sign_in, make_night, campaign):
    ids = make_night(5)
    asked = campaign(ids[:4])
    sign_in(client, Role.SCANNER)

    def queue(**given):
        return client.get("/api/v1/scanning/queue", params={"campaign": asked, **given}).json()

    def shown(answer):
        return [row["id"] for row in answer["candidates"]]

    whole = queue()
    assert set(shown(whole)) == set(ids[:4])
    assert "score" not in whole["candidates"][0]
    assert (whole["total"], whole["next"]) == (4, "")
    first = queue(size=2)
    assert shown(first) == shown(whole)[:2]
    body = {"value": "bogus", "campaign_id": asked}
    client.post(f"/api/v1/candidates/{shown(first)[0]}/labels", json=body)
    # What is in hand does not come again, said or not.
    rest = queue(size=2, cursor=first["next"])
    assert shown(rest) == shown(whole)[2:]
    assert queue(size=2, cursor=rest["next"])["candidates"] == []
    assert shown(queue()) == shown(whole)[1:]
    assert (
        client.get("/api/v1/scanning/queue", params={"campaign": asked, "cursor": "1-x"}).status_code == 400
    )
    with service.database.reading() as session:
        # The campaign hides the machine, whatever the browser says.
        assert session.scalar(select(Label)).machine_hidden is True


def test_a_campaign_asks_for_no_more_labels_than_it_wants(client, sign_in, new_client, make_night, campaign):
    ids = make_night(2)
    asked = campaign(ids, labels_wanted=1)
    sign_in(client, Role.SCANNER, name="ada")
    body = {"value": "real", "campaign_id": asked}
    client.post(f"/api/v1/candidates/{ids[0]}/labels", json=body)
    other = new_client()
    sign_in(other, Role.SCANNER, name="ben")
    found = other.get("/api/v1/scanning/queue", params={"campaign": asked}).json()
    assert ([row["id"] for row in found["candidates"]], found["total"]) == ([ids[1]], 1)


def test_who_labels_a_gold_item_is_told_what_it_is(service, client, sign_in, make_night, campaign):
    ids = make_night(3)
    asked = campaign(ids, proposal={"gold_rate": 0.5})
    with service.database.writing() as session:
        item = session.get(CampaignItem, (asked, ids[1]))
        item.gold, item.gold_reason = "bogus", "a diffraction spike"
    sign_in(client, Role.SCANNER)
    found = client.get("/api/v1/scanning/queue", params={"campaign": asked}).json()
    assert found["total"] == 3
    body = {"value": "real", "campaign_id": asked, "request_key": "once"}
    told = client.post(f"/api/v1/candidates/{ids[1]}/labels", json=body).json()["answer"]
    expected = {"gold": True, "said": "real", "known": "bogus", "right": False}
    assert told == expected | {"reason": "a diffraction spike"}
    assert client.post(f"/api/v1/candidates/{ids[1]}/labels", json=body).json()["answer"] == told
    body |= {"request_key": "other"}
    assert client.post(f"/api/v1/candidates/{ids[0]}/labels", json=body).json()["answer"] is None


def test_a_blind_campaign_hides_a_candidate_everywhere(service, client, sign_in, make_night, campaign):
    first = make_night(2)[0]
    campaign([first])
    sign_in(client, Role.SCANNER)
    for address in (f"/candidates/{first}", f"/scan/candidates/{first}"):
        page = client.get(address).text
        assert "0.990" not in page
        assert "drb" not in page
    assert "hidden until you have labelled it" in client.get("/search?sort=-jd").text
    queue = client.get("/api/v1/scanning/queue?sort=-jd").json()["candidates"]
    assert "score" not in next(row for row in queue if row["id"] == first)


@pytest.mark.parametrize(("given", "said"), [({"tutorial": "Read me."}, "tutorial"), ({}, "open")])
def test_a_campaign_that_is_not_to_be_scanned_says_so(
    service, client, sign_in, make_night, campaign, given, said
):
    asked = campaign(make_night(1), **given)
    if not given:
        with service.database.writing() as session:
            session.get(Campaign, asked).state = "closed"
    sign_in(client, Role.SCANNER)
    answer = client.get("/api/v1/scanning/queue", params={"campaign": asked}, headers={"Accept": "*/*"})
    assert answer.status_code == 400
    assert said in answer.text
    page = client.get("/scan", params={"campaign": asked})
    assert page.status_code == 200
    assert said in page.text


def test_numbers_that_json_cannot_say_break_nothing(service, client, sign_in, make_night):
    first = make_night(1)[0]
    sign_in(client, Role.SCANNER)
    with service.database.writing() as session:
        session.get(Candidate, first).mag = float("inf")
    assert client.get("/api/v1/scanning/queue").json()["candidates"][0]["mag"] is None
    assert client.get("/scan?where=").status_code == 200


def test_an_explanation_comes_as_pixels(client, sign_in, make_night, monkeypatch):
    first = make_night(1)[0]
    found = np.linspace(-1, 1, 63 * 63, dtype=np.float32).reshape(63, 63)
    monkeypatch.setattr(cutouts, "occlusion_map", lambda service, candidate_id, scorer_id: candidate_id)
    monkeypatch.setattr(cutouts, "load_map", lambda service, explanation: found)
    sign_in(client, Role.SCANNER)
    answer = client.get(f"/api/v1/candidates/{first}/explanation")
    assert answer.status_code == 200
    assert answer.content.endswith(found.tobytes())


def test_an_explanation_is_kept_from_who_is_to_judge_unbiased(client, sign_in, make_night, campaign):
    first = make_night(1)[0]
    campaign([first])
    sign_in(client, Role.SCANNER)
    assert client.get(f"/api/v1/candidates/{first}/explanation").status_code == 403


def test_without_a_scorer_there_is_nothing_to_explain(service, client, sign_in, make_night):
    first = make_night(1)[0]
    with service.database.writing() as session:
        session.scalar(select(Scorer)).duty = "retired"
    sign_in(client, Role.SCANNER)
    answer = client.get(f"/api/v1/candidates/{first}/explanation")
    assert answer.status_code == 400
    assert "on duty" in answer.text
