"""Explanations for blobs, whose outcome is that of their verification."""

import json
from pathlib import Path
from typing import Any

import pytest

from notarykit.blob.content import FileBlob
from notarykit.blob.signature_file import DetachedSignature
from notarykit.errors import NoApplicablePolicyError, NotarykitError, StorageError
from notarykit.explanation.blob import explain_blob, explain_blob_policy
from notarykit.explanation.document import blob_explanation_document
from notarykit.keys.local import LocalSigner
from notarykit.signing.blob import sign_blob
from notarykit.verification.blob import BlobVerifier, VerifiedBlob
from tests.support.ca import TestChain, make_chain
from tests.unit.trust.statements import make_blob_statement, parse_blobs, skip
from tests.unit.verification.setting import CHAIN, IDENTITY, LEVELS, STRANGER, forbidden, store

_OTHER = make_chain()


@pytest.fixture
def blob(tmp_path: Path) -> FileBlob:
    """A file."""
    path = tmp_path / "blob"
    path.write_bytes(b"content")
    return FileBlob(str(path))


def _signed(blob: FileBlob, chain: TestChain = CHAIN) -> DetachedSignature:
    signed = sign_blob(blob, LocalSigner.from_pem(chain.key_pem, chain.chain_pem)).signature
    return DetachedSignature(signed.media_type, signed.envelope)


def _verifier(level: str = "strict", identity: str = IDENTITY, *, is_global: bool = True) -> BlobVerifier:
    statement = make_blob_statement(
        globalPolicy=is_global,
        signatureVerification={"level": level},
        trustStores=["ca:acme"],
        trustedIdentities=[identity],
    )
    other = skip(name="skipping")
    del other["registryScopes"]
    return BlobVerifier(parse_blobs(statement, other), store(), find_plugin=forbidden)


def _facts(outcome: Any) -> Any:
    if isinstance(outcome, VerifiedBlob):
        steps = getattr(outcome.verdict, "results", ())
        return type(outcome.verdict), outcome.blob, [(each.step, each.action, each.outcome) for each in steps]
    results = [(each.step, each.action, each.outcome) for each in getattr(outcome, "results", ())]
    return type(outcome), outcome.to_json(), results


@pytest.mark.parametrize("name", ["", "acme", "skipping", "absent"])
@pytest.mark.parametrize("media_type", ["", "text/plain"])
@pytest.mark.parametrize("identity", ["*", IDENTITY, STRANGER])
@pytest.mark.parametrize("level", LEVELS)
def test_outcome_is_that_of_the_verification(
    level: str, identity: str, media_type: str, name: str, blob: FileBlob
) -> None:
    """Whatever policy, name, signer and media type are, the explanation ends as the verification."""
    verifier = _verifier(level, identity)
    for signature in (_signed(blob), _signed(blob, _OTHER), DetachedSignature("application/cose", b"")):
        explained = explain_blob(verifier, blob, signature, policy_name=name, content_media_type=media_type)
        try:
            verified: VerifiedBlob | NotarykitError = verifier.blob(
                blob, signature, policy_name=name, content_media_type=media_type
            )
        except NotarykitError as error:
            verified = error
        assert _facts(explained.outcome) == _facts(verified)
        members = blob_explanation_document("blob", explained)
        assert json.loads(json.dumps(members)) == members


def test_statement_by_name_and_global() -> None:
    """The global statement is chosen without a name; where none is global, the outcome is the refusal."""
    explained = explain_blob_policy(_verifier())
    assert explained.choice[:3] == ("", ("*",), "*")
    assert explained.choice.policy is not None
    assert (explained.choice.policy.name, len(explained.steps), explained.outcome) == ("acme", 7, None)
    named = explain_blob_policy(_verifier(is_global=False), "acme")
    assert named.choice[:3] == ("acme", (), "")
    assert named.stores[0].certificates
    assert isinstance(explain_blob_policy(_verifier(is_global=False)).outcome, NoApplicablePolicyError)


def test_signature_is_explained(blob: FileBlob) -> None:
    """The signature has its chain, its place in the stores, and the identities."""
    (good,) = explain_blob(_verifier(), blob, _signed(blob)).signatures
    assert (good.anchor, [each.is_match for each in good.identities]) == (len(CHAIN.ders) - 1, [True])
    (bad,) = explain_blob(_verifier(), blob, _signed(blob, _OTHER)).signatures
    assert (bad.anchor, [each.step for each in bad.results]) == (None, ["authenticity"])


def test_blob_that_is_not_there(blob: FileBlob, tmp_path: Path) -> None:
    """Where the blob cannot be read, that is the outcome."""
    absent = FileBlob(str(tmp_path / "absent"))
    assert isinstance(explain_blob(_verifier(), absent, _signed(blob)).outcome, StorageError)
