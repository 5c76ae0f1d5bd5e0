"""A folder that holds no service is refused, and nothing is made there."""

from __future__ import annotations

from pathlib import Path

import pytest

from skysieve.errors import ServiceError
from skysieve.service.operation.existing import existing_service
from skysieve.service.service import open_service
from skysieve.service.settings import DATABASE_VARIABLE


def test_a_folder_without_a_service_is_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(ServiceError, match=r"is not the folder of a service.*skysieve serve"),
        existing_service(tmp_path / "mistyped"),
    ):
        pass
    assert not (tmp_path / "mistyped").exists()


def test_a_service_is_opened(tmp_path: Path) -> None:
    open_service(tmp_path / "service").close()
    with existing_service(tmp_path / "service") as service:
        assert service.home.folder == tmp_path / "service"


def test_a_database_that_is_away_is_told_of_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_service(tmp_path / "service").close()
    monkeypatch.setenv(DATABASE_VARIABLE, "postgresql://sky:hunter2@/none?host=/nonexistent")
    says = r"^the database does not answer: .*SKYSIEVE_DATABASE_URL$"
    with pytest.raises(ServiceError, match=says) as told, existing_service(tmp_path / "service"):
        pass
    assert "hunter2" not in str(told.value)
    assert "\n" not in str(told.value)
