"""The client in Python against the real application: what it asks for is what the service has."""

from __future__ import annotations

from pathlib import Path

import fastavro
import httpx
import numpy as np
import pytest
from astropy.io import fits

from skysieve.client import ServiceClient
from skysieve.errors import AccessError, ConfigurationError, InputError, ServiceError
from skysieve.service.database.tables import Candidate, Label
from skysieve.service.service import Service


def stored(service: Service) -> list[Candidate]:
    with service.database.reading() as session:
        return session.query(Candidate).order_by(Candidate.id).all()


def test_search_pages_through_everything_once(client_in_python: ServiceClient, night: Service) -> None:
    expected = sorted(stored(night), key=lambda each: (-(each.score or 0), -each.id))
    found = list(client_in_python.candidates(page=5))
    assert len(found) == 12
    assert {each.name for each in found} == {each.name for each in expected}
    scores = [each.score for each in found]
    assert scores == sorted((each.score for each in expected), reverse=True)
    assert [each.name for each in client_in_python.candidates(most=3, page=2)] == [
        each.name for each in found[:3]
    ]


def test_filter_and_count_agree(client_in_python: ServiceClient, night: Service) -> None:
    threshold = float(np.median([each.score for each in stored(night)]))
    where = f"score > {threshold!r}"
    found = list(client_in_python.candidates(where))
    assert {each.id for each in found} == {each.id for each in stored(night) if each.score > threshold}
    assert client_in_python.count(where) == len(found)
    with pytest.raises(InputError, match="scor"):
        client_in_python.count("scor > 0.5")


def test_cone_finds_its_middle(client_in_python: ServiceClient, night: Service) -> None:
    one = stored(night)[0]
    found = list(client_in_python.candidates(cone=(one.ra, one.dec, 5.0)))
    assert one.id in {each.id for each in found}


def test_one_candidate_with_all_that_belongs_to_it(client_in_python: ServiceClient, night: Service) -> None:
    one = stored(night)[0]
    told = client_in_python.candidate(one.id)
    assert told["name"] == one.name
    assert [score["value"] for score in told["scores"]] == [one.score]
    assert told["channels"] == ["science", "template", "difference"]
    assert list(told["verdicts"].values()) == [one.passes]
    assert client_in_python.find("ZTF", one.name)[0].id == one.id
    assert any(point["candidate_id"] == one.id for point in client_in_python.history(one.id))
    with pytest.raises(InputError, match="no candidate"):
        client_in_python.candidate(10**6)


def test_label_and_comment_are_stored(client_in_python: ServiceClient, night: Service) -> None:
    one = stored(night)[0]
    client_in_python.label(one.id, "real")
    client_in_python.comment(one.id, "a fine one")
    assert client_in_python.candidate(one.id)["label"] == "real"
    with night.database.reading() as session:
        label = session.query(Label).one()
    assert (label.value, label.candidate_id) == ("real", one.id)
    with pytest.raises(InputError, match="teapot"):
        client_in_python.label(one.id, "teapot")


def test_nights_and_counts(client_in_python: ServiceClient) -> None:
    (name,) = client_in_python.nights()
    counts = client_in_python.counts(name)
    assert (counts["candidates"], counts["scored"], counts["pending"]) == (12, 12, 0)
    with pytest.raises(InputError, match="YYYYMMDD"):
        client_in_python.counts("yesterday")


def test_item_that_is_sent_twice_is_there_once(
    client_in_python: ServiceClient, night: Service, packets: Path, tmp_path: Path
) -> None:
    path = sorted(packets.iterdir())[0]
    fresh = tmp_path / "again.avro"
    fresh.write_bytes(path.read_bytes())
    assert client_in_python.send(fresh)["candidates"] == 0
    assert client_in_python.send(fresh)["outcome"] == "duplicate"
    fresh.write_bytes(b"Objects are not packets")
    assert client_in_python.send(fresh)["outcome"] == "quarantined"
    (aside,) = client_in_python.quarantine()
    assert aside["item"].endswith("again.avro")
    assert client_in_python.retry([aside["id"]]) == 1
    assert len(stored(night)) == 12


def test_cutouts_are_a_fits_file(client_in_python: ServiceClient, night: Service, tmp_path: Path) -> None:
    path = client_in_python.cutouts(stored(night)[0].id, tmp_path / "cutouts.fits.gz")
    with fits.open(path) as opened:
        assert [hdu.name.lower() for hdu in opened if hdu.data is not None] == [
            "science",
            "template",
            "difference",
        ]


def test_packet_comes_back_as_it_came(client_in_python: ServiceClient, night: Service, packets: Path) -> None:
    one = stored(night)[0]
    answer = client_in_python._http.get(f"candidates/{one.id}/packet")
    assert answer.content == (packets / f"{one.name}.avro").read_bytes()
    assert next(iter(fastavro.reader(__import__("io").BytesIO(answer.content))))["candid"] == int(one.name)


def test_export_is_whole(client_in_python: ServiceClient, tmp_path: Path) -> None:
    path = client_in_python.export(tmp_path / "all.csv")
    assert len(path.read_text().splitlines()) == 13
    with pytest.raises(InputError, match="format"):
        client_in_python.export(tmp_path / "all.xlsx", format="xlsx")
    assert [each.name for each in tmp_path.iterdir() if each.is_file()] == ["all.csv"]


def test_scorers_are_told(client_in_python: ServiceClient) -> None:
    told = {scorer["kind"]: scorer for scorer in client_in_python.scorers()}
    assert told["alert"]["duty"] == "on-duty"
    assert told["alert"]["name"] == "braai-weak"


def test_wrong_token_is_refused(client_in_python: ServiceClient, client: httpx.Client) -> None:
    with (
        ServiceClient(str(client.base_url), token="sky_wrong", transport=client._transport) as stranger,
        pytest.raises(AccessError),
    ):
        stranger.nights()


def test_address_and_token_must_be_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SKYSIEVE_URL", raising=False)
    monkeypatch.delenv("SKYSIEVE_TOKEN", raising=False)
    with pytest.raises(ConfigurationError, match="SKYSIEVE_URL"):
        ServiceClient()
    with pytest.raises(ConfigurationError, match="SKYSIEVE_TOKEN"):
        ServiceClient("http://127.0.0.1:1")


def test_what_passes_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    answers = [
        httpx.Response(503, headers={"Retry-After": "1"}),
        httpx.ConnectError("refused"),
        httpx.Response(200, json=["20261121"]),
    ]

    def answer(_: httpx.Request) -> httpx.Response:
        given = answers.pop(0)
        if isinstance(given, Exception):
            raise given
        return given

    with ServiceClient("http://sieve", token="t", transport=httpx.MockTransport(answer)) as client:
        assert client.nights() == ["20261121"]
        answers[:] = [httpx.Response(503, json={"error": "the disk is full", "request_id": "7"})] * 9
        with pytest.raises(ServiceError, match=r"503: the disk is full \(request 7\)"):
            client.nights()
        answers[:] = [httpx.ConnectError("refused"), httpx.Response(200, json={})]
        with pytest.raises(ServiceError, match="does not answer"):
            client.comment(1, "a comment is sent once")
