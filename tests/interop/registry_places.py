"""Artifacts in four kinds of registries, which both sides sign and verify."""

import json
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from notarykit.keys.local import LocalSigner
from notarykit.oci.manifest import ManifestForm, signature_annotations
from notarykit.oci.reference import Digest
from notarykit.oci.registry.host import RegistryHost
from notarykit.oci.registry.repository import RegistryRepository
from notarykit.signing.artifact import SignedArtifact, sign_artifact
from notarykit.signing.options import SignOptions
from notarykit.trust.parsing import parse_policy_document
from notarykit.trust.store import DirectoryTrustStore
from notarykit.verification.artifact import VerifiedArtifact
from notarykit.verification.verifier import verify_artifact
from tests.interop.go_peer import Peer
from tests.interop.scene import DAY, METADATA
from tests.servers.registry.running import Registry
from tests.support.homes import Home, policy_document
from tests.support.registries import fallback_entries, push_artifacts
from tests.support.signatures import flipped


class Kind(StrEnum):
    """A registry, by what it knows of referrers."""

    MEMORY = "API with filter and OCI-Subject"
    PLAIN = "API without filter or OCI-Subject"
    NO_API = "no API"
    DOCKER = "docker-registry"

    @property
    def lists_referrers(self) -> bool:
        """Whether it says of a manifest with a subject that it lists it, so that nobody has to under the tag."""
        return self is Kind.MEMORY


def unseen_there(kind: Kind, form: ManifestForm) -> bool:
    """Whether the Go side does not see a signature of ours.

    The registry of go-containerregistry lists each referrer with its config's media type as the artifact type and does
    not filter. The Go side filters by what the list says, and so passes over a manifest that has its type in
    `artifactType` and the empty config. It looks neither into the manifest nor at the tag, since the API answered; so
    forcing the tag does not help.
    """
    return kind is Kind.PLAIN and form == "current"


class Place(NamedTuple):
    """An artifact in a registry, another that is never signed, and a signer who is trusted."""

    registry: Registry
    client: RegistryHost
    digest: Digest
    unsigned: Digest
    home: Home

    def reference(self, digest: str = "") -> str:
        """The artifact's name, as both sides are told it."""
        return f"{self.registry.host}/tests/thing@{digest or self.digest}"

    def repository(self, form: ManifestForm = "current", *, forced: bool = False) -> RegistryRepository:
        """The repository as this side sees it."""
        return RegistryRepository(self.client, "tests/thing", form=form, force_referrers_tag=forced)

    def sign_here(self, media_type: str, form: ManifestForm = "current", *, forced: bool = False) -> SignedArtifact:
        """Signs on this side."""
        signer = LocalSigner.from_files(str(self.home.folder / "build.key"), str(self.home.folder / "build.chain.pem"))
        place = self.repository(form, forced=forced)
        return sign_artifact(
            place, self.digest, signer, SignOptions(media_type=media_type, expires_in=DAY, user_metadata=METADATA)
        )

    def sign_there(self, peer: Peer, media_type: str, *, forced: bool = False) -> str:
        """Signs on the Go side and returns the signature manifest's digest."""
        answer = peer.ask(
            "signRemote",
            reference=self.reference(),
            keyFile=str(self.home.folder / "build.key"),
            chainFile=str(self.home.folder / "build.chain.pem"),
            mediaType=media_type,
            expirySeconds=int(DAY.total_seconds()),
            metadata=METADATA,
            forceReferrersTag=forced,
        )
        assert answer["ok"], answer["error"]
        assert not answer["warning"]
        return str(answer["signature"])

    def spoil(self, signed: SignedArtifact, media_type: str) -> Digest:
        """Stores a signature whose payload was changed with another artifact, and returns that artifact's digest."""
        (digest,) = push_artifacts(self.registry.address, "tests/thing", ["spoiled"])
        place, signature = self.repository("older"), signed.signature
        signed_at = signature.content.attributes.signing_time
        assert signed_at is not None
        annotations = signature_annotations(signature.content.chain.thumbprints(), signed_at)
        place.push_signature(place.resolve(digest), media_type, flipped(signature.envelope, media_type), annotations)
        return digest

    def ask_peer(
        self,
        peer: Peer,
        digest: Digest | None = None,
        metadata: Mapping[str, str] = METADATA,
        identities: Sequence[str] = (),
    ) -> dict[str, Any]:
        """The verdict of the Go side."""
        return peer.ask(
            "verifyRemote",
            reference=self.reference(digest or ""),
            policy=policy_document(identities) if identities else policy_document(),
            trustStore=str(self.home.folder),
            metadata=dict(metadata),
        )

    def ask_us(
        self, digest: Digest | None = None, metadata: Mapping[str, str] = METADATA, identities: Sequence[str] = ()
    ) -> VerifiedArtifact:
        """The verdict of this side."""
        policy = policy_document(identities) if identities else policy_document()
        return verify_artifact(
            self.repository(),
            digest or self.digest,
            f"{self.registry.host}/tests/thing",
            parse_policy_document(json.dumps(policy).encode()),
            DirectoryTrustStore(str(self.home.folder / "truststore")),
            user_metadata=metadata,
        )

    def listed_there(self, peer: Peer, *, by_tag_alone: bool = False) -> list[str]:
        """The signatures that the Go side finds, sorted."""
        answer = peer.ask("listRemote", reference=self.reference(), forceReferrersTag=by_tag_alone)
        assert answer["ok"], answer["error"]
        return sorted(answer["digests"])

    def listed_here(self) -> list[str]:
        """The signatures that this side finds, sorted."""
        place = self.repository()
        return sorted(each.digest for each in place.signatures(place.resolve(self.digest)))

    def entries(self) -> list[str]:
        """What the index under the fallback tag lists, sorted."""
        return sorted(each["digest"] for each in fallback_entries(self.registry.address, "tests/thing", self.digest))
