"""HTTP client: bounded responses, redirects that keep secrets, retries with backoff.

Nothing is decompressed: requests ask for `identity` and other encodings are refused, so that no small response becomes
a large one.
"""

import time
from collections.abc import Callable
from typing import NamedTuple

from notarykit.errors import NetworkError
from notarykit.net import trace
from notarykit.net.destinations import Destinations, Network
from notarykit.net.dialing import Connection
from notarykit.net.messages import (
    Request,
    Response,
    read_response,
    redirect_target,
    trace_exchange,
    write_request,
)
from notarykit.net.pool import ConnectionPool
from notarykit.net.response_reader import TruncatedResponseError
from notarykit.net.retry import backoff, is_transient, parse_retry_after
from notarykit.net.throttle import Throttle, check_wait
from notarykit.net.transport_errors import (
    EXCHANGE_ERRORS,
    TransportError,
    is_tls_required,
    refused_by_proxy,
    tls_required,
    transport_error,
)
from notarykit.net.urls import Origin, origin_of, redact_url

_MAX_REDIRECTS = 5
MAX_ATTEMPTS = 5
_PROXY_AUTHENTICATION = 407


class StartedRequest(NamedTuple):
    """Request whose response has not been read; for `HttpClient.finish`, or `abandon`.

    Attributes:
        connection: The connection on which the response arrives.
        request: The request.
    """

    connection: Connection
    request: Request

    def abandon(self) -> None:
        """Closes the connection without reading the response."""
        self.connection.close()


