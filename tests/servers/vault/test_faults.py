"""A Vault that fails in many ways, or something else in its place: each ends in a signature or in the right error."""

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
from notarykit.plugin.deadline import deadline
from notarykit_hashicorp_vault import session
from notarykit_hashicorp_vault.plugin import HashiCorpVaultPlugin
from tests.servers.registry.factories import FaultProxies
from tests.servers.registry.fault_proxy import (
    Fault,
    FaultProxy,
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
from tests.servers.vault.signing import generate, refusal, sign
from tests.support.ca import TestChain

SIGN = at("^/v1/transit/sign/")
READ = at("^/v1/transit/keys/")


def _says(code: int, *errors: str) -> Fault:
    return status(code, json.dumps({"errors": errors}).encode())


@pytest.fixture
def proxy(fault_proxy: FaultProxies, vault: VaultServer, monkeypatch: pytest.MonkeyPatch) -> FaultProxy:
    """A server before the Vault; the environment leads to it, and pauses are short."""
    monkeypatch.setattr(session, "_FIRST_PAUSE", 0.001)
    proxy = fault_proxy(f"127.0.0.1:{vault.port}")
    monkeypatch.setenv("VAULT_ADDR", proxy.url)
    return proxy


@pytest.fixture
def chain(vault: VaultServer, name: str) -> TestChain:
    """The chain of a key of this test, which Transit keeps."""
    vault.make_key(name)
    return vault.attach(name)


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
def test_what_passes_is_tried_again(proxy: FaultProxy, name: str, chain: TestChain, fault: str) -> None:
    """A fault that goes away after two requests is none for whoever signs."""
    rule = proxy.fault(_PASSING[fault], SIGN, times=2)
    sign(HashiCorpVaultPlugin(), name, chain)
    assert rule.met == 2


_LASTING: dict[str, tuple[Fault, type[PluginError], str]] = {
    "throttled": (_says(429, "quota exceeded"), PluginThrottledError, "takes fewer requests: quota exceeded"),
    "behind": (_says(412), PluginTimeoutError, "has not caught up with its cluster"),
    "a standby": (_says(473), PluginError, "is a standby"),
    "a recovery": (_says(472), PluginError, "is a standby"),
    "sealed": (_says(503, "Vault is sealed"), PluginError, "is sealed"),
    "a balancer's page": (unavailable(), PluginError, "is not available"),
    "a gateway's page": (status(504, b"<html>", Content_Type="text/html"), PluginTimeoutError, "was too late"),
    "internal": (_says(500, "out of order"), PluginError, "(500): out of order"),
    "not initialized": (_says(501), PluginError, "(501)"),
    "cut": (cut_before_headers(), PluginTimeoutError, "broke off"),
    "cut in a header": (cut_in_headers(), PluginTimeoutError, "broke off"),
    "cut in the answer": (cut_in_body(5), PluginTimeoutError, "broke off"),
    "a wrong request": (_says(400, "no such field"), PluginValidationError, "no such field"),
    "denied": (_says(403, "permission denied"), PluginAccessDeniedError, "may not update transit/sign/"),
    "a page": (status(200, b"<html>hello</html>", Content_Type="text/html"), PluginError, "is no Vault"),
    "a page that is not found": (status(404, b"<html></html>", Content_Type="text/html"), PluginError, "is no Vault"),
    "a list": (status(200, b"[]"), PluginError, "is no Vault"),
    "nothing": (status(204, b""), PluginError, "is no Vault"),
    "no signature": (status(200, b'{"data":{"ciphertext":"x"}}'), PluginError, "no signature of"),
    "another version": (status(200, b'{"data":{"signature":"vault:v2:eA=="}}'), PluginError, "no signature of"),
    "a short signature": (status(200, b'{"data":{"signature":"vault:v1:eA=="}}'), PluginError, "no ECDSA-SHA-256"),
    "a damaged signature": (status(200, b'{"data":{"signature":"vault:v1:e="}}'), PluginError, "no ECDSA-SHA-256"),
}


@pytest.mark.parametrize("fault", _LASTING)
def test_what_lasts_is_an_error(proxy: FaultProxy, name: str, chain: TestChain, fault: str) -> None:
    """A fault that stays ends in the protocol's code for it, with a text that says what it was."""
    does, kind, shown = _LASTING[fault]
    proxy.fault(does, SIGN)
    with pytest.raises(PluginError) as caught:
        sign(HashiCorpVaultPlugin(), name, chain)
    assert type(caught.value) is kind
    assert shown in caught.value.message


def test_the_plugin_goes_on_after_a_fault(proxy: FaultProxy, name: str, chain: TestChain) -> None:
    """The same object signs as soon as the server does again."""
    plugin = HashiCorpVaultPlugin()
    proxy.fault(_says(400, "not now"), SIGN, times=1)
    with pytest.raises(PluginValidationError):
        sign(plugin, name, chain)
    generate(plugin, name, chain)


_STRANGE: dict[str, bytes] = {
    "no members": b"{}",
    "no versions": b'{"data":{"type":"ecdsa-p256","latest_version":1}}',
    "no number": b'{"data":{"type":"ecdsa-p256","latest_version":"1","keys":{}}}',
    "no public key": b'{"data":{"type":"ecdsa-p256","latest_version":1,"keys":{"1":{"public_key":"x"}}}}',
    "a number for a version": b'{"data":{"type":"ecdsa-p256","latest_version":1,"keys":{"1":1700000000}}}',
    "a key that is deleted in OpenBao": b'{"data":{"type":"ecdsa-p256","soft_deleted":true,"latest_version":1}}',
}


@pytest.mark.parametrize("answer", _STRANGE)
def test_answers_about_no_key(proxy: FaultProxy, name: str, answer: str) -> None:
    """What is no description of a key is an error on purpose."""
    proxy.fault(status(200, _STRANGE[answer]), READ)
    assert refusal(name).message


def test_a_redirection_is_not_followed(proxy: FaultProxy, name: str) -> None:
    """The token is not given to another host that an answer points to."""
    proxy.fault(redirected())
    message = refusal(name).message
    assert f"sends requests on to {proxy.elsewhere.address}" in message
    assert proxy.elsewhere.seen == []


# Time


@pytest.mark.parametrize("gate_at", ["reading", "signing"])
def test_no_answer_in_time(proxy: FaultProxy, name: str, chain: TestChain, gate_at: str) -> None:
    """The time that the host gives ends a request that gets no answer, and there is no second one."""
    gate = proxy.gate()
    rule = proxy.fault(held(gate), READ if gate_at == "reading" else SIGN)
    with deadline(1.0), pytest.raises(PluginTimeoutError, match="did not answer in time"):
        sign(HashiCorpVaultPlugin(), name, chain)
    assert rule.met == 1


def test_a_pause_that_is_too_long(proxy: FaultProxy, name: str) -> None:
    """A server that asks for an hour is not waited for: the host hears of it and decides."""
    rule = proxy.fault(too_many_requests("3600"))
    with deadline(60.0):
        assert isinstance(refusal(name), PluginThrottledError)
    assert rule.met == 1


# Who else may answer


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("http://127.0.0.1:1", "nothing takes connections at http://127.0.0.1:1"),
        ("https://127.0.0.1:{port}", "does not speak TLS"),
        ("https://vault.invalid:8200", "the host of https://vault.invalid:8200 is not known"),
        ("http://127.0.0.1:{port}/ui", "is no Vault"),
        ("ftp://127.0.0.1", "is no http:// or https:// one"),
        ("127.0.0.1:8200", "is no http:// or https:// one"),
        ("http://127.0.0.1:99999", "is no http:// or https:// one"),
        ("", "the address of Vault is not known"),
    ],
)
def test_a_wrong_address(
    vault: VaultServer, name: str, monkeypatch: pytest.MonkeyPatch, address: str, shown: str
) -> None:
    """An address that leads to no Vault is refused with what is there."""
    monkeypatch.setattr(session, "_FIRST_PAUSE", 0.001)
    monkeypatch.setenv("VAULT_ADDR", address.format(port=vault.port))
    error = refusal(name)
    assert shown in error.message
    assert "VAULT_ADDR" in error.advice


