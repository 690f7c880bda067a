"""Signatures on every token: by the conformance kit, and by a host."""

from urllib.parse import quote

import pytest

from notarykit.plugin.conformance import Result, Subject, judge
from tests.servers.pkcs11.asking import describe, sign
from tests.servers.pkcs11.token import Token


def _uri(token: Token, spec: str) -> str:
    return f"pkcs11:token={quote(token.label)};object={spec}"


def _given(token: Token) -> dict[str, str]:
    return {**token.environment, "PKCS11_MODULE_PATH": str(token.module), "PKCS11_PIN": token.pin}


@pytest.mark.slow
def test_the_kit_finds_nothing(token: Token, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every rule that applies holds on each token, for an RSA and an EC key where it has both."""
    for name, value in _given(token).items():
        monkeypatch.setenv(name, value)
    specs = [spec for spec in ("RSA-2048", "EC-256") if spec in token.specs]
    found = judge(Subject("pkcs11", tuple(_uri(token, spec) for spec in specs), secrets=(token.pin,)))
    assert [(each.rule.id, each.reason) for each in found if each.result in (Result.FAILED, Result.WARNING)] == []


def test_every_key_spec(token: Token) -> None:
    """A key of each spec that the token can hold is described without a PIN and signs."""
    given = _given(token)
    without = {name: value for name, value in given.items() if name != "PKCS11_PIN"}
    for spec in token.specs:
        answer = sign(given, _uri(token, spec), spec)
        assert answer.refusal == ""
        assert token.pin not in answer.text
        described = describe(without, _uri(token, spec))
        assert described.members == {"keyId": _uri(token, spec), "keySpec": spec}
