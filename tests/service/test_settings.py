"""Settings that cannot be meant are refused when they are read, with the file that holds them."""

from __future__ import annotations

from pathlib import Path

import pytest

from skysieve.errors import ConfigurationError
from skysieve.service.home import Home
from skysieve.service.settings import load_settings


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Return the folder of a service that has no settings yet."""
    return Home(tmp_path)


def test_a_file_counts_more_than_the_defaults_and_a_command_more_than_the_file(home: Home) -> None:
    home.settings.write_text('name = "Night watch"\nsite = "70.5"\nweb.port = 1\n')
    settings = load_settings(home, {"web.port": 2})
    assert (settings.name, settings.site, settings.web.port, settings.keep_days) == (
        "Night watch",
        "70.5",
        2,
        0,
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('site = "Paloma"', "the site 'Paloma' is unknown; known are Palomar,"),
        ('nmae = "x"', "no setting is called 'nmae'; did you mean 'name'"),
        ('[ingest.kafak]\nbrokers = "x"', "did you mean 'ingest.kafka'"),
        ("[ingest", "is not TOML"),
    ],
)
def test_what_is_wrong_is_told_with_the_file_once(home: Home, text: str, reason: str) -> None:
    home.settings.write_text(text)
    with pytest.raises(ConfigurationError, match=reason) as refused:
        load_settings(home)
    assert str(refused.value).count(str(home.settings)) == 1


def test_a_wrong_site_of_a_command_is_refused(home: Home) -> None:
    with pytest.raises(ConfigurationError, match="'Nowhere' is unknown"):
        load_settings(home, {"site": "Nowhere"})
