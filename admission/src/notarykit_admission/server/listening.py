"""The listening socket."""

import errno
import socket

from notarykit.errors import ConfigurationError

_BACKLOG = 256
_EXIT_CODE = 3
_ADVICE = {
    errno.EADDRINUSE: "end the program that listens there, or choose another --port",
    errno.EACCES: "choose a --port of 1024 or higher",
    errno.EADDRNOTAVAIL: "choose an --address of this machine, such as 0.0.0.0 or ::",
}


def host_and_port(address: str, port: int) -> str:
    """Returns an address and a port as a URL has them: one of IPv6 in brackets (RFC 3986, section 3.2.2)."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def listen(address: str, port: int) -> socket.socket:
    """Returns a listening socket; one at `::` takes connections by IPv4 as well.

    Args:
        address: Address, or name, of this machine.
        port: Port, or 0 for any that is free.

    Raises:
        ConfigurationError: The address cannot be listened at.
    """
    try:
        if ":" not in address:
            return socket.create_server((address, port), backlog=_BACKLOG)
        both = address == "::" and socket.has_dualstack_ipv6()
        return socket.create_server((address, port), family=socket.AF_INET6, backlog=_BACKLOG, dualstack_ipv6=both)
    except OSError as error:
        reason = (error.strerror or "unknown error").partition(" (while")[0]
        advice = _ADVICE.get(error.errno or 0, "choose another --address or --port")
        text = f"{address} port {port} cannot be listened at: {reason}"
        raise ConfigurationError(text, advice=advice).replace(exit_code=_EXIT_CODE) from None
