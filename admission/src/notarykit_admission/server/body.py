"""Bodies of requests: read in time, each within a limit, and all of them within another."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext

from aiohttp import web

from notarykit_admission.errors import RequestError
from notarykit_admission.server.limits import HTTPLimits, Limit
from notarykit_admission.shares import Shares


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
        self._held = Shares[str](limits.bodies, limits.share_of(limits.bodies))

    @asynccontextmanager
    async def read(self, request: web.BaseRequest) -> AsyncIterator[bytes]:
        """Reads a request's body, and has room for it as long as the context is active.

        What a client says of the length takes no room: what has come does.

        Raises:
            RefusedError: It is too large, does not come in time, or there is no room for it now.
            RequestError: It is compressed, malformed, or does not come to its end.
        """
        client, body = client_of(request), bytearray()
        try:
            await self._read(request, client, body)
            yield bytes(body)
        finally:
            self._held.give_back(client, len(body))

    async def _read(self, request: web.BaseRequest, client: str, body: bytearray) -> None:
        try:
            # What has come with the head, as most do, is not waited for.
            async with nullcontext() if request.content.is_eof() else asyncio.timeout(self._limits.body_seconds):
                await self._read_parts(request, client, body)
        except TimeoutError:
            raise RefusedError(408, Limit.BODY_SECONDS, "the body did not come in time") from None
        except (ConnectionError, web.RequestPayloadError):
            raise RequestError("the body is malformed, or did not come to its end") from None

    async def _read_parts(self, request: web.BaseRequest, client: str, body: bytearray) -> None:
        if request.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise RequestError("the body is compressed: send it as it is")
        if (request.content_length or 0) > self._limits.body:
            raise self._too_large()
        async for part in request.content.iter_any():
            if len(body) + len(part) > self._limits.body:
                raise self._too_large()
            if not self._held.take(client, len(part)):
                raise RefusedError(429, Limit.BODIES, "too much is being read at once: try again")
            body += part

    def _too_large(self) -> RefusedError:
        return RefusedError(413, Limit.BODY, f"the body has more than {self._limits.body} bytes")


def client_of(request: web.BaseRequest) -> str:
    """Returns the address of a request's client, or an empty string if it has gone."""
    return request.remote or ""
