"""The signature is that of the standard, to the byte."""

from __future__ import annotations

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


def test_any_text_is_a_key():
    assert key_bytes("correct horse battery") == b"correct horse battery"
