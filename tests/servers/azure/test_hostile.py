"""Hostile vaults: they receive no credentials, and each response ends in an error within the call's time."""

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
from notarykit.plugin.time_limit import deadline
from notarykit_azure_keyvault.plugin import AzureKeyVaultPlugin
from tests.servers.azure.conftest import OWN_DOMAIN, Azure
from tests.servers.azure.responses import Fault, error_response
from tests.servers.azure.signing import MESSAGE, describe, describe_and_sign, has_code, sign_and_check
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


# Other hosts


@pytest.mark.parametrize("place", ["/certificates/", "/sign"])
@pytest.mark.parametrize("status", [302, 307, 308])
def test_redirect_is_not_followed(azure: Azure, plugin: AzureKeyVaultPlugin, place: str, status: int) -> None:
    """A response of another host is not the vault's."""
    other = f"https://{azure.name}.{OWN_DOMAIN}/certificates/build/?api-version=7"
    azure.server.fault(place, _replies(status, ("Location", other)))
    with pytest.raises(PluginError, check=has_code(PluginError)) as caught:
        describe_and_sign(plugin, azure.certificate(), "EC-256")
    assert caught.value.message.startswith(f"{azure.url} redirects to another host ({status})")
    assert {seen.headers["Host"] for seen in azure.server.seen if "login." not in seen.headers["Host"]} == {
        f"{azure.name}.vault.azure.net"
    }


