"""Where a depot is, and the name and password that it asks for."""

from __future__ import annotations

import logging
import os
from urllib.parse import urlsplit

from skysieve.errors import ConfigurationError
from skysieve.service.settings import DepotSettings

__all__ = ["check_depot", "depot_credentials"]

logger = logging.getLogger(__name__)

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def check_depot(settings: DepotSettings) -> str:
    """Return the address of a depot, which ends in a slash.

    Raises
    ------
    ConfigurationError
        If it is none of http or https, or holds what does not belong there.

    Examples
    --------
    >>> check_depot(DepotSettings("https://ztfweb.example/ztf/depot"))
    'https://ztfweb.example/ztf/depot/'
    """
    try:
        parts = urlsplit(settings.url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or any(sign.isspace() or not sign.isprintable() for sign in settings.url):
        raise ConfigurationError(f"ingest.depot.url: {settings.url!r} is not an address of http or https")
    if parts.username is not None:
        raise ConfigurationError(
            f"ingest.depot.url: the address of {parts.hostname} holds a user; set the environment variables "
            f"{settings.user_env} and {settings.password_env} instead"
        )
    if parts.query or parts.fragment:
        raise ConfigurationError(f"ingest.depot.url: {settings.url!r} holds a query or a fragment")
    return settings.url if settings.url.endswith("/") else settings.url + "/"


def depot_credentials(settings: DepotSettings) -> tuple[str, str] | None:
    """Return name and password for a depot from the environment, None where there are none.

    Raises
    ------
    ConfigurationError
        If one of both is missing.
    """
    user, password = (os.environ.get(name, "") for name in (settings.user_env, settings.password_env))
    if not user and not password:
        return None
    if not user or not password:
        missing = settings.password_env if user else settings.user_env
        raise ConfigurationError(
            f"depot: the environment variable {missing} is not set, its other half is; set both or none"
        )
    parts = urlsplit(settings.url)
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        logger.warning(
            "the depot at %s is not reached by https: its password can be overheard", parts.hostname
        )
    return user, password
