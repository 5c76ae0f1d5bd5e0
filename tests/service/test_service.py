"""A folder becomes a service once, and never one with an empty database beside the files of another."""

from __future__ import annotations

from pathlib import Path

import pytest

from skysieve.errors import ServiceError
from skysieve.service.service import open_service
from skysieve.service.settings import DATABASE_VARIABLE


@pytest.fixture(autouse=True)
def _on_sqlite(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(DATABASE_VARIABLE, raising=False)


def test_files_without_their_database_are_told_of(tmp_path: Path) -> None:
    service = open_service(tmp_path / "service")
    service.files.put(b"a packet")
    service.close()
    open_service(tmp_path / "service").close()
    for path in service.home.folder.glob("service.sqlite*"):
        path.unlink()
    with pytest.raises(ServiceError, match=f"has files and no service.sqlite: .* set {DATABASE_VARIABLE}"):
        open_service(tmp_path / "service")
    assert not service.home.database.exists()
