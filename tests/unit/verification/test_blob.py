"""Verification of blobs: the same steps as for artifacts, the right blob, the right policy."""

import gc
import io
import json
import tracemalloc
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from notarykit.blob.content import FileBlob, StreamBlob
from notarykit.blob.signature_file import DetachedSignature
from notarykit.envelope.descriptor import Descriptor
from notarykit.errors import (
    AuthenticityError,
    ExpiryError,
    IntegrityError,
    NoAcceptedSignatureError,
    NoApplicablePolicyError,
    StorageError,
    UsageError,
    UserMetadataError,
)
from notarykit.keys.spec import KEY_SPECS
from notarykit.signing.blob import sign_blob
from notarykit.signing.options import SignOptions
from notarykit.trust.parsing import parse_blob_policy_document
from notarykit.trust.policy import BlobTrustPolicyDocument
from notarykit.trust.store import MemoryTrustStore
from notarykit.verification.blob import BlobVerifier, VerifiedBlob
from notarykit.verification.verdict import Audited, Skipped, Verified
from tests.support.ca import TestChain, make_chain
from tests.support.envelopes import FORMATS, JWS, sign_envelope
from tests.unit.signers import Key
from tests.unit.verification.setting import CHAIN, NOW, OTHER, forbidden

BODY = b"a release"


def _statement(name: str, level: str = "strict", **more: Any) -> dict[str, Any]:
    trust = {} if level == "skip" else {"trustStores": ["ca:acme"], "trustedIdentities": ["*"]}
    return {"name": name, "signatureVerification": {"level": level}, **trust, **more}


def _document(*statements: dict[str, Any]) -> BlobTrustPolicyDocument:
    return parse_blob_policy_document(json.dumps({"version": "1.0", "trustPolicies": statements}).encode())


_DOCUMENT = _document(
    _statement("releases", globalPolicy=True), _statement("any", "audit"), _statement("nothing", "skip")
)


def _signature(
    body: bytes = BODY, chain: TestChain = CHAIN, media_type: str = JWS, **options: Any
) -> DetachedSignature:
    content_type = options.pop("content", "text/plain")
    options = {"now": NOW, "media_type": media_type, **options}
    signed = sign_blob(StreamBlob(io.BytesIO(body)), Key(chain), SignOptions(**options), content_type)
    return DetachedSignature(media_type, signed.signature.envelope)


def _verify(signature: DetachedSignature, body: bytes = BODY, chain: TestChain = CHAIN, **options: Any) -> VerifiedBlob:
    now = options.pop("now", NOW)
    store = MemoryTrustStore({"ca:acme": [chain.ders[-1]]})
    verifier = BlobVerifier(_DOCUMENT, store, now=now, find_plugin=forbidden)
    return verifier.blob(options.pop("blob", StreamBlob(io.BytesIO(body))), signature, **options)


@pytest.mark.requirement("workflow:verify-blob-envelope")
@pytest.mark.parametrize("media_type", FORMATS)
@pytest.mark.parametrize("spec", KEY_SPECS)
def test_a_good_signature(spec: str, media_type: str) -> None:
    """A blob is accepted by a signature of any key and format, and what was signed is told."""
    chain = make_chain(spec)
    verified = _verify(_signature(chain=chain, media_type=media_type, user_metadata={"build": "42"}), chain=chain)
    assert isinstance(verified.verdict, Verified)
    assert verified.verdict.user_metadata == {"build": "42"}
    assert verified.verdict.policy == "releases"
    assert verified.blob is not None
    assert (verified.blob.media_type, verified.blob.size, verified.blob.annotations) == ("text/plain", len(BODY), {})


@pytest.mark.requirement(
    "signature:payload-blob-descriptor",
    "trust:blob-payload",
    "workflow:blob-digest",
    "workflow:blob-size",
)
@pytest.mark.parametrize("body", [b"", BODY[:-1], BODY + b"x", b"A release"])
def test_another_blob(body: bytes, tmp_path: Path) -> None:
    """A signature of another blob is refused at every level but skip, for a file and for a stream."""
    (tmp_path / "blob").write_bytes(body)
    for policy in ("releases", "any"):
        for blob in (FileBlob(tmp_path / "blob"), StreamBlob(io.BytesIO(body))):
            with pytest.raises(IntegrityError, match="the signature is for"):
                _verify(_signature(), blob=blob, policy_name=policy)


@pytest.mark.requirement("signature:payload-blob-digest-algorithm", "trust:blob-payload", "workflow:blob-digest")
def test_a_digest_by_another_hash() -> None:
    """A digest that holds, but is not by the hash of the signing key, is refused: the specification binds the two."""
    digest = StreamBlob(io.BytesIO(BODY)).describe("text/plain", "sha512")
    payload = json.dumps({"targetArtifact": digest.to_json()}).encode()
    with pytest.raises(IntegrityError, match="digest by sha512, and a key of EC-256 signs blobs by sha256"):
        _verify(DetachedSignature(JWS, sign_envelope(CHAIN, payload=payload, now=NOW)))


@pytest.mark.requirement("workflow:blob-media-type")
def test_media_types() -> None:
    """A media type is compared where one is asked for, letter by letter."""
    assert _verify(_signature(), content_media_type="text/plain").blob
    for other in ("text/Plain", "application/octet-stream"):
        with pytest.raises(IntegrityError, match="media type 'text/plain'"):
            _verify(_signature(), content_media_type=other)


