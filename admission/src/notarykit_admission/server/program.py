"""The program: doors on one port, policies and certificates that are looked at again, and an end that loses nothing."""

import asyncio
import logging
import signal
import socket
from collections.abc import Callable, Mapping
from typing import NamedTuple

from notarykit_admission.access.opened import AccessSettings, OpenedAccess
from notarykit_admission.doors.external_data import ExternalDataDoor, failure
from notarykit_admission.doors.image_policy import ImagePolicyDoor
from notarykit_admission.doors.kubernetes import WebhookDoor
from notarykit_admission.doors.review import Reviewer
from notarykit_admission.doors.verify import VerifyDoor
from notarykit_admission.judging.cache import DecisionCache
from notarykit_admission.judging.examiner import NotaryExaminer
from notarykit_admission.judging.judge import Judge
from notarykit_admission.policy.source import PolicySource
from notarykit_admission.protocol.verify_request import answer_error
from notarykit_admission.server.http import Door, HTTPServer
from notarykit_admission.server.tls import ServerTLS, TLSFiles

_log = logging.getLogger(__name__)
# The API server's own default for a webhook, and what Gatekeeper's webhooks leave of their 3 and 1 seconds.
_WEBHOOK_SECONDS, _GATEKEEPER_SECONDS, _MUTATION_SECONDS = 10.0, 2.0, 0.9
_SECONDS_BETWEEN_LOOKS = 1.0
_SECONDS_TO_ANSWER = 10.0


class Settings(NamedTuple):
    """Settings of the program.

    Attributes:
        policy: Folder of policies, trust stores and rules.
        tls: Files of TLS; with client CAs, Gatekeeper's doors need a client certificate.
        address: Address to listen at.
        port: Port to listen at; 0 for any that is free.
        drain_seconds: Time for which new connections are served after SIGTERM, until everybody knows of the end.
        access: How registries are reached.
    """

    policy: str
    tls: TLSFiles
    address: str = "0.0.0.0"  # noqa: S104 - the API server comes from outside of the pod
    port: int = 8443
    drain_seconds: float = 5.0
    access: AccessSettings = AccessSettings()


class Program:
    """The program, from its settings to its end.

    Args:
        settings: The settings.

    Raises:
        NotarykitError: The policies, the files of TLS or the settings for registries cannot be used.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._policies = PolicySource(settings.policy)
        self._tls = ServerTLS(settings.tls)
        self._access = OpenedAccess(settings.access)
        self._end = asyncio.Event()

    async def run(self, listening: Callable[[int], None] = lambda _: None) -> None:
        """Serves until SIGTERM or SIGINT.

        Args:
            listening: Called with the port when requests are served.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._end.set)
        judge = Judge(NotaryExaminer(self._settings.access.registry_timeout), DecisionCache())
        server = HTTPServer(self._doors(judge), {"/healthz": _healthy, "/readyz": self._ready})
        listener = socket.create_server((self._settings.address, self._settings.port))
        await server.start(listener, self._tls.context)
        listening(listener.getsockname()[1])
        await self._watch()
        _log.info("the program ends: connections are closed with their next answers")
        server.drain()
        await asyncio.sleep(self._settings.drain_seconds)
        await server.stop(_SECONDS_TO_ANSWER)
        await judge.close()
        await self._access.close()

    async def _watch(self) -> None:
        """Looks at the policies and the files of TLS until the end."""
        while not self._end.is_set():
            try:
                async with asyncio.timeout(_SECONDS_BETWEEN_LOOKS):
                    await self._end.wait()
            except TimeoutError:
                await asyncio.to_thread(self._look)

    def _look(self) -> None:
        if self._policies.refresh():
            _log.info("other policies count from now on: %s", self._policies.current.identity)
        if self._tls.refresh():
            _log.info("another certificate is used from now on")

    def _ready(self) -> tuple[int, str]:
        """Returns 200 as long as requests are served: broken files are no reason to serve nobody."""
        if self._end.is_set():
            return 503, "the program ends"
        problems = "; ".join(filter(None, (self._policies.problem, self._tls.problem)))
        return 200, f"ready, with older files: {problems}" if problems else "ready"

    def _doors(self, judge: Judge) -> Mapping[str, Door]:
        reviewer = Reviewer(self._access.asker(judge), lambda: self._policies.current)
        guarded = bool(self._settings.tls.client_cas)
        verify = ExternalDataDoor(reviewer, pins=False).answer
        mutate = ExternalDataDoor(reviewer, pins=True).answer
        mutate_bare = ExternalDataDoor(reviewer, pins=True, bare=True).answer
        return {
            "/kubernetes/validate": Door(WebhookDoor(reviewer, pins=False).answer, _WEBHOOK_SECONDS),
            "/kubernetes/pin": Door(WebhookDoor(reviewer, pins=True).answer, _WEBHOOK_SECONDS),
            "/gatekeeper/verify": Door(verify, _GATEKEEPER_SECONDS, guarded, failure),
            "/gatekeeper/mutate": Door(mutate_bare, _MUTATION_SECONDS, guarded, failure),
            # Kyverno shows no certificate.
            "/kyverno/verify": Door(verify, _WEBHOOK_SECONDS, failure=failure),
            "/kyverno/mutate": Door(mutate, _WEBHOOK_SECONDS, failure=failure),
            "/image-policy": Door(ImagePolicyDoor(reviewer).answer, _WEBHOOK_SECONDS),
            "/v1/verify": Door(VerifyDoor(reviewer).answer, _WEBHOOK_SECONDS, failure=answer_error),
        }


def _healthy() -> tuple[int, str]:
    return 200, "ok"
