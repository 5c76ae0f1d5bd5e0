"""The state of the disk, and what people are told of it."""

from __future__ import annotations

import pytest

from skysieve.service.operation.disk import DiskState, disk_state
from skysieve.service.service import Service


@pytest.mark.parametrize(("free", "state"), [(511, "full"), (512, "low"), (1023, "low"), (1024, "ok")])
def test_state_follows_the_free_space(free: int, state: str) -> None:
    disk = DiskState(free_mb=free, total_mb=4096, stop_free_mb=512)
    assert disk.state == state
    assert ("skysieve prune" in disk.message) == (state != "ok")
    assert ("has stopped" in disk.message) == (state == "full")


def test_the_disk_of_the_files_is_looked_at(sqlite_service: Service) -> None:
    disk = disk_state(sqlite_service)
    assert 0 < disk.free_mb < disk.total_mb
    assert disk.stop_free_mb == sqlite_service.settings.ingest.stop_free_mb
