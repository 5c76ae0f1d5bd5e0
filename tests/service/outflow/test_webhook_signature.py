"""The signature is that of the standard, to the byte."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from skysieve.errors import ConfigurationError
from skysieve.service.outflow.webhook_signature import key_bytes, signature_headers


def test_signature_is_that_of_the_example_in_the_specification():
    # The example of the reference libraries of Standard Webhooks.
    headers = signature_headers(
        key_bytes("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


@pytest.mark.parametrize("secret", ["short", "whsec_c2hvcnQ=", "whsec_not base 64!"])
def test_key_that_protects_nothing_is_refused_and_not_shown(secret):
    with pytest.raises(ConfigurationError) as caught:
        key_bytes(secret)
    assert secret not in str(caught.value)


def test_receiver_of_the_documentation_knows_what_is_genuine():
    page = Path(__file__).parents[3] / "docs" / "service" / "feeds.md"
    code = page.read_text().split("```python\n", 1)[1].split("```", 1)[0]
    names: dict = {}
    exec(compile(code, str(page), "exec"), names)
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    headers = signature_headers(key_bytes(secret), "d1", int(time.time()), b"{}")
    assert names["is_genuine"](headers, b"{}", secret)
    assert not names["is_genuine"](headers, b"{ }", secret)
    old = signature_headers(key_bytes(secret), "d1", int(time.time()) - 1000, b"{}")
    assert not names["is_genuine"](old, b"{}", secret)


def test_any_text_is_a_key():
    assert key_bytes("correct horse battery") == b"correct horse battery"
