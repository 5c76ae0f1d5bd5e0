"""The signature of what is posted: "Standard Webhooks" 1.0.0, which receivers have libraries for.

https://github.com/standard-webhooks/standard-webhooks
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

from skysieve.errors import ConfigurationError

__all__ = ["key_bytes", "signature_headers"]

#: Beginning of a key that is written in base 64.
_ENCODED = "whsec_"
#: Bytes that a key must have: shorter ones can be guessed.
_LEAST_BYTES = 16


def signature_headers(key: bytes, delivery: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the headers that tell a receiver who sent a body, and when.

    Parameters
    ----------
    key : bytes
        As of `key_bytes`.
    delivery : str
        Name of the delivery: a receiver that has seen it drops the message.
    timestamp : int
        Seconds since 1970, UTC: a receiver drops what is old, which somebody may have recorded.
    body : bytes
        What is posted, to the byte.

    Examples
    --------
    >>> signature_headers(b"0123456789abcdef", "d1", 1700000000, b"{}")["webhook-signature"]
    'v1,Q/uXOjTPcUHor1WJPWN2Dvqt0vMw6rRX48wCUIzgfXg='
    """
    signed = b".".join((delivery.encode(), str(timestamp).encode(), body))
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return {
        "webhook-id": delivery,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": "v1," + base64.b64encode(digest).decode(),
    }


def key_bytes(secret: str) -> bytes:
    """Return the key of a secret: ``whsec_`` and base 64, or any text.

    Raises
    ------
    ConfigurationError
        If it is shorter than 16 bytes or not base 64; the message does not show it.

    Examples
    --------
    >>> key_bytes("whsec_MDEyMzQ1Njc4OWFiY2RlZg==")
    b'0123456789abcdef'
    """
    if secret.startswith(_ENCODED):
        try:
            key = base64.b64decode(secret.removeprefix(_ENCODED), validate=True)
        except binascii.Error:
            raise ConfigurationError("the key of webhooks begins with whsec_ and is not base 64") from None
    else:
        key = secret.encode()
    if len(key) < _LEAST_BYTES:
        raise ConfigurationError(
            f"the key of webhooks has {len(key)} bytes, {_LEAST_BYTES} are the least; make one with: "
            'echo "whsec_$(openssl rand -base64 32)"'
        )
    return key
