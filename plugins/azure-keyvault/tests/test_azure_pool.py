"""Pool of clients: reuse, isolation and discarding."""

from notarykit_azure_keyvault.pool import ClientPool
from notarykit_azure_keyvault.sdk import SDKClient
from tests.servers.azure.fake import FakeClient


def test_idle_clients_are_reused_per_vault_and_credential() -> None:
    """A client is lent to one user at a time and reused for the same vault and credential type only."""
    created: list[tuple[str, str]] = []

    def connect(vault_url: str, credential_type: str) -> SDKClient:
        created.append((vault_url, credential_type))
        return FakeClient()

    pool = ClientPool(connect)
    with pool.lend("a", "") as first, pool.lend("a", "") as second:
        assert first is not second
    with pool.lend("a", "") as third, pool.lend("b", ""), pool.lend("a", "azurecli"):
        assert third is first
    assert created == [("a", ""), ("a", ""), ("b", ""), ("a", "azurecli")]


def test_discard_drops_idle_and_lent_clients_of_the_credential() -> None:
    """Idle clients and those on loan are dropped; clients of other credential types stay."""
    pool = ClientPool(lambda *_: FakeClient())
    with pool.lend("a", "") as idle, pool.lend("a", "azurecli") as other:
        pass
    with pool.lend("a", "") as lent:
        assert lent is idle
        pool.discard("")
    with pool.lend("a", "") as new, pool.lend("a", "azurecli") as kept:
        assert new is not lent
        assert kept is other