class HttpClient:
    """HTTP client, thread-safe.

    Args:
        pool: Opens and keeps connections.
        destinations: The permitted destinations.
        pause: Waits for a number of seconds between attempts.
        throttle: Delays requests to hosts that ask for it; by default for this client alone.
    """

    def __init__(
        self,
        pool: ConnectionPool,
        destinations: Destinations,
        pause: Callable[[float], None] = time.sleep,
        throttle: Throttle | None = None,
    ) -> None:
        self._pool = pool
        self._destinations = destinations
        self._pause = pause
        self._throttle = throttle or Throttle()

    def close(self) -> None:
        """Closes idle connections."""
        self._pool.close()

    def send(self, request: Request) -> Response:
        """Sends a request, follows redirects, and retries transient faults of repeatable requests.

        Raises:
            NetworkError: There is no response, or one that breaks a limit or redirects to a forbidden destination.
        """
        while True:
            is_last = request.attempt == MAX_ATTEMPTS or not request.is_repeatable
            response: Response | None = None
            try:
                response = self._follow(request)
            except TransportError as error:
                if is_last or not error.is_transient:
                    advice = self._destinations.advice(error.kind) or error.advice
                    raise NetworkError(f"{request.method} {redact_url(request.url)}: {error}", advice=advice) from None
            if response is not None and (is_last or not is_transient(response.status)):
                return response
            self.wait_to_retry(request, response)
            request = request._replace(attempt=request.attempt + 1)

    def wait_to_retry(self, request: Request, response: Response | None = None) -> None:
        """Waits after a failed attempt: exponential backoff; a longer Retry-After delays the next request to the host.

        Raises:
            NetworkError: The budget does not allow the wait.
        """
        seconds = request.budget.seconds(backoff(request.attempt))
        retry_after = parse_retry_after(response.header("Retry-After")) if response else 0.0
        if response and retry_after > 0:
            host = origin_of(response.url).netloc
            check_wait(host, retry_after, request.budget)
            if retry_after > seconds:
                return self._throttle.postpone(host, retry_after)
        trace.note(f"pause of {seconds:.2f} seconds before try {request.attempt + 1}")
        return self._pause(seconds)

    def start(self, request: Request) -> StartedRequest | None:
        """Sends a GET request without waiting for the response, so that other requests can overlap with it.

        Returns:
            The argument of `finish`; None if it could not be sent, in which case `send` retries and reports errors.
        """
        try:
            origin = request.origin
            self._check_destination(request, origin)
            if self._throttle.seconds(origin.netloc) > 0:
                return None
            connection = self._pool.take_idle(origin) or self._pool.open(origin, request.budget)
        except (TransportError, NetworkError):
            return None
        try:
            write_request(connection, request)
        except (*EXCHANGE_ERRORS, NetworkError):
            connection.close()
            return None
        except BaseException:
            connection.close()
            raise
        return StartedRequest(connection, request)

    def finish(self, started: StartedRequest) -> Response | None:
        """Reads the response to a started request.

        Returns:
            The response of any status, redirects included; None if it did not arrive or breaks a limit, in which case
            `send` retries and reports errors.
        """
        connection, request = started
        try:
            return self._receive(connection, request)
        except (*EXCHANGE_ERRORS, TransportError, NetworkError):
            connection.close()
            return None
        except BaseException:
            connection.close()
            raise

    def _follow(self, request: Request) -> Response:
        """Sends a request and follows redirects; secrets stay with the first origin."""
        first: Network | None = None
        named = request.origin
        for _ in range(_MAX_REDIRECTS + 1):
            origin = request.origin
            self._check_destination(request, origin)
            if origin != named:
                if request.is_confidential:
                    raise NetworkError(
                        f"{named.netloc} redirects confidential content to {origin.netloc}, which is refused"
                    )
                request = request.without_authorization()
            self._throttle.wait(origin.netloc, request.budget, self._pause)
            response, network = self._send_once(request, origin, first)
            first = first or network
            target = redirect_target(request.method, response)
            if not target:
                return response
            request = request._replace(url=target, source=request.url)
        raise NetworkError(f"{request.method} {redact_url(request.url)}: more than {_MAX_REDIRECTS} redirects")

    def _send_once(self, request: Request, origin: Origin, first: Network | None) -> tuple[Response, Network]:
        """Returns the response, and the network of the address that gave it."""
        connection = self._pool.take_idle(origin)
        if connection is not None:
            try:
                return self._exchange(connection, request), connection.network
            except _ClosedError:
                trace.note(f"{origin.netloc} closed the idle connection: a new one is opened")
        begin = time.monotonic()
        try:
            connection = self._pool.open(
                origin, request.budget, lambda network: self._destinations.admits(network, first)
            )
        except (TransportError, NetworkError) as error:
            trace_exchange(request, time.monotonic() - begin, error=error)
            raise
        connection.began = begin
        return self._exchange(connection, request), connection.network

    def _exchange(self, connection: Connection, request: Request) -> Response:
        try:
            write_request(connection, request)
            return self._receive(connection, request)
        except EXCHANGE_ERRORS as error:
            connection.close()
            # A server may close an idle connection at any time (RFC 9112, section 9.5), whatever the request.
            is_closed = isinstance(error, (ConnectionError, TruncatedResponseError))
            if connection.is_used and is_closed and not connection.reader.has_begun:
                raise _ClosedError from None
            reason = transport_error(error).through(connection.proxy)
            trace_exchange(request, connection.seconds, connection, error=reason)
            raise reason from None
        except BaseException as error:
            connection.close()
            if isinstance(error, NetworkError):
                trace_exchange(request, connection.seconds, connection, error=error)
            raise

    def _receive(self, connection: Connection, request: Request) -> Response:
        """Reads a response to its end, and returns its connection to the pool if it persists."""
        response = read_response(connection, request)
        trace_exchange(request, connection.seconds, connection, response)
        if is_transient(response.status) and (retry_after := parse_retry_after(response.header("Retry-After"))):
            self._throttle.postpone(connection.origin.netloc, retry_after)
        if connection.reader.persists:
            self._pool.release(connection)
        else:
            connection.close()
        if connection.origin.scheme == "http":
            if connection.proxy is not None and response.status == _PROXY_AUTHENTICATION:
                raise refused_by_proxy(connection.proxy, response.status)
            if is_tls_required(response.status, response.body):
                raise tls_required().through(connection.proxy)
        return response

    def _check_destination(self, request: Request, origin: Origin) -> None:
        self._destinations.check(origin, origin_of(request.source) if request.source else None)


class _ClosedError(Exception):
    """The server had closed an idle connection."""
