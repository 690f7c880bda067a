"""The plugin with a Vault in this process: requests, tokens and errors."""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from requests import exceptions as failures

from notarykit.errors import PluginAccessDeniedError, PluginError, PluginTimeoutError
from notarykit.keys.signature import verify_raw
from notarykit.keys.spec import KEY_SPECS
from notarykit.plugin import DescribeKeyRequest, GeneratedSignature, GenerateSignatureRequest
from notarykit.plugin.discovery.locate import load_plugin
from notarykit.plugin.hooks.hooked_plugin import HookedPlugin
from notarykit_hashicorp_vault.plugin import HashiCorpVaultPlugin, HCVaultPlugin
from tests.servers.vault.fake import MESSAGE, FakeVault, response
from tests.support.ca import make_chain

_CHAIN = make_chain()


@pytest.fixture
def vault() -> FakeVault:
    """Vault with the key `build`."""
    return FakeVault(_CHAIN)


@pytest.fixture
def plugin(vault: FakeVault) -> HashiCorpVaultPlugin:
    """Plugin connected to it."""
    return HashiCorpVaultPlugin(vault.connect)


@pytest.fixture(autouse=True)
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """User with a token."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("VAULT_ADDR", "https://vault.example")
    monkeypatch.setenv("VAULT_TOKEN", "hvs.first")
    return tmp_path


def _sign(plugin: HashiCorpVaultPlugin, key_id: str = "build", **config: str) -> GeneratedSignature:
    plugin.describe_key(DescribeKeyRequest(key_id, config))
    return plugin.generate_signature(GenerateSignatureRequest(key_id, "EC-256", "SHA-256", MESSAGE, config))


@pytest.mark.parametrize("kind", [HashiCorpVaultPlugin, HCVaultPlugin])
def test_metadata_and_discovery(kind: type[HashiCorpVaultPlugin]) -> None:
    """Both plugins generate raw signatures and are discovered by name."""
    metadata = kind.get_metadata()
    assert metadata.capabilities == ("SIGNATURE_GENERATOR.RAW",)
    assert all(metadata)
    loaded = load_plugin(metadata.name)
    assert isinstance(loaded, HookedPlugin)
    assert type(loaded.plugin) is kind


def test_signature_request_pins_version_and_algorithm(vault: FakeVault, plugin: HashiCorpVaultPlugin) -> None:
    """After one lookup, the digest is sent with everything that determines the signature."""
    answer = _sign(plugin)
    verify_raw(_CHAIN.leaf_key.public_key(), KEY_SPECS["EC-256"], answer.signature, MESSAGE)
    assert answer.certificate_chain == _CHAIN.ders
    body = {
        "input": base64.b64encode(hashlib.sha256(MESSAGE).digest()).decode(),
        "prehashed": True,
        "hash_algorithm": "sha2-256",
        "key_version": 1,
        "marshaling_algorithm": "asn1",
    }
    assert vault.requests == [
        ("hvs.first", "transit/keys/build", None),
        ("hvs.first", "transit/sign/build", body),
    ]


@pytest.mark.parametrize(
    ("spec", "hash_name"), [("RSA-2048", "sha2-256"), ("RSA-3072", "sha2-384"), ("RSA-4096", "sha2-512")]
)
def test_rsa_signature_request_uses_pss_with_hash_length_salt(spec: str, hash_name: str) -> None:
    """RSA keys sign with PSS, and the salt has the length of the hash."""
    vault = FakeVault(make_chain(spec))
    vault.key["type"] = spec.lower()
    version = HashiCorpVaultPlugin(vault.connect).open_key("build", {})
    with pytest.raises(PluginError):  # the signature is of the wrong length
        version.sign(MESSAGE, KEY_SPECS[spec])
    body = vault.requests[-1][2]
    assert body is not None
    algorithm = (body["hash_algorithm"], body["signature_algorithm"], body["salt_length"])
    assert algorithm == (hash_name, "pss", "hash")
    assert "marshaling_algorithm" not in body


def test_connection_is_shared_by_server_namespace_and_login(vault: FakeVault, plugin: HashiCorpVaultPlugin) -> None:
    """Keys of one server share its connection; another address, namespace or login has its own."""
    for key_id in ("build", "other", "team/build"):
        plugin.open_key(key_id, {})
    assert len(vault.servers) == 1
    plugin.open_key("build", {"namespace": "a"})
    plugin.open_key("build", {"address": "https://other.example"})
    plugin.open_key("build", {"address": "https://other.example"})
    assert len(vault.servers) == 3


def test_token_is_read_again_after_403(
    vault: FakeVault, plugin: HashiCorpVaultPlugin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a 403 the token is read again, and used if it is another one."""
    refused = response(403, b'{"errors":["permission denied"]}')
    vault.responses[".*"] = lambda token: refused if token == "hvs.first" else {"data": vault.key}
    with pytest.raises(PluginAccessDeniedError):
        plugin.open_key("build", {})
    assert len(vault.requests) == 1
    monkeypatch.setenv("VAULT_TOKEN", "hvs.second")
    plugin.open_key("build", {})
    assert [token for token, *_ in vault.requests] == ["hvs.first", "hvs.first", "hvs.second"]


