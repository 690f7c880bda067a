"""Logins by the SDK's credentials, failed logins, and secrets that must not be shown."""

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
from tests.servers.azure.conftest import Azure
from tests.servers.azure.login import ManagedIdentity
from tests.servers.azure.responses import error_response
from tests.servers.azure.signing import describe, has_code, sign_and_check
from tests.servers.azure.stored import PEM, PKCS12
from tests.support.ca import make_chain

CHAIN = make_chain("RSA-2048")
SCOPE = "https://vault.azure.net/.default"


@pytest.fixture(autouse=True)
def certificate(azure: Azure) -> None:
    """The vault has a certificate."""
    azure.server.add_certificate("build", CHAIN)


def _remove_service_principal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Removes the service principal from the environment, and makes the managed identity fail at once."""
    for variable in ("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"):
        monkeypatch.delenv(variable, raising=False)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", f"http://127.0.0.1:{closed.getsockname()[1]}")


# Credentials


@pytest.mark.parametrize("credential_type", [None, "", "environment", "Environment"])
def test_service_principal_logs_in_once(azure: Azure, plugin: AzureKeyVaultPlugin, credential_type: str | None) -> None:
    """A client secret in the environment logs in, by default and by name, and the token is reused."""
    config = {} if credential_type is None else {"credential_type": credential_type}
    for _ in range(2):
        sign_and_check(plugin, azure.key(), CHAIN, config)
    assert [SCOPE in scope for scope in azure.server.login.scopes] == [True]


def test_workload_identity_logs_in(
    azure: Azure, plugin: AzureKeyVaultPlugin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A workload's token in a file logs in."""
    (tmp_path / "token").write_text(azure.server.login.assertion)
    monkeypatch.delenv("AZURE_CLIENT_SECRET")
    monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", str(tmp_path / "token"))
    sign_and_check(plugin, azure.key(), CHAIN, {"credential_type": "workloadid"})


def test_managed_identity_logs_in(azure: Azure, plugin: AzureKeyVaultPlugin, monkeypatch: pytest.MonkeyPatch) -> None:
    """The identity of the machine logs in."""
    _remove_service_principal(monkeypatch)
    with ManagedIdentity(azure.server.login) as identity:
        monkeypatch.setenv("IDENTITY_ENDPOINT", f"{identity.url}/token")
        monkeypatch.setenv("IDENTITY_HEADER", identity.header)
        sign_and_check(plugin, azure.key(), CHAIN, {"credential_type": "managedid"})


@pytest.mark.parametrize("config", [{"credential_type": "azurecli"}, {}], ids=["by name", "by itself"])
def test_azure_cli_logs_in_once(
    azure: Azure,
    azure_cli: Path,
    plugin: AzureKeyVaultPlugin,
    monkeypatch: pytest.MonkeyPatch,
    pauses: list[float],
    config: dict[str, str],
) -> None:
    """A login by the command `az` is used, and the command runs once."""
    _remove_service_principal(monkeypatch)
    for _ in range(2):
        sign_and_check(plugin, azure.key(), CHAIN, config)
    assert azure_cli.read_text().count("get-access-token") == 1
    assert azure.server.login.scopes == []


# Failed logins


