"""The plugins as executables: conformance, notation-go as host, secrets and imports."""

import base64
import json
import logging
import os
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest

from notarykit.errors import PluginError
from notarykit.plugin import DescribeKeyRequest
from notarykit.plugin.conformance import Target
from notarykit.plugin.discovery.process import run
from notarykit_hashicorp_vault.plugin import HashiCorpVaultPlugin
from tests.interop.conftest import peer
from tests.interop.go_peer import Peer, build
from tests.interop.provider import ProviderKey, check_conformance, check_go_signs, run_script
from tests.servers.registry.fault_proxy import Exchange, FaultProxy
from tests.servers.registry.faults import at, changed
from tests.servers.registry.http_server import Reply
from tests.servers.vault.logins import Issuer, make_role
from tests.servers.vault.server import KINDS, VaultServer
from tests.servers.vault.signing import sign
from tests.support.ca import TestChain
from tests.support.envelopes import COSE, FORMATS

__all__ = ["peer"]

OURS, STAND_IN = "hashicorp-vault", "hc-vault"
MAIN = """
import logging, sys
logging.basicConfig(level=logging.DEBUG)
from notarykit.plugin.server.stdio import run
sys.exit(run("notarykit_hashicorp_vault.plugin:HashiCorpVaultPlugin"))
"""


@pytest.mark.parametrize("kind", ["rsa-2048", "ecdsa-p256"])
@pytest.mark.parametrize("plugin", [OURS, STAND_IN])
def test_plugin_conforms(vault: VaultServer, name: str, plugin: str, kind: str) -> None:
    """Every rule of the conformance kit passes, and no output shows the token."""
    vault.make_key(name, kind)
    chain = vault.attach(name)
    vault.ask("POST", f"secret/data/{name}", {"data": {"certificate": chain.chain_pem.decode()}})
    check_conformance(Target(plugin, (name,), secrets=(vault.root,)))


@pytest.fixture(scope="session")
def peer_program(peer: Peer) -> str:
    """notation-go's program, built before a test changes HOME, which has no cache."""
    return build()


@pytest.fixture
def here(user: Path, peer_program: str) -> Iterator[Peer]:
    """notation-go as a process with the test's environment."""
    with Peer(peer_program) as running:
        yield running


@pytest.mark.parametrize(
    "case",
    [*((OURS, kind, media_type) for kind in KINDS for media_type in FORMATS), (STAND_IN, "rsa-3072", COSE)],
)
def test_notation_go_signs_with_the_installed_launcher(
    vault: VaultServer, name: str, here: Peer, tmp_path: Path, case: tuple[str, str, str]
) -> None:
    """notation-go makes an envelope with the installed launcher, and both sides verify it."""
    plugin, kind, media_type = case
    vault.make_key(name, kind)
    chain = vault.attach(name)
    vault.ask("POST", f"secret/data/{name}", {"data": {"certificate": chain.chain_pem.decode()}})
    config = {"kvName": "secret"} if plugin == STAND_IN else {"mount": "transit"}
    check_go_signs(here, ProviderKey(plugin, name, chain, config), tmp_path, media_type)


# Secrets


