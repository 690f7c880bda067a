"""The program: doors on one port, policies and certificates that are looked at again, and an end that loses nothing."""

import asyncio
import logging
import signal
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from math import ceil

from notarykit_admission.access.opened import OpenedAccess
from notarykit_admission.judging.cache import DecisionCache
from notarykit_admission.judging.examiner import NotaryExaminer
from notarykit_admission.judging.judge import DEFAULT_LIMITS, Judge
from notarykit_admission.program.routes import make_routes
from notarykit_admission.program.settings import Settings
from notarykit_admission.program.watch import FileWatch, WatchedFiles
from notarykit_admission.review.asker import Asker
from notarykit_admission.review.reviewer import Reviewer
from notarykit_admission.server.descriptors import allow_descriptors
from notarykit_admission.server.http import HTTPServer
from notarykit_admission.server.listening import listen
from notarykit_admission.server.route import Page
from notarykit_admission.telemetry.lines import LineWriter
from notarykit_admission.telemetry.state import FilesState, State
from notarykit_admission.telemetry.telemetry import Telemetry

_log = logging.getLogger(__name__)
_SECONDS_TO_ANSWER = 10.0
_SECONDS_TO_SAY_SO = 2.0


class Program:
    """The program, from its settings to its end; made and run in one event loop.

    Args:
        settings: The settings.
        lines: Writes the lines of the log.

    Raises:
        NotarykitError: The policies, the files of TLS or the settings for registries cannot be used.
    """

    def __init__(self, settings: Settings, lines: LineWriter) -> None:
        self._settings = settings
        self._lines = lines
        self._files = WatchedFiles(settings)
        self._access = OpenedAccess(settings.access, self._files.registries)
        self._telemetry = Telemetry(lines.write, self._state)
        self._cache = DecisionCache(settings.most_decisions)
        self._judge = Judge(
            NotaryExaminer(settings.access.registry_timeout, self._telemetry),
            self._cache,
            # Of the reviews that one API server may ask for at a time, half.
            DEFAULT_LIMITS._replace(waiting_of_namespace=ceil(settings.limits.share_of(settings.limits.reviews) / 2)),
        )
        self._asker = Asker(self._judge, self._access.registries, self._access.pull_secrets)
        routes = make_routes(self._reviewer, settings.guarded if settings.tls.client_cas else ())
        pages = {"/healthz": _healthy, "/readyz": self._ready, "/metrics": self._metrics}
        self._server = HTTPServer(routes, pages, settings.limits, self._telemetry)
        self._is_ending = False

    async def run(self, listening: Callable[[int], None] = lambda _: None) -> None:
        """Serves until SIGTERM or SIGINT; SIGHUP has the files looked at at once.

        Args:
            listening: Called with the port when requests are served.

        Raises:
            ConfigurationError: The address cannot be listened at.
        """
        allow_descriptors(self._settings.limits.connections)
        listener = listen(self._settings.address, self._settings.port)
        handlers = {signal.SIGTERM: self._end, signal.SIGINT: self._end, signal.SIGHUP: self._files.look_now}
        with _handling(handlers):
            await self._serve(listener, listening)

    async def _serve(self, listener: socket.socket, listening: Callable[[int], None]) -> None:
        self._server.start(listener, self._files.tls)
        port = listener.getsockname()[1]
        _log.info("requests are served at port %d, under policies %s", port, self._files.policies.current.identity)
        listening(port)
        await self._files.watch()
        seconds = self._settings.drain_seconds
        _log.info("the program ends in %g seconds: until then it serves, and closes connections with answers", seconds)
        self._server.drain()
        await asyncio.sleep(seconds)
        stopping = asyncio.create_task(self._server.stop(_SECONDS_TO_ANSWER + _SECONDS_TO_SAY_SO))
        await asyncio.wait([stopping], timeout=_SECONDS_TO_ANSWER)
        await self._judge.close()  # what is not decided by now is answered, too
        await stopping
        await self._access.close()
        _log.info("the program has ended")

    def _end(self) -> None:
        self._is_ending = True
        self._files.end()

    def _reviewer(self, door: str) -> Reviewer:
        return Reviewer(
            self._asker,
            lambda: self._files.policies.current,
            self._telemetry.review_observer(door),
            self._settings.most_images,
        )

    def _ready(self) -> Page:
        """Returns 200 as long as requests are served, which newer files that are broken do not end."""
        if self._is_ending:
            return Page(503, b"the program ends")
        problems = self._files.problems()
        return Page(200, f"ready, {problems}".encode() if problems else b"ready")

    def _metrics(self) -> Page:
        return Page(200, self._telemetry.metrics(), self._telemetry.content_type)

    def _state(self) -> State:
        return State(
            policy=_state_of(self._files.policy_watch),
            policy_identity=self._files.policies.current.identity,
            tls=_state_of(self._files.tls_watch),
            certificate_end=self._files.tls.end.timestamp(),
            cached=len(self._cache),
            hits=self._cache.hits,
            misses=self._cache.misses,
            examinations=self._judge.under_way,
            reviews=self._server.reviews,
            connections=self._server.connections,
            lost_lines=self._lines.lost,
            evidence=self._telemetry.evidence.states(),
        )


@contextmanager
def _handling(handlers: Mapping[signal.Signals, Callable[[], None]]) -> Iterator[None]:
    """Has signals handled in the running event loop; those who run it afterwards find Python's own handlers."""
    loop = asyncio.get_running_loop()
    for number, handler in handlers.items():
        loop.add_signal_handler(number, handler)
    try:
        yield
    finally:
        for number in handlers:
            loop.remove_signal_handler(number)


def _state_of(watch: FileWatch) -> FilesState:
    return FilesState(watch.loaded, watch.looked, bool(watch.problem))


def _healthy() -> Page:
    return Page(200, b"ok")
