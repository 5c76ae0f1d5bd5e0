"""The application of a test's service, clients, users, sessions and tokens: see ``web_client.py``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from skysieve.client import ServiceClient
from skysieve.service.ingest.items import Item
from skysieve.service.ingest.reception import receive
from skysieve.service.judging.scorers import ensure_default_scorers
from skysieve.service.judging.scoring import score_all
from skysieve.service.labelling.taxonomies import ensure_taxonomies
from skysieve.service.service import Service
from skysieve.sources.simulators.night import simulate_night


@pytest.fixture(scope="session")
def packets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a small simulated night."""
    folder = tmp_path_factory.mktemp("night")
    simulate_night(folder, n=12, seed=3)
    return folder / "packets"


@pytest.fixture
def night(service: Service, packets: Path) -> Service:
    """Return the service with the night received and scored."""
    ensure_taxonomies_of(service)
    ensure_default_scorers(service)
    items = [Item("upload", path.name, "1", data=path.read_bytes()) for path in sorted(packets.iterdir())]
    receive(service, items)
    score_all(service)
    return service


@pytest.fixture
def client_in_python(
    night: Service, client: httpx.Client, make_token: Callable[..., str]
) -> Iterator[ServiceClient]:
    """Yield the Python client of the service, with a token of a curator, without a network."""
    token = make_token("curator", "read", "label", "ingest", "curate")
    with ServiceClient(str(client.base_url), token=token, transport=client._transport) as opened:
        yield opened


def ensure_taxonomies_of(service: Service) -> None:
    service.database.write(ensure_taxonomies)
