"""Files that are taken up while the program runs: the policy folder, those of TLS, and those for registries."""

import asyncio
import logging
import time
from collections.abc import Callable

from notarykit import NotarykitError
from notarykit_admission.access.registry_files import RegistryFiles
from notarykit_admission.message import one_line
from notarykit_admission.policy.source import PolicySource
from notarykit_admission.program.settings import Settings
from notarykit_admission.server.tls import ServerTLS

_log = logging.getLogger(__name__)
_SECONDS_BETWEEN_LOOKS = 1.0


class FileWatch:
    """Watch of files of one kind: when others were taken up, and why the present ones are not.

    Args:
        name: Name of the files for messages.
        refresh: Function that looks at them, and returns True if others count from then on, or None while they are
            being changed.

    Attributes:
        loaded: Time at which those that count were taken up, in seconds since 1970.
        looked: Time of the last look.
        problem: Reason why the present ones do not count, or an empty string.
    """

    def __init__(self, name: str, refresh: Callable[[], bool | None]) -> None:
        self._name = name
        self._refresh = refresh
        self.loaded = self.looked = time.time()
        self.problem = ""

    def look(self) -> bool:
        """Looks at the files, and returns True if others count from now on; a problem is logged once."""
        self.looked = time.time()
        try:
            is_new = self._refresh()
        except NotarykitError as error:
            return self._fail(one_line(error.one_line()))
        except Exception as error:  # noqa: BLE001 - it may pass, and keeps other files from nothing
            return self._fail(f"internal error: {type(error).__name__}", error)
        if is_new is None:
            return False
        self.problem = ""
        if is_new:
            self.loaded = self.looked
        return is_new

    def _fail(self, problem: str, mistake: Exception | None = None) -> bool:
        if problem != self.problem:
            text = "the new %s do not count, and the last good ones do: %s"
            _log.error(text, self._name, problem, exc_info=mistake)
        self.problem = problem
        return False


class WatchedFiles:
    """Policies, TLS and settings for registries, looked at again and again.

    Args:
        settings: Settings that name them.

    Attributes:
        policies: Policies that count.
        tls: TLS that is used.
        registries: The program's own settings for registries.
        policy_watch: Watch of the policy folder.
        tls_watch: Watch of the files of TLS.

    Raises:
        NotarykitError: They cannot be used to begin with.
    """

    def __init__(self, settings: Settings) -> None:
        self.policies = PolicySource(settings.policy)
        self.tls = ServerTLS(settings.tls)
        self.registries = RegistryFiles(settings.access)
        self.policy_watch = FileWatch("policies", self.policies.refresh)
        self.tls_watch = FileWatch("files of TLS", self.tls.refresh)
        self._registries_watch = FileWatch("settings for registries", self.registries.refresh)
        self._wake = asyncio.Event()
        self._is_ending = False

    def look_now(self) -> None:
        """Takes up changes at once, which are known to be whole."""
        self._wake.set()

    def end(self) -> None:
        """Looks no more."""
        self._is_ending = True
        self._wake.set()

    async def watch(self) -> None:
        """Looks until the end."""
        if warning := self.tls.warning():
            _log.warning("%s: renew it", warning)
        while not self._is_ending:
            try:
                async with asyncio.timeout(_SECONDS_BETWEEN_LOOKS):
                    await self._wake.wait()
            except TimeoutError:
                await asyncio.to_thread(self._look)
            else:
                self._wake.clear()
                await asyncio.to_thread(self._look)  # a change counts when two looks have found the same
                await asyncio.to_thread(self._look)

    def _look(self) -> None:
        if self.policy_watch.look():
            _log.info("other policies count from now on: %s", self.policies.current.identity)
        if self.tls_watch.look():
            _log.info("another certificate is used from now on; it ends at %s", self.tls.end.isoformat())
        if self._registries_watch.look():
            _log.info("other settings for registries count from now on")

    def problems(self) -> str:
        """Returns what is wrong with the present files, as one text, or an empty string."""
        watches = (self.policy_watch, self.tls_watch, self._registries_watch)
        older = "; ".join(watch.problem for watch in watches if watch.problem)
        return "; ".join(filter(None, (older and f"with older files: {older}", self.tls.warning())))