def test_a_sealed_vault(another_vault: Callable[[], VaultServer], name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Vault that is sealed between two commands says so; once it is unsealed the same object signs."""
    monkeypatch.setattr(session, "_FIRST_PAUSE", 0.001)
    vault = another_vault()
    monkeypatch.setenv("VAULT_ADDR", vault.url)
    monkeypatch.setenv("VAULT_TOKEN", vault.root)
    vault.make_key(name)
    chain, plugin = vault.attach(name), HashiCorpVaultPlugin()
    sign(plugin, name, chain)
    vault.ask("PUT", "sys/seal")
    with pytest.raises(PluginError) as caught:
        generate(plugin, name, chain)
    assert caught.value.message == f"Vault at {vault.url} is sealed"
    vault.ask("PUT", "sys/unseal", {"key": vault.unseal_key})
    generate(plugin, name, chain)


# Namespaces


@pytest.mark.parametrize("place", ["configuration", "environment"])
def test_the_namespace_is_sent(
    proxy: FaultProxy, name: str, chain: TestChain, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """The namespace goes with every request, the login too; this edition of Vault has none and takes any."""
    config = {"namespace": "/team/a/"} if place == "configuration" else {}
    monkeypatch.setenv("VAULT_NAMESPACE", "another" if config else "team/a")
    sign(HashiCorpVaultPlugin(), name, chain, **config)
    assert [seen.headers["X-Vault-Namespace"] for seen in proxy.seen] == ["team/a"] * 2


@pytest.mark.parametrize("answer", [_says(403, "permission denied"), _says(404), _says(404, "no handler for route")])
def test_a_wrong_namespace(proxy: FaultProxy, name: str, answer: Fault) -> None:
    """Whatever a server with namespaces answers to a wrong one, the error names it."""
    proxy.fault(answer)
    assert "in the namespace 'nowhere'" in refusal(name, namespace="nowhere").message
