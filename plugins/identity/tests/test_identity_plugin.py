"""The plugin's commands with prepared answers: whom it asks, what the envelope names, and the doctor."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from notarykit import plugin
from notarykit.errors import PluginAccessDeniedError, PluginError, PluginValidationError
from notarykit.plugin import Finding, GeneratedEnvelope, GenerateEnvelopeRequest
from notarykit_identity.certificate import Expected
from notarykit_identity.diagnosis import walk
from notarykit_identity.identities import Identity
from notarykit_identity.plugin import IdentityPlugin
from tests.servers.identity.answers import Answers
from tests.servers.identity.issuer import SUBJECT, Signer, claims_of
from tests.support.ca import Changes, make_chain
from tests.support.envelopes import JWS, PAYLOAD, PAYLOAD_TYPE

_ISSUER = "https://issuer.example"
_SIGNER = Signer()


@pytest.fixture
def config(tmp_path: Path) -> dict[str, str]:
    """Plugin configuration with a good token."""
    (tmp_path / "tsa.pem").write_bytes(make_chain().pems[-1])
    (tmp_path / "token").write_text(_SIGNER.sign(claims_of(_ISSUER, aud="sigstore")))
    return {
        "address": "https://ca.example", "token_file": str(tmp_path / "token"), "audience": "sigstore",
        "timestamp_url": "http://tsa.example", "timestamp_root": str(tmp_path / "tsa.pem"),
    }  # fmt: skip


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Arguments of each envelope; the authorities certify every key."""
    found: list[dict[str, Any]] = []

    def certify(settings: Any, token: Any, key: Any) -> tuple[list[str], Expected]:
        now = datetime.now(UTC).replace(microsecond=0)
        name = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(Identity(token.issuer, SUBJECT).uri)]), True
        times: dict[str, Any] = {"not_before": now - timedelta(minutes=1), "not_after": now + timedelta(minutes=1)}
        chain = make_chain("EC-256", 2, leaf=Changes(key=key, put=(name,), **times))
        expected = Expected(settings.key_id.protocol, token.issuer, (SUBJECT,), "", "")
        return [pem.decode() for pem in chain.pems], expected

    def sign(request: Any, signer: Any, agent: str, **options: Any) -> GeneratedEnvelope:
        found.append({"agent": agent, **options, "spec": signer.key_spec().name})
        return GeneratedEnvelope(b"", JWS)

    for protocol in ("vault", "fulcio"):
        monkeypatch.setattr(f"notarykit_identity.{protocol}.request_certificate", certify)
    monkeypatch.setattr(plugin, "sign_envelope", sign)
    return found


def _request(key_id: str, config: dict[str, str], **changes: Any) -> GenerateEnvelopeRequest:
    usual: dict[str, Any] = {
        "key_id": key_id, "payload_type": PAYLOAD_TYPE, "signature_envelope_type": JWS, "payload": PAYLOAD,
        "plugin_config": config, "expiry_duration_in_seconds": None,
    }  # fmt: skip
    return GenerateEnvelopeRequest(**(usual | changes))


@pytest.mark.parametrize("key_id", ["fulcio", "vault:app"])
def test_envelope_is_timestamped_and_names_the_plugin_if_wanted(
    config: dict[str, str], made: list[dict[str, Any]], key_id: str
) -> None:
    """The timestamp is not optional; the name is."""
    for value, named in (("false", ""), ("true", "identity")):
        IdentityPlugin().generate_envelope(_request(key_id, config | {"verification_plugin": value}))
        assert made[-1]["verification_plugin"] == named
        (authority,) = made[-1]["authorities"]
        assert authority.url == config["timestamp_url"]
    IdentityPlugin().generate_envelope(_request(key_id, config | {"key_spec": "EC-384"}))
    assert made[-1]["spec"] == "EC-384"


