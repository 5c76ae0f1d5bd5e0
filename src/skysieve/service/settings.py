"""How a service is set up: frozen dataclasses with the defaults, a TOML file over them, secrets from outside.

A secret never stands in the file: a setting that ends in ``_env`` names the environment variable
that holds one.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from skysieve.configuration import override, read_toml
from skysieve.errors import ConfigurationError
from skysieve.service.home import Home

__all__ = [
    "DATABASE_VARIABLE",
    "DepotSettings",
    "FolderSettings",
    "IngestSettings",
    "JudgingSettings",
    "KafkaSettings",
    "OutflowSettings",
    "ServiceSettings",
    "WebSettings",
    "load_settings",
    "resolve",
    "secret",
]

#: Environment variable with the address of the database, which may hold a password.
DATABASE_VARIABLE = "SKYSIEVE_DATABASE_URL"


@dataclass(frozen=True)
class FolderSettings:
    """A watched folder.

    Parameters
    ----------
    path : str
        The folder; relative to the folder of the service. Empty: its ``inbox``.
    poll_s : float
        Seconds between two listings of the whole folder, which find what the system did not tell of.
    settle_s : float
        A file that was changed within so many seconds may still be written.
    """

    path: str = ""
    poll_s: float = 10.0
    settle_s: float = 1.0


@dataclass(frozen=True)
class DepotSettings:
    """A depot over HTTP with a folder for each date, as ZTF's.

    Parameters
    ----------
    url : str
        Its address, which ends in a slash; empty: no depot.
    user_env, password_env : str
        Environment variables with the name and password for basic authentication.
    poll_s : float
        Seconds between two looks at the night that is under way.
    nights_back : int
        So many nights before tonight are looked at, too.
    """

    url: str = ""
    user_env: str = "SKYSIEVE_DEPOT_USER"
    password_env: str = "SKYSIEVE_DEPOT_PASSWORD"  # noqa: S105 - the name of a variable
    poll_s: float = 30.0
    nights_back: int = 1


@dataclass(frozen=True)
class KafkaSettings:
    """Topics of a Kafka cluster.

    Parameters
    ----------
    brokers : str
        ``host:port``, several with commas; empty: no Kafka.
    topics : tuple of str
        What is read; a name that begins with ``^`` is a pattern.
    group : str
        Consumer group: processes of one group share the partitions.
    schemas : str
        Folder of writer schemas (``<id>.avsc``) for framed messages; empty: there are none.
    start : {"earliest", "latest"}
        Where a group begins that has no committed offset.
    user_env, password_env : str
        Environment variables for SASL; used where both are set.
    options : mapping
        Further options of librdkafka.
    """

    brokers: str = ""
    topics: tuple[str, ...] = ()
    group: str = "skysieve"
    schemas: str = ""
    start: str = "earliest"
    user_env: str = "SKYSIEVE_KAFKA_USER"
    password_env: str = "SKYSIEVE_KAFKA_PASSWORD"  # noqa: S105 - the name of a variable
    options: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class IngestSettings:
    """How items come in.

    Parameters
    ----------
    folder, depot, kafka
        The feeds. The folder is watched unless ``watch`` is off.
    watch : bool
        Whether the folder is watched.
    batch : int
        Items in a transaction, at the most.
    keep_packets : bool
        Keep every Avro packet as it came, for export and for scoring again from the very bytes.
    expect_metadata : bool
        Whether a streak waits for its row of the nightly table before it is scored.
    stop_free_mb : int
        Ingest stops where less space than that is left on the disk.
    """

    folder: FolderSettings = field(default_factory=FolderSettings)
    depot: DepotSettings = field(default_factory=DepotSettings)
    kafka: KafkaSettings = field(default_factory=KafkaSettings)
    watch: bool = True
    batch: int = 128
    keep_packets: bool = True
    expect_metadata: bool = True
    stop_free_mb: int = 512


@dataclass(frozen=True)
class JudgingSettings:
    """What scores.

    Parameters
    ----------
    alerts, streaks : str
        Model or sieve that a new service puts on duty: a shipped name or a folder; empty: none.
    engine, precision : str
        As of `skysieve score`.
    batch : int
        Candidates scored in one transaction, at the most.
    """

    alerts: str = "braai-weak"
    streaks: str = "streaks"
    engine: str = "onnxruntime"
    precision: str = "float32"
    batch: int = 256


@dataclass(frozen=True)
class OutflowSettings:
    """Where plausible candidates are told of.

    Parameters
    ----------
    webhooks : tuple of str
        Addresses that get a POST for each.
    webhook_key_env : str
        Environment variable with the key that signs what is posted (HMAC-SHA256).
    kafka_brokers, kafka_topic : str
        Where a message is produced for each; empty: nowhere.
    kafka_user_env, kafka_password_env : str
        Environment variables for SASL; used where both are set. The brokers of ingest are reached as there.
    kafka_options : mapping
        Further options of librdkafka.
    where : str
        Filter that a candidate must pass.
    """

    webhooks: tuple[str, ...] = ()
    webhook_key_env: str = "SKYSIEVE_WEBHOOK_KEY"
    kafka_brokers: str = ""
    kafka_topic: str = ""
    kafka_user_env: str = "SKYSIEVE_OUTFLOW_KAFKA_USER"
    kafka_password_env: str = "SKYSIEVE_OUTFLOW_KAFKA_PASSWORD"  # noqa: S105 - the name of a variable
    kafka_options: dict[str, str] = field(default_factory=dict)
    where: str = "passes = true"


@dataclass(frozen=True)
class WebSettings:
    """How it answers on the network.

    Parameters
    ----------
    host : str
        Address to listen on; another than the loopback needs a proxy with TLS in front.
    port : int
        Port.
    behind_tls : bool
        Whether a proxy speaks TLS: cookies are marked secure and the browser is told to insist on it.
    public_url : str
        How people reach it, for links in what leaves.
    session_hours : float
        A session ends after so many hours without a request.
    page_size : int
        Candidates on a page.
    upload_mb : int
        Largest body of a request.
    proxies : tuple of str
        Addresses whose ``X-Forwarded-For`` is believed.
    """

    host: str = "127.0.0.1"
    port: int = 8765
    behind_tls: bool = False
    public_url: str = ""
    session_hours: float = 12.0
    page_size: int = 50
    upload_mb: int = 64
    proxies: tuple[str, ...] = ("127.0.0.1",)


@dataclass(frozen=True)
class ServiceSettings:
    """Everything that can be set of a service.

    Parameters
    ----------
    name : str
        What the pages call it.
    site : str
        The observatory, or its longitude in degrees east: nights run from its noon to noon.
    database_url : str
        Address of the database without a password; empty: SQLite in the folder of the service. The
        environment variable ``SKYSIEVE_DATABASE_URL`` overrides it.
    keep_days : int
        `skysieve prune` removes nights older than that; 0: none.
    ingest, judging, outflow, web
        The parts.
    """

    name: str = "skysieve"
    site: str = "Palomar"
    database_url: str = ""
    keep_days: int = 0
    ingest: IngestSettings = field(default_factory=IngestSettings)
    judging: JudgingSettings = field(default_factory=JudgingSettings)
    outflow: OutflowSettings = field(default_factory=OutflowSettings)
    web: WebSettings = field(default_factory=WebSettings)

    def database_address(self, home: Home) -> str:
        """Return the address of the database in the words of SQLAlchemy.

        Examples
        --------
        >>> from pathlib import Path
        >>> ServiceSettings(database_url="postgres://db/night").database_address(Home(Path("/srv")))
        'postgresql+psycopg://db/night'
        """
        given = os.environ.get(DATABASE_VARIABLE) or self.database_url
        if not given:
            return f"sqlite:///{home.database}"
        for prefix in ("postgres://", "postgresql://"):
            if given.startswith(prefix):
                return "postgresql+psycopg://" + given.removeprefix(prefix)
        return given


def load_settings(home: Home, overrides: Mapping[str, Any] | None = None) -> ServiceSettings:
    """Read the settings of a service.

    Parameters
    ----------
    home : Home
        Its folder.
    overrides : mapping, optional
        What counts more than the file, under dotted names.

    Raises
    ------
    ConfigurationError
        If a key is unknown, a value has the wrong type, or the site is none; the message names the nearest
        right key.
    """
    settings = ServiceSettings()
    if home.settings.is_file():
        given = read_toml(home.settings)
        try:
            settings = _with_known_site(override(settings, given))
        except ConfigurationError as error:
            raise ConfigurationError(f"{home.settings}: {error}") from None
    return _with_known_site(override(settings, overrides or {}))


def _with_known_site(settings: ServiceSettings) -> ServiceSettings:
    """Return settings whose site has a longitude: without one no candidate would have a night."""
    if settings.site != ServiceSettings.site:
        # Imports numpy, which few commands need.
        from skysieve.sources.streaks.observing_night import longitude_of

        longitude_of(settings.site)
    return settings


def secret(variable: str, *, purpose: str) -> str:
    """Return a secret from the environment.

    Raises
    ------
    ConfigurationError
        If the variable is not set.
    """
    value = os.environ.get(variable, "")
    if not value:
        raise ConfigurationError(f"{purpose} needs the environment variable {variable}, which is not set")
    return value


def resolve(home: Home, place: str, default: Path) -> Path:
    """Return a place that the settings name, relative to the folder of the service."""
    return home.folder / place if place else default
