"""HTTP for plugins whose service needs no SDK: core's client, for one server at a time.

Responses are bounded, redirects do not leave the server, and everything ends with the call (`seconds_left`).
"""

from __future__ import annotations

from notarykit._internal.light_namedtuple import LightNamedTuple
from notarykit.errors import ConfigurationError, NetworkError, PluginError, PluginValidationError
from notarykit.net.budget import Budget
from notarykit.net.client import MAX_ATTEMPTS, HttpClient
from notarykit.net.destinations import Destinations
from notarykit.net.messages import Request
from notarykit.net.pool import ConnectionPool
from notarykit.net.tls import TLSSettings, context_for
from notarykit.net.urls import origin_of, redact_url

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType
    from typing import Self

LARGEST_RESPONSE = 1024 * 1024
_SECONDS = 60.0
_OVERHEAD = 1024 * 1024
_USE_TLS = "use https://"


class ServiceResponse(LightNamedTuple):
    """Response of a service.

    Attributes:
        status: HTTP status.
        body: Content.
        retry_after: Field `Retry-After`, or an empty string.
    """

    status: int
    body: bytes
    retry_after: str = ""


class ServiceClient:
    """HTTP client for one server, whose requests and answers are for it alone.

    Requests are sent again after transient faults, so it is for requests that do no harm when they arrive twice. The
    proxies are those of the environment. Use it as a context manager.

    Args:
        address: URL of the server; what requests add to it is appended to its path.
        ca_file: File with the CA certificates in PEM that its certificate has to lead to, in place of the system's.
        is_plain_allowed: True if the address may be one of http.
        advice: What to do if the server does not answer.

    Raises:
        PluginValidationError: The address is no URL of https, or none of http where that is allowed.
    """

    def __init__(
        self, address: str, *, ca_file: str = "", is_plain_allowed: bool = False, advice: str = "try again later"
    ) -> None:
        self.address = address
        self._advice = advice
        try:
            origin = origin_of(address)
        except NetworkError as error:
            raise PluginValidationError(error.message, advice="use an address such as https://ca.example.com") from None
        if "?" in address or "#" in address:
            raise PluginValidationError(f"{redact_url(address)} has a query or a fragment", advice="leave it out")
        if origin.scheme == "http" and not is_plain_allowed:
            raise PluginValidationError(f"plain HTTP to {origin.netloc} is not permitted", advice=_USE_TLS)
        tls = TLSSettings(ca_file=ca_file)
        plain = frozenset({origin}) if origin.scheme == "http" else frozenset()
        self._pool = ConnectionPool(lambda host: context_for(host, tls))
        self._client = HttpClient(self._pool, Destinations(plain, allow_plain=_USE_TLS))

    def __enter__(self) -> Self:
        """Returns the client."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes the connections."""
        self._client.close()

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> ServiceResponse:
        """Sends a GET request; arguments and errors as in `post`."""
        return self._send("GET", path, None, headers or {})

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> ServiceResponse:
        """Sends a POST request.

        Args:
            path: What follows the address, with the slash, or an empty string.
            body: Content.
            headers: Header fields. Their values do not appear in traces, with the exception of harmless ones.

        Returns:
            The response of any status but redirects, which are followed on the same server.

        Raises:
            PluginError: There is no response, or one that breaks a limit or leads to another server.
        """
        return self._send("POST", path, body, headers)

    def _send(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> ServiceResponse:
        budget = Budget(MAX_ATTEMPTS * LARGEST_RESPONSE + _OVERHEAD, _SECONDS)
        url = f"{self.address}{path}"
        request = Request(method, url, budget, LARGEST_RESPONSE, headers, body, is_confidential=True)
        try:
            response = self._client.send(request)
        except ConfigurationError as error:  # a file of certificates, or a proxy
            raise PluginValidationError(error.message, advice=error.advice or "check the file") from None
        except NetworkError as error:
            raise PluginError(error.message, advice=self._advice) from None
        return ServiceResponse(response.status, response.body, response.header("Retry-After"))
