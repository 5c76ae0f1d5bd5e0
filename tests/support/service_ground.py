"""Services that examples of the command line start from, and one that answers over the network."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from browser import serving
from skysieve.service.accounts.roles import Role
from skysieve.service.accounts.tokens import create_token
from skysieve.service.accounts.users import add_user
from skysieve.service.database.tables import MetadataField, User
from skysieve.service.database.tables.judging import ON_DUTY
from skysieve.service.ingest.items import Item
from skysieve.service.ingest.reception import receive
from skysieve.service.judging.scorers import register
from skysieve.service.judging.scoring import score_all
from skysieve.service.labelling.taxonomies import ensure_taxonomies
from skysieve.service.operation.backup import backup
from skysieve.service.service import open_service

__all__ = [
    "answering_service",
    "write_backup",
    "write_observatory",
    "write_scored_service",
    "write_service",
    "write_vetting",
]


def write_service(folder: Path) -> None:
    """Write a service that knows a field of metadata, and no more."""
    with closing(open_service(folder)) as service, service.database.writing() as session:
        session.add(MetadataField(name="rb", type="number"))


def write_backup(service_folder: Path, path: Path) -> None:
    """Write the backup of a service."""
    with closing(open_service(service_folder)) as service:
        backup(service, path)


def write_observatory(folder: Path) -> None:
    """Write a service with two users."""
    with closing(open_service(folder)) as service:
        add_user(service.database, "ana", Role.ADMIN, actor="test")
        add_user(service.database, "ben", Role.SCANNER, actor="test")


def write_scored_service(folder: Path, packets: Path, *, most: int = 12) -> None:
    """Write a service that has received and scored the first packets of a night."""
    with closing(open_service(folder)) as service:
        service.database.write(ensure_taxonomies)
        register(service, "braai-weak", kind="alert", duty=ON_DUTY)
        files = sorted(packets.glob("*.avro"))[:most]
        receive(service, [Item("command", each.name, "1", path=each) for each in files])
        score_all(service)


def write_vetting(folder: Path, packets: Path, second: Path) -> None:
    """Write a service where a second model has taken over, and has still to score."""
    write_scored_service(folder, packets)
    with closing(open_service(folder)) as service:
        register(service, str(second), kind="alert", duty=ON_DUTY)


@contextmanager
def answering_service(folder: Path, packets: Path) -> Iterator[tuple[str, str]]:
    """Yield the address of a running service with a scored night, and a token for it."""
    write_scored_service(folder, packets)
    with closing(open_service(folder)) as service:
        user_id = add_user(service.database, "ana", Role.CURATOR, actor="test")
        with service.database.writing() as session:
            user = session.get_one(User, user_id)
            token = create_token(session, user, "examples", ["read", "label", "ingest"], 1, actor="test")
        with serving(service) as address:
            yield address, token
