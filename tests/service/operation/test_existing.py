"""A folder that holds no service is refused, and nothing is made there."""

from __future__ import annotations

from pathlib import Path

import pytest

from skysieve.errors import ServiceError
from skysieve.service.operation.existing import existing_service
from skysieve.service.service import open_service


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