def test_wrong_client_secret_is_reported_without_showing_it(
    azure: Azure, plugin: AzureKeyVaultPlugin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong or expired client secret is reported with advice and not shown."""
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "hunter2-wrong")
    with pytest.raises(PluginAccessDeniedError) as caught:
        describe(plugin, azure.key(), {"credential_type": "environment"})
    assert "AADSTS7000215: Invalid client secret provided" in caught.value.message
    assert "Trace ID" not in caught.value.message
    assert "AZURE_CLIENT_SECRET" in caught.value.advice
    assert "hunter2" not in caught.value.one_line()


def test_failed_login_names_each_credential(
    azure: Azure,
    plugin: AzureKeyVaultPlugin,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    pauses: list[float],
) -> None:
    """Without any usable credential, each is named with its reason, in one line."""
    _remove_service_principal(monkeypatch)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PluginAccessDeniedError) as caught:
        describe(plugin, azure.key())
    assert caught.value.message.startswith("Azure login failed: ")
    for name in ("EnvironmentCredential", "ManagedIdentityCredential", "AzureCliCredential"):
        assert f"{name}: " in caught.value.message
    assert "\n" not in caught.value.one_line()
    assert "http" not in caught.value.message
    assert len(caught.value.message) < 1000


@pytest.mark.usefixtures("pauses")
@pytest.mark.parametrize(
    ("credential_type", "expected"),
    [
        ("environment", (PluginAccessDeniedError, "EnvironmentCredential authentication unavailable")),
        ("workloadid", (PluginAccessDeniedError, "WorkloadIdentityCredential is unavailable")),
        ("managedid", (PluginError, "or its login service is unreachable")),
        ("azurecli", (PluginAccessDeniedError, "Azure CLI not found on path")),
    ],
)
def test_chosen_credential_has_no_fallback(
    azure: Azure,
    plugin: AzureKeyVaultPlugin,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    credential_type: str,
    expected: tuple[type[PluginError], str],
) -> None:
    """An unusable credential that was chosen is reported, and no other is tried."""
    kind, reason = expected
    _remove_service_principal(monkeypatch)
    monkeypatch.setenv("PATH", str(tmp_path))
    if credential_type == "managedid":
        monkeypatch.setenv("IDENTITY_ENDPOINT", os.environ["AZURE_POD_IDENTITY_AUTHORITY_HOST"])
        monkeypatch.setenv("IDENTITY_HEADER", "header")
    with pytest.raises(PluginError, check=has_code(kind)) as caught:
        describe(plugin, azure.key(), {"credential_type": credential_type})
    assert reason in caught.value.message
    assert caught.value.advice
    assert azure.server.operations() == []


def test_expired_cli_login_gets_az_login_as_advice(azure: Azure, azure_cli: Path, plugin: AzureKeyVaultPlugin) -> None:
    """An expired login of `az` is reported with the command that renews it."""
    program = azure_cli.parent / "bin" / "az"
    program.write_text(
        "#!/bin/sh\necho \"AADSTS70043: The refresh token has expired. Please run 'az login'\" >&2\nexit 1\n"
    )
    with pytest.raises(PluginAccessDeniedError) as caught:
        describe(plugin, azure.key(), {"credential_type": "azurecli"})
    assert caught.value.advice == "run 'az login'"


# Secrets


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Log of the whole process at level DEBUG."""
    written = io.StringIO()
    handler, root = logging.StreamHandler(written), logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield written
    root.setLevel(before)
    root.removeHandler(handler)


def _secrets_of(azure: Azure) -> list[str]:
    """Returns the tokens, the client secret, and the private key in both forms of the secret."""
    numbers = CHAIN.leaf_key.private_numbers()
    key = CHAIN.key_pem.decode().splitlines()[1:3]
    return [azure.server.login.secret, *azure.server.login.issued, *key, str(numbers.d), "PRIVATE KEY"]


@pytest.mark.parametrize("form", [PEM, PKCS12])
@pytest.mark.parametrize("fault", ["", "/certificates/", "/secrets/", "/sign"])
def test_secrets_are_not_logged(
    azure: Azure, plugin: AzureKeyVaultPlugin, pauses: list[float], log: io.StringIO, form: str, fault: str
) -> None:
    """Tokens, the client secret and keys are neither logged at DEBUG nor in errors or their causes."""
    azure.server.add_certificate("build", CHAIN, exportable=True, content_type=form)
    if fault:
        azure.server.fault(fault, *[error_response(500, "InternalServerError")] * 50)
    shown = []
    try:
        sign_and_check(plugin, azure.key(), CHAIN)
    except PluginError as raised:
        error: BaseException | None = raised
        while error is not None:
            shown += [repr(error), str(error), str(vars(error))]
            error = error.__cause__ or error.__context__
    shown += [repr(plugin), str(vars(plugin)), log.getvalue()]
    assert "Environment is configured" in log.getvalue()  # outside of calls the log is kept
    assert "vault.azure.net" not in log.getvalue()
    for secret in _secrets_of(azure):
        assert not [text for text in shown if secret in text]


@pytest.mark.parametrize("is_right", [True, False], ids=["right", "wrong"])
def test_secrets_are_not_in_the_plugin_log(
    azure: Azure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_right: bool
) -> None:
    """The file of $NOTARYKIT_PLUGIN_LOG holds no secret even at DEBUG."""
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
