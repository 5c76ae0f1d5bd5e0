"""A service with a million candidates, scored by the shipped model, with cutouts that can be shown.

Filling takes minutes; a copy is kept where asked for, and the next benchmark begins with a copy of it.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import select

from candidate_pages import fill
from skysieve.service.database.tables import Candidate, Cutouts, Scorer
from skysieve.service.ingest.items import Item
from skysieve.service.ingest.reception import receive
from skysieve.service.judging.scorers import ensure_default_scorers, register
from skysieve.service.labelling.taxonomies import ensure_taxonomies
from skysieve.service.service import open_service
from skysieve.service.settings import DATABASE_VARIABLE
from skysieve.sources.simulators.night import simulate_night

__all__ = ["filled_home", "packets_of"]

#: Different packets whose cutouts the candidates share.
DIFFERENT = 1_000


@contextlib.contextmanager
def filled_home(folder: Path, database: str, candidates: int, kept: Path | None) -> Iterator[Path]:
    """Yield the folder of a service that is filled and not running.

    Parameters
    ----------
    folder : path
        An empty folder of its own.
    database : {"sqlite", "postgresql"}
        Which; PostgreSQL is started, and its address is in the environment within the block.
    candidates : int
        How many.
    kept : path, optional
        Where filled services are kept, and taken from.
    """
    home = folder / "home"
    place = None if kept is None else kept / f"{database}-{candidates}"
    is_kept = place is not None and place.is_dir()
    server = _postgresql_server() if database == "postgresql" else None
    try:
        if is_kept:
            assert place is not None
            _copy(place / "home", home)
            if server is not None:
                _put_back(server, place / "data")
        if server is not None:
            os.environ[DATABASE_VARIABLE] = _only_database(server) if is_kept else server.create_database()
        if not is_kept:
            _fill(home, candidates, folder, kept)
            if place is not None:
                _keep(home, server, place)
        yield home
    finally:
        os.environ.pop(DATABASE_VARIABLE, None)
        if server is not None:
            server.close()


def packets_of(folder: Path, kept: Path | None, count: int, seed: int) -> Path:
    """Return a folder with simulated packets, taken from where they are kept."""
    place = (folder if kept is None else kept) / f"packets-{count}-{seed}"
    if not (place / "truth.csv").is_file():
        shutil.rmtree(place, ignore_errors=True)
        simulate_night(place, n=count, seed=seed)
    return place / "packets"


def _fill(home: Path, candidates: int, folder: Path, kept: Path | None) -> None:
    cutouts = _make_cutouts(folder / "cutouts", packets_of(folder, kept, DIFFERENT, 99))
    _copy(folder / "cutouts" / "files", home / "files")
    service = open_service(home)
    # Scores are filled in for the first two scorers.
    register(service, service.settings.judging.alerts, kind="alert", duty="on-duty")
    with service.database.writing() as session:
        session.add(
            Scorer(kind="alert", identity="0" * 64, name="second", is_sieve=False, place="", duty="retired")
        )
    fill(service.database, candidates, cutouts)
    service.database.write(ensure_taxonomies)
    ensure_default_scorers(service)
    service.close()


def _make_cutouts(home: Path, packets: Path) -> list[tuple[dict[str, Any], bytes | None]]:
    """Return columns of cutouts and what they look like, as a service makes them of packets.

    Its files lie in its folder.
    """
    address = os.environ.pop(DATABASE_VARIABLE, None)
    service = open_service(home)
    items = [Item("benchmark", path.name, path.name, path=path) for path in sorted(packets.glob("*.avro"))]
    receive(service, items)
    with service.database.reading() as session:
        rows = session.execute(select(Cutouts, Candidate.look).join(Candidate)).all()
    service.close()
    if address is not None:
        os.environ[DATABASE_VARIABLE] = address
    names = ("sha256", "media_type", "channels", "packet_sha256", "packet_record")
    return [({name: getattr(row, name) for name in names}, look) for row, look in rows]


def _keep(home: Path, server: Any, place: Path) -> None:
    partial = place.with_name(place.name + ".part")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    _copy(home, partial / "home")
    if server is not None:
        server.stop()
        _copy(server.data, partial / "data")
        server.start()
    partial.rename(place)


def _put_back(server: Any, data: Path) -> None:
    server.stop()
    shutil.rmtree(server.data)
    _copy(data, server.data)
    server.start()


def _only_database(server: Any) -> str:
    with psycopg.connect(server.address("postgres", driver="")) as connection:
        name = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE 't____________'")
        (found,) = name.fetchone() or ("",)
    return str(server.address(found))


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", "-a", "--reflink=auto", str(source), str(target)], check=True)


def _postgresql_server() -> Any:
    place = Path(__file__).parents[1] / "tests" / "support" / "postgresql_server.py"
    spec = importlib.util.spec_from_file_location("postgresql_server", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.PostgresqlServer()
