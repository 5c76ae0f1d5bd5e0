"""The pages and the API of campaigns: who may do what, and what nobody must see too early."""

from __future__ import annotations

import pytest

from skysieve.service.accounts.roles import Role
from skysieve.service.database.tables import AuditEntry, Campaign, Candidate
from skysieve.service.labelling.campaigns import add_gold
from skysieve.service.labelling.labels import give_label
from skysieve.service.service import Service

HOSTILE = '<script>alert("x")</script>'


def _label(service: Service, campaign: int, candidate: int, user: int, value: str) -> None:
    service.database.write(
        lambda session: (
            give_label(session, candidate_id=candidate, user_id=user, value=value, campaign_id=campaign).id
        )
    )


def test_a_curator_makes_a_campaign_and_a_scanner_reads_before_scanning(
    service: Service, client, new_client, sign_in, candidates
) -> None:
    chosen = candidates(service, 3)
    sign_in(client, Role.CURATOR)
    assert "New campaign" in client.get("/campaigns").text
    assert client.get("/campaigns/new").status_code == 200
    form = {
        "csrf": client.csrf("/campaigns/new"),
        "name": HOSTILE,
        "kind": "alert",
        "tutorial": f"Look.\n\n{HOSTILE}",
        "candidates": " ".join(map(str, chosen)),
        "hide_machine": "true",
        "gold_percent": "20",
    }
    made = client.post("/campaigns/new", data=form)
    assert (made.status_code, made.headers["location"]) == (303, "/campaigns/1")
    page = client.get("/campaigns/1").text
    assert HOSTILE not in page
    assert "&lt;script&gt;" in page
    again = client.post("/campaigns/new", data=form)
    assert again.status_code == 422
    assert "choose another" in again.text

    scanner = new_client()
    user = sign_in(scanner, Role.SCANNER)
    assert "/campaigns/1" not in scanner.get("/campaigns").text
    assert scanner.get("/campaigns/1").status_code == 404
    assert scanner.post("/campaigns/1/state", data={"state": "open"}).status_code == 403
    assert scanner.get("/campaigns/new").status_code == 403
    opened = client.post("/campaigns/1/state", data={"csrf": client.csrf("/campaigns"), "state": "open"})
    assert opened.status_code == 303
    page = scanner.get("/campaigns/1").text
    assert "I have read it" in page
    assert HOSTILE not in page
    read = scanner.post("/campaigns/1/read", data={"csrf": scanner.csrf("/campaigns")})
    assert read.headers["location"] == "/scan?campaign=1"
    assert 'href="/scan?campaign=1"' in scanner.get("/campaigns/1").text
    _label(service, 1, chosen[0], user, "real")
    with service.database.reading() as session:
        campaign = session.get_one(Campaign, 1)
        assert campaign.proposal["gold_rate"] == 0.2
        actions = [each.action for each in session.query(AuditEntry).order_by(AuditEntry.id)]
    assert [each for each in actions if each.startswith("campaign.")] == ["campaign.create", "campaign.state"]


def test_how_people_agree_is_for_curators_until_the_campaign_is_closed(
    service: Service, client, new_client, sign_in, people, candidates, campaign
) -> None:
    users, chosen = people(service, "ada", "bo"), candidates(service, 4)
    made = campaign(service, chosen)
    with service.database.writing() as session:
        add_gold(session, made, {chosen[3]: ("bogus", "by eye")})
        session.get_one(Candidate, chosen[0]).name = HOSTILE[:80]
    for candidate in chosen:
        _label(service, made, candidate, users[0], "real")
        _label(service, made, candidate, users[1], "bogus" if candidate == chosen[0] else "real")
    sign_in(client, Role.CURATOR)
    for method in ("dawid-skene", "majority"):
        page = client.get(f"/campaigns/{made}?method={method}").text
        for words in ("Krippendorff", "Two by two", "To look at together", "by eye", "bogus 1, real 1"):
            assert words in page
        assert HOSTILE not in page
    assert client.get(f"/campaigns/{made}?method=loudest").status_code in (400, 422)
    scanner = new_client()
    sign_in(scanner, Role.SCANNER)
    page = scanner.get(f"/campaigns/{made}").text
    assert "Krippendorff" not in page
    assert "by eye" not in page
    client.post(f"/campaigns/{made}/state", data={"csrf": client.csrf("/campaigns"), "state": "closed"})
    page = scanner.get(f"/campaigns/{made}").text
    assert "Krippendorff" in page
    assert "by eye" not in page


