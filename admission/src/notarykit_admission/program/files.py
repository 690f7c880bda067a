"""Files that are taken up while the program runs: the policy folder, those of TLS, and those for registries."""

import asyncio
import logging

from notarykit_admission.access.own import OwnSettings
from notarykit_admission.policy.source import PolicySource
from notarykit_admission.program.settings import Settings
from notarykit_admission.server.tls import ServerTLS

_log = logging.getLogger(__name__)
_SECONDS_BETWEEN_LOOKS = 1.0


class WatchedFiles:
    """Policies, TLS and settings for registries, looked at again and again.

    Args:
        settings: Settings that name them.

    Attributes:
        policies: Policies that count.
        tls: TLS that is used.
        registries: The program's own settings for registries.

    Raises:
        NotarykitError: They cannot be used to begin with.
    """

    def __init__(self, settings: Settings) -> None:
        self.policies = PolicySource(settings.policy)
        self.tls = ServerTLS(settings.tls)
        self.registries = OwnSettings(settings.access)
        self._wake = asyncio.Event()
        self._is_ending = False

    def look_now(self) -> None:
        """Takes up changes at once, on the word of whoever made them that they are whole."""
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
        try:
            if self.policies.refresh():
                _log.info("other policies count from now on: %s", self.policies.current.identity)
            if self.tls.refresh():
                _log.info("another certificate is used from now on; it ends at %s", self.tls.end.isoformat())
            if self.registries.refresh():
                _log.info("other settings for registries count from now on")
        except Exception:  # noqa: BLE001 - it may pass, and the files that count go on to count
            _log.exception("the files cannot be looked at")

    def problems(self) -> str:
        """Returns what is wrong with the present files, as one text, or an empty string."""
        older = "; ".join(filter(None, (self.policies.problem, self.tls.problem, self.registries.problem)))
        return "; ".join(filter(None, (older and f"with older files: {older}", self.tls.warning())))