@pytest.mark.requirement("trust:blob-statement-by-name", "trust:global-blob-statement", "trust:no-blob-statement")
def test_policies_are_chosen_by_name() -> None:
    """Without a name the global policy applies; a name that no statement has is refused, and is no wish for another."""
    assert isinstance(_verify(_signature(chain=OTHER), policy_name="any").verdict, Audited)
    with pytest.raises(AuthenticityError):
        _verify(_signature(chain=OTHER))
    with pytest.raises(NoApplicablePolicyError, match="no applicable blob trust policy with name 'Any'"):
        _verify(_signature(), policy_name="Any")
    only_named = BlobVerifier(_document(_statement("releases")), MemoryTrustStore({}), now=NOW)
    with pytest.raises(NoApplicablePolicyError, match="global"):
        only_named.blob(StreamBlob(io.BytesIO(BODY)), _signature())


def test_a_stranger_does_not_name_the_media_type() -> None:
    """Where the signer is not trusted, digest and size are the blob's own, and the media type is nobody's claim."""
    for asked, told in (("", "application/octet-stream"), ("text/plain", "text/plain")):
        signature = _signature(chain=OTHER, user_metadata={"build": "42"})
        accepted = _verify(signature, policy_name="any", content_media_type=asked)
        assert isinstance(accepted.verdict, Audited)
        assert accepted.verdict.untrusted_target.media_type == "text/plain"
        assert accepted.blob == StreamBlob(io.BytesIO(BODY)).describe(told, "sha256")
    trusted = _verify(_signature(), policy_name="any").blob
    assert trusted == StreamBlob(io.BytesIO(BODY)).describe("text/plain", "sha256")


class _Unread:
    name = "unread"

    def size(self) -> int | None:
        pytest.fail("the blob was looked at")

    def describe(self, media_type: str, algorithm: str, most: int | None = None) -> Descriptor:
        pytest.fail("the blob was read")


@pytest.mark.requirement("trust:skip", "workflow:skipped-blob")
def test_what_is_not_read() -> None:
    """A blob is not read where the policy skips it, nor for a signature whose signer is not trusted and has to be."""
    skipped = _verify(DetachedSignature(JWS, b"anything"), blob=_Unread(), policy_name="nothing")
    assert skipped == VerifiedBlob(Skipped("nothing"))
    with pytest.raises(AuthenticityError):
        _verify(_signature(chain=OTHER), blob=_Unread())


@pytest.mark.requirement("workflow:blob-metadata", "workflow:verify-blob-envelope")
def test_the_other_steps() -> None:
    """Expiry and metadata are judged as for artifacts."""
    with pytest.raises(ExpiryError):
        _verify(_signature(expires_in=timedelta(hours=1)), now=NOW + timedelta(hours=1))
    with pytest.raises(UserMetadataError):
        _verify(_signature(), user_metadata={"build": "42"})


@pytest.mark.requirement("workflow:verify-blob-envelope")
@pytest.mark.parametrize("envelope", [b"", b"{}", b"{" * 100, b'{"payload":', b"\xd2\x84"])
@pytest.mark.parametrize("media_type", FORMATS)
def test_broken_signatures(envelope: bytes, media_type: str) -> None:
    """What is no envelope of the format is an integrity failure."""
    with pytest.raises(IntegrityError):
        _verify(DetachedSignature(media_type, envelope))


def test_a_blob_that_cannot_be_read(tmp_path: Path) -> None:
    """That says nothing of the signature: it is no verdict, and has its own exit code."""
    with pytest.raises(StorageError, match="does not exist") as caught:
        _verify(_signature(), blob=FileBlob(tmp_path / "none"))
    assert caught.value.exit_code == 3
    with pytest.raises(UsageError, match="no stream of bytes"):
        _verify(_signature(), blob=StreamBlob(io.StringIO("text")))  # type: ignore[arg-type]


def test_failures_do_not_hold_their_signatures(tmp_path: Path) -> None:
    """Whoever verifies many blobs has the memory of one, whatever strangers have put beside them."""
    store = MemoryTrustStore({"ca:acme": [CHAIN.ders[-1]]})
    verifier = BlobVerifier(_DOCUMENT, store, now=NOW, find_plugin=forbidden)
    good = _signature(chain=OTHER).envelope
    stranger = good[:-1] + b', "x": "' + b"A" * 1024 * 1024 + b'"}'
    gc.disable()
    tracemalloc.start()
    try:
        for number in range(20):
            junk = [DetachedSignature(JWS, envelope + str(number).encode()) for envelope in (stranger, stranger[:-1])]
            with pytest.raises(NoAcceptedSignatureError) as caught:
                verifier.blob_by_any(StreamBlob(io.BytesIO(BODY)), [(str(each[0]), each) for each in junk])
            assert len(caught.value.failures) == 2
            del caught, junk
        assert tracemalloc.get_traced_memory()[0] < 5 * 1024 * 1024
    finally:
        tracemalloc.stop()
        gc.enable()


def test_it_may_be_pickled() -> None:
    """A verifier goes to worker processes with its policy and its trust stores."""
    import pickle

    store = MemoryTrustStore({"ca:acme": [CHAIN.ders[-1]]})
    sent = pickle.loads(pickle.dumps(BlobVerifier(_DOCUMENT, store, now=NOW)))
    assert isinstance(sent, BlobVerifier)
    assert isinstance(sent.blob(StreamBlob(io.BytesIO(BODY)), _signature()).verdict, Verified)