@pytest.mark.parametrize(
    "answer",
    [{}, {"auth": None}, {"auth": {}}, {"auth": {"client_token": ""}}, {"auth": {"client_token": "two words"}}],
)
def test_login_without_token_is_refused(
    vault: FakeVault, plugin: HashiCorpVaultPlugin, user: Path, answer: dict[str, Any]
) -> None:
    """A login response without a token, as for multi-factor authentication, is refused."""
    (user / "jwt").write_text("x")
    vault.responses["auth/jwt/login"] = answer
    with pytest.raises(PluginError) as caught:
        plugin.open_key("build", {"auth": "jwt", "jwt_file": str(user / "jwt")})
    assert "two words" not in caught.value.one_line()


def test_kubernetes_login_uses_the_service_account_token(
    vault: FakeVault, plugin: HashiCorpVaultPlugin, user: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a pod only the role is required: the token is at Kubernetes' path."""
    (user / "token").write_text("eyJhbGciOiJub25lIn0.e30.\n")
    monkeypatch.setattr("notarykit_hashicorp_vault.auth.SERVICE_ACCOUNT_TOKEN", str(user / "token"))
    vault.responses["auth/kubernetes/login"] = {"auth": {"client_token": "hvs.pod"}}
    plugin.open_key("build", {"auth": "kubernetes", "role": "builder"})
    assert vault.requests == [
        (None, "auth/kubernetes/login", {"role": "builder", "jwt": "eyJhbGciOiJub25lIn0.e30."}),
        ("hvs.pod", "transit/keys/build", None),
    ]


@pytest.mark.parametrize(
    ("headers", "body", "request_id"),
    [
        ({}, {"errors": ["no"], "request_id": "42"}, "42"),
        ({"X_Vault_Request_Id": "43"}, {"errors": ["no"]}, "43"),
        ({}, {"errors": ["no"]}, None),
    ],
)
def test_request_id_is_metadata(
    vault: FakeVault,
    plugin: HashiCorpVaultPlugin,
    headers: dict[str, str],
    body: dict[str, Any],
    request_id: str | None,
) -> None:
    """The request id is metadata of the error, if the server returns one."""
    vault.responses[".*"] = response(400, json.dumps(body).encode(), **headers)
    with pytest.raises(PluginError) as caught:
        plugin.open_key("build", {})
    assert caught.value.metadata.get("requestId") == request_id
    assert caught.value.metadata["status"] == "400"


@pytest.mark.parametrize(
    "text",
    [
        "bad token hvs.CAESIP4Wunb8GAjTYvjwVexJPXGii8yTIXrrrw3",
        "s.iyNUhq8Ov4hIAx6snw5mB2nL is no token",
        "of eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.c2ln",
    ],
)
def test_unknown_token_in_a_message_is_redacted(vault: FakeVault, plugin: HashiCorpVaultPlugin, text: str) -> None:
    """A token in a message that was never sent is redacted too."""
    vault.responses[".*"] = response(400, json.dumps({"errors": [text, "and so on"]}).encode())
    with pytest.raises(PluginError) as caught:
        plugin.open_key("build", {})
    assert "and so on" in caught.value.message
    assert max(text.split(), key=len) not in caught.value.one_line()


@pytest.mark.parametrize(
    ("error", "kind", "shown"),
    [
        (failures.ReadTimeout(), PluginTimeoutError, "did not respond in time"),
        (failures.ConnectTimeout(), PluginTimeoutError, "did not respond in time"),
        (failures.ConnectionError(), PluginTimeoutError, "was closed"),
        (failures.ChunkedEncodingError(), PluginTimeoutError, "was closed"),
        (failures.ProxyError(), PluginError, "the proxy"),
        (failures.SSLError("something"), PluginError, "TLS"),
        (failures.InvalidURL("swordfish"), PluginError, "the request to"),
    ],
)
def test_exception_of_requests_has_code_and_message(
    vault: FakeVault, plugin: HashiCorpVaultPlugin, error: Exception, kind: type[PluginError], shown: str
) -> None:
    """Each exception of requests becomes an error without its text."""
    vault.responses[".*"] = error
    with pytest.raises(PluginError) as caught:
        plugin.open_key("build", {})
    assert type(caught.value) is kind
    assert shown in caught.value.message
    assert "swordfish" not in caught.value.one_line()
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