def test_netrc_password_is_not_sent(
    azure: Azure, plugin: AzureKeyVaultPlugin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A password for the host in ~/.netrc neither replaces the token nor is sent."""
    hosts = (f"{azure.name}.vault.azure.net", "login.microsoftonline.com")
    (tmp_path / "netrc").write_text("".join(f"machine {host} login me password swordfish\n" for host in hosts))
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    sign_and_check(plugin, azure.certificate(), CHAIN)
    assert not [seen for seen in azure.server.seen if (seen.authorization or "").startswith("Basic")]


@pytest.mark.parametrize("resource", ["https://example", "https://stack.example"])
def test_token_for_a_parent_domain_is_not_requested(azure: Azure, plugin: AzureKeyVaultPlugin, resource: str) -> None:
    """A vault gets a token for exactly its own domain, though the SDK accepts a parent domain."""
    azure.server.resource = resource
    key_id = f"https://{azure.name}.{OWN_DOMAIN}/certificates/build"
    with pytest.raises(PluginValidationError, match="requests a token for another domain"):
        sign_and_check(plugin, key_id, CHAIN, {"vault_domain": OWN_DOMAIN})
    assert azure.server.login.issued == []


# Attributes


@pytest.mark.parametrize(
    "attributes",
    [
        {"enabled": "false"}, {"enabled": None}, {"enabled": 0}, {"exp": "1"}, {"exp": 1.0}, {"exp": None},
        {"exp": True},
        {"exp": 10**20}, {"exp": -(10**20)}, {"exp": -(10**12)}, {"nbf": 10**20}, {"nbf": "9999999999"}, {"nbf": 1e10},
    ],
)  # fmt: skip
def test_malformed_attribute_is_refused(azure: Azure, plugin: AzureKeyVaultPlugin, attributes: dict[str, Any]) -> None:
    """An attribute of the wrong type or range is refused."""
    azure.server.set_attributes("build", **attributes)
    with pytest.raises(PluginError, check=has_code(PluginError)) as caught:
        describe(plugin, azure.certificate())
    assert caught.value.message.startswith(f"attribute {next(iter(attributes))!r} of {azure.certificate()}")


def test_cached_version_does_not_sign_after_expiry(
    azure: Azure, plugin: AzureKeyVaultPlugin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A version that was valid when it was read does not sign after it has expired."""
    azure.server.set_attributes("build", exp=NOW + HOUR)
    sign_and_check(plugin, azure.certificate(), CHAIN)
    monkeypatch.setattr("notarykit_azure_keyvault.attributes.time", SimpleNamespace(time=lambda: NOW + 2 * HOUR))
    signed = azure.server.operations().count("Sign")
    request = GenerateSignatureRequest(azure.certificate(), "EC-256", "SHA-256", MESSAGE)
    with pytest.raises(PluginError, match="expired on 20"):
        plugin.generate_signature(request)
    assert azure.server.operations().count("Sign") == signed


# Responses


def _odd_certificate() -> str:
    # The curve's object identifier, changed to one that is not assigned.
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
def test_unreadable_response_is_a_protocol_error(
    azure: Azure, plugin: AzureKeyVaultPlugin, change: dict[str, Any]
) -> None:
    """Every failure to read a response, and a signature of another length, is a protocol error."""

    def changed(content: dict[str, Any]) -> None:
        if "value" not in change or content.keys() == {"kid", "value"}:
            content.update(change)

    azure.server.change = changed
    with pytest.raises(PluginError, check=has_code(PluginError)) as caught:
        describe_and_sign(plugin, azure.certificate(), "EC-256")
    assert "malformed" in caught.value.message


@pytest.mark.parametrize("pause", ["soon", "9" * 5000, "Fri, 31 Dec 99999 23:59:59 GMT"])
def test_malformed_retry_after_ends_the_retries(
    azure: Azure, plugin: AzureKeyVaultPlugin, pauses: list[float], pause: str
) -> None:
    """An unreadable Retry-After ends the retries, and the error response is reported."""
    azure.server.fault("/certificates/", *[error_response(503, "ServiceUnavailable", Retry_After=pause)] * 20)
    with pytest.raises(PluginError, check=has_code(PluginError)) as caught:
        describe(plugin, azure.certificate())
    assert "failed with 503 ServiceUnavailable" in caught.value.message
    assert pauses == []


def test_malformed_certificate_request_is_refused(azure: Azure, plugin: AzureKeyVaultPlugin) -> None:
    """An unreadable certificate signing request is a protocol error."""
    azure.server.request_certificate("waiting", new_key("EC-256"))
    azure.server.change = lambda content: content.update(csr="AAAA") if "csr" in content else None
    with pytest.raises(PluginError, check=has_code(PluginError)) as caught:
        describe(plugin, azure.certificate("waiting"))
    assert caught.value.message == f"malformed response from {azure.url}"


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
def test_endless_response_times_out_with_the_call(
    azure: Azure, plugin: AzureKeyVaultPlugin, part: bytes, place: str
) -> None:
    """A response that never ends is given up at the end of the call."""
    azure.server.fault(place, _drip(part))
    began = time.monotonic()
    with deadline(1.0), pytest.raises(PluginTimeoutError):
        describe_and_sign(plugin, azure.certificate(), "EC-256")
    assert time.monotonic() - began < 3.0  # the answer comes for ten seconds


@pytest.mark.parametrize(
    ("place", "kind"), [("/certificates/", PluginError), ("/oauth2/v2.0/token", PluginAccessDeniedError)]
)
def test_decompressed_size_is_limited(
    azure: Azure, plugin: AzureKeyVaultPlugin, pauses: list[float], place: str, kind: type[PluginError]
) -> None:
    """A response is not decompressed beyond the size of any response of a vault."""
    body = gzip.compress(b'{"a":"' + bytes(64 * 1024 * 1024) + b'"}')
    azure.server.fault(place, *[_replies(200, JSON, ("Content-Encoding", "gzip"), body=body)] * 20)
    with pytest.raises(PluginError, check=has_code(kind)) as caught:
        describe(plugin, azure.certificate())
    assert "too large" in caught.value.message


def test_hanging_login_command_times_out_with_the_call(
    azure: Azure, azure_cli: Path, plugin: AzureKeyVaultPlugin
) -> None:
    """A login command that hangs is not waited for beyond the end of the call."""
    (azure_cli.parent / "bin" / "az").write_text("#!/bin/sh\nexec sleep 8\n")
    began = time.monotonic()
    with deadline(1.0), pytest.raises(PluginTimeoutError):
        describe(plugin, azure.certificate(), {"credential_type": "azurecli"})
    assert time.monotonic() - began < 3.0
