"""Fulcio's answers, one by one: what is sent, what comes back, and the advice for a refusal."""

import base64
import json
import time
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from notarykit.errors import PluginAccessDeniedError, PluginError, PluginThrottledError, PluginValidationError
from notarykit_identity.certificate import Expected, make_key
from notarykit_identity.fulcio import request_certificate
from notarykit_identity.settings import Settings, parse_settings
from notarykit_identity.token import IdentityToken
from tests.servers.identity.answers import Answers
from tests.servers.identity.issuer import AUDIENCE, SUBJECT, Signer, claims_of
from tests.support.ca import make_chain

_ISSUER = "https://issuer.example"
_TEXT = Signer().sign(claims_of(_ISSUER))
_KEY = make_key("EC-256")
_CERT, _CONFIGURATION = "/api/v2/signingCert", "/api/v2/configuration"


@pytest.fixture
def settings(tmp_path: Any) -> Settings:
    """Settings of a key."""
    root = tmp_path / "tsa.pem"
    root.write_bytes(make_chain().pems[-1])
    config = {
        "address": "https://ca.example/", "tls_ca": "tls.pem", "token_file": "token", "timestamp_root": str(root),
        "timestamp_url": "http://tsa.example",
    }  # fmt: skip
    return parse_settings("fulcio", config, {})


def _request(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, **replies: tuple[int, Any]
) -> tuple[list[str], Expected, Answers]:
    answers = Answers({_CERT: replies["cert"], _CONFIGURATION: replies.get("configuration", (404, b""))})
    monkeypatch.setattr("notarykit_identity.fulcio.ServiceClient", answers)
    return *request_certificate(settings, IdentityToken(_TEXT, "the token"), _KEY), answers


def _good(name: str = "signedCertificateEmbeddedSct") -> dict[str, Any]:
    return {name: {"chain": {"certificates": ["leaf", "root"]}}}


@pytest.mark.parametrize("status", [200, 201])
@pytest.mark.parametrize("name", ["signedCertificateEmbeddedSct", "signedCertificateDetachedSct"])
def test_certificate_is_requested(monkeypatch: pytest.MonkeyPatch, settings: Settings, status: int, name: str) -> None:
    """The token and a request by the key are sent to the server alone; the certificate must be the token's."""
    pems, expected, answers = _request(monkeypatch, settings, cert=(status, _good(name)))
    assert pems == ["leaf", "root"]
    assert (expected.issuer, expected.subjects) == (_ISSUER, (SUBJECT,))
    address, options = answers.opened[0]
    assert (address, options["ca_file"], options["is_plain_allowed"]) == ("https://ca.example", "tls.pem", False)
    (sent,) = (json.loads(body) for _, body, _ in answers.sent)
    assert sent["credentials"] == {"oidcIdentityToken": _TEXT}
    request = x509.load_pem_x509_csr(base64.b64decode(sent["certificateSigningRequest"]))
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert request.public_key().public_bytes(*form) == _KEY.public_key().public_bytes(*form)
    assert list(request.extensions) == []


def test_subject_that_is_set_is_the_one(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    """It stands in place of those that follow from the token."""
    _, expected, _ = _request(monkeypatch, settings._replace(subject="mine"), cert=(200, _good()))
    assert expected.subjects == ("mine",)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[" * 100_000,
        [],
        {},
        {"signedCertificateEmbeddedSct": {"chain": {"certificates": []}}},
        {"signedCertificateEmbeddedSct": {"chain": {"certificates": "abc"}}},
        {"signedCertificateEmbeddedSct": {"chain": {"certificates": ["a", 7]}}},
        {"signedCertificateEmbeddedSct": 7},
    ],
)
def test_answer_without_certificates(monkeypatch: pytest.MonkeyPatch, settings: Settings, content: Any) -> None:
    """Whatever it is, there is one error."""
    with pytest.raises(PluginError, match=r"^Fulcio at https://ca\.example returned no certificate$"):
        _request(monkeypatch, settings, cert=(200, content))


