"""Ports for servers that cannot choose a free one themselves."""

import socket

ATTEMPTS = 5
"""How often such a server is started, since another process may take its port before it does."""


def free_port() -> int:
    """Returns a port of 127.0.0.1 that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