@pytest.fixture
def secrets(vault: VaultServer, name: str, user: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Secrets by name, each at its place for the plugin."""
    vault.make_key(name)
    vault.attach(name)
    vault.allow(name, f'path "transit/*" {{ capabilities = ["read", "update"] }} # {name}')
    issuer = Issuer()
    vault.ask("POST", f"sys/auth/{name}", {"type": "jwt"})
    issuer.trust_at(vault, name, name, name)
    role_id, secret_id = make_role(vault, name, name)
    values = {"role id": role_id, "secret id": secret_id, "jwt": issuer.token(), "token": vault.token(name)}
    (user / "jwt").write_text(values["jwt"])
    monkeypatch.setenv("VAULT_ROLE_ID", role_id)
    monkeypatch.setenv("VAULT_SECRET_ID", secret_id)
    monkeypatch.setenv("VAULT_TOKEN", values["token"])
    return values


WAYS = ["token", "approle", "jwt"]


def _config(way: str, name: str, user: Path) -> dict[str, str]:
    return {"auth": way} | ({"auth_mount": name, "jwt_file": str(user / "jwt")} if way == "jwt" else {})


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("is_refused", [False, True], ids=["signed", "refused"])
def test_executable_writes_no_secret(
    secrets: dict[str, str], name: str, user: Path, way: str, *, is_refused: bool
) -> None:
    """Responses, errors and the plugin log show no secret, with all libraries at DEBUG."""
    request = {
        "contractVersion": "1.0",
        "keyId": f"nowhere/{name}" if is_refused else name,
        "keySpec": "EC-256",
        "hashAlgorithm": "SHA-256",
        "payload": base64.b64encode(b"message").decode(),
        "pluginConfig": _config(way, name, user),
    }
    log = user / "log"
    environment = dict(os.environ) | {"NOTARYKIT_PLUGIN_LOG": str(log)}
    command = [sys.executable, "-c", MAIN, "generate-signature"]
    ended = run(command, json.dumps(request).encode(), 60, environment)
    assert (ended.code == 0) is not is_refused, ended
    written = log.read_text()
    assert "DEBUG:urllib3" in written
    everything = written + ended.output.decode() + ended.errors.decode()
    assert [what for what, secret in secrets.items() if secret in everything] == []


@pytest.mark.parametrize("way", WAYS)
def test_program_sees_no_secret(
    vault: VaultServer, secrets: dict[str, str], name: str, user: Path, caplog: pytest.LogCaptureFixture, way: str
) -> None:
    """Log records, exceptions with their causes, and reprs show no secret."""
    caplog.set_level(logging.DEBUG)
    plugin, config = HashiCorpVaultPlugin(), _config(way, name, user)
    sign(plugin, name, vault.chain(name).with_ders(_chain_of(vault, name)), **config)
    seen = [repr(vars(plugin)), repr([vars(client) for client in plugin._clients.values()])]
    for key_id, more in [
        ("none", {}),
        (name, {"address": "http://127.0.0.1:1"}),
        (name, {"certificate_secret": "kv/x"}),
    ]:
        with pytest.raises(PluginError) as caught:
            plugin.describe_key(DescribeKeyRequest(key_id, config | more))
        seen += [*traceback.format_exception(caught.value), *_texts_of(caught.value)]
    seen += [record.getMessage() for record in caplog.records]
    assert any("POST /v1/transit/sign" in text for text in seen)
    assert [what for what, secret in secrets.items() if any(secret in text for text in seen)] == []


@pytest.mark.parametrize("way", WAYS)
def test_secret_quoted_by_the_server_is_redacted(
    secrets: dict[str, str], proxy: FaultProxy, name: str, user: Path, way: str
) -> None:
    """Secrets that a server quotes in an error are redacted."""
    texts = [*secrets.values(), f"({secrets['token']})", secrets["jwt"][:-1]]
    body = json.dumps({"errors": texts}).encode()
    proxy.fault(changed(lambda reply: Reply(400, reply.headers, body)), at("/login$" if way != "token" else "/keys/"))
    with pytest.raises(PluginError) as caught:
        HashiCorpVaultPlugin().open_key(name, _config(way, name, user))
    sent = {"token": ["token"], "approle": ["role id", "secret id"], "jwt": ["jwt"]}[way]
    assert "…" in caught.value.message
    assert [what for what in [*sent, "token", "jwt"] if secrets[what] in caught.value.one_line()] == []
    assert secrets["jwt"][:-1] not in caught.value.message


def _chain_of(vault: VaultServer, name: str) -> tuple[bytes, ...]:
    from notarykit.keys.pem import read_certificates

    shown = vault.ask("GET", f"transit/keys/{name}")["data"]["keys"]["1"]["certificate_chain"]
    return read_certificates(shown.encode(), "chain")


def _texts_of(error: BaseException | None) -> Iterator[str]:
    """Yields the texts of an exception and of its causes and contexts."""
    while error is not None:
        yield repr(error) + str(error) + repr(vars(error))
        error = error.__cause__ or error.__context__


# Imports


def test_metadata_imports_no_sdk() -> None:
    """get-plugin-metadata and the constructors import nothing of the SDK."""
    script = (
        "import sys\n"
        "from notarykit_hashicorp_vault.plugin import HashiCorpVaultPlugin, HCVaultPlugin\n"
        "for kind, name in ((HashiCorpVaultPlugin, 'hashicorp-vault'), (HCVaultPlugin, 'hc-vault')):\n"
        "    assert kind.get_metadata().name == name\n"
        "    kind()\n"
        "assert not {'hvac', 'requests', 'urllib3', 'cryptography'} & set(sys.modules)\n"
    )
    run_script(script)


def test_process_uses_one_connection(proxy: FaultProxy, name: str, chain: TestChain) -> None:
    """All signatures of a process use one connection to the server."""
    ports: set[int] = set()

    def note_port(exchange: Exchange) -> None:
        ports.add(exchange.connection.client_address[1])
        exchange.reply(exchange.forwarded())

    proxy.fault(note_port)
    plugin = HashiCorpVaultPlugin()
    for _ in range(3):
        sign(plugin, name, chain)
    assert len(ports) == 1
    assert len(proxy.seen) == 4
