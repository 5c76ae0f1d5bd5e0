"""What is refused before any route sees it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from fastapi import Request

from skysieve.service.accounts.roles import Role
from skysieve.service.web.access import PUBLIC
from skysieve.service.web.client_address import ClientAddress

JSON = {"Accept": "application/json"}


@pytest.fixture
def service(sqlite_service):
    """Return a service on SQLite: no database has to do with this."""
    return sqlite_service


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("night.example.org", 200),
        ("night.example.org:443", 200),
        ("NIGHT.example.org", 200),
        ("evil.example", 400),
        ("night.example.org.evil.example", 400),
        ("evil.example:8765", 400),
        ("night.example.org@evil.example", 400),
        ("[::1", 400),
        # Names that nobody elsewhere can give an address: of this machine, or within a compose network.
        ("127.0.0.1:8765", 200),
        ("[::1]:8765", 200),
        ("localhost", 200),
        ("web:8765", 200),
    ],
)
def test_only_its_own_name_is_answered(client_of, host: str, status: int) -> None:
    client = client_of(public_url="https://night.example.org", host="0.0.0.0")
    assert client.get("/sign-in", headers={"Host": host}).status_code == status


def test_a_service_for_this_machine_is_not_reached_by_a_rebound_name(client_of) -> None:
    assert client_of().get("/sign-in", headers={"Host": "evil.example"}).status_code == 400
    assert client_of(host="0.0.0.0").get("/sign-in", headers={"Host": "night.lan.org"}).status_code == 200


@pytest.mark.parametrize("path", ["/sign-in?next=%00", "/api/v1/users/%00", "/static/%00"])
def test_a_byte_of_zero_is_refused(client, path: str) -> None:
    refused = client.get(path, headers=JSON)
    assert (refused.status_code, refused.json()["kind"]) == (400, "bad-value")


@pytest.fixture
def counting(client_of):
    """Return a client of an application with a route that reads its body, and of 1 MB at the most."""
    client = client_of(upload_mb=1)
    application = client._transport._asgi.app

    async def count(request: Request) -> int:
        return len(await request.body())

    application.router.add_api_route("/api/count", count, methods=["POST"], dependencies=[PUBLIC])
    return client


def parts(size: int) -> Iterator[bytes]:
    for _ in range(size // 1024):
        yield bytes(1024)


@pytest.mark.parametrize("told", [True, False], ids=["length told", "length not told"])
def test_a_large_body_is_refused(counting, make_token, told: bool) -> None:
    headers = JSON | {"Authorization": f"Bearer {make_token(Role.ADMIN)}"}
    for size, status in ((1024**2, 200), (1024**2 + 1024, 413)):
        content = bytes(size) if told else parts(size)
        answer = counting.post("/api/count", content=content, headers=headers)
        assert answer.status_code == status
    assert answer.json()["kind"] == "content-too-large"
    assert answer.headers["Content-Security-Policy"]


def test_strangers_may_send_little(counting) -> None:
    for size, status in ((64 * 1024, 200), (65 * 1024, 413)):
        assert counting.post("/api/count", content=bytes(size), headers=JSON).status_code == status
        assert counting.post("/api/count", content=parts(size), headers=JSON).status_code == status


@pytest.mark.parametrize("length", ["-1", "1e3", "²", "9" * 40])
def test_a_length_that_is_none_is_refused(client, length: str) -> None:
    headers = {"Content-Length": length.encode()} | JSON
    request = client.build_request("POST", "/sign-in", headers=headers)
    assert client.send(request).status_code in (400, 413)


def test_a_fault_in_json_names_no_value(client, make_token) -> None:
    headers = {"Authorization": f"Bearer {make_token(Role.ADMIN)}", "Content-Type": "application/json"}
    refused = client.post("/api/v1/users", content=b'{"name": "secret', headers=headers)
    assert refused.status_code == 422
    assert "secret" not in refused.text


@pytest.mark.parametrize("value", ["a\0b", "\ud800", "x" * 100_000])
def test_text_that_no_database_keeps_is_no_fault(client, make_token, value: str) -> None:
    headers = {"Authorization": f"Bearer {make_token(Role.ADMIN)}", "Content-Type": "application/json"}
    content = json.dumps({"name": value, "scopes": ["read"], "days": 1})
    assert client.post("/api/v1/tokens", content=content, headers=headers).status_code in (400, 422)


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("192.0.2.1", "6.6.6.6", "192.0.2.1"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "192.0.2.7", "192.0.2.7"),
        ("127.0.0.1", "6.6.6.6, 192.0.2.7", "192.0.2.7"),
        ("127.0.0.1", "192.0.2.7, 10.0.0.2", "192.0.2.7"),
        ("127.0.0.1", "127.0.0.1, 10.0.0.2", "127.0.0.1"),
        ("::ffff:127.0.0.1", "192.0.2.7", "192.0.2.7"),
        ("127.0.0.1", "192.0.2.7:4711", "192.0.2.7"),
        ("127.0.0.1", "[2001:db8::1]:4711", "2001:db8::1"),
        ("127.0.0.1", "2001:db8::1", "2001:db8::1"),
        ("127.0.0.1", "unknown", "127.0.0.1"),
        ("127.0.0.1", "6.6.6.6, <script>", "127.0.0.1"),
    ],
)
def test_the_address_is_what_trusted_proxies_saw(peer: str, forwarded: str, expected: str) -> None:
    find = ClientAddress(["127.0.0.1", "10.0.0.0/8"])
    headers = [(b"x-forwarded-for", part.encode()) for part in ([forwarded] if forwarded else [])]
    assert find({"type": "http", "client": (peer, 1), "headers": headers}) == expected


def test_several_headers_are_one_list() -> None:
    find = ClientAddress(["127.0.0.1"])
    headers = [(b"x-forwarded-for", b"6.6.6.6"), (b"x-forwarded-for", b"192.0.2.7")]
    assert find({"type": "http", "client": ("127.0.0.1", 1), "headers": headers}) == "192.0.2.7"
    assert find({"type": "http", "client": None, "headers": headers}) == ""


def test_a_proxy_that_is_none_is_a_wrong_setting(client_of) -> None:
    # Found at the start, not at the first request.
    from skysieve.errors import ConfigurationError

    with pytest.raises(ConfigurationError, match=r"web\.proxies holds 'proxy'"):
        ClientAddress(["proxy"])


@pytest.mark.parametrize("given", ["token", "cookie"])
@pytest.mark.parametrize("told", [True, False], ids=["length told", "length not told"])
def test_who_only_claims_to_be_known_may_send_as_little_as_a_stranger(
    counting, given: str, told: bool
) -> None:
    # The body is read before the route's guard asks: it must not fill the memory by then.
    claims = {"token": {"Authorization": "Bearer sky_made-up"}, "cookie": {"Cookie": f"{counting.cookie}=x"}}
    for size, status in ((64 * 1024, 200), (65 * 1024, 413)):
        content = bytes(size) if told else parts(size)
        answer = counting.post("/api/count", content=content, headers=JSON | claims[given])
        assert answer.status_code == status


def test_only_what_is_sent_in_may_be_as_large_as_an_upload(client_of, make_token) -> None:
    client = client_of(upload_mb=16)
    headers = JSON | {"Authorization": f"Bearer {make_token(Role.ADMIN)}", "Content-Type": "application/json"}
    blanks = b" " * (5 * 1024**2) + b"{}"
    assert client.post("/api/v1/users", content=blanks, headers=headers).status_code == 413
    octets = headers | {"Content-Type": "application/octet-stream"}
    assert client.put("/api/v1/items/odd.txt", content=blanks, headers=octets).status_code == 200
