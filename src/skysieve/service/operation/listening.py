"""Where a service listens: checked before it does, with words for what may be wrong."""

from __future__ import annotations

import errno
import ipaddress
import socket

from skysieve.errors import ConfigurationError, ServiceError
from skysieve.service.settings import WebSettings

__all__ = ["check_exposure", "is_loopback", "listen", "local_address"]


def check_exposure(web: WebSettings, *, insecure: bool) -> None:
    """Refuse to speak to other machines without TLS: passwords would cross the network in clear.

    Raises
    ------
    ConfigurationError
        Unless it listens on this machine only, stands behind a proxy with TLS, or somebody insists.
    """
    if is_loopback(web.host) or web.behind_tls or insecure:
        return
    raise ConfigurationError(
        f"web.host is {web.host}: other machines would reach the service without TLS, and passwords would "
        "cross the network in clear; put a proxy with TLS in front and set web.behind_tls, or "
        "insist with --insecure on a network that you trust"
    )


def is_loopback(host: str) -> bool:
    """Say whether an address is reached from this machine only.

    Examples
    --------
    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens.

    Parameters
    ----------
    host : str
        Address or name.
    port : int
        0: any that is free.

    Raises
    ------
    ConfigurationError
        If there is no such port.
    ServiceError
        If the port is taken, or the address is none of this machine.
    """
    if not 0 <= port <= 65_535:
        raise ConfigurationError(f"there is no port {port}; expected 1 to 65535, or 0 for any that is free")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            reason = "is taken by another program; end that, or choose another port with --port"
        elif error.errno == errno.EACCES:
            reason = "is for the system only; choose one above 1023 with --port"
        else:
            reason = f"cannot be listened on: {error.strerror or error}; give an address of this machine"
        raise ServiceError(f"port {port} of {host} {reason}") from error


def local_address(listening: socket.socket) -> str:
    """Return the address at which this machine reaches a socket.

    Examples
    --------
    >>> with listen("127.0.0.1", 0) as listening:
    ...     local_address(listening).startswith("http://127.0.0.1:")
    True
    """
    host, port = listening.getsockname()[:2]
    if ipaddress.ip_address(host).is_unspecified:
        host = "::1" if ":" in host else "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
