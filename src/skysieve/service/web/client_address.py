"""Where a request comes from: the connection, or what a proxy says that the settings trust."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from starlette.datastructures import Headers
from starlette.types import Scope

from skysieve.errors import ConfigurationError

__all__ = ["ClientAddress"]

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class ClientAddress:
    """Finds the address of a client.

    Parameters
    ----------
    proxies : iterable of str
        Addresses or networks whose ``X-Forwarded-For`` is believed; what others send there is ignored.

    Raises
    ------
    ConfigurationError
        If one of them is no address.

    Examples
    --------
    >>> find = ClientAddress(["127.0.0.1", "10.0.0.0/8"])
    >>> header = (b"x-forwarded-for", b"6.6.6.6, 192.0.2.7, 10.1.1.1")
    >>> find({"client": ("127.0.0.1", 1), "headers": [header]})
    '192.0.2.7'
    >>> find({"client": ("192.0.2.9", 1), "headers": [header]})
    '192.0.2.9'
    """

    def __init__(self, proxies: Iterable[str]) -> None:
        self._trusted = [_network(each) for each in proxies]

    def __call__(self, scope: Scope) -> str:
        """Return the address; empty where the connection has none."""
        peer = (scope.get("client") or ("", 0))[0]
        given = ",".join(Headers(scope=scope).getlist("X-Forwarded-For"))
        # From the right: each proxy adds the address that it saw; what a client made up stands further left.
        for hop in reversed(given.split(",") if given else []):
            if not self._trusts(peer):
                break
            address = _without_port(hop.strip())
            if _parsed(address) is None:
                break
            peer = address
        return str(peer)

    def _trusts(self, address: str) -> bool:
        parsed = _parsed(address)
        return parsed is not None and any(parsed in network for network in self._trusted)


def _network(text: str) -> _Network:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ConfigurationError(
            f"web.proxies holds {text!r}; expected addresses or networks such as 10.0.0.0/8"
        ) from None


def _parsed(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return None
    return getattr(parsed, "ipv4_mapped", None) or parsed


def _without_port(hop: str) -> str:
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop
