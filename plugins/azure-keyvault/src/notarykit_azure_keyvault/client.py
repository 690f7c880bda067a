"""REST client of one vault, for the operations that signing needs (Key Vault REST API, 2025-07-01).

`KeyClient.send_request` sends requests that the SDK's methods do not offer. All of them share one connection and one
login, where separate clients for keys, certificates and secrets would need three; and a signature is one request,
where `CryptographyClient` first reads the key, which takes a permission that signing does not need.
"""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlsplit

from notarykit.errors import NotarykitError
from notarykit.plugin import PluginError, call_with_timeout, reject_malformed, seconds_left, suppress_logs
from notarykit_azure_keyvault.errors import CALL_TIMED_OUT, Operation, error_for_exception, error_for_response

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from typing import Any

    from notarykit_azure_keyvault.pool import ClientPool
    from notarykit_azure_keyvault.sdk import Response

_FIRST_REDIRECT, _UNAUTHORIZED = 300, 401
_RETRIED_METHODS = ("GET", "POST")
"""Methods that the SDK may repeat after a broken connection: signing twice is harmless."""


class VaultClient(NamedTuple):
    """Client of one vault for one identity.

    Attributes:
        url: URL of the vault.
        credential_type: Credential type of the identity.
        pool: Pool of the SDK's clients.
    """

    url: str
    credential_type: str
    pool: ClientPool

    def get(self, path: str, permission: str) -> Mapping[str, Any]:
        """Returns the JSON object at a path.

        Args:
            path: The path.
            permission: Permission that the request needs, such as `keys/get`.

        Raises:
            NotFoundError: The object does not exist.
            NotPermittedError: The identity lacks the permission.
            UnusableError: The object is disabled or deleted.
            PluginError: The request failed otherwise.
        """
        return self._request("GET", path, Operation(path, permission))

    def post(
        self, path: str, permission: str, body: Mapping[str, Any], *, is_idempotent: bool = True
    ) -> Mapping[str, Any]:
        """Posts a JSON object and returns the response's; arguments and errors as in `get`."""
        methods = _RETRIED_METHODS if is_idempotent else ("GET",)
        return self._request("POST", path, Operation(path, permission), body, methods)

    def get_items(self, path: str, permission: str) -> Iterator[Mapping[str, Any]]:
        """Yields the items of a list, page by page; arguments and errors as in `get`."""
        link = path
        while link:
            page = self._request("GET", link, Operation(path, permission))
            for item in member(page, "value", list):
                if not isinstance(item, dict):
                    raise PluginError(f"{self.url}: the list {path} has an item that is not an object")
                yield item
            link = page.get("nextLink") or ""
            if not isinstance(link, str):
                raise PluginError(f"{self.url}: the list {path} has a nextLink that is not a URL")
            if link and not link.lower().startswith(f"{self.url}/"):
                raise PluginError(f"{self.url}: the list {path} has a nextLink to another host")

    def path_of(self, url: object) -> str:
        """Returns the path of an object's URL.

        Raises:
            PluginError: The object is in another vault.
        """
        parts = urlsplit(str(url))
        if f"{parts.scheme}://{parts.netloc.lower().removesuffix(':443')}" != self.url:
            raise PluginError(f"response of {self.url} names an object of another vault: {url}")
        return parts.path

    def reject_malformed(self) -> AbstractContextManager[None]:
        """Turns every failure to read a response into one error while the context is active."""
        return reject_malformed(
            f"malformed response from {self.url}", advice="try again, and check the proxy if there is one"
        )

    def _request(
        self,
        method: str,
        path: str,
        operation: Operation,
        body: Mapping[str, Any] | None = None,
        retried_methods: Sequence[str] = _RETRIED_METHODS,
    ) -> Mapping[str, Any]:
        response = self._send(method, path, body, retried_methods)
        if response.status_code == _UNAUTHORIZED:
            # A credential returns its cached token until it expires by this machine's clock.
            self.pool.discard(self.credential_type)
            response = self._send(method, path, body, retried_methods)
        content = _decode(response)
        if response.status_code >= _FIRST_REDIRECT:
            raise error_for_response(response, content, self.url, operation)
        return content

    def _send(self, method: str, path: str, body: Mapping[str, Any] | None, retried_methods: Sequence[str]) -> Response:
        """Sends one request within the time left of the call, with the SDK's retries."""
        from azure.core.exceptions import ServiceRequestTimeoutError
        from azure.core.rest import HttpRequest

        request = HttpRequest(method, path, json=body)

        def send() -> Response:
            # In the thread that sends: a client is returned to the pool when it is done, not when the call ends.
            with self.pool.lend(self.url, self.credential_type) as client, suppress_logs("azure", "msal", "urllib3"):
                return client.send_request(request, timeout=seconds_left(), retry_on_methods=retried_methods)

        try:
            return call_with_timeout(send, on_timeout=lambda: ServiceRequestTimeoutError(CALL_TIMED_OUT))
        except NotarykitError:
            raise
        except Exception as error:  # noqa: BLE001 - the SDK's own, and ValueError for an untrusted challenge
            raise error_for_exception(error, self.url) from None


def member(content: Mapping[str, Any], name: str, kind: type[Any]) -> Any:
    """Returns a required member of a response.

    Raises:
        PluginError: The member is missing or has another type.
    """
    value = content.get(name)
    if not isinstance(value, kind):
        raise PluginError(f"malformed response from Azure Key Vault: {name!r} is missing or has the wrong type")
    return value


def _decode(response: Response) -> Mapping[str, Any]:
    """Returns the JSON object of a response; an error may come from a proxy and have any body."""
    try:
        content = response.json()
    except Exception:  # noqa: BLE001 - ValueError, or one of the SDK's
        content = None
    if isinstance(content, dict):
        return content
    if response.status_code >= _FIRST_REDIRECT:
        return {}
    raise PluginError(
        "the response is not from Azure Key Vault", advice="check the key id, and the proxy if there is one"
    )
