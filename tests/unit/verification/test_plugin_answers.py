"""What a verification plugin answers, and what that does under each level."""

from typing import Any

import pytest

from notarykit.errors import (
    AuthenticityError,
    ExtendedValidationError,
    PluginAccessDeniedError,
    RevocationError,
)
from notarykit.plugin import GetMetadataRequest, VerificationResult, VerifiedSignature
from notarykit.revocation.checker import RevocationChecker
from notarykit.verification.verdict import Audited, Verified
from tests.support.ca import Changes, make_chain, ocsp_at
from tests.unit.verification.setting import (
    IDENTITY,
    LEVELS,
    OTHER,
    REVOCATION_CHECK,
    STRANGER,
    TRUSTED_IDENTITY,
    VERIFIER,
    Verifier,
    for_plugin,
    outcomes,
    policy,
    store,
    verify,
)

_NO = VerificationResult(success=False, reason="not ours")
_WITH_OCSP = make_chain(leaf=Changes(put=(ocsp_at("http://ocsp.example.com"),)))


def _failed(plugin: Verifier, envelope: bytes | None = None, **changes: Any) -> ExtendedValidationError:
    with pytest.raises(ExtendedValidationError) as caught:
        verify(for_plugin() if envelope is None else envelope, find_plugin=plugin.find, **changes)
    assert caught.value.message.startswith("extendedValidation: ")
    assert caught.value.exit_code == 1
    return caught.value


@pytest.mark.requirement("plugin:plugin-steps", "plugin:results-acted-on")
@pytest.mark.parametrize("identities", [["*"], [IDENTITY], [STRANGER], ["com.example:x"]])
def test_the_plugin_stands_in_for_the_identity(identities: list[str]) -> None:
    """A plugin that checks identities decides about them, whether or not ours would match."""
    plugin = Verifier(TRUSTED_IDENTITY)
    verdict = verify(for_plugin(), trusted=policy(identities=identities), find_plugin=plugin.find)
    assert isinstance(verdict, Verified)
    results = {TRUSTED_IDENTITY: _NO}
    with pytest.raises(AuthenticityError) as caught:
        verify(
            for_plugin(),
            trusted=policy(identities=identities),
            find_plugin=Verifier(TRUSTED_IDENTITY, results=results).find,
        )
    assert caught.value.message == f"authenticity: plugin {VERIFIER!r}: not ours"


@pytest.mark.requirement("plugin:results-acted-on")
def test_an_identity_that_the_plugin_refuses_under_audit() -> None:
    """Under audit a refusal of the identity is noted, and the verdict does not say that the signer is trusted."""
    plugin = Verifier(TRUSTED_IDENTITY, results={TRUSTED_IDENTITY: _NO})
    verdict = verify(for_plugin(), trusted=policy("audit", identities=[STRANGER]), find_plugin=plugin.find)
    assert isinstance(verdict, Audited)
    assert outcomes(verdict.results)["authenticity"] == "log failed"


@pytest.mark.requirement("plugin:host-steps")
def test_the_store_is_never_the_plugins() -> None:
    """A plugin that checks identities does not make an untrusted chain trusted."""
    plugin = Verifier(TRUSTED_IDENTITY)
    with pytest.raises(AuthenticityError, match="no certificate of the chain is in the trust stores"):
        verify(for_plugin(OTHER), find_plugin=plugin.find)
    assert plugin.lookups == 0


@pytest.mark.requirement("plugin:plugin-steps")
def test_the_plugin_stands_in_for_revocation() -> None:
    """A plugin that checks revocation is asked in our place, and ours is not made."""
    plugin = Verifier(REVOCATION_CHECK)
    verdict = verify(
        for_plugin(_WITH_OCSP), store=store(_WITH_OCSP), find_plugin=plugin.find, revocation=RevocationChecker(None)
    )
    assert isinstance(verdict, Verified)
    notes = [(result.step, result.note) for result in verdict.results if result.step == "revocation"]
    assert [note for _, note in notes] == [
        "the revocation status is for the verification plugin to check",
        f"by plugin {VERIFIER}",
    ]


