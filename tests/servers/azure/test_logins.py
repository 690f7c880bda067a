"""Whoever signs is found in the ways of the SDK, and neither what they log in with nor a key is shown anywhere."""

import io
import logging
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from notarykit.plugin import PluginAccessDeniedError, PluginError
from notarykit.plugin.discovery.process import run
from notarykit_azure_keyvault.plugin import AzureKeyVaultPlugin
from tests.servers.azure import keyvault
from tests.servers.azure.conftest import Azure, refused, verify_x509_signature
from tests.servers.azure.keyvault import PEM, PKCS12
from tests.servers.azure.login import ManagedIdentity
from tests.support.ca import make_chain

CHAIN = make_chain("RSA-2048")
SCOPE = "https://vault.azure.net/.default"


@pytest.fixture(autouse=True)
def certificate(azure: Azure) -> None:
    """The vault has a certificate."""
    azure.server.add_certificate("build", CHAIN)


def _forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """Takes the service principal out of the environment, and leaves no other way that is slow to fail."""
    for variable in ("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"):
        monkeypatch.delenv(variable, raising=False)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", f"http://127.0.0.1:{closed.getsockname()[1]}")


# Ways to log in


@pytest.mark.parametrize("credential_type", [None, "", "environment", "Environment"])
def test_a_service_principal(azure: Azure, plugin: AzureKeyVaultPlugin, credential_type: str | None) -> None:
    """A client secret in the environment is found, by itself and where it is asked for, and a token is kept."""
    config = {} if credential_type is None else {"credential_type": credential_type}
    for _ in range(2):
        verify_x509_signature(plugin, azure.key(), CHAIN, config)
    assert [SCOPE in scope for scope in azure.server.login.scopes] == [True]


