"""Faults of Vault and other servers in its place: retried, or reported with the protocol code."""

import json
from collections.abc import Callable

import pytest

from notarykit.errors import (
    PluginAccessDeniedError,
    PluginError,
    PluginThrottledError,
    PluginTimeoutError,
    PluginValidationError,
)
from notarykit.plugin.time_limit import deadline
from notarykit_hashicorp_vault import session
from notarykit_hashicorp_vault.plugin import HashiCorpVaultPlugin
from tests.servers.registry.fault_proxy import Fault, FaultProxy
from tests.servers.registry.faults import (
    at,
    cut_after_acting,
    cut_before_headers,
    cut_in_body,
    cut_in_headers,
    held,
    redirected,
    status,
    too_many_requests,
    unavailable,
)
from tests.servers.vault.server import VaultServer
from tests.servers.vault.signing import describe, describe_and_sign, sign
from tests.support.ca import TestChain

SIGN = at("^/v1/transit/sign/")
READ = at("^/v1/transit/keys/")


def _says(code: int, *errors: str) -> Fault:
    return status(code, json.dumps({"errors": errors}).encode())


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short pauses between retries."""
    monkeypatch.setattr(session, "_BACKOFF_SECONDS", 0.001)


_PASSING = {
    "throttled": too_many_requests("0"),
    "throttled without a time": too_many_requests(),
    "a balancer's page": unavailable(),
    "behind": _says(412),
    "a standby": _says(473),
    "internal": _says(500, "1 error occurred"),
    "cut": cut_before_headers(),
    "reset": cut_before_headers(reset=True),
    "cut after acting": cut_after_acting(),
}


@pytest.mark.parametrize("fault", _PASSING)
def test_transient_fault_is_retried(proxy: FaultProxy, name: str, chain: TestChain, fault: str) -> None:
    """A fault that is over after two requests does not fail the signature."""
    rule = proxy.fault(_PASSING[fault], SIGN, times=2)
    describe_and_sign(HashiCorpVaultPlugin(), name, chain)
    assert rule.met == 2


_LASTING: dict[str, tuple[Fault, type[PluginError], str]] = {
    "throttled": (_says(429, "quota exceeded"), PluginThrottledError, "throttled the request: quota exceeded"),
    "behind": (_says(412), PluginTimeoutError, "lacks recent changes of its cluster"),
    "a standby": (_says(473), PluginError, "is a standby node"),
    "a recovery": (_says(472), PluginError, "is a standby node"),
    "sealed": (_says(503, "Vault is sealed"), PluginError, "is sealed"),
    "a balancer's page": (unavailable(), PluginError, "is unavailable"),
    "a gateway's page": (
        status(504, b"<html>", Content_Type="text/html"),
        PluginTimeoutError,
        "did not respond in time",
    ),
    "internal": (_says(500, "out of order"), PluginError, "(500): out of order"),
    "not initialized": (_says(501), PluginError, "(501)"),
    "cut": (cut_before_headers(), PluginTimeoutError, "was closed"),
    "cut in a header": (cut_in_headers(), PluginTimeoutError, "was closed"),
    "cut in the answer": (cut_in_body(5), PluginTimeoutError, "was closed"),
    "a wrong request": (_says(400, "no such field"), PluginValidationError, "no such field"),
    "denied": (
        _says(403, "permission denied"),
        PluginAccessDeniedError,
        "lacks the capability update on transit/sign/",
    ),
    "a page": (status(200, b"<html>hello</html>", Content_Type="text/html"), PluginError, "is not a Vault server"),
    "a page that is not found": (
        status(404, b"<html></html>", Content_Type="text/html"),
        PluginError,
        "is not a Vault server",
    ),
    "a list": (status(200, b"[]"), PluginError, "is not a Vault server"),
    "nothing": (status(204, b""), PluginError, "is not a Vault server"),
    "no signature": (status(200, b'{"data":{"ciphertext":"x"}}'), PluginError, "no signature of"),
    "another version": (status(200, b'{"data":{"signature":"vault:v2:eA=="}}'), PluginError, "no signature of"),
    "a short signature": (
        status(200, b'{"data":{"signature":"vault:v1:eA=="}}'),
        PluginError,
        "malformed ECDSA-SHA-256",
    ),
    "a damaged signature": (
        status(200, b'{"data":{"signature":"vault:v1:e="}}'),
        PluginError,
        "malformed ECDSA-SHA-256",
    ),
}


@pytest.mark.parametrize("fault", _LASTING)
def test_lasting_fault_has_the_protocol_code(proxy: FaultProxy, name: str, chain: TestChain, fault: str) -> None:
    """A fault that lasts ends in its protocol code, with a message that names it."""
    does, kind, shown = _LASTING[fault]
    proxy.fault(does, SIGN)
    with pytest.raises(PluginError) as caught:
        describe_and_sign(HashiCorpVaultPlugin(), name, chain)
    assert type(caught.value) is kind
    assert shown in caught.value.message


def test_plugin_signs_after_a_fault(proxy: FaultProxy, name: str, chain: TestChain) -> None:
    """The same object signs once the fault is over."""
    plugin = HashiCorpVaultPlugin()
    proxy.fault(_says(400, "not now"), SIGN, times=1)
    with pytest.raises(PluginValidationError):
        describe_and_sign(plugin, name, chain)
    sign(plugin, name, chain)


_STRANGE: dict[str, bytes] = {
    "no members": b"{}",
    "no versions": b'{"data":{"type":"ecdsa-p256","latest_version":1}}',
    "no number": b'{"data":{"type":"ecdsa-p256","latest_version":"1","keys":{}}}',
    "no public key": b'{"data":{"type":"ecdsa-p256","latest_version":1,"keys":{"1":{"public_key":"x"}}}}',
    "a number for a version": b'{"data":{"type":"ecdsa-p256","latest_version":1,"keys":{"1":1700000000}}}',
    "a key that is deleted in OpenBao": b'{"data":{"type":"ecdsa-p256","soft_deleted":true,"latest_version":1}}',
}


@pytest.mark.parametrize("answer", _STRANGE)
def test_malformed_key_is_refused(proxy: FaultProxy, name: str, answer: str) -> None:
    """A response that does not describe a key is a protocol error."""
    proxy.fault(status(200, _STRANGE[answer]), READ)
    with pytest.raises(PluginError) as caught:
        describe(HashiCorpVaultPlugin(), name)
    assert caught.value.message


def test_redirect_is_not_followed(proxy: FaultProxy, name: str) -> None:
    """The token is not sent to the target of a redirect."""
    proxy.fault(redirected())
    with pytest.raises(PluginError) as caught:
        describe(HashiCorpVaultPlugin(), name)
    message = caught.value.message
    assert f"redirects to {proxy.elsewhere.address}" in message
    assert proxy.elsewhere.seen == []


# Time


@pytest.mark.parametrize("gate_at", ["reading", "signing"])
def test_silent_server_times_out_with_the_call(proxy: FaultProxy, name: str, chain: TestChain, gate_at: str) -> None:
    """A request without a response ends with the call, and is not retried."""
    gate = proxy.gate()
    rule = proxy.fault(held(gate), READ if gate_at == "reading" else SIGN)
    with deadline(1.0), pytest.raises(PluginTimeoutError, match="did not respond in time"):
        describe_and_sign(HashiCorpVaultPlugin(), name, chain)
    assert rule.met == 1


def test_retry_after_beyond_the_call_is_not_waited_for(proxy: FaultProxy, name: str) -> None:
    """A server that requests a pause of an hour is not waited for."""
    rule = proxy.fault(too_many_requests("3600"))
    with deadline(60.0), pytest.raises(PluginThrottledError):
        describe(HashiCorpVaultPlugin(), name)
    assert rule.met == 1


# Other servers


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("http://127.0.0.1:1", "http://127.0.0.1:1 refused the connection"),
        ("https://127.0.0.1:{port}", "does not use TLS"),
        ("https://vault.invalid:8200", "the host of https://vault.invalid:8200 is unknown"),
        ("http://127.0.0.1:{port}/ui", "is not a Vault server"),
        ("ftp://127.0.0.1", "is not an http:// or https:// URL"),
        ("127.0.0.1:8200", "is not an http:// or https:// URL"),
        ("http://127.0.0.1:99999", "is not an http:// or https:// URL"),
        ("", "the address of Vault is not set"),
    ],
)
def test_wrong_address_is_reported_with_its_cause(
    vault: VaultServer, name: str, monkeypatch: pytest.MonkeyPatch, address: str, shown: str
) -> None:
    """An address that is not Vault's is refused with the cause."""
    monkeypatch.setenv("VAULT_ADDR", address.format(port=vault.port))
    with pytest.raises(PluginError) as caught:
        describe(HashiCorpVaultPlugin(), name)
    assert shown in caught.value.message
    assert "VAULT_ADDR" in caught.value.advice


