"""Limits of what clients may send, leave out, and hold."""

import math
from enum import StrEnum
from typing import NamedTuple


class HTTPLimits(NamedTuple):
    """Limits of the server.

    Attributes:
        body: Bytes of a request's body. An object of the API server has at most 3 MiB, and a review of an update two.
        bodies: Bytes of all bodies that are held at a time; a request beyond them is refused at once.
        reviews: Number of requests that are answered at a time; one more is refused at once.
        share: Part of the reviews, and of the bytes of bodies, that one client's address may have, so that no pod keeps
            the API server out.
        connections: Number of connections; for one more, the one that has waited longest for a request is closed.
        handshake_seconds: Time for the handshake of TLS.
        head_seconds: Time for the head of a request, from its first byte.
        body_seconds: Time for the body, once its request has begun.
        idle_seconds: Time after which a connection without a request is closed; clients in Go close theirs after 90.
    """

    body: int = 7 * 1024 * 1024
    bodies: int = 64 * 1024 * 1024
    reviews: int = 200
    share: float = 0.75
    connections: int = 500
    handshake_seconds: float = 5.0
    head_seconds: float = 5.0
    body_seconds: float = 5.0
    idle_seconds: float = 120.0

    def share_of(self, most: int) -> int:
        """Returns the part of an amount that one client's address may have; at least one."""
        return math.ceil(most * self.share)


DEFAULT_LIMITS = HTTPLimits()


class Limit(StrEnum):
    """Limit that something was refused by."""

    BODY = "body"
    BODIES = "bodies"
    REVIEWS = "reviews"
    CONNECTIONS = "connections"
    HANDSHAKE_SECONDS = "handshake_seconds"
    HEAD_SECONDS = "head_seconds"
    BODY_SECONDS = "body_seconds"
