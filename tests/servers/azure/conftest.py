"""The Azure stand-in under its real host names, behind a proxy and a CA of the network; nothing leads outside."""

import contextlib
import json
import secrets
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from azure.core.pipeline.transport import RequestsTransport

from notarykit_azure_keyvault.plugin import AzureKeyVaultPlugin
from tests.servers.azure.keyvault import KeyVault
from tests.servers.azure.login import HOST
from tests.servers.registry.certificates import RegistryCA
from tests.servers.registry.forward_proxy import ForwardProxy

DOMAINS = ("vault.azure.net", "vault.azure.cn", "vault.usgovcloudapi.net", "vault.microsoftazure.de")
HSM_DOMAINS = ("managedhsm.azure.net",)
OWN_DOMAIN = "vault.stack.example"


class Azure:
    """Azure as seen by a user.

    Attributes:
        server: The stand-in.
        proxy: Proxy that leads to it.
        environment: Environment variables of the user.
        name: Name of this test's vault; unique, since the SDK caches challenges by host.
    """

    def __init__(self, server: KeyVault, proxy: ForwardProxy, name: str, environment: Mapping[str, str]) -> None:
        """Takes the parts."""
        self.server, self.proxy, self.name, self.environment = server, proxy, name, environment

    @property
    def url(self) -> str:
        """URL of the vault."""
        return f"https://{self.name}.vault.azure.net"

    def key(self, name: str = "build", version: str = "", kind: str = "keys") -> str:
        """Returns the key id of a key."""
        return f"{self.url}/{kind}/{name}" + (f"/{version}" if version else "")

    def certificate(self, name: str = "build", version: str = "") -> str:
        """Returns the key id of a certificate."""
        return self.key(name, version, "certificates")


@pytest.fixture(scope="session")
def azure_ca(tmp_path_factory: pytest.TempPathFactory) -> RegistryCA:
    """CA of the certificates for Azure's host names."""
    return RegistryCA(str(tmp_path_factory.mktemp("azure-ca")), "Network CA")


@pytest.fixture
def azure(azure_ca: RegistryCA, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Azure]:
    """Azure, with a service principal in the environment; requests outside the API fail the test."""
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
    """A new plugin object."""
    return AzureKeyVaultPlugin()


@pytest.fixture
def azure_cli(azure: Azure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user logged in by the command `az` only; returns the file that records its runs."""
    for variable in ("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"):
        monkeypatch.delenv(variable)
    token = {"accessToken": azure.server.login.token(), "expires_on": int(time.time()) + 3600, "tokenType": "Bearer"}
    output, runs, program = tmp_path / "token.json", tmp_path / "runs", tmp_path / "bin" / "az"
    output.write_text(json.dumps(token | {"expiresOn": "2099-01-01 00:00:00.000000"}))
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" >> {runs}\ncat {output}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin:{Path(sys.executable).parent}")
    return runs


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Pauses of the SDK in seconds, recorded instead of waited for."""
    recorded: list[float] = []
    monkeypatch.setattr(RequestsTransport, "sleep", lambda _, duration: recorded.append(duration))
    return recorded