def test_sealed_vault_is_reported_until_unsealed(
    another_vault: Callable[[], VaultServer], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sealed Vault is reported; once it is unsealed the same object signs."""
    vault = another_vault()
    monkeypatch.setenv("VAULT_ADDR", vault.url)
    monkeypatch.setenv("VAULT_TOKEN", vault.root)
    vault.make_key(name)
    chain, plugin = vault.attach(name), HashiCorpVaultPlugin()
    describe_and_sign(plugin, name, chain)
    vault.ask("PUT", "sys/seal")
    with pytest.raises(PluginError) as caught:
        sign(plugin, name, chain)
    assert caught.value.message == f"Vault at {vault.url} is sealed"
    vault.ask("PUT", "sys/unseal", {"key": vault.unseal_key})
    sign(plugin, name, chain)


# Namespaces


@pytest.mark.parametrize("place", ["configuration", "environment"])
def test_namespace_is_sent_with_each_request(
    proxy: FaultProxy, name: str, chain: TestChain, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """The namespace is sent with every request; Vault's community edition ignores it."""
    config = {"namespace": "/team/a/"} if place == "configuration" else {}
    monkeypatch.setenv("VAULT_NAMESPACE", "another" if config else "team/a")
    describe_and_sign(HashiCorpVaultPlugin(), name, chain, **config)
    assert [seen.headers["X-Vault-Namespace"] for seen in proxy.seen] == ["team/a"] * 2


@pytest.mark.parametrize("answer", [_says(403, "permission denied"), _says(404), _says(404, "no handler for route")])
def test_wrong_namespace_is_named(proxy: FaultProxy, name: str, answer: Fault) -> None:
    """Each error for a wrong namespace names it."""
    proxy.fault(answer)
    with pytest.raises(PluginError) as caught:
        describe(HashiCorpVaultPlugin(), name, namespace="nowhere")
    assert "in the namespace 'nowhere'" in caught.value.message