@pytest.mark.requirement("plugin:results-acted-on")
@pytest.mark.parametrize("level", LEVELS)
def test_a_revocation_that_the_plugin_finds(level: str) -> None:
    """What the plugin finds about revocation is enforced or logged as the level says."""
    plugin = Verifier(REVOCATION_CHECK, results={REVOCATION_CHECK: VerificationResult(success=False)})
    if level == "strict":
        with pytest.raises(RevocationError) as caught:
            verify(for_plugin(), trusted=policy(level), find_plugin=plugin.find)
        assert caught.value.message == f"revocation: plugin {VERIFIER!r}: no reason given"
        assert outcomes(caught.value.results)["revocation"] == "enforce failed"
        return
    verdict = verify(for_plugin(), trusted=policy(level), find_plugin=plugin.find)
    assert isinstance(verdict, Verified)
    assert outcomes(verdict.results)["revocation"] == "log failed"


def test_without_the_capability_revocation_stays_ours() -> None:
    """A plugin that checks identities alone leaves revocation to us."""
    plugin = Verifier(TRUSTED_IDENTITY)
    with pytest.raises(RevocationError, match="is unknown: there is no network and no local evidence"):
        verify(
            for_plugin(_WITH_OCSP),
            store=store(_WITH_OCSP),
            find_plugin=plugin.find,
            revocation=RevocationChecker(None),
        )


@pytest.mark.requirement("plugin:results-requested", "trust:extended-validation")
@pytest.mark.parametrize(
    "results",
    [
        {},
        {TRUSTED_IDENTITY: VerificationResult(success=True)},
        {
            TRUSTED_IDENTITY.lower(): VerificationResult(success=True),
            REVOCATION_CHECK: VerificationResult(success=True),
        },
        {name: VerificationResult(success=True) for name in (TRUSTED_IDENTITY, REVOCATION_CHECK, "MORE")},
    ],
    ids=["none", "one is missing", "misspelt", "one too many"],
)
@pytest.mark.parametrize("level", LEVELS)
def test_the_results_are_those_that_were_asked_for(level: str, results: dict[str, VerificationResult]) -> None:
    """An answer with fewer, more or other results than were asked for fails the verification at every level."""
    plugin = Verifier(TRUSTED_IDENTITY, REVOCATION_CHECK, results=results)
    error = _failed(plugin, trusted=policy(level))
    assert error.message.endswith(f"plugin {VERIFIER!r} returned results for other checks than requested")


class _Failing(Verifier):
    """Fails in one of its commands."""

    def __init__(self, command: str, error: Exception) -> None:
        super().__init__(TRUSTED_IDENTITY, REVOCATION_CHECK)
        self.command = command
        self.error = error

    def get_metadata(self, request: GetMetadataRequest) -> Any:
        if self.command == "get-plugin-metadata":
            raise self.error
        return super().get_metadata(request)

    def verify_signature(self, request: Any) -> VerifiedSignature:
        raise self.error


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("command", ["get-plugin-metadata", "verify-signature"])
@pytest.mark.parametrize("identities", [["*"], [STRANGER]])
def test_accidents_of_a_plugin_are_fatal(level: str, command: str, identities: list[str]) -> None:
    """What a plugin raises by accident fails the verification at every level; its text is not shown."""
    plugin = _Failing(command, RuntimeError("the token is swordfish"))
    kind: type[Exception] = ExtendedValidationError
    if command == "get-plugin-metadata" and identities == [STRANGER] and level != "audit":
        kind = AuthenticityError
    with pytest.raises(kind) as caught:
        verify(for_plugin(), trusted=policy(level, identities=identities), find_plugin=plugin.find)
    assert "swordfish" not in str(caught.value)
    if identities == ["*"]:
        assert str(caught.value) == f"extendedValidation: {command}: the plugin failed with RuntimeError"


def test_errors_of_the_contract_keep_their_text() -> None:
    """What a plugin says on purpose is shown."""
    error = _failed(_Failing("verify-signature", PluginAccessDeniedError("the key's owner said no")))
    assert error.message == "extendedValidation: the key's owner said no"


class _Odd(Verifier):
    """Answers with something that is no answer."""

    def verify_signature(self, request: Any) -> Any:
        return None


@pytest.mark.parametrize("success", [1, 0, None, "true", "false"])
@pytest.mark.parametrize("level", LEVELS)
def test_a_result_is_a_success_or_a_failure(level: str, success: Any) -> None:
    """A result that is neither true nor false is not taken for either, at any level."""
    plugin = Verifier(TRUSTED_IDENTITY, results={TRUSTED_IDENTITY: VerificationResult(success)})
    assert "neither a success nor a failure" in _failed(plugin, trusted=policy(level)).message


def test_an_answer_that_is_none() -> None:
    """An answer of a wrong type is the plugin's failure."""
    assert _failed(_Odd(TRUSTED_IDENTITY)).message.endswith("verify-signature: the plugin failed with AttributeError")
