"""Vault's answers, one by one: what is sent to it, and what becomes of what comes back."""

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from notarykit.errors import PluginAccessDeniedError, PluginError, PluginThrottledError, PluginValidationError
from notarykit_identity.certificate import Expected, make_key
from notarykit_identity.identities import Identity
from notarykit_identity.settings import parse_settings
from notarykit_identity.token import IdentityToken
from notarykit_identity.vault import IDENTITY_ADVICE, ROLE_ADVICE, request_certificate
from tests.servers.identity.answers import Answers
from tests.servers.identity.issuer import SUBJECT, Signer, claims_of
from tests.support.ca import make_chain

_ISSUER = "https://issuer.example"
_SIGNER, _KEY = Signer(), make_key("EC-256")
_SECRET = "hvs.CAESIP4Wunb8GAjTYvjwVexJPXGii8"
_LOGIN, _SIGN = "/v1/auth/jwt/login", "/v1/pki/sign/app"
_LOGGED_IN: tuple[int, Any] = 200, {"auth": {"client_token": _SECRET}}
_ISSUED: tuple[int, Any] = 200, {"data": {"certificate": "leaf", "ca_chain": ["ca", "root"], "issuing_ca": "ca"}}


class Vault:
    """What a login and a request for a certificate bring."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        """Writes the settings."""
        root = folder / "tsa.pem"
        root.write_bytes(make_chain().pems[-1])
        self._config = {
            "address": "https://vault.example", "token_file": "token", "timestamp_root": str(root),
            "timestamp_url": "http://tsa.example",
        }  # fmt: skip
        self._monkeypatch = monkeypatch
        self.text = _SIGNER.sign(claims_of(_ISSUER))
        self.answers = Answers({})

    def request(
        self, login: tuple[int, Any] = _LOGGED_IN, sign: tuple[int, Any] = _ISSUED, **config: str
    ) -> tuple[list[str], Expected]:
        """Requests a certificate of a server that answers so."""
        self.answers = Answers({_LOGIN: login, _SIGN: sign})
        self._monkeypatch.setattr("notarykit_identity.vault.ServiceClient", self.answers)
        settings = parse_settings("vault:app", self._config | config, {})
        return request_certificate(settings, IdentityToken(self.text, "the token"), _KEY)

    def refused(self, reason: str, kind: type[PluginError] = PluginError, **replies: tuple[int, Any]) -> PluginError:
        """Returns the error."""
        with pytest.raises(kind, match=reason) as caught:
            self.request(replies.get("login", _LOGGED_IN), replies.get("sign", _ISSUED))
        assert type(caught.value) is kind
        assert "eyJ" not in caught.value.one_line()
        assert _SECRET not in caught.value.one_line()
        return caught.value


@pytest.fixture
def vault(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Vault:
    """The server."""
    return Vault(monkeypatch, tmp_path)


def test_login_and_certificate(vault: Vault) -> None:
    """The identity token goes to the login alone, and the login's to the engine; the identity is in the request."""
    pems, expected = vault.request()
    assert pems == ["leaf", "ca", "root"]
    assert (expected.issuer, expected.subjects) == (_ISSUER, (SUBJECT,))
    (_, login, first), (_, sign, second) = vault.answers.sent
    assert json.loads(login) == {"jwt": vault.text}
    assert vault.text.encode() not in sign
    assert ("X-Vault-Token" in first, second["X-Vault-Token"]) == (False, _SECRET)
    assert not any("X-Vault-Namespace" in headers for headers in (first, second))
    body = json.loads(sign)
    uri = Identity(_ISSUER, SUBJECT).uri
    assert (body["uri_sans"], body["ttl"]) == ([uri], "10m")
    request = x509.load_pem_x509_csr(body["csr"].encode())
    names = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == [uri]


def test_settings_are_sent(vault: Vault) -> None:
    """The role of the login, the namespace, and the subject that is set."""
    _, expected = vault.request(auth_role="app", namespace="team/a", subject="mine")
    assert json.loads(vault.answers.sent[0][1])["role"] == "app"
    assert all(headers["X-Vault-Namespace"] == "team/a" for _, _, headers in vault.answers.sent)
    assert expected.subjects == ("mine",)
    assert json.loads(vault.answers.sent[1][1])["uri_sans"] == [f"{_ISSUER}#mine"]


