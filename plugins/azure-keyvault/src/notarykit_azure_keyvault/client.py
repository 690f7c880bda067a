"""A vault's REST API, as far as signing needs it: one request at a time, within the time of the call.

`KeyClient.send_request` is the SDK's own way to requests that its methods do not make. All of them go over one
connection with one login, while a client each for keys, certificates and secrets would ask for three; and a signature
is one request, while `CryptographyClient` asks for the key before, which takes a permission that signing does not.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import NamedTuple
from urllib.parse import urlsplit

from notarykit.errors import NotarykitError, PluginError
from notarykit.plugin import seconds_left
from notarykit.plugin.service.logging import unheard
from notarykit_azure_keyvault.errors import Asked, refusal, translated
from notarykit_azure_keyvault.limits import in_time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from notarykit_azure_keyvault.pool import Answer, Clients

_NO_SUCCESS, _UNKNOWN_USER = 300, 401
_AGAIN = ("GET", "POST")
"""What the SDK may repeat where it is not known whether a request came through: signing twice does no harm."""


class Vault(NamedTuple):
    """A vault as one user sees it.

    Attributes:
        url: Its URL.
        credential_type: How to log in.
        clients: Where clients come from.
    """

    url: str
    credential_type: str
    clients: Clients

    def get(self, path: str, permission: str) -> Mapping[str, Any]:
        """The object at a path.

        Args:
            path: The path.
            permission: What the user needs for it, such as `keys/get`.

        Raises:
            NotFoundError: It is not there.
            NotPermittedError: The user may not read it.
            UnusableError: It is disabled or deleted.
            PluginError: Anything else went wrong.
        """
        return self._ask("GET", path, Asked(path, permission))

    def post(self, path: str, permission: str, body: Mapping[str, Any], *, again: bool = True) -> Mapping[str, Any]:
        """The answer to a body; see `get`. `again` says that it does no harm to send it twice."""
        return self._ask("POST", path, Asked(path, permission), body, again=again)

    def pages(self, path: str, permission: str) -> Iterator[Mapping[str, Any]]:
        """The items of a list; see `get`."""
        where = path
        while where:
            page = self._ask("GET", where, Asked(path, permission))
            for item in member(page, "value", list):
                if not isinstance(item, dict):
                    raise PluginError(f"{self.url}: the list {path} has an item that is no object")
                yield item
            where = page.get("nextLink") or ""
            if not isinstance(where, str):
                raise PluginError(f"{self.url}: the list {path} goes on at what is no address")
            if where and not where.lower().startswith(f"{self.url}/"):
                raise PluginError(f"{self.url}: the list {path} goes on elsewhere")

    def path_of(self, url: object) -> str:
        """The path of an object of this vault.

        Raises:
            PluginError: It is not of this vault.
        """
        parts = urlsplit(str(url))
        if f"{parts.scheme}://{parts.netloc.lower().removesuffix(':443')}" != self.url:
            raise PluginError(f"{self.url} answers with an object of another vault: {url}")
        return parts.path

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Where answers are read: whatever reading fails with, it is a fault of the answer.

        Raises:
            PluginError: An answer is malformed, beyond what is looked for one by one.
        """
        try:
            yield
        except NotarykitError:
            raise
        except Exception:  # noqa: BLE001 - there is no end to what a parser raises
            raise PluginError(
                f"{self.url} answered with what is no answer of Azure Key Vault",
                advice="try again, and check the proxy if there is one",
            ) from None

    def _ask(
        self, method: str, path: str, asked: Asked, body: Mapping[str, Any] | None = None, *, again: bool = True
    ) -> Mapping[str, Any]:
        repeatable = _AGAIN if again else ("GET",)
        answer = self._send(method, path, body, repeatable)
        if answer.status_code == _UNKNOWN_USER:
            # A credential gives the token that it has for as long as the clock of this machine calls it valid.
            self.clients.forget(self.credential_type)
            answer = self._send(method, path, body, repeatable)
        content = _content(answer)
        if answer.status_code >= _NO_SUCCESS:
            raise refusal(answer.status_code, content, answer.headers.get("x-ms-request-id", ""), self.url, asked)
        return content

    def _send(self, method: str, path: str, body: Mapping[str, Any] | None, repeatable: Sequence[str]) -> Answer:
        """One request within the time of the call, sent again by the SDK where that may help."""
        from azure.core.rest import HttpRequest

        request = HttpRequest(method, path, json=body)

        def send() -> Answer:
            # A client goes back to the free ones here, when it is done, and not when its time is over.
            with self.clients.one(self.url, self.credential_type) as client, unheard("azure", "msal", "urllib3"):
                return client.send_request(request, timeout=seconds_left(), retry_on_methods=repeatable)

        try:
            return in_time(send)
        except NotarykitError:
            raise
        except Exception as error:  # noqa: BLE001 - the SDK's own, and ValueError where a vault is not believed
            raise translated(error, self.url) from None


def member(content: Mapping[str, Any], name: str, kind: type[Any]) -> Any:
    """A member of an answer.

    Raises:
        PluginError: It is not there, or not of this kind.
    """
    found = content.get(name)
    if not isinstance(found, kind):
        raise PluginError(f"Azure Key Vault answers without {name!r}, or with another kind of it")
    return found


def _content(answer: Answer) -> Mapping[str, Any]:
    """The body; an error's may be anything, as it may be a proxy's."""
    try:
        found = answer.json()
    except Exception:  # noqa: BLE001 - ValueError, or one of the SDK's
        found = None
    if isinstance(found, dict):
        return found
    if answer.status_code >= _NO_SUCCESS:
        return {}
    raise PluginError("what answers is not Azure Key Vault", advice="check the key id, and the proxy if there is one")
