"""The listening socket."""

import socket

import pytest

from notarykit.errors import ConfigurationError
from notarykit_admission.server.listening import host_and_port, listen


def test_port_that_is_free() -> None:
    """Any free port is taken for 0."""
    with listen("127.0.0.1", 0) as one, listen("127.0.0.1", 0) as two:
        assert one.getsockname()[1] != two.getsockname()[1]


@pytest.mark.parametrize(("address", "other"), [("::1", None), ("::", "127.0.0.1")])
def test_ipv6(address: str, other: str | None) -> None:
    """An address of IPv6 is listened at, and `::` takes both kinds of connections."""
    with listen(address, 0) as listening:
        port = listening.getsockname()[1]
        for client in filter(None, ("::1", other)):
            socket.create_connection((client, port), timeout=60).close()


@pytest.mark.parametrize(("address", "text"), [("localhost", "localhost:8443"), ("::", "[::]:8443")])
def test_address_as_it_is_said(address: str, text: str) -> None:
    """The colons of an address of IPv6 are not taken for the one before the port."""
    assert host_and_port(address, 8443) == text


def test_port_in_use() -> None:
    """A port that somebody listens at is an error that says what to do, with an exit code of its own."""
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError) as caught:
            listen("127.0.0.1", port)
    assert caught.value.exit_code == 3
    assert caught.value.one_line() == (
        f"127.0.0.1 port {port} cannot be listened at: Address already in use:"
        " end the program that listens there, or choose another --port"
    )


@pytest.mark.parametrize(
    ("address", "advice"),
    [("192.0.2.1", "choose an --address of this machine"), ("none.invalid", "choose another --address or --port")],
)
def test_address_of_another_machine(address: str, advice: str) -> None:
    """An address that is not this machine's is an error that says what to do."""
    with pytest.raises(ConfigurationError, match="cannot be listened at") as caught:
        listen(address, 0)
    assert advice in caught.value.advice
