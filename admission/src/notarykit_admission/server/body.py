"""Bodies of requests: read in time, each within a limit, and all of them within another."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import web

from notarykit_admission.server.limits import HTTPLimits, Limit


class RefusedError(Exception):
    """A limit refuses a request.

    Attributes:
        status: Status of the response.
        limit: The limit.
    """

    def __init__(self, status: int, limit: Limit, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.limit = limit


class Bodies:
    """Bodies that are held at a time. For one event loop.

    Args:
        limits: Limits of bodies.
    """

    def __init__(self, limits: HTTPLimits) -> None:
        self._limits = limits
        self._held = 0

    @contextmanager
    def room(self, request: web.BaseRequest) -> Iterator[None]:
        """Has room for a request's body as long as the context is active.

        Raises:
            RefusedError: The body is too large, or there is no room for it now.
        """
        # Who does not say how long the body is may send as much as is allowed.
        size = self._limits.body if request.content_length is None else request.content_length
        if size > self._limits.body:
            raise self._too_large()
        if self._held + size > self._limits.bodies:
            raise RefusedError(429, Limit.BODIES, "too much is being read at once: try again")
        self._held += size
        try:
            yield
        finally:
            self._held -= size

    async def read(self, request: web.BaseRequest) -> bytes:
        """Returns a request's body.

        Raises:
            RefusedError: It is too large, or does not come in time.
        """
        try:
            async with asyncio.timeout(self._limits.body_seconds):
                return await request.read()
        except web.HTTPRequestEntityTooLarge:
            raise self._too_large() from None
        except TimeoutError:
            raise RefusedError(408, Limit.BODY_SECONDS, "the body did not come in time") from None

    def _too_large(self) -> RefusedError:
        return RefusedError(413, Limit.BODY, f"the body has more than {self._limits.body} bytes")
