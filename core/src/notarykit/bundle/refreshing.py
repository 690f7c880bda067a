"""Refreshing of a bundle: its evidence is collected anew, and everything else stays as it is."""

from typing import NamedTuple

from notarykit.bundle.bundle import SignatureBundle
from notarykit.bundle.contents import BundledArtifact
from notarykit.bundle.evidence import BundledEvidence
from notarykit.bundle.writing import NewBundle, Sink, Stream
from notarykit.envelope.descriptor import Descriptor
from notarykit.errors import NotarykitError
from notarykit.oci.reference import Digest
from notarykit.revocation.limits import Limits
from notarykit.revocation.result import Evidence
from notarykit.verification.artifact import ArtifactRequest
from notarykit.verification.verifier import Verifier


class CollectedEvidence(NamedTuple):
    """Evidence that was collected for an artifact of a bundle.

    Attributes:
        evidence: OCSP responses and CRLs.
        problems: Digest of a signature's manifest and error of each whose evidence is missing.
    """

    evidence: tuple[Evidence, ...]
    problems: tuple[tuple[str, NotarykitError], ...]


def collect_again(
    bundle: SignatureBundle, artifact: BundledArtifact, verifier: Verifier, limits: Limits | None = None
) -> CollectedEvidence:
    """Collects the evidence for the signatures of an artifact that are in a bundle.

    Raises:
        NoApplicablePolicyError: No policy statement applies.
        UsageError: The statement that applies skips verification.
        StorageError: A part of the bundle cannot be read.
    """
    digest = Digest(artifact.artifact.digest)
    request = ArtifactRequest(lambda: bundle.repository(artifact), digest, artifact.repository)
    collected = verifier.collect_evidence(request, limits)
    return CollectedEvidence(collected.evidence, collected.problems)


def refreshed_bundle(bundle: SignatureBundle, evidence: BundledEvidence) -> NewBundle:
    """Returns a bundle with other evidence, whose other content is read from the present one when it is written.

    Raises:
        StorageError: A part of the bundle cannot be read, or the new one would be larger than a reader takes.
    """
    contents = bundle.contents._replace(evidence=evidence.parts)
    contents.check()
    large: dict[str, tuple[Descriptor, Stream]] = {
        descriptor.digest: (descriptor, _stream_of(bundle, descriptor)) for descriptor in bundle.parts()
    }
    refreshed = SignatureBundle("the new bundle", contents, bundle.trust, evidence.ders, bundle.blobs)
    return NewBundle(refreshed, {}, large)


def _stream_of(bundle: SignatureBundle, descriptor: Descriptor) -> Stream:
    def stream(sink: Sink) -> None:
        for piece in bundle.blobs.pieces(descriptor):
            sink(piece)

    return stream
