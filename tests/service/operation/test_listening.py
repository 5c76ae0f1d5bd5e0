"""Where a service listens, and what is said where it cannot or must not."""

from __future__ import annotations

import pytest

from skysieve.errors import ConfigurationError, ServiceError
from skysieve.service.operation.listening import check_exposure, listen, local_address
from skysieve.service.settings import WebSettings


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "localhost", "::1"])
def test_this_machine_alone_may_speak_without_tls(host: str) -> None:
    check_exposure(WebSettings(host=host), insecure=False)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.7", "::", "observatory.example"])
def test_others_may_not_unless_somebody_insists(host: str) -> None:
    with pytest.raises(ConfigurationError, match=r"without TLS.*web\.behind_tls.*--insecure"):
        check_exposure(WebSettings(host=host), insecure=False)
    check_exposure(WebSettings(host=host, behind_tls=True), insecure=False)
    check_exposure(WebSettings(host=host), insecure=True)


def test_a_port_that_is_taken_is_told_of() -> None:
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(
            ServiceError, match=rf"port {port} of 127\.0\.0\.1 is taken by another program.*--port"
        ):
            listen("127.0.0.1", port)


@pytest.mark.parametrize("host", ["192.0.2.7", "no-such-name.invalid"])
def test_an_address_of_another_machine_is_told_of(host: str) -> None:
    with pytest.raises(ServiceError, match=r"cannot be listened on: .*address of this machine"):
        listen(host, 0)


def test_all_addresses_are_reached_by_the_loopback() -> None:
    with listen("0.0.0.0", 0) as listening:
        assert local_address(listening).startswith("http://127.0.0.1:")
