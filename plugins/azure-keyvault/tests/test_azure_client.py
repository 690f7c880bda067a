"""REST client of a vault: malformed responses and lists, without a service."""

from typing import Any

import pytest

from notarykit.plugin import DescribeKeyRequest, PluginError
from notarykit_azure_keyvault.client import VaultClient
from notarykit_azure_keyvault.plugin import AzureKeyVaultPlugin
from notarykit_azure_keyvault.pool import ClientPool
from tests.servers.azure.fake import FakeClient, FakeResponse

VAULT = "https://x.vault.azure.net"
CERTIFICATE = DescribeKeyRequest(f"{VAULT}/certificates/build")


@pytest.mark.parametrize("content", ["<html>", [], 1, None])
def test_response_that_is_not_a_json_object_is_refused(content: Any) -> None:
    """A response that is not a JSON object is not Key Vault's."""
    plugin = AzureKeyVaultPlugin(lambda *_: FakeClient(FakeResponse(200, content)))
    with pytest.raises(PluginError, match="the response is not from Azure Key Vault"):
        plugin.describe_key(CERTIFICATE)


@pytest.mark.parametrize("content", [{}, {"cer": "AA=="}, {"cer": "AA==", "id": 1}, {"cer": 1, "id": "x", "kid": "y"}])
def test_response_without_required_members_is_refused(content: dict[str, Any]) -> None:
    """A response that lacks a member, or has one of the wrong type, is refused."""
    plugin = AzureKeyVaultPlugin(lambda *_: FakeClient(FakeResponse(200, content), FakeResponse(404, {})))
    with pytest.raises(PluginError):
        plugin.describe_key(CERTIFICATE)


def test_next_link_to_another_host_is_not_followed() -> None:
    """A list is not followed to another host, which would receive the token."""
    page = {"value": [{"kid": "1"}], "nextLink": "https://x.vault.azure.net.attacker.example/keys?2"}
    client = FakeClient(FakeResponse(200, page))
    items = VaultClient(VAULT, "", ClientPool(lambda *_: client)).get_items("/keys/build/versions", "keys/list")
    assert next(items) == {"kid": "1"}
    with pytest.raises(PluginError, match="nextLink to another host"):
        next(items)
    assert client.requests == ["GET /keys/build/versions"]


@pytest.mark.parametrize("page", [{"value": ["1"]}, {"value": [], "nextLink": 1}, {"value": [], "nextLink": ["x"]}])
def test_malformed_list_is_refused(page: dict[str, Any]) -> None:
    """A list with an item that is not an object, or a nextLink that is not a URL, is refused."""
    pool = ClientPool(lambda *_: FakeClient(FakeResponse(200, page)))
    items = VaultClient(VAULT, "", pool).get_items("/keys/build/versions", "keys/list")
    with pytest.raises(PluginError, match="the list /keys/build/versions"):
        list(items)
