"""Signatures on every token: by the conformance kit, and by a host."""

from urllib.parse import quote

import pytest

from notarykit.plugin.conformance import Result, Target, judge
from tests.servers.pkcs11.executable import describe, sign
from tests.servers.pkcs11.token import Token


def _uri(token: Token, spec: str) -> str:
    return f"pkcs11:token={quote(token.label)};object={spec}"


@pytest.mark.slow
def test_conformance_kit_passes(token: Token, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every rule that applies holds on each token, for an RSA and an EC key where it has both."""
    for name, value in token.plugin_environment().items():
        monkeypatch.setenv(name, value)
    specs = [spec for spec in ("RSA-2048", "EC-256") if spec in token.specs]
    found = judge(Target("pkcs11", tuple(_uri(token, spec) for spec in specs), secrets=(token.pin,)))
    assert [(each.rule.id, each.reason) for each in found if each.result in (Result.FAILED, Result.WARNING)] == []


def test_every_key_spec_signs(token: Token) -> None:
    """A key of each spec that the token can hold is described without a PIN and signs."""
    variables = token.plugin_environment()
    without = {name: value for name, value in variables.items() if name != "PKCS11_PIN"}
    for spec in token.specs:
        answer = sign(variables, _uri(token, spec), spec)
        assert answer.refusal == ""
        assert token.pin not in answer.text
        described = describe(without, _uri(token, spec))
        assert described.members == {"keyId": _uri(token, spec), "keySpec": spec}
