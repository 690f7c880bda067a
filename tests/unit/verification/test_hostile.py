"""What an attacker can put into a signature, a chain or a plugin's answer, and what becomes of it."""

import json
from typing import Any

import pytest

from notarykit.envelope.integrity import check_integrity
from notarykit.envelope.parsing import parse_envelope
from notarykit.envelope.unverified import COSE, JWS
from notarykit.errors import AuthenticityError, EnvelopeError, ExtendedValidationError, UsageError
from notarykit.plugin import VerificationResult
from notarykit.verification.verdict import Verified
from tests.support.ca import Changes, make_chain, name
from tests.support.envelopes import (
    EXPIRY,
    PAYLOAD,
    SCHEME,
    TIME,
    build,
    build_cose,
    build_jws,
    cose_header,
    epoch,
    jws_header,
    sign_envelope,
)
from tests.unit.verification.setting import IDENTITY, NOW, TRUSTED_IDENTITY, Verifier, for_plugin, policy, store, verify

_CHAIN = make_chain()


def _refused(envelope: bytes, media_type: str = JWS) -> str:
    with pytest.raises(EnvelopeError) as caught:
        check_integrity(parse_envelope(envelope, media_type))
    return caught.value.message


@pytest.mark.parametrize(
    "header",
    ["Alg", "CTY", "io.cncf.notary.Expiry", "io.cncf.notary.\u017figningTime", "X5C", "io.cncf.notary.SigningAgent"],
)
def test_a_protected_header_that_looks_like_another(header: str) -> None:
    """A protected name that other readers take for a known one is refused: they would see another signature."""
    assert "looks like" in _refused(build_jws(_CHAIN, jws_header(_CHAIN, {header: "2022-05-06T07:01:20Z"})))


@pytest.mark.parametrize("header", ["X5C", "io.cncf.notary.Signingagent", "io.cncf.notary.TimestampSignature"])
def test_an_unprotected_header_that_looks_like_another(header: str) -> None:
    """The same holds for names that are not signed."""
    assert "looks like" in _refused(build_jws(_CHAIN, jws_header(_CHAIN), unprotected={header: "x"}))


@pytest.mark.parametrize("member", ["TargetArtifact", "targetartifact"])
def test_a_payload_that_names_two_artifacts(member: str) -> None:
    """A payload whose second artifact only differs by the case of its name is refused."""
    payload = json.dumps(
        {**json.loads(PAYLOAD), member: {"mediaType": "a/b", "digest": "sha256:" + "0" * 64, "size": 1}}
    )
    for media_type in (JWS, COSE):
        assert "looks like" in _refused(build(_CHAIN, media_type, None, payload.encode()), media_type)


@pytest.mark.parametrize(
    "changes", [{TIME: "0001-01-01T00:00:00Z"}, {EXPIRY: "0001-01-01T00:00:00Z", "crit": [SCHEME, EXPIRY]}]
)
def test_the_time_that_stands_for_none(changes: dict[str, Any]) -> None:
    """The first moment of the year 1, which the Go libraries write for no time, is no time here either."""
    assert "for no time" in _refused(build_jws(_CHAIN, jws_header(_CHAIN, changes)))


def test_the_time_that_stands_for_none_in_cose() -> None:
    """The same moment in seconds is refused as well."""
    envelope = build_cose(_CHAIN, cose_header(_CHAIN, {TIME: epoch(-62135596800)}))
    assert "for no time" in _refused(envelope, COSE)


def test_an_envelope_of_many_parts() -> None:
    """An envelope that would cost a hundred times its size in memory is refused before it is read."""
    assert "more than 4096 parts" in _refused(b'{"x":[' + b"[]," * 100_000 + b"[]]}")


@pytest.mark.parametrize("success", ["false", 0, 1, None, "true"])
def test_a_result_that_is_no_boolean(success: Any) -> None:
    """A plugin's result that is neither true nor false is no success."""
    verifier = Verifier(TRUSTED_IDENTITY, results={TRUSTED_IDENTITY: VerificationResult(success)})
    with pytest.raises(ExtendedValidationError, match="neither a success nor a failure"):
        verify(for_plugin(), find_plugin=verifier.find)


def test_a_result_of_another_kind() -> None:
    """A plugin's result that is no result at all is no success."""
    verifier = Verifier(TRUSTED_IDENTITY, results={TRUSTED_IDENTITY: True})  # type: ignore[dict-item]
    with pytest.raises(ExtendedValidationError, match="neither a success nor a failure"):
        verify(for_plugin(), find_plugin=verifier.find)


def test_a_search_that_fails_by_accident() -> None:
    """Whatever the search for a plugin raises ends in a failed validation that names no more than its kind."""
    with pytest.raises(ExtendedValidationError, match=r"cannot be found: KeyError$"):
        verify(for_plugin(), find_plugin={}.__getitem__)


def test_a_time_without_a_zone() -> None:
    """A time of verification that could mean several moments is refused."""
    with pytest.raises(UsageError, match="no time zone"):
        verify(for_plugin(), now=NOW.replace(tzinfo=None))


def test_a_subject_that_cannot_be_read() -> None:
    """A signer whose name is no text matches no identity, and passes where every identity does."""
    leaf = Changes(swap=((b"XXXX", b"\xff\xfe\xff\xfe"),))
    chain = make_chain(subject=name("wab-XXXX-net"), leaf=leaf)
    envelope = sign_envelope(chain, now=NOW)
    assert isinstance(verify(envelope, store=store(chain)), Verified)
    with pytest.raises(AuthenticityError, match="cannot be read"):
        verify(envelope, trusted=policy(identities=[IDENTITY]), store=store(chain))