def test_gold_items_are_given_as_lines_and_a_wrong_line_is_told(
    service: Service, client, sign_in, candidates, campaign
) -> None:
    chosen = candidates(service, 3)
    made = campaign(service, chosen)
    sign_in(client, Role.CURATOR)
    csrf = client.csrf("/campaigns")

    def say(text: str) -> str:
        client.post(f"/campaigns/{made}/gold", data={"csrf": csrf, "gold": text})
        return client.get(f"/campaigns/{made}").text

    assert "2 gold items are known" in say(f"{chosen[0]} real a known asteroid\n\n{chosen[1]} bogus")
    assert "a known asteroid" in client.get(f"/campaigns/{made}").text
    for text, reason in (
        (f"{chosen[0]}", "expected the candidate"),
        ("x real", "no number"),
        ("9 reel", "reel"),
    ):
        assert reason in say(text)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"candidates": "1 two"}, "is no number"),
        ({"candidates": "999"}, "no candidate of the kind"),
        ({"where": "magg >"}, "magg"),
        ({"random": "5"}, "no candidate with cutouts"),
        ({"name": "x" * 81, "candidates": "1"}, "1 to 80 characters"),
        ({}, "names no way to choose"),
    ],
)
def test_forms_that_make_no_sense_come_back_with_the_reason_and_what_was_typed(
    service: Service, client, sign_in, candidates, change, reason
) -> None:
    candidates(service, 2)
    sign_in(client, Role.CURATOR)
    form = {"csrf": client.csrf("/campaigns"), "name": "mine", "tutorial": "typed at length"} | change
    answer = client.post("/campaigns/new", data=form)
    assert answer.status_code == 422
    assert reason in answer.text
    assert "typed at length" in answer.text


def test_the_api_does_the_same(service: Service, client, new_client, sign_in, candidates) -> None:
    chosen = candidates(service, 4)
    sign_in(client, Role.CURATOR)
    asked = {"name": "by program", "candidates": chosen[:3], "labels_wanted": 1, "tutorial": "Read."}
    made = client.post("/api/v1/campaigns", json=asked)
    assert (made.status_code, made.json()["state"], made.json()["items"]) == (201, "draft", 3)
    place = f"/api/v1/campaigns/{made.json()['id']}"
    gold = [{"candidate_id": chosen[3], "value": "bogus", "reason": "by eye"}]
    assert client.post(f"{place}/gold", json=gold).json() == {"gold": 1}
    scanner = new_client()
    sign_in(scanner, Role.SCANNER)
    scanner.headers["Accept"] = client.headers["Accept"] = "application/json"
    assert scanner.get("/api/v1/campaigns").json() == []
    assert scanner.get(place).status_code == 404
    assert client.post("/api/v1/campaigns/9/state", json={"state": "open"}).status_code == 404
    assert client.post(f"{place}/state", json={"state": "open"}).json()["state"] == "open"
    assert scanner.get(f"{place}/next").json()["kind"] == "tutorial-unread"
    assert scanner.post(f"{place}/read").json() == {"read": True}
    (found,) = scanner.get("/api/v1/campaigns").json()
    assert found["proposal"] == {}
    queue = scanner.get(f"{place}/next?number=10").json()["candidates"]
    assert set(chosen[:3]) <= set(queue)
    assert scanner.get(f"{place}/answer/{chosen[3]}").json()["gold"] is False
    for candidate, value in zip(chosen, ("real", "real", "bogus", "real"), strict=True):
        label = {"value": value, "campaign_id": made.json()["id"]}
        answer = scanner.post(f"/api/v1/candidates/{candidate}/labels", json=label)
        assert answer.status_code in (200, 201), answer.text
    told = scanner.get(f"{place}/answer/{chosen[3]}").json()
    assert told == {"gold": True, "said": "real", "known": "bogus", "right": False, "reason": "by eye"}
    assert scanner.get(f"{place}/consensus").status_code == 403
    added = client.get(f"{place}/consensus?method=majority").json()
    assert [(each["candidate_id"], each["value"], each["votes"]) for each in added] == [
        (chosen[0], "real", 1),
        (chosen[1], "real", 1),
        (chosen[2], "bogus", 1),
        (chosen[3], "bogus", 1),
    ]
    assert client.get(place).json()["done"] == 3
