"""Logs: one line of JSON an event, whoever speaks, and never a secret."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from skysieve.service.operation.logs import HIDDEN, configure_logs, redacted


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Yield what is logged to; logs are as they were afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield io.StringIO()
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_is_a_line_of_json(stream: io.StringIO) -> None:
    configure_logs(process="worker", stream=stream)
    structlog.get_logger("x").info("batch stored", items=3, feed="folder")
    (line,) = lines(stream)
    assert line.pop("at").endswith("Z")
    assert line == {
        "event": "batch stored",
        "level": "info",
        "process": "worker",
        "items": 3,
        "feed": "folder",
    }


def test_libraries_speak_the_same_way(stream: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    # As a server that was set up elsewhere in this process leaves its logger.
    uvicorn = logging.getLogger("uvicorn")
    monkeypatch.setattr(uvicorn, "handlers", [logging.StreamHandler(io.StringIO())])
    monkeypatch.setattr(uvicorn, "propagate", False)
    configure_logs(process="web", stream=stream)
    logging.getLogger("uvicorn.error").warning("went %s", "wrong", extra={"password": "hunter2"})
    logging.getLogger("httpx").info("GET https://depot.example/")
    (line,) = lines(stream)
    assert (line["event"], line["level"], line["password"]) == ("went wrong", "warning", HIDDEN)


def test_a_traceback_stays_on_its_line_and_hides_secrets(stream: io.StringIO) -> None:
    configure_logs(process="web", stream=stream)
    try:
        raise ValueError("cannot reach postgresql://sky:hunter2@db/night")
    except ValueError:
        structlog.get_logger().exception("failed")
    (line,) = lines(stream)
    assert "Traceback" in line["exception"]
    assert "hunter2" not in stream.getvalue()
    assert f"postgresql://sky:{HIDDEN}@db/night" in line["exception"]


def test_pretty_is_for_people(stream: io.StringIO) -> None:
    configure_logs(process="serve", stream=stream, pretty=True)
    structlog.get_logger().info("listening", address="http://127.0.0.1:8765", token="abc")
    assert "listening" in stream.getvalue()
    assert "abc" not in stream.getvalue()
    with pytest.raises(json.JSONDecodeError):
        lines(stream)


@pytest.mark.parametrize(
    "name",
    ["password", "SKYSIEVE_DEPOT_PASSWORD", "client_secret", "token", "Set-Cookie", "Authorization", "csrf"],
)
def test_names_of_secrets_hide_what_they_name(name: str) -> None:
    assert redacted({name: "hunter2", "more": [{name: ["hunter2"]}]}) == {
        name: HIDDEN,
        "more": [{name: HIDDEN}],
    }


@given(
    st.text(
        st.characters(codec="ascii", exclude_characters=" @/:\t\n\r\x0b\x0c\x1c\x1d\x1e\x1f"), min_size=12
    )
)
def test_a_password_in_an_address_is_hidden(password: str) -> None:
    assert password not in redacted(f"no answer from kafka://night:{password}@broker:9092/x")
    assert redacted("at https://host/a@b and a:b") == "at https://host/a@b and a:b"


def test_keys_in_headers_are_hidden() -> None:
    assert redacted("Authorization: Bearer abc.def-1") == f"Authorization: Bearer {HIDDEN}"


def test_a_terminal_is_given_no_commands_from_outside(stream: io.StringIO) -> None:
    configure_logs(process="web", stream=stream, pretty=True)
    structlog.get_logger("x").info("request", path="/\x1b]0;title\x07\x1b[2J\r\x9b31m")
    assert "\\x1b]0;title\\x07" in stream.getvalue()
    assert not {"\x07", "\r", "\x9b"} & set(stream.getvalue())
    assert "\x1b]0" not in stream.getvalue()
    assert "\x1b[2J" not in stream.getvalue()
