"""What is posted, and what answers mean."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import threading
import time

import pytest

from skysieve.errors import ConfigurationError
from skysieve.service.outflow.destination import Answer
from skysieve.service.outflow.messages import Message
from skysieve.service.outflow.webhooks import Webhook

KEY = b"0123456789abcdef"
GO_ON = threading.Event()


def message(number: int = 1) -> Message:
    return Message(number, f"delivery-{number}", "ZTF/ZTF26a", {"candidate": {"name": f"é{number}"}})


@pytest.fixture
def webhook(receiver):
    """Yield a webhook of the receiver."""
    opened = Webhook(receiver.address, KEY, silence_s=5.0)
    yield opened
    opened.close()


def test_post_carries_the_message_and_proves_who_sent_it(webhook, receiver):
    (outcome,) = webhook.send([message()], GO_ON)
    assert outcome.answer is Answer.SENT
    (post,) = receiver.posts
    assert json.loads(post.body) == {"candidate": {"name": "é1"}}
    assert post.headers["content-type"] == "application/json"
    assert post.headers["webhook-id"] == "delivery-1"
    assert abs(int(post.headers["webhook-timestamp"]) - time.time()) < 60
    signed = b"delivery-1." + post.headers["webhook-timestamp"].encode() + b"." + post.body
    digest = base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
    assert post.headers["webhook-signature"] == f"v1,{digest}"


def test_all_go_over_one_connection_in_order(webhook, receiver):
    outcomes = webhook.send([message(number) for number in range(5)], GO_ON)
    assert {outcome.answer for outcome in outcomes} == {Answer.SENT}
    assert [post.headers["webhook-id"] for post in receiver.posts] == [f"delivery-{n}" for n in range(5)]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        *((status, Answer.SENT) for status in (200, 202)),
        *((status, Answer.REFUSED) for status in (400, 401, 404, 410)),
        *((status, Answer.UNREACHABLE) for status in (408, 429, 500, 503)),
    ],
)
def test_answer_tells_of_the_message_or_of_the_receiver(webhook, receiver, status, expected):
    receiver.answer = (status, {}, "why\x00 \n not <b>")
    (outcome,) = webhook.send([message()], GO_ON)
    assert outcome.answer is expected
    if expected is not Answer.SENT:
        assert outcome.reason.startswith(f"HTTP {status}")
        assert outcome.reason.endswith(": why not <b>")


def test_redirect_is_not_followed(webhook, receiver):
    receiver.answer = (307, {"Location": f"http://127.0.0.1:{receiver.port}/internal"}, "")
    (outcome,) = webhook.send([message()], GO_ON)
    assert outcome.answer is Answer.REFUSED
    assert "redirects are not followed" in outcome.reason
    assert [post.path for post in receiver.posts] == ["/hook"]


@pytest.mark.parametrize(
    ("value", "wait_s"),
    [("30", 30.0), ("999999", 3600.0), ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0), ("²", 0.0)],
)
def test_receiver_may_ask_to_wait(webhook, receiver, value, wait_s):
    receiver.answer = (429, {"Retry-After": value} if value.isascii() else {}, "")
    (outcome,) = webhook.send([message()], GO_ON)
    assert outcome.wait_s == wait_s


def test_receiver_that_is_down_is_asked_once(webhook, receiver):
    receiver.go_down()
    first, second = webhook.send([message(1), message(2)], GO_ON)
    assert first.answer is Answer.UNREACHABLE
    assert second is None
    receiver.come_up()
    (outcome,) = webhook.send([message(2)], GO_ON)
    assert outcome.answer is Answer.SENT


def test_receiver_that_says_nothing_is_left_after_the_silence():
    with socket.create_server(("127.0.0.1", 0)) as mute:
        webhook = Webhook(f"http://127.0.0.1:{mute.getsockname()[1]}/", KEY, silence_s=0.1)
        (outcome,) = webhook.send([message()], GO_ON)
        webhook.close()
    assert outcome.answer is Answer.UNREACHABLE
    assert "no answer in time" in outcome.reason


def test_answer_that_breaks_off_after_its_status_is_an_answer(webhook, receiver):
    receiver.answer = (200, {"Content-Encoding": "gzip"}, "this is not gzip")
    (outcome,) = webhook.send([message()], GO_ON)
    assert outcome.answer is Answer.SENT


def test_address_that_no_client_takes_is_told_when_it_is_opened():
    with pytest.raises(ConfigurationError, match=r"outflow\.webhooks"):
        Webhook("http://[::1/hook", KEY)
    with pytest.raises(ConfigurationError, match=r"outflow\.webhooks"):
        Webhook("http://-\u0660.\u2024\u2024/hook", KEY)


def test_stop_leaves_the_rest_untried(webhook, receiver):
    stop = threading.Event()
    stop.set()
    assert webhook.send([message()], stop) == [None]
    assert receiver.posts == []
