"""The part of the Azure SDK's interface that is used."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from azure.core.rest import HttpRequest


class Response(Protocol):
    """Response, as `azure.core.rest.HttpResponse`."""

    @property
    def status_code(self) -> int:
        """HTTP status."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers by case-insensitive name."""

    def json(self) -> Any:
        """Returns the decoded body; raises ValueError or an error of the SDK if it is not JSON."""


class SDKClient(Protocol):
    """Client, as `azure.keyvault.keys.KeyClient`."""

    def send_request(self, request: HttpRequest, **options: Any) -> Response:
        """Sends a request with the API version and a token, with retries, and returns any response."""


ClientFactory = Callable[[str, str], SDKClient]
"""Returns a new client for a vault's URL and a credential type."""
