"""A vault, or what stands in its place, that means harm: it gets nothing, and each answer ends in an error in time."""

import base64
import gzip
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from notarykit.plugin import (
    GenerateSignatureRequest,
    PluginAccessDeniedError,
    PluginError,
    PluginTimeoutError,
    PluginValidationError,
)
from notarykit.plugin.deadline import deadline
from notarykit_azure_keyvault.plugin import AzureKeyVaultPlugin
from tests.servers.azure.conftest import MESSAGE, OWN_DOMAIN, Azure, refused, verify_x509_signature
from tests.servers.azure.keyvault import Fault
from tests.servers.azure.keyvault import refused as refusal
from tests.servers.registry.http_server import Connection, Reply
from tests.support.ca import make_chain, new_key

CHAIN = make_chain()
NOW = int(time.time())
HOUR = 3600
JSON = ("Content-Type", "application/json")


@pytest.fixture(autouse=True)
def certificate(azure: Azure) -> None:
    """The vault has a certificate."""
    azure.server.add_certificate("build", CHAIN)


def _replies(status: int, *headers: tuple[str, str], body: bytes = b"") -> Fault:
    return lambda connection: connection.reply(Reply(status, headers, body))


# Other hosts, and what they would get


@pytest.mark.parametrize("place", ["/certificates/", "/sign"])
@pytest.mark.parametrize("status", [302, 307, 308])
def test_a_redirection_is_not_followed(azure: Azure, plugin: AzureKeyVaultPlugin, place: str, status: int) -> None:
    """What another host answers is not the vault's answer."""
    other = f"https://{azure.name}.{OWN_DOMAIN}/certificates/build/?api-version=7"
    azure.server.fault(place, _replies(status, ("Location", other)))
    error = refused(plugin, azure.certificate(), PluginError, command="generate-signature")
    assert error.message.startswith(f"{azure.url} sends requests on to somebody else ({status})")
    assert {seen.headers["Host"] for seen in azure.server.seen if "login." not in seen.headers["Host"]} == {
        f"{azure.name}.vault.azure.net"
    }


