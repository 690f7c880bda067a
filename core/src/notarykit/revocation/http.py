"""Downloads of OCSP responses and CRLs: `http` alone, within a deadline and a size."""

from typing import NamedTuple

from notarykit.errors import NotarykitError
from notarykit.net.budget import Budget
from notarykit.net.client import HttpClient
from notarykit.net.messages import Request
from notarykit.net.urls import redact_url
from notarykit.revocation.limits import Deadline
from notarykit.revocation.result import UnknownStatusError

_MAX_HEADERS = 64 * 1024
_OK = 200


class StatusCodeError(UnknownStatusError):
    """The server answers with another status code than 200."""


class Download(NamedTuple):
    """Limits of one kind of download.

    Attributes:
        client: Sends the requests.
        seconds: The limit of one request.
        max_size: The largest body, in bytes.
    """

    client: HttpClient
    seconds: float
    max_size: int

    def get(self, url: str, deadline: Deadline) -> bytes:
        """Returns the body of a GET; raises `UnknownStatusError` where there is none."""
        return self._send("GET", url, deadline)

    def post(self, url: str, deadline: Deadline, request: bytes, spent: float = 0.0) -> bytes:
        """Returns the body of the response to an OCSP request; raises `UnknownStatusError` where there is none.

        Args:
            url: The URL.
            deadline: The end of the check.
            request: The request.
            spent: Seconds of the limit that an earlier request to the same responder has taken.
        """
        return self._send("POST", url, deadline, request, spent)

    def _send(self, method: str, url: str, deadline: Deadline, body: bytes | None = None, spent: float = 0.0) -> bytes:
        if not url.lower().startswith("http://"):
            raise UnknownStatusError("only http URLs are fetched")
        headers = {} if body is None else {"Content-Type": "application/ocsp-request"}
        budget = Budget(self.max_size + _MAX_HEADERS, deadline.left(max(0.0, self.seconds - spent)))
        try:
            response = self.client.send(Request(method, url, budget, self.max_size, headers, body, is_repeatable=False))
        except NotarykitError as error:
            deadline.left()  # where nothing is left, it is not the server that was slow
            place = redact_url(url)  # the log's line begins with it
            raise UnknownStatusError(error.message.removeprefix(f"{method} ").removeprefix(f"{place}: ")) from None
        if response.status != _OK:
            raise StatusCodeError(f"it answers with status {response.status}")
        return response.body
