"""Client of the API server: reads single objects, and nothing else."""

import ssl
import time
from collections.abc import Callable

from aiohttp import ClientError, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector

from notarykit import NotarykitError
from notarykit.errors import ConfigurationError
from notarykit_admission.cluster.config import ClusterConfig
from notarykit_admission.message import one_line

# A Secret's data has at most a MiB, which base64 makes longer, and so has what stands beside it.
LARGEST_OBJECT = 3 * 1024 * 1024
SECONDS = 5.0
# Other clients look at the token as often.
_SECONDS_OF_FILES = 60.0
_CONNECTIONS = 16
_OK, _UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND = 200, 401, 403, 404


class APIServerError(Exception):
    """The API server did not give an object; the text is a part of a line that says why."""


class ForbiddenError(APIServerError):
    """The API server does not allow this program to read an object."""


class APIServer:
    """API server of a cluster. For one event loop.

    Args:
        config: How it is reached.
        seconds: Time for one request.
        monotonic: Clock that is never set.

    Raises:
        ConfigurationError: Its CAs, the token or the client certificate cannot be used to begin with.
    """

    def __init__(
        self, config: ClusterConfig, seconds: float = SECONDS, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._config = config
        self._seconds = seconds
        self._monotonic = monotonic
        self._session: ClientSession | None = None
        self._token, self._cas = config.token(), config.cas()
        self._context = _context(config, self._cas)
        self._looked = monotonic()

    async def get(self, path: str) -> bytes | None:
        """Returns an object in JSON, or None if there is none.

        Args:
            path: Path of the object, of which each part is known to be a name.

        Raises:
            ForbiddenError: This program may not read it.
            APIServerError: The API server cannot be reached, or does not give it.
        """
        try:
            status, body = await self._send(path, anew=False)
            if status == _UNAUTHORIZED:  # the token may have been exchanged
                status, body = await self._send(path, anew=True)
        except ConfigurationError as error:
            raise APIServerError(one_line(error.one_line())) from None
        except TimeoutError:
            raise APIServerError(f"the API server does not answer within {self._seconds:g} seconds") from None
        except (ClientError, OSError) as error:
            raise APIServerError(one_line(f"the API server cannot be reached: {_reason(error)}")) from None
        if status == _OK:
            return body
        if status == _NOT_FOUND:
            return None
        if status == _FORBIDDEN:
            raise ForbiddenError("the API server does not allow it")
        if status == _UNAUTHORIZED:
            raise APIServerError("the API server does not accept this program's credentials")
        raise APIServerError(f"the API server answers with status {status}")

    async def close(self) -> None:
        """Closes all connections."""
        if self._session is not None:
            await self._session.close()

    async def _send(self, path: str, *, anew: bool) -> tuple[int, bytes]:
        self._look(anew=anew)
        if self._session is None:
            self._session = ClientSession(
                connector=TCPConnector(limit=_CONNECTIONS),
                timeout=ClientTimeout(total=self._seconds),
                cookie_jar=DummyCookieJar(),
                auto_decompress=False,
                headers={"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "notarykit"},
            )
        async with self._session.get(
            self._config.server + path,
            headers={"Authorization": f"Bearer {self._token}"} if self._token else {},
            ssl=self._context,
            server_hostname=self._config.server_name or None,
            allow_redirects=False,
        ) as response:
            body = bytearray()
            async for part in response.content.iter_any():
                body += part
                if len(body) > LARGEST_OBJECT:
                    raise APIServerError(f"the API server answers with more than {LARGEST_OBJECT} bytes")
            return response.status, bytes(body)

    def _look(self, *, anew: bool) -> None:
        """Reads the token and the CAs again, which are exchanged while the program runs."""
        now = self._monotonic()
        if not anew and now < self._looked + _SECONDS_OF_FILES:
            return
        self._token, cas = self._config.token(), self._config.cas()
        if anew or cas != self._cas:
            self._context, self._cas = _context(self._config, cas), cas
        self._looked = now


def _context(config: ClusterConfig, cas: str) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cadata=cas or None)  # without any, those of the system
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"the API server's CAs are malformed: {error}") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    config.show_client(context)
    return context


def _reason(error: Exception) -> str:
    """Returns what went wrong, without the request, whose header fields hold the token."""
    if isinstance(error, NotarykitError):
        return error.message
    cause = getattr(error, "certificate_error", None) or getattr(error, "os_error", None) or error
    return str(getattr(cause, "verify_message", "") or getattr(cause, "strerror", "") or type(cause).__name__)