def test_issuing_ca_stands_in_for_a_chain(vault: Vault) -> None:
    """A root that issues itself has no chain."""
    chains: tuple[dict[str, Any], ...] = ({}, {"ca_chain": None}, {"ca_chain": []})
    for chain in chains:
        pems, _ = vault.request(sign=(200, {"data": {"certificate": "leaf", "issuing_ca": "ca", **chain}}))
        assert pems == ["leaf", "ca"]


@pytest.mark.parametrize("issuer", ["https://a.example#b", "https://\u0456.example", "https://a b", "https://a,b"])
def test_issuer_that_no_certificate_can_name(vault: Vault, issuer: str) -> None:
    """It is refused before the token is sent."""
    vault.text = _SIGNER.sign(claims_of(issuer))
    vault.refused("has a character that no issuer", PluginValidationError)
    assert vault.answers.sent == []


@pytest.mark.parametrize(
    "content",
    [b"", b"[" * 100_000, [], {}, {"auth": None}, {"auth": {"client_token": 7}}, {"auth": {"client_token": "a\r\nb"}},
     {"auth": {"client_token": "hvs.\u0456"}}],
)  # fmt: skip
def test_login_without_a_token(vault: Vault, content: Any) -> None:
    """What cannot be a token is never put into a header."""
    vault.refused("answered the login without a token$", login=(200, content))
    assert len(vault.answers.sent) == 1


@pytest.mark.parametrize(
    "content",
    [b"", [], {}, {"data": []}, {"data": {"certificate": 7, "ca_chain": ["a"]}}, {"data": {"certificate": "a"}},
     {"data": {"certificate": "a", "ca_chain": [7]}}, {"data": {"certificate": "a", "ca_chain": 7}}],
)  # fmt: skip
def test_answer_without_certificates(vault: Vault, content: Any) -> None:
    """Whatever it is, there is one error."""
    vault.refused("returned no certificate$", sign=(200, content))


def test_lease_is_refused(vault: Vault) -> None:
    """Vault revokes a certificate with the lease of its login."""
    vault.refused("will revoke", PluginValidationError, sign=(200, {**_ISSUED[1], "lease_id": "pki/sign/app/x"}))
    vault.request(sign=(200, {**_ISSUED[1], "lease_id": ""}))


@pytest.mark.parametrize(
    ("place", "status", "kind", "reason"),
    [
        ("login", 400, PluginAccessDeniedError, f"refused the token of {_ISSUER} for {SUBJECT}: no …"),
        ("login", 401, PluginAccessDeniedError, "refused the token"),
        ("login", 403, PluginAccessDeniedError, "refused the token"),
        ("login", 404, PluginValidationError, "has nothing at auth/jwt/login"),
        ("login", 429, PluginThrottledError, "throttled"),
        ("login", 503, PluginError, "sealed or unavailable"),
        ("login", 500, PluginError, "failed with status 500: no"),
        ("sign", 400, PluginValidationError, "refused to issue a certificate by the role app: no"),
        ("sign", 403, PluginAccessDeniedError, "lacks the capability update on pki/sign/app: no"),
        ("sign", 404, PluginValidationError, "has nothing at pki/sign/app"),
        ("sign", 401, PluginError, "failed with status 401"),
    ],
)
def test_refusals(vault: Vault, place: str, status: int, kind: type[PluginError], reason: str) -> None:
    """Each status has its error, with the server's words, and without a token."""
    error = vault.refused(reason, kind, **{place: (status, {"errors": [f"no {vault.text}", _SECRET, 7]})})
    assert error.advice


@pytest.mark.parametrize("body", [b"", b"[" * 100_000, [], {}, {"errors": None}, {"errors": 7}, {"errors": [["a"]]}])
def test_refusal_without_words(vault: Vault, body: Any) -> None:
    """Where there are none, the message ends."""
    vault.refused("failed with status 500$", sign=(500, body))


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        ("URI Subject Alternative Names are not allowed", IDENTITY_ADVICE),
        ("the SANs", IDENTITY_ADVICE),
        ("the common_name field is required", "require_cn=false"),
        ("unknown role: app", "check the role"),
        ("else", ROLE_ADVICE),
    ],
)
def test_advice_by_the_reason(vault: Vault, words: str, advice: str) -> None:
    """The role's parameter that is to be changed follows from Vault's words."""
    assert advice in vault.refused("refused to issue", PluginValidationError, sign=(400, {"errors": [words]})).advice