@pytest.mark.parametrize(("key_id", "protocol"), [("fulcio", "fulcio"), ("vault:app", "vault")])
def test_protocol_is_that_of_the_key_id(
    config: dict[str, str], monkeypatch: pytest.MonkeyPatch, key_id: str, protocol: str
) -> None:
    """Each key id has its authority asked, and no other one."""

    def refuse(*_: object) -> None:
        raise PluginAccessDeniedError("asked")

    monkeypatch.setattr(f"notarykit_identity.{protocol}.request_certificate", refuse)
    with pytest.raises(PluginAccessDeniedError, match="asked"):
        IdentityPlugin().generate_envelope(_request(key_id, config))


def test_bad_requests_and_tokens_are_refused_before_anybody_is_asked(
    config: dict[str, str], made: list[dict[str, Any]]
) -> None:
    """Another payload type, and a token for somebody else, never get to the authority."""
    with pytest.raises(PluginValidationError, match="payload type"):
        IdentityPlugin().generate_envelope(_request("fulcio", config, payload_type="text/plain"))
    with pytest.raises(PluginAccessDeniedError, match="not for the audience"):
        IdentityPlugin().generate_envelope(_request("fulcio", config | {"audience": "other"}))
    with pytest.raises(PluginAccessDeniedError, match="of the issuer"):
        IdentityPlugin().generate_envelope(_request("fulcio", config | {"issuer": "https://other.example"}))
    assert made == []


def _steps(findings: Iterator[Finding]) -> list[tuple[str, str]]:
    return [(finding.step, finding.result) for finding in findings]


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Answers:
    """The issuer."""
    discovery = {"issuer": _ISSUER, "jwks_uri": f"{_ISSUER}/keys"}
    found = Answers({"/.well-known/openid-configuration": (200, discovery), "/keys": (200, {"keys": [_SIGNER.jwk]})})
    monkeypatch.setattr("notarykit_identity.issuer.ServiceClient", found)
    return found


def test_findings_about_the_token(config: dict[str, str], answers: Answers) -> None:
    """A failure is the last finding; an issuer that this machine cannot ask is a warning."""
    assert _steps(walk("fulcio", config)) == [("token", plugin.OK), ("issuer", plugin.OK)]
    answers.replies["/keys"] = 404, b""
    findings = list(walk("fulcio", config))
    assert _steps(iter(findings)) == [("token", plugin.OK), ("issuer", plugin.WARNING)]
    assert "issuer_tls_ca" in findings[1].advice
    assert _steps(walk("fulcio", config | {"audience": "other"})) == [("token", plugin.FAILED)]
    assert _steps(walk("fulcio", {})) == [("configuration", plugin.FAILED)]


def test_doctor_goes_on_to_a_signature_unless_something_failed(
    config: dict[str, str], answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That a certificate ends soon is meant; everything else is told as it is."""
    assert answers.sent == []
    usual = [Finding("signature", plugin.WARNING, "a"), Finding("certificates", plugin.WARNING, "soon", "renew")]
    monkeypatch.setattr(plugin.Plugin, "diagnose", lambda *_: iter(usual))
    findings = list(IdentityPlugin().diagnose("fulcio", config))
    assert _steps(iter(findings)) == [
        ("token", plugin.OK), ("issuer", plugin.OK), ("signature", plugin.WARNING), ("certificates", plugin.OK),
    ]  # fmt: skip
    assert findings[-1].advice == ""
    usual[1] = Finding("certificates", plugin.FAILED, "bad", "renew")
    assert _steps(IdentityPlugin().diagnose(None, config)) == [
        ("signature", plugin.WARNING), ("certificates", plugin.FAILED),
    ]  # fmt: skip
    assert _steps(IdentityPlugin().diagnose("fulcio", {})) == [("configuration", plugin.FAILED)]


def test_key_that_is_refused_is_no_signature(config: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """An authority's refusal is the command's error."""

    def refuse(*_: object) -> None:
        raise PluginError("no")

    monkeypatch.setattr("notarykit_identity.fulcio.request_certificate", refuse)
    with pytest.raises(PluginError, match="no"):
        IdentityPlugin().generate_envelope(_request("fulcio", config))
