"""The client of a night service: candidates, labels, exports, over its REST API.

::

    from skysieve.client import ServiceClient

    with ServiceClient("https://sieve.example.org", token=os.environ["SKYSIEVE_TOKEN"]) as client:
        for candidate in client.candidates("passes = true and label is empty", night="20261121"):
            print(candidate.name, candidate.score)

It needs httpx alone: ``pip install 'skysieve[client]'``.
"""

from __future__ import annotations

from skysieve.lazy_names import lazy_names

__all__ = ["Candidate", "ServiceClient"]

__getattr__ = lazy_names(__name__, {"Candidate": "candidate", "ServiceClient": "service_client"})
