"""Verifying a blob by several detached signatures: which are tried, and which one counts."""

import io
import json
from collections.abc import Iterator

import pytest

from notarykit.blob.content import StreamBlob
from notarykit.blob.signature_file import DetachedSignature, NamedSignature
from notarykit.envelope.descriptor import Descriptor
from notarykit.envelope.unverified import JWS
from notarykit.errors import (
    NoAcceptedSignatureError,
    NoApplicablePolicyError,
    NoSignatureError,
    StorageError,
    UsageError,
)
from notarykit.signing.blob import sign_blob
from notarykit.signing.options import SignOptions
from notarykit.trust.parsing import parse_blob_policy_document
from notarykit.trust.store import MemoryTrustStore
from notarykit.verification.blob import BlobVerifier, VerifiedBlob
from notarykit.verification.verdict import Audited, Skipped, Verified
from tests.support.ca import TestChain
from tests.unit.signers import Key
from tests.unit.verification.setting import CHAIN, NOW, OTHER

_BODY = b"a release"
_UNREADABLE = StorageError("it cannot be read")


def _signature(chain: TestChain, body: bytes = _BODY) -> DetachedSignature:
    signed = sign_blob(StreamBlob(io.BytesIO(body)), Key(chain), SignOptions(now=NOW, media_type=JWS))
    return DetachedSignature(JWS, signed.signature.envelope)


_GOOD, _STRANGERS, _OF_ANOTHER = _signature(CHAIN), _signature(OTHER), _signature(CHAIN, b"another")


def _statement(name: str, level: str) -> dict[str, object]:
    trust = {} if level == "skip" else {"trustStores": ["ca:acme"], "trustedIdentities": ["*"]}
    return {"name": name, "signatureVerification": {"level": level}, **trust}


_DOCUMENT = json.dumps(
    {"version": "1.0", "trustPolicies": [_statement(level, level) for level in ("strict", "audit", "skip")]}
).encode()
_VERIFIER = BlobVerifier(
    parse_blob_policy_document(_DOCUMENT), MemoryTrustStore({"ca:acme": [CHAIN.ders[-1]]}), now=NOW
)


class _Blob:
    name = "the blob"

    def size(self) -> int:
        return len(_BODY)

    def describe(self, media_type: str, algorithm: str, most: int | None = None) -> Descriptor:
        return StreamBlob(io.BytesIO(_BODY)).describe(media_type, algorithm, most)


def _verify(*signatures: NamedSignature, policy: str = "strict") -> VerifiedBlob:
    return _VERIFIER.blob_by_any(_Blob(), signatures, policy_name=policy)


@pytest.mark.requirement("workflow:verify-blob-envelope")
def test_one_suffices() -> None:
    """The verdict names the signature that was accepted and those before it that were not, unreadable ones too."""
    found = _verify(("a", _UNREADABLE), ("b", _OF_ANOTHER), ("c", _STRANGERS), ("d", _GOOD), ("e", _UNREADABLE))
    assert isinstance(found.verdict, Verified)
    assert found.blob is not None
    assert (found.blob.size, found.signature) == (len(_BODY), "d")
    assert [(name, type(error).__name__) for name, error in found.failures] == [
        ("a", "StorageError"),
        ("b", "IntegrityError"),
        ("c", "AuthenticityError"),
    ]


def test_a_trusted_signer_is_preferred() -> None:
    """A signature that a policy merely lets pass counts where there is none by a trusted signer."""
    assert _verify(("a", _STRANGERS), ("b", _GOOD), policy="audit").signature == "b"
    found = _verify(("a", _STRANGERS), ("b", _UNREADABLE), policy="audit")
    assert isinstance(found.verdict, Audited)
    assert found.signature == "a"


def test_none_is_accepted() -> None:
    """The error has that of each, and says under which statement."""
    with pytest.raises(
        NoAcceptedSignatureError, match=r"none of the 2 signatures was accepted.*\(signature b\)"
    ) as caught:
        _verify(("a", _UNREADABLE), ("b", _STRANGERS))
    assert [name for name, _ in caught.value.failures] == ["a", "b"]
    assert (caught.value.policy, caught.value.level) == ("strict", "strict")


def test_there_is_none() -> None:
    """No signature is another error than one that is not accepted."""
    with pytest.raises(NoSignatureError, match="no signature of the blob") as caught:
        _verify()
    assert caught.value.policy == "strict"


@pytest.mark.requirement("trust:skip", "workflow:skipped-blob")
def test_skipped() -> None:
    """Where the policy skips, no signature is taken."""

    def signatures() -> Iterator[NamedSignature]:
        yield from pytest.fail("a signature was taken")

    assert _VERIFIER.blob_by_any(_Blob(), signatures(), policy_name="skip") == VerifiedBlob(Skipped("skip"))


def test_what_is_no_verdict() -> None:
    """The blob's own errors end it, whatever signatures there are; so does a policy that nobody has."""
    text = StreamBlob(io.StringIO("text"))  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="no stream of bytes"):
        _VERIFIER.blob_by_any(text, [("a", _GOOD), ("b", _GOOD)], policy_name="strict")
    with pytest.raises(NoApplicablePolicyError):
        _verify(("a", _GOOD), policy="none")
