"""No way leads a blind labeller to a score: every route that shows candidates is asked."""

from __future__ import annotations

import csv
import io

import pytest
from sqlalchemy.orm import Session

from skysieve.service.accounts.roles import Role
from skysieve.service.database.tables import Campaign, CampaignItem, Label, MetadataField, Taxonomy
from skysieve.service.labelling.labels import give_label


@pytest.fixture
def hidden(service, make_night, make_user, sign_in, client) -> int:
    """Return the id of a candidate that the scanner who has signed in is to judge unbiased."""
    hidden, *_ = make_night(4)
    curator = make_user("curator", Role.CURATOR)

    def work(session: Session) -> None:
        words = session.query(Taxonomy).filter_by(kind="alert").first()
        campaign = Campaign(name="blind", kind="alert", taxonomy_id=words.id, state="open", hide_machine=True)
        other = Campaign(name="seeing", kind="alert", taxonomy_id=words.id, state="open", hide_machine=False)
        session.add_all([campaign, other])
        session.add_all(MetadataField(name=name, type="number") for name in ("drb", "rb"))
        session.flush()
        for each in (campaign, other):
            session.add(CampaignItem(campaign_id=each.id, candidate_id=hidden, position=0))
        give_label(session, candidate_id=hidden, user_id=curator, value="real")

    service.database.write(work)
    sign_in(client, Role.SCANNER)
    client.headers["Accept"] = "*/*"
    return hidden


def ids(answer) -> set[int]:
    assert answer.status_code == 200, answer.text
    found = answer.json()
    return {row["id"] for row in found.get("items", found.get("candidates", []))}


FILTERS = (
    "score > 0.5",
    "not (score < 0.5)",
    "mag < 99 and (passes or mag > 99)",
    'label = "real"',
    "labels = 1",
    "any_label = real",
    "score is not empty",
    'scorer("braai-test").score > 0.5',
    'verdict("braai-test", "passes")',
    'labelled_by("curator") = real',
    'comment contains "x" or mag < 99',
    "meta.drb > 0.5 or mag < 99",
    'meta."rb" in (0.61)',
)


def test_no_filter_finds_a_hidden_candidate_by_a_judgement(client, hidden):
    for where in FILTERS:
        asked = {"where": where, "sort": "jd"}
        found = ids(client.get("/api/v1/candidates", params=asked))
        assert hidden not in found, where
        assert hidden not in ids(client.get("/api/v1/scanning/queue", params=asked | {"show": "all"})), where
        assert client.get("/api/v1/candidates/count", params=asked).json()["count"] == len(found), where
        assert f'href="/candidates/{hidden}"' not in client.get("/search", params=asked).text, where


def test_no_order_by_a_judgement_shows_a_hidden_candidate(client, hidden):
    for sort in ("-score", "score", "label", "-label"):
        assert hidden not in ids(client.get("/api/v1/candidates", params={"sort": sort})), sort
        queue = client.get("/api/v1/scanning/queue", params={"sort": sort, "show": "all"})
        assert hidden not in ids(queue), sort


def test_other_searches_find_it_without_its_score(client, hidden):
    for path in ("/api/v1/candidates", "/api/v1/scanning/queue"):
        asked = {"sort": "jd", "where": "mag < 99", "show": "all"}
        answer = client.get(path, params=asked)
        assert hidden in ids(answer)
        [row] = [each for each in answer.text.split('{"id":') if each.startswith(f"{hidden},")]
        assert "0.99" not in row
        assert "drb" not in row
        assert "real" not in row


def test_the_api_tells_nothing_of_it(client, hidden):
    shown = client.get(f"/api/v1/candidates/{hidden}").json()
    judged = ("score", "passes", "label", "label_count", "scores", "verdicts", "labels")
    assert [shown[name] for name in judged] == [None, None, "", 0, [], {}, []]
    assert "drb" not in shown["metadata"]
    assert client.get(f"/api/v1/candidates/{hidden}/labels").json() == []
    assert client.get(f"/api/v1/candidates/{hidden}/explanation").status_code == 403
    assert client.get(f"/api/v1/candidates/{hidden}/packet").status_code == 403


@pytest.mark.parametrize("format_", ["csv", "votable"])
def test_no_export_holds_it(client, hidden, format_: str):
    exported = client.get("/api/v1/export", params={"format": format_, "sort": "jd"})
    assert exported.status_code == 200
    name = str(10**18)
    assert name not in exported.text
    assert str(10**18 + 1) in exported.text
    if format_ == "csv":
        assert len(list(csv.DictReader(io.StringIO(exported.text)))) == 3


def test_a_campaign_that_shows_the_machine_does_not_show_what_another_hides(client, service, hidden):
    with service.database.reading() as session:
        seeing = session.query(Campaign).filter_by(name="seeing").one().id
    [row] = client.get("/api/v1/scanning/queue", params={"campaign": seeing}).json()["candidates"]
    assert row["id"] == hidden
    assert "score" not in row


def test_it_is_shown_to_whoever_has_labelled_it_and_to_curators(client, service, hidden, new_client, sign_in):
    curator = new_client()
    sign_in(curator, Role.CURATOR)
    curator.headers["Accept"] = "*/*"
    assert hidden in ids(curator.get("/api/v1/candidates", params={"where": "score > 0.5"}))
    with service.database.reading() as session:
        blind = session.query(Campaign).filter_by(name="blind").one().id
    said = client.post(f"/api/v1/candidates/{hidden}/labels", json={"value": "bogus", "campaign_id": blind})
    assert said.status_code == 201, said.text
    assert hidden in ids(client.get("/api/v1/candidates", params={"where": "score > 0.5"}))
    with service.database.reading() as session:
        assert session.query(Label).filter_by(campaign_id=blind).one().machine_hidden
