"""Whatever a plugin answers, the kit comes to an end, finds something, and shows no secret."""

import functools
from typing import Any

import pytest

from notarykit.errors import PluginError, PluginTimeoutError
from notarykit.plugin.conformance import Judgement, Result, judge
from notarykit.plugin.discovery.process import Ended
from tests.kit.reference import BLOB, EC, ENVELOPE, NAME, SECRET, VERIFIER, Raw, Variant, serve
from tests.kit.wrong import DESCRIBE, MAKE, METADATA, SIGN, VERIFY, giving, refused_as, refusing
from tests.support.envelopes import ABSENT

_ODD: tuple[Any, ...] = (
    None, True, 0, -1.5, "", "x", "\x1b[31m", "\ud800", "é" * 5000, [], [[]], [None], ["x", {}], {}, {"x": []}, ABSENT,
)  # fmt: skip
_MEMBERS = (
    *((EC, METADATA, name) for name in ("name", "version", "supportedContractVersions", "capabilities")),
    *((EC, DESCRIBE, name) for name in ("keyId", "keySpec")),
    *((EC, SIGN, name) for name in ("keyId", "signature", "signingAlgorithm", "certificateChain")),
    *((ENVELOPE, MAKE, name) for name in ("signatureEnvelope", "signatureEnvelopeType")),
    *((BLOB, DESCRIBE, name) for name in ("keyId", "keySpec")),
    *((VERIFIER, VERIFY, name) for name in ("verificationResults",)),
)


def _always(ended: Ended, command: str, request: bytes) -> Ended:
    return ended


def _broken(found: list[Judgement]) -> list[Judgement]:
    return [each for each in found if each.result in (Result.FAILED, Result.WARNING)]


@pytest.mark.parametrize(("variant", "command", "member"), _MEMBERS, ids=lambda value: getattr(value, "name", value))
def test_odd_answers(variant: Variant, command: str, member: str) -> None:
    """A member of any kind but the right one is found."""
    for value in _ODD:
        if (member, value) == ("name", "x"):
            continue
        found = judge(variant.target(giving(command, **{member: value})(serve(variant.kind))))
        assert _broken(found), value


@pytest.mark.parametrize("output", [b"", b"{", b"{}", b"null", b"[" * 3000, b"\xff", b"{" * 3000, b'{"errorCode":{}}'])
@pytest.mark.parametrize("code", [0, 1, 255, -9])
def test_plugins_that_are_none(output: bytes, code: int) -> None:
    """A program that answers everything with the same is found out, whatever that is."""
    for ended in (Ended(code, output, b""), Ended(code, b"", output)):
        found = _broken(judge(EC.target(functools.partial(_always, ended))))
        assert "metadata.members" in [each.rule.id for each in found]


def _leak(leak: Ended, ended: Ended, command: str) -> Ended:
    return leak


@pytest.mark.parametrize("error", [PluginTimeoutError("no answer"), PluginError("it cannot be run")])
def test_plugins_that_never_answer(error: PluginError) -> None:
    """A program that cannot be run, or does not end, is found out, with the reason."""

    def run(command: str, request: bytes) -> Ended:
        raise error

    found = {each.rule.id: each.reason for each in _broken(judge(EC.target(run)))}
    assert found["metadata.members"] == found["output.ends"] == f"get-plugin-metadata: {error.message}"


def test_nobody_waits_for_ever() -> None:
    """A command that did not answer in time twice is not asked again; the others are."""
    asked = []
    answer = serve(EC.kind)

    def run(command: str, request: bytes) -> Ended:
        asked.append(command)
        if command == SIGN:
            raise PluginTimeoutError("no answer")
        return answer(command, request)

    found = {each.rule.id: each.reason for each in _broken(judge(EC.target(run)))}
    assert found["output.ends"] == "generate-signature: no answer"
    assert asked.count(SIGN) <= 10  # those that are asked at once
    assert asked.count(DESCRIBE) > 10


def test_reports_show_no_secret() -> None:
    """A secret in what the plugin says is found, and is not in any reason."""
    leaking = refusing(lambda command, _: command == SIGN)(serve(Raw))
    for text in (f"wrong PIN {SECRET}", f"{'x' * 195}{SECRET}"):
        leak = functools.partial(_leak, Ended(1, b"", text.encode()))
        found = judge(EC.target(refused_as(leak)(leaking)))
        assert "output.secrets" in [each.rule.id for each in _broken(found)]
        assert not [each for each in found if SECRET[:4] in each.reason]


def test_reports_show_no_secret_that_is_answered() -> None:
    """A secret that is a member of an answer is not repeated."""
    found = {each.rule.id: each for each in judge(EC.target(giving(METADATA, name=SECRET)(serve(Raw))))}
    assert found["metadata.name"].reason == f"it is '***', but the executable is notation-{NAME}"
