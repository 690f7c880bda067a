"""The signature vectors in bundles: each verdict on what a bundle carries is the very verdict without one."""

import json
from pathlib import Path
from typing import Any

import pytest

from notarykit.bundle.bundle import SignatureBundle
from notarykit.bundle.contents import BundledArtifact, Content, Contents
from notarykit.bundle.creation import _MemoryBlobs
from notarykit.bundle.reading import open_bundle
from notarykit.bundle.trust import TrustProposal
from notarykit.bundle.verification import offline, verify_bundled
from notarykit.bundle.writing import NewBundle
from notarykit.envelope.descriptor import Descriptor, digest_of
from notarykit.errors import NoAcceptedSignatureError, NotarykitError
from notarykit.oci.manifest import EMPTY_CONFIG, EMPTY_CONFIG_DIGEST, IMAGE_MANIFEST, make_signature_manifest
from notarykit.oci.reference import parse_reference
from notarykit.revocation.checker import RevocationChecker
from notarykit.trust.parsing import parse_policy_document
from notarykit.trust.store import MemoryTrustStore
from notarykit.verification.verdict import Verdict
from tests.conformance import vectors as program
from tests.support.ca import make_chain
from tests.support.homes import policy_document

_VECTORS = program.read_vectors(str(Path(__file__).parent / "vectors"))
_TRUST = TrustProposal.make(
    parse_policy_document(json.dumps(policy_document()).encode()),
    MemoryTrustStore({"ca:tests": [make_chain("EC-256", 2).ders[-1]]}),
)


def _bundled(case: dict[str, Any], path: Path) -> SignatureBundle:
    """A bundle of a case's signature, written and opened again."""
    envelope, media_type, artifact, _ = program.request_of(case, _VECTORS)
    assert isinstance(artifact, Descriptor)
    layer = Descriptor(media_type, digest_of(envelope), len(envelope))
    manifest = make_signature_manifest(artifact, layer, {}, form="current")
    signature = Descriptor(IMAGE_MANIFEST, digest_of(manifest), len(manifest))
    small = {signature.digest: manifest, layer.digest: envelope, EMPTY_CONFIG_DIGEST: EMPTY_CONFIG}
    one = BundledArtifact(parse_reference(case["reference"]).scope, "", artifact, (signature,))
    contents = Contents(Content.NONE, (one,), _TRUST.descriptor, ())
    NewBundle(SignatureBundle("x", contents, _TRUST, {}, _MemoryBlobs(small)), small, {}).write(str(path))
    return open_bundle(str(path))


def _outcome(call: Any) -> Any:
    try:
        return call()
    except NoAcceptedSignatureError as error:  # the one signature's own
        ((_, failure),) = error.failures
        return failure
    except NotarykitError as error:
        return error


def _comparable(outcome: Verdict | NotarykitError) -> Any:
    """All that an outcome says, without what compares by identity."""
    results = [(*each._replace(error=None), str(each.error)) for each in getattr(outcome, "results", ())]
    if isinstance(outcome, NotarykitError):
        return type(outcome), outcome.message, outcome.exit_code, results
    target = getattr(outcome, "target", None) or getattr(outcome, "untrusted_target", None)
    return type(outcome), outcome.policy, getattr(outcome, "level", ""), target, results


@pytest.mark.parametrize("case", [pytest.param(case, id=case["id"]) for case in _VECTORS.cases])
def test_verdict_on_a_bundle_is_the_same(case: dict[str, Any], tmp_path: Path) -> None:
    """Kind, statement, level, error and each step's result are those without a bundle, where there is no network."""
    bundle = _bundled(case, tmp_path / "x.tar")
    metadata = case.get("userMetadata") or {}

    def without() -> Verdict:
        envelope, media_type, artifact, _ = program.request_of(case, _VECTORS)
        assert isinstance(artifact, Descriptor)
        verifier = program.verifier_of(case, _VECTORS)._replace(revocation=RevocationChecker(None))
        scope = parse_reference(case["reference"]).scope
        return verifier.envelope(envelope, media_type, artifact, scope, user_metadata=metadata)

    def within() -> Verdict:
        verifier = offline(program.verifier_of(case, _VECTORS), bundle)
        return verify_bundled(bundle, bundle.artifacts[0], verifier, user_metadata=metadata).verdict

    assert _comparable(_outcome(within)) == _comparable(_outcome(without))
