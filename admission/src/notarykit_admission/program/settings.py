"""Settings of the program."""

from typing import NamedTuple

from notarykit_admission.access.settings import AccessSettings
from notarykit_admission.judging.cache import MOST_DECISIONS
from notarykit_admission.review.reviewer import MOST_IMAGES
from notarykit_admission.server.limits import DEFAULT_LIMITS, HTTPLimits
from notarykit_admission.server.tls import TLSFiles

# Kyverno shows no certificate, and the API server none unless it is told to.
GUARDED_BY_DEFAULT, ALL_GUARDED = ("gatekeeper/",), ("",)


class Settings(NamedTuple):
    """Settings of the program.

    Attributes:
        policy: Folder of policies, trust stores and rules.
        tls: Files of TLS; with client CAs, some doors need a client certificate.
        address: Address to listen at.
        port: Port to listen at; 0 for any that is free.
        drain_seconds: Time for which new connections are served after SIGTERM, until everybody knows of the end.
        access: How registries are reached.
        limits: What clients may send, leave out, and hold.
        most_images: Number of images of a request; one with more is refused.
        most_decisions: Number of decisions that are kept.
        guarded: Beginnings of the names of these doors.
    """

    policy: str
    tls: TLSFiles
    address: str = "0.0.0.0"  # noqa: S104 - the API server comes from outside of the pod
    port: int = 8443
    drain_seconds: float = 5.0
    access: AccessSettings = AccessSettings()
    limits: HTTPLimits = DEFAULT_LIMITS
    most_images: int = MOST_IMAGES
    most_decisions: int = MOST_DECISIONS
    guarded: tuple[str, ...] = GUARDED_BY_DEFAULT