@pytest.mark.parametrize(
    ("status", "kind", "reason"),
    [
        (400, PluginAccessDeniedError, f"refused the token of {_ISSUER} for {SUBJECT}: no"),
        (401, PluginAccessDeniedError, "refused the token"),
        (403, PluginAccessDeniedError, "refused the token"),
        (404, PluginValidationError, "is no Fulcio"),
        (429, PluginThrottledError, "throttled the request: no"),
        (500, PluginError, "failed with status 500: no"),
    ],
)
def test_refusals(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, status: int, kind: type[PluginError], reason: str
) -> None:
    """Each status has its error, with the server's words, and without the token."""
    with pytest.raises(kind, match=reason) as caught:
        _request(monkeypatch, settings, cert=(status, {"message": f"no {_TEXT}"}))
    assert type(caught.value) is kind
    assert "eyJ" not in caught.value.one_line()


@pytest.mark.parametrize("body", [b"", b"[" * 100_000, [], {}, {"message": ["a"]}])
def test_refusal_without_words(monkeypatch: pytest.MonkeyPatch, settings: Settings, body: Any) -> None:
    """Where there are none, the message ends."""
    with pytest.raises(PluginError, match=r"failed with status 500$"):
        _request(monkeypatch, settings, cert=(500, body))


def _advice(monkeypatch: pytest.MonkeyPatch, settings: Settings, *issuers: Any, status: int = 200) -> str:
    with pytest.raises(PluginError) as caught:
        _request(monkeypatch, settings, cert=(400, {}), configuration=(status, {"issuers": issuers}))
    return caught.value.advice


def test_advice_compares_the_token_with_what_is_accepted(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    """The issuer is named first, then the audience; where both fit, it is the token."""
    others = {"issuerUrl": "https://other.example"}, {"wildcardIssuerUrl": "https://*.other.example"}, 7
    advice = _advice(monkeypatch, settings, *others)
    assert advice.endswith("accepts: 'https://other.example', 'https://*.other.example'")
    assert _advice(monkeypatch, settings).endswith("accepts: none")
    ours = {"issuerUrl": _ISSUER, "audience": "other"}
    assert _advice(monkeypatch, settings, *others, ours).endswith("set audience=other")
    assert "are accepted" in _advice(monkeypatch, settings, ours, ours | {"audience": AUDIENCE})
    assert "check that Fulcio accepts its issuer" in _advice(monkeypatch, settings, status=500)


@pytest.mark.parametrize(
    ("pattern", "is_ours"),
    [
        ("https://*.example", True),
        ("https://iss*r.ex*ple", True),
        ("https://issuer.example*", False),
        ("https://*", False),
        ("https://issuer.exampl.", False),
        ("*://*.*", True),
        ("*s://*.*ple*", False),
        ("", False),
    ],
)
def test_issuers_by_a_pattern(monkeypatch: pytest.MonkeyPatch, settings: Settings, pattern: str, is_ours: bool) -> None:
    """An asterisk stands for one label, as in Fulcio."""
    advice = _advice(monkeypatch, settings, {"wildcardIssuerUrl": pattern, "audience": AUDIENCE})
    assert ("are accepted" in advice) is is_ours


def test_pattern_does_not_take_for_ever(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    """A hostile server's pattern costs no more than another."""
    token = IdentityToken(Signer().sign(claims_of(f"https://{'a' * 60}")), "the token")
    answers = Answers(
        {_CERT: (400, b""), _CONFIGURATION: (200, {"issuers": [{"wildcardIssuerUrl": f"https://{'*' * 40}!"}]})}
    )
    monkeypatch.setattr("notarykit_identity.fulcio.ServiceClient", answers)
    begin = time.process_time()
    with pytest.raises(PluginAccessDeniedError):
        request_certificate(settings, token, _KEY)
    assert time.process_time() - begin < 1


def test_advice_is_short_and_can_be_printed(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    """What a server says that it accepts is foreign text."""
    many = [{"issuerUrl": f"https://{number}.example/\x1b[2J"} for number in range(1000)]
    advice = _advice(monkeypatch, settings, *many)
    assert advice.isprintable()
    assert len(advice) < 1000
    assert _advice(monkeypatch, settings, {"issuerUrl": _ISSUER, "audience": "a\nb"}).isprintable()