def test_passwords_of_netrc_are_not_sent(
    azure: Azure, plugin: AzureKeyVaultPlugin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A password for the host in ~/.netrc neither takes the token's place nor goes anywhere."""
    hosts = (f"{azure.name}.vault.azure.net", "login.microsoftonline.com")
    (tmp_path / "netrc").write_text("".join(f"machine {host} login me password swordfish\n" for host in hosts))
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    verify_x509_signature(plugin, azure.certificate(), CHAIN)
    assert not [seen for seen in azure.server.seen if (seen.authorization or "").startswith("Basic")]


@pytest.mark.parametrize("resource", ["https://example", "https://stack.example"])
def test_a_token_for_a_parent_of_the_domain(azure: Azure, plugin: AzureKeyVaultPlugin, resource: str) -> None:
    """A vault gets a token for exactly its own domain, though the SDK would ask for one of a domain above."""
    azure.server.resource = resource
    key_id = f"https://{azure.name}.{OWN_DOMAIN}/certificates/build"
    with pytest.raises(PluginValidationError, match="asks for a login that is not a vault's"):
        verify_x509_signature(plugin, key_id, CHAIN, {"vault_domain": OWN_DOMAIN})
    assert azure.server.login.given == []


# States


@pytest.mark.parametrize(
    "attributes",
    [
        {"enabled": "false"}, {"enabled": None}, {"enabled": 0}, {"exp": "1"}, {"exp": 1.0}, {"exp": None},
        {"exp": True},
        {"exp": 10**20}, {"exp": -(10**20)}, {"exp": -(10**12)}, {"nbf": 10**20}, {"nbf": "9999999999"}, {"nbf": 1e10},
    ],
)  # fmt: skip
def test_states_of_another_kind(azure: Azure, plugin: AzureKeyVaultPlugin, attributes: dict[str, Any]) -> None:
    """A state that is not told in the API's own kinds may mean anything, and does not sign."""
    azure.server.set_state("build", **attributes)
    error = refused(plugin, azure.certificate(), PluginError)
    assert error.message.startswith(f"Azure Key Vault answers with {next(iter(attributes))!r} of another kind")


def test_a_key_that_expires_after_it_was_looked_up(
    azure: Azure, plugin: AzureKeyVaultPlugin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A version that was good when it was looked up does not sign after its end."""
    azure.server.set_state("build", exp=NOW + HOUR)
    verify_x509_signature(plugin, azure.certificate(), CHAIN)
    monkeypatch.setattr("notarykit_azure_keyvault.attributes.time", SimpleNamespace(time=lambda: NOW + 2 * HOUR))
    signed = azure.server.asked().count("Sign")
    request = GenerateSignatureRequest(azure.certificate(), "EC-256", "SHA-256", MESSAGE)
    with pytest.raises(PluginError, match="expired on 20"):
        plugin.generate_signature(request)
    assert azure.server.asked().count("Sign") == signed


# Answers


def _odd_certificate() -> str:
    # The curve's object identifier, changed to one that nobody has.
    known, odd = bytes.fromhex("06082a8648ce3d030107"), bytes.fromhex("06082a8648ce3d03017f")
    return base64.b64encode(CHAIN.ders[0].replace(known, odd)).decode()


@pytest.mark.parametrize(
    "change",
    [
        {"kid": "https://["},
        {"kid": 1},
        {"cer": _odd_certificate()},
        {"cer": "é"},
        {"value": "é\ud800"},
        {"value": "AAAA"},
        {"value": base64.b64encode(bytes(65)).decode()},
    ],
)
def test_answers_that_are_none(azure: Azure, plugin: AzureKeyVaultPlugin, change: dict[str, Any]) -> None:
    """Whatever reading an answer fails with, and a signature of another length, is an error of the protocol."""

    def changed(content: dict[str, Any]) -> None:
        if "value" not in change or content.keys() == {"kid", "value"}:
            content.update(change)

    azure.server.change = changed
    error = refused(plugin, azure.certificate(), PluginError, command="generate-signature")
    assert "answer" in error.message


@pytest.mark.parametrize("pause", ["soon", "9" * 5000, "Fri, 31 Dec 99999 23:59:59 GMT"])
def test_a_pause_that_is_none(azure: Azure, plugin: AzureKeyVaultPlugin, pauses: list[float], pause: str) -> None:
    """A service that asks for a pause which cannot be read is not asked again, and its refusal is told."""
    azure.server.fault("/certificates/", *[refusal(503, "ServiceUnavailable", Retry_After=pause)] * 20)
    error = refused(plugin, azure.certificate(), PluginError)
    assert "failed with 503 ServiceUnavailable" in error.message
    assert pauses == []


def test_a_request_for_a_certificate_that_is_none(azure: Azure, plugin: AzureKeyVaultPlugin) -> None:
    """A certificate request that cannot be read is an error of the protocol."""
    azure.server.request_certificate("waiting", new_key("EC-256"))
    azure.server.change = lambda content: content.update(csr="AAAA") if "csr" in content else None
    error = refused(plugin, azure.certificate("waiting"), PluginError)
    assert error.message == f"{azure.url} answered with what is no answer of Azure Key Vault"


# Time and size


def _drip(part: bytes) -> Fault:
    def drip(connection: Connection) -> None:
        connection.part(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n" + part)
        for _ in range(100):
            time.sleep(0.1)
            connection.part(b" ")

    return drip


@pytest.mark.parametrize("part", [b"\r\n", b"X-Y: "], ids=["body", "head"])
@pytest.mark.parametrize("place", ["/certificates/", "/sign", "/oauth2/v2.0/token"])
def test_an_answer_drop_by_drop(azure: Azure, plugin: AzureKeyVaultPlugin, part: bytes, place: str) -> None:
    """An answer that never stops coming is given up at the end of the call."""
    azure.server.fault(place, _drip(part))
    began = time.monotonic()
    with deadline(1.0):
        refused(plugin, azure.certificate(), PluginTimeoutError, command="generate-signature")
    assert time.monotonic() - began < 3.0  # the answer comes for ten seconds


@pytest.mark.parametrize(
    ("place", "kind"), [("/certificates/", PluginError), ("/oauth2/v2.0/token", PluginAccessDeniedError)]
)
def test_an_answer_that_is_much_larger_than_it_looks(
    azure: Azure, plugin: AzureKeyVaultPlugin, pauses: list[float], place: str, kind: type[PluginError]
) -> None:
    """An answer is not unpacked to more than any answer of a vault is."""
    body = gzip.compress(b'{"a":"' + bytes(64 * 1024 * 1024) + b'"}')
    azure.server.fault(place, *[_replies(200, JSON, ("Content-Encoding", "gzip"), body=body)] * 20)
    error = refused(plugin, azure.certificate(), kind)
    assert "too long" in error.message


def test_a_login_command_that_hangs(azure: Azure, azure_cli: Path, plugin: AzureKeyVaultPlugin) -> None:
    """A command that logs in, and does not end, is not waited for beyond the end of the call."""
    (azure_cli.parent / "bin" / "az").write_text("#!/bin/sh\nexec sleep 8\n")
    began = time.monotonic()
    with deadline(1.0):
        refused(plugin, azure.certificate(), PluginTimeoutError, {"credential_type": "azurecli"})
    assert time.monotonic() - began < 3.0
