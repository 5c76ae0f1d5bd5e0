"""What a message says, and how it is called."""

from __future__ import annotations

import dataclasses
import json

from sqlalchemy import update

from skysieve.configuration import override
from skysieve.service.database.tables import Candidate, Delivery, Scorer
from skysieve.service.database.tables.judging import RETIRED
from skysieve.service.outflow.deliveries import enqueue
from skysieve.service.outflow.messages import compose_messages


def messages_of(service, night):
    with service.database.writing() as session:
        enqueue(session, service, night.scorer, night.candidates)
    with service.database.reading() as session:
        rows = [row.id for row in session.query(Delivery).order_by(Delivery.id)]
        return compose_messages(session, service, rows)


def test_message_says_what_a_follow_up_needs(service, with_outflow, scored):
    told = with_outflow(service, webhooks=["http://one.example/a"])
    told = dataclasses.replace(
        told, settings=override(told.settings, {"web.public_url": "https://night.example/"})
    )
    night = scored(told, 1)
    (message,) = messages_of(told, night)
    content = json.loads(message.encode())
    assert content.pop("delivery") == message.delivery
    assert content == {
        "version": 1,
        "service": "skysieve",
        "candidate": {
            "id": night.candidates[0],
            "kind": "alert",
            "survey": "ZTF",
            "name": "1000000",
            "object_id": "ZTF26a0",
            "night": "20261121",
            "jd": 2461365.75,
            "ra": 12.5,
            "dec": -3.25,
            "band": "r",
            "mag": 18.5,
            "link": f"https://night.example/candidates/{night.candidates[0]}",
        },
        "judgement": {
            "scorer": "braai",
            "identity": "ab" * 32,
            "score": 0.875,
            "passes": True,
            "scores": {"score": 0.875},
            "verdicts": {"passes": True},
        },
    }


def test_what_is_unknown_is_null(service, with_outflow, scored):
    told = with_outflow(service, webhooks=["http://one.example/a"])
    night = scored(told, 1)
    with told.database.writing() as session:
        session.execute(update(Candidate).values(jd=None, mag=float("nan"), band="", object_id=""))
    (message,) = messages_of(told, night)
    candidate = json.loads(message.encode())["candidate"]
    assert [candidate[name] for name in ("jd", "mag", "band", "object_id", "link")] == [None] * 5
    assert message.key == "ZTF/1000000"


def test_score_is_that_of_the_scorer_who_told_also_when_it_is_off_duty(sqlite_service, with_outflow, scored):
    told = with_outflow(sqlite_service, webhooks=["http://one.example/a"])
    night = scored(told, 1)
    messages_of(told, night)
    with told.database.writing() as session:
        session.execute(update(Scorer).values(duty=RETIRED))
        session.execute(update(Candidate).values(score=0.125, passes=False))
    (message,) = messages_of(told, night)
    judgement = message.content["judgement"]
    assert (judgement["score"], judgement["passes"]) == (0.875, None)


def test_name_of_a_delivery_is_its_own_and_stays(service, with_outflow, scored):
    told = with_outflow(service, webhooks=["http://one.example/a", "http://two.example/b"])
    night = scored(told, 3)
    first, second = messages_of(told, night), messages_of(told, night)
    names = [message.delivery for message in first]
    assert names == [message.delivery for message in second]
    assert len(set(names)) == 6


def test_order_is_that_of_the_rows_and_what_has_gone_is_left_out(service, with_outflow, scored):
    told = with_outflow(service, webhooks=["http://one.example/a"])
    night = scored(told, 3)
    rows = [message.row for message in messages_of(told, night)]
    with told.database.reading() as session:
        asked = [rows[2], 10_000, rows[0]]
        assert [message.row for message in compose_messages(session, told, asked)] == [rows[2], rows[0]]
        assert compose_messages(session, told, []) == []
