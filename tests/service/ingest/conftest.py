"""Nights to take in: alerts and streaks, sound and bad, made once for all tests of ingest."""

import dataclasses
from pathlib import Path

import pytest

from skysieve.service.ingest.items import Item, file_stamp
from skysieve.sources.simulators.night import simulate_night
from skysieve.sources.simulators.streak_night import simulate_streak_night


@pytest.fixture(scope="session")
def alert_night(tmp_path_factory):
    """Return a night of 12 sound packets and one of each kind of bad ones; nobody changes it."""
    return simulate_night(tmp_path_factory.mktemp("alerts"), n=12, seed=5, bad_packets=True)


@pytest.fixture(scope="session")
def packets(alert_night):
    """Return the sound packets of the night, sorted by name."""
    bad = {path.name for path in alert_night.packets.iterdir() if not path.stem.isdigit()}
    return [path for path in sorted(alert_night.packets.iterdir()) if path.name not in bad]


@pytest.fixture(scope="session")
def streak_night(tmp_path_factory):
    """Return a night of 6 sound streaks with table and reports; nobody changes it."""
    return simulate_streak_night(tmp_path_factory.mktemp("streaks"), n=6, seed=3)


@pytest.fixture(scope="session")
def bad_streak_night(tmp_path_factory):
    """Return a night of 2 sound streaks and one of each kind of bad files; nobody changes it."""
    return simulate_streak_night(tmp_path_factory.mktemp("bad-streaks"), n=2, seed=4, bad_files=True)


@pytest.fixture
def items_of():
    """Return what makes items of all files in a folder, sorted by name."""

    def make(folder: Path, feed: str = "folder") -> list[Item]:
        paths = sorted(path for path in folder.rglob("*") if path.is_file())
        return [
            Item(feed, path.relative_to(folder).as_posix(), file_stamp(path.stat()), path=path)
            for path in paths
        ]

    return make


@pytest.fixture
def with_settings():
    """Return what changes settings of ingest of a service."""

    def change(service, **changes):
        ingest = dataclasses.replace(service.settings.ingest, **changes)
        return dataclasses.replace(service, settings=dataclasses.replace(service.settings, ingest=ingest))

    return change
