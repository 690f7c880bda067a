"""Many threads on one plugin object."""

import threading
from collections.abc import Callable

import pytest

from notarykit_hashicorp_vault.plugin import HashiCorpVaultPlugin
from tests.servers.registry.factories import FaultProxies
from tests.servers.vault.logins import make_role
from tests.servers.vault.server import VaultServer
from tests.servers.vault.signing import describe_and_sign, sign

THREADS = 10


def _run_in_threads(work: Callable[[int], object]) -> None:
    """Runs work in ten threads that start together, and raises the first exception."""
    start, errors = threading.Barrier(THREADS), []

    def run(number: int) -> None:
        start.wait()
        try:
            work(number)
        except BaseException as error:  # noqa: BLE001 - for the test to raise
            errors.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def test_threads_sign_with_their_own_keys(vault: VaultServer, name: str) -> None:
    """Ten threads sign with two keys through one object, and every signature is of its own key."""
    keys = [vault.make_key(f"{name}-{kind}", kind) for kind in ("ecdsa-p256", "rsa-2048")]
    chains = [vault.attach(key) for key in keys]
    plugin = HashiCorpVaultPlugin()

    def work(number: int) -> None:
        for turn in range(4):
            which = (number + turn) % 2
            describe_and_sign(plugin, keys[which], chains[which])

    _run_in_threads(work)


def test_threads_share_each_login(
    vault: VaultServer, fault_proxy: FaultProxies, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten threads log in once, and once more when the token ends for all of them."""
    vault.make_key(name)
    chain = vault.attach(name)
    vault.allow(name, 'path "transit/*" { capabilities = ["read", "update"] }')
    role_id, secret_id = make_role(vault, name, name)
    monkeypatch.setenv("VAULT_ROLE_ID", role_id)
    monkeypatch.setenv("VAULT_SECRET_ID", secret_id)
    proxy = fault_proxy(f"127.0.0.1:{vault.port}")
    plugin = HashiCorpVaultPlugin()
    config = {"auth": "approle", "address": proxy.url}
    _run_in_threads(lambda _: describe_and_sign(plugin, name, chain, **config))
    logins = [seen for seen in proxy.seen if seen.path.endswith("/login")]
    assert len(logins) == 1
    vault.revoke(next(seen.headers["X-Vault-Token"] for seen in proxy.seen if "X-Vault-Token" in seen.headers))
    proxy.clear()
    _run_in_threads(lambda _: sign(plugin, name, chain, **config))
    assert sum(seen.path.endswith("/login") for seen in proxy.seen) == 1
