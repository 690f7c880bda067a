"""Bundles that are made by the library, of a layout whose artifacts have signers with revocable certificates."""

import json
from collections.abc import Sequence
from pathlib import Path

from notarykit.bundle.bundle import SignatureBundle
from notarykit.bundle.contents import BundledArtifact, Content
from notarykit.bundle.creation import collect_artifact, new_bundle
from notarykit.bundle.reading import open_bundle
from notarykit.bundle.verification import offline, verify_bundled
from notarykit.keys.local import LocalSigner
from notarykit.oci.layout import ImageLayout
from notarykit.oci.reference import Digest
from notarykit.oci.repository import Repository
from notarykit.signing.artifact import sign_artifact
from notarykit.trust.parsing import parse_policy_document
from notarykit.trust.store import MemoryTrustStore
from notarykit.verification.artifact import ArtifactRequest, VerifiedArtifact
from notarykit.verification.verifier import Verifier
from tests.support.ca import TestChain
from tests.support.crls import make_crl
from tests.support.homes import SCOPE, policy_document
from tests.support.layouts import Layout, add_artifact, make_layout
from tests.support.ocsp_answers import responding
from tests.support.responders import Responder
from tests.support.revocable import crl_path, ocsp_path, revocable_chain


class Scene:
    """Layout with two artifacts, `v1` and `v2`, that are signed, and who trusts their signer.

    Attributes:
        layout: The layout.
        digests: Digests of the artifacts.
        chain: The signer's chain: the leaf names OCSP, the intermediate a CRL.
        verifier: Trusts the chain's root.
    """

    def __init__(self, folder: Path, responder: Responder) -> None:
        self.chain = revocable_chain(responder.url(), ocsp_at={1: []}, crl_at={0: []})
        responder.ocsp(ocsp_path(0), responding(self.chain))
        responder.put(crl_path(1), make_crl(self.chain, 2))
        self.layout: Layout = make_layout(folder / "layout")
        self.digests = (self.layout.digest, Digest(add_artifact(self.layout.path, "v2").digest))
        self.verifier = verifier_of(self.chain)
        for digest in self.digests:
            self.sign(digest)

    @property
    def repository(self) -> ImageLayout:
        """The layout as a repository."""
        return ImageLayout(self.layout.path)

    def sign(self, digest: Digest) -> None:
        """Signs an artifact."""
        sign_artifact(self.repository, digest, LocalSigner.from_pem(self.chain.key_pem, self.chain.chain_pem))

    def write(
        self,
        path: Path,
        content: Content = Content.FULL,
        repository: Repository | None = None,
        digests: Sequence[Digest] = (),
    ) -> str:
        """Writes a bundle of both artifacts, or others, and returns its path."""
        used = repository or self.repository
        requests = [ArtifactRequest(lambda: used, digest, SCOPE) for digest in digests or self.digests]
        collected = [collect_artifact(self.verifier, request, content) for request in requests]
        new_bundle(content, self.verifier, collected).write(str(path))
        return str(path)


def verifier_of(chain: TestChain) -> Verifier:
    """Returns a verifier that trusts a chain's root."""
    policies = parse_policy_document(json.dumps(policy_document()).encode())
    return Verifier(policies, MemoryTrustStore({"ca:tests": [chain.ders[-1]]}))


def verdicts(path: str, verifier: Verifier) -> Sequence[tuple[BundledArtifact, VerifiedArtifact]]:
    """Verifies everything in a bundle, content included."""
    bundle: SignatureBundle = open_bundle(path)
    used = offline(verifier, bundle)
    found = [(artifact, verify_bundled(bundle, artifact, used)) for artifact in bundle.artifacts]
    for artifact in bundle.artifacts:
        bundle.check_content(artifact)
    return found
