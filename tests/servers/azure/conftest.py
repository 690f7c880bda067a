"""The stand-in for Azure behind a proxy, as a network with a proxy and a CA of its own has it.

The names are the real ones, and nothing leads outside.
"""

import contextlib
import json
import secrets
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from azure.core.pipeline.transport import RequestsTransport

from notarykit.keys.signature import check
from notarykit.keys.spec import key_spec
from notarykit.plugin import (
    DescribeKeyRequest,
    GeneratedSignature,
    GenerateSignatureRequest,
    PluginError,
    Provider,
)
from notarykit_azure_keyvault.plugin import AzureKeyVaultPlugin
from tests.servers.azure.keyvault import KeyVault
from tests.servers.azure.login import HOST
from tests.servers.registry.certificates import RegistryCA
from tests.servers.registry.forward_proxy import ForwardProxy
from tests.support.ca import TestChain

DOMAINS = ("vault.azure.net", "vault.azure.cn", "vault.usgovcloudapi.net", "vault.microsoftazure.de")
HSM_DOMAINS = ("managedhsm.azure.net",)
OWN_DOMAIN = "vault.stack.example"
MESSAGE = b"a message"


class Azure:
    """Azure as a user sees it.

    Attributes:
        server: The stand-in.
        proxy: The proxy that leads to it.
        environment: The variables that a user of it has.
        name: The name of this test's vault, which the SDK has not seen before.
    """

    def __init__(self, server: KeyVault, proxy: ForwardProxy, name: str, environment: Mapping[str, str]) -> None:
        """Take the parts."""
        self.server, self.proxy, self.name, self.environment = server, proxy, name, environment

    @property
    def url(self) -> str:
        """The vault's URL."""
        return f"https://{self.name}.vault.azure.net"

    def key(self, name: str = "build", version: str = "", kind: str = "keys") -> str:
        """A key id."""
        return f"{self.url}/{kind}/{name}" + (f"/{version}" if version else "")

    def certificate(self, name: str = "build", version: str = "") -> str:
        """A certificate's id."""
        return self.key(name, version, "certificates")


def signed(plugin: Provider, key_id: str, spec: str, config: Mapping[str, str] | None = None) -> GeneratedSignature:
    """Describes a key and signs with it, as a host does."""
    described = plugin.describe_key(DescribeKeyRequest(key_id, config or {}))
    assert (described.key_id, described.key_spec) == (key_id, spec)
    request = GenerateSignatureRequest(key_id, spec, key_spec(spec).hash_name, MESSAGE, config or {})
    return plugin.generate_signature(request)


def verify_x509_signature(
    plugin: Provider, key_id: str, chain: TestChain, config: Mapping[str, str] | None = None
) -> GeneratedSignature:
    """Signs, and checks that the chain's key did so."""
    answer = signed(plugin, key_id, chain.spec, config)
    assert answer.certificate_chain == chain.ders
    check(chain.leaf_key.public_key(), key_spec(chain.spec), answer.signature, MESSAGE)
    return answer


@pytest.fixture(scope="session")
def azure_ca(tmp_path_factory: pytest.TempPathFactory) -> RegistryCA:
    """The authority behind all names of Azure's."""
    return RegistryCA(str(tmp_path_factory.mktemp("azure-ca")), "Network CA")


@pytest.fixture
def azure(azure_ca: RegistryCA, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Azure]:
    """Azure, for a service principal that is known by its environment; what the API does not have fails the test."""
    name = f"v{secrets.token_hex(6)}"
    hosts = [f"{name}.{domain}" for domain in (*DOMAINS, *HSM_DOMAINS, OWN_DOMAIN)]
    pair = azure_ca.server([HOST, *hosts])
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(KeyVault(pair))
        routes = {f"{host}:443": server.address for host in (HOST, *hosts)}
        proxy = stack.enter_context(ForwardProxy(routes))
        environment = {
            "HTTPS_PROXY": proxy.url,
            "REQUESTS_CA_BUNDLE": azure_ca.ca_file,
            "AZURE_TENANT_ID": server.login.tenant,
            "AZURE_CLIENT_ID": server.login.client,
            "AZURE_CLIENT_SECRET": server.login.secret,
        }
        for variable in ("https_proxy", "NO_PROXY", "no_proxy", "CURL_CA_BUNDLE", "AZURE_AUTHORITY_HOST"):
            monkeypatch.delenv(variable, raising=False)
        for variable, value in environment.items():
            monkeypatch.setenv(variable, value)
        monkeypatch.setenv("HOME", str(tmp_path))
        yield Azure(server, proxy, name, environment)
        assert server.problems == []


@pytest.fixture
def plugin() -> AzureKeyVaultPlugin:
    """The plugin, new."""
    return AzureKeyVaultPlugin()


@pytest.fixture
def azure_cli(azure: Azure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user who is logged in by the command `az`, and in no other way; the file that is returned counts its runs."""
    for variable in ("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"):
        monkeypatch.delenv(variable)
    token = {"accessToken": azure.server.login.token(), "expires_on": int(time.time()) + 3600, "tokenType": "Bearer"}
    answer, runs, program = tmp_path / "token.json", tmp_path / "runs", tmp_path / "bin" / "az"
    answer.write_text(json.dumps(token | {"expiresOn": "2099-01-01 00:00:00.000000"}))
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" >> {runs}\ncat {answer}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin:{Path(sys.executable).parent}")
    return runs


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the SDK waits before it tries again, without the waiting."""
    found: list[float] = []
    monkeypatch.setattr(RequestsTransport, "sleep", lambda _, duration: found.append(duration))
    return found


def file_with(folder: Path, content: bytes, name: str = "chain.pem") -> str:
    """A file with this content."""
    path = folder / name
    path.write_bytes(content)
    return str(path)


def refused(
    plugin: Provider,
    key_id: str,
    kind: type[PluginError],
    config: Mapping[str, str] | None = None,
    command: str = "describe-key",
) -> PluginError:
    """The error with which a command is refused; it is of exactly this code, and shows no more than it may."""

    def run() -> object:
        if command == "describe-key":
            return plugin.describe_key(DescribeKeyRequest(key_id, config or {}))
        return signed(plugin, key_id, "EC-256", config)

    with pytest.raises(PluginError) as caught:
        run()
    assert caught.value.code == kind.code
    return caught.value