def test_a_workload_identity(
    azure: Azure, plugin: AzureKeyVaultPlugin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A workload's token in a file logs in."""
    (tmp_path / "token").write_text(azure.server.login.assertion)
    monkeypatch.delenv("AZURE_CLIENT_SECRET")
    monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", str(tmp_path / "token"))
    verify_x509_signature(plugin, azure.key(), CHAIN, {"credential_type": "workloadid"})


def test_a_managed_identity(azure: Azure, plugin: AzureKeyVaultPlugin, monkeypatch: pytest.MonkeyPatch) -> None:
    """The identity of the machine logs in."""
    _forget(monkeypatch)
    with ManagedIdentity(azure.server.login) as identity:
        monkeypatch.setenv("IDENTITY_ENDPOINT", f"{identity.url}/token")
        monkeypatch.setenv("IDENTITY_HEADER", identity.header)
        verify_x509_signature(plugin, azure.key(), CHAIN, {"credential_type": "managedid"})


@pytest.mark.parametrize("config", [{"credential_type": "azurecli"}, {}], ids=["by name", "by itself"])
def test_the_azure_cli(
    azure: Azure,
    azure_cli: Path,
    plugin: AzureKeyVaultPlugin,
    monkeypatch: pytest.MonkeyPatch,
    pauses: list[float],
    config: dict[str, str],
) -> None:
    """Whoever is logged in with the command `az` signs, and it is run once."""
    _forget(monkeypatch)
    for _ in range(2):
        verify_x509_signature(plugin, azure.key(), CHAIN, config)
    assert azure_cli.read_text().count("get-access-token") == 1
    assert azure.server.login.scopes == []


# Logins that fail


def test_a_wrong_secret(azure: Azure, plugin: AzureKeyVaultPlugin, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client secret that is wrong or has ended is told, with what to do, and not shown."""
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "hunter2-wrong")
    error = refused(plugin, azure.key(), PluginAccessDeniedError, {"credential_type": "environment"})
    assert "AADSTS7000215: Invalid client secret provided" in error.message
    assert "Trace ID" not in error.message
    assert "AZURE_CLIENT_SECRET" in error.advice
    assert "hunter2" not in error.one_line()


def test_nobody_is_logged_in(
    azure: Azure,
    plugin: AzureKeyVaultPlugin,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    pauses: list[float],
) -> None:
    """Where no way leads in, each is named with its reason, in one line."""
    _forget(monkeypatch)
    monkeypatch.setenv("PATH", str(tmp_path))
    error = refused(plugin, azure.key(), PluginAccessDeniedError)
    assert error.message.startswith("cannot log in to Azure: ")
    for name in ("EnvironmentCredential", "ManagedIdentityCredential", "AzureCliCredential"):
        assert f"{name}: " in error.message
    assert "\n" not in error.one_line()
    assert "http" not in error.message
    assert len(error.message) < 1000


@pytest.mark.parametrize(
    ("credential_type", "kind", "reason"),
    [
        ("environment", PluginAccessDeniedError, "EnvironmentCredential authentication unavailable"),
        ("workloadid", PluginAccessDeniedError, "WorkloadIdentityCredential cannot be used here"),
        ("managedid", PluginError, "or the login to it cannot be reached"),
        ("azurecli", PluginAccessDeniedError, "Azure CLI not found on path"),
    ],
)
def test_one_way_that_does_not_lead_in(
    azure: Azure,
    plugin: AzureKeyVaultPlugin,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    pauses: list[float],
    credential_type: str,
    kind: type[PluginError],
    reason: str,
) -> None:
    """A way that was asked for and is not there is told, and no other is tried."""
    _forget(monkeypatch)
    monkeypatch.setenv("PATH", str(tmp_path))
    if credential_type == "managedid":
        monkeypatch.setenv("IDENTITY_ENDPOINT", os.environ["AZURE_POD_IDENTITY_AUTHORITY_HOST"])
        monkeypatch.setenv("IDENTITY_HEADER", "header")
    error = refused(plugin, azure.key(), kind, {"credential_type": credential_type})
    assert reason in error.message
    assert error.advice
    assert azure.server.asked() == []


def test_an_expired_cli_login(azure: Azure, azure_cli: Path, plugin: AzureKeyVaultPlugin) -> None:
    """What `az` says of an expired login is told, with the command that renews it."""
    program = azure_cli.parent / "bin" / "az"
    program.write_text(
        "#!/bin/sh\necho \"AADSTS70043: The refresh token has expired. Please run 'az login'\" >&2\nexit 1\n"
    )
    error = refused(plugin, azure.key(), PluginAccessDeniedError, {"credential_type": "azurecli"})
    assert error.advice == "run 'az login'"


# What is shown


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What everything in the process logs at the level DEBUG."""
    written = io.StringIO()
    handler, root = logging.StreamHandler(written), logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield written
    root.setLevel(before)
    root.removeHandler(handler)


def _secrets_of(azure: Azure) -> list[str]:
    """What no output may show: tokens, the client secret, and the private key in both forms of the secret."""
    numbers = CHAIN.leaf_key.private_numbers()
    key = CHAIN.key_pem.decode().splitlines()[1:3]
    return [azure.server.login.secret, *azure.server.login.given, *key, str(numbers.d), "PRIVATE KEY"]


@pytest.mark.parametrize("form", [PEM, PKCS12])
@pytest.mark.parametrize("fault", ["", "/certificates/", "/secrets/", "/sign"])
def test_no_secret_is_logged(
    azure: Azure, plugin: AzureKeyVaultPlugin, pauses: list[float], log: io.StringIO, form: str, fault: str
) -> None:
    """Neither a token nor the client secret nor a key is logged at DEBUG or in an error, nor in what caused it."""
    azure.server.add_certificate("build", CHAIN, exportable=True, content_type=form)
    if fault:
        azure.server.fault(fault, *[keyvault.refused(500, "InternalServerError")] * 50)
    shown = []
    try:
        verify_x509_signature(plugin, azure.key(), CHAIN)
    except PluginError as raised:
        error: BaseException | None = raised
        while error is not None:
            shown += [repr(error), str(error), str(vars(error))]
            error = error.__cause__ or error.__context__
    shown += [repr(plugin), str(vars(plugin)), log.getvalue()]
    assert "Environment is configured" in log.getvalue()  # outside the calls it is heard
    assert "vault.azure.net" not in log.getvalue()
    for secret in _secrets_of(azure):
        assert not [text for text in shown if secret in text]


@pytest.mark.parametrize("is_right", [True, False], ids=["right", "wrong"])
def test_no_secret_is_in_the_log_of_the_process(
    azure: Azure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_right: bool
) -> None:
    """The file of $NOTARYKIT_PLUGIN_LOG has no secret even where everything is logged into it."""
    azure.server.add_certificate("build", CHAIN, exportable=True)
    if not is_right:
        monkeypatch.setenv("AZURE_CLIENT_SECRET", "hunter2-wrong")
    script = (
        "import sys, logging; from notarykit.plugin.server import stdio; take = stdio._take_streams\n"
        "def taken():\n    kept = take(); logging.basicConfig(level=logging.DEBUG); return kept\n"
        "stdio._take_streams = taken\n"
        "sys.exit(stdio.run('notarykit_azure_keyvault.plugin:AzureKeyVaultPlugin'))\n"
    )
    request = f'{{"contractVersion":"1.0","keyId":"{azure.key()}"}}'.encode()
    log = tmp_path / "log"
    environment = dict(os.environ) | {"NOTARYKIT_PLUGIN_LOG": str(log)}
    ended = run([sys.executable, "-c", script, "describe-key"], request, 60, environment)
    assert (ended.code == 0) is is_right
    text = log.read_text() + ended.output.decode() + ended.errors.decode()
    assert "Environment is configured" in text
    for secret in (*_secrets_of(azure), "hunter2"):
        assert secret not in text
