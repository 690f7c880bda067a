"""A signer, an artifact and the settings that trust the signer, as both sides of an interop test see them."""

import base64
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

import cbor2

from notarykit._internal.rfc3339 import utc_now
from notarykit.keys.local import LocalSigner
from notarykit.oci.layout import ImageLayout
from notarykit.oci.manifest import signature_annotations
from notarykit.oci.reference import Digest
from notarykit.signing.artifact import sign_artifact
from notarykit.signing.options import SignOptions
from notarykit.trust.parsing import parse_policy_document
from notarykit.trust.store import DirectoryTrustStore
from notarykit.verification.artifact import ArtifactRequest, VerifiedArtifact
from notarykit.verification.verifier import Verifier
from tests.interop.go_peer import Peer
from tests.support.ca import TestChain, make_chain
from tests.support.envelopes import JWS
from tests.support.homes import OTHER_IDENTITY, SCOPE, Home, policy_document
from tests.support.layouts import Layout, add_artifact, make_layout
from tests.support.signatures import flipped

METADATA = {"build": "42", "name": "Grüße <&> 世界", "io.example/key": "a=b"}
DAY = timedelta(days=1)


class Control(StrEnum):
    """What is wrong in a negative control; everything else is as in the positive one before it."""

    IDENTITY = "another identity is trusted"
    ROOT = "another root is trusted"
    METADATA = "other metadata is wanted"
    PAYLOAD = "a byte of the payload is flipped"
    EXPIRY = "the signature has expired"
    ARTIFACT = "the signature is of another artifact"


class Question(NamedTuple):
    """A verification that either side can be asked for.

    Attributes:
        layout: Where the artifact is.
        digest: The artifact.
        home: The settings whose trust stores count.
        policy: The trust policy.
        metadata: The metadata that is wanted.
        now: The time of the verification, or None for the present; the Go side knows only the present.
    """

    layout: str
    digest: str
    home: Home
    policy: Mapping[str, Any]
    metadata: Mapping[str, str] = {}
    now: datetime | None = None

    def ask_peer(self, peer: Peer) -> dict[str, Any]:
        """The answer of the Go side."""
        assert self.now is None
        return peer.ask(
            "verify",
            layout=self.layout,
            digest=self.digest,
            scope=SCOPE,
            policy=self.policy,
            trustStore=str(self.home.folder),
            metadata=dict(self.metadata),
        )

    def ask_us(self) -> VerifiedArtifact:
        """The answer of this side."""
        document = parse_policy_document(json.dumps(self.policy).encode())
        verifier = Verifier(document, DirectoryTrustStore(str(self.home.folder / "truststore")), now=self.now)
        request = ArtifactRequest(lambda: ImageLayout(self.layout), Digest(self.digest), SCOPE)
        return verifier.artifact(request, user_metadata=self.metadata)


class Scene:
    """One signer and one artifact in a layout.

    Attributes:
        chain: The signer's chain.
        media_type: The format in which both sides sign.
        home: Settings that list the signer's key and trust its root.
        layout: The layout.
    """

    def __init__(self, folder: Path, spec: str, media_type: str, length: int) -> None:
        """Makes the files of both."""
        self._folder = folder
        self.chain: TestChain = make_chain(spec, length)
        self.media_type = media_type
        self.home = Home(folder / "home")
        self.home.trust(self.chain)
        self.key_file, self.chain_file = self.home.add_key(self.chain)
        self.layout: Layout = make_layout(folder / "layout")

    def sign_here(self, layout: Layout | None = None, now: datetime | None = None) -> str:
        """Signs on this side and returns the signature manifest's digest."""
        where = layout or self.layout
        signer = LocalSigner.from_files(str(self.key_file), str(self.chain_file))
        signed = sign_artifact(
            ImageLayout(where.path),
            where.digest,
            signer,
            SignOptions(media_type=self.media_type, expires_in=DAY, user_metadata=METADATA, now=now),
        )
        return signed.manifest.digest

    def sign_there(self, peer: Peer, digest: str = "") -> str:
        """Signs on the Go side and returns the signature manifest's digest."""
        answer = peer.ask(
            "sign",
            layout=self.layout.path,
            digest=digest or self.layout.digest,
            keyFile=str(self.key_file),
            chainFile=str(self.chain_file),
            mediaType=self.media_type,
            expirySeconds=int(DAY.total_seconds()),
            metadata=METADATA,
        )
        assert answer["ok"], answer["error"]
        return str(answer["signature"])

    def question(self) -> Question:
        """The verification that must succeed."""
        return Question(self.layout.path, self.layout.digest, self.home, policy_document(), METADATA)

    def spoiled(self, control: Control) -> Question:
        """The same verification with one thing wrong; an expired signature is one that was made here."""
        question = self.question()
        match control:
            case Control.IDENTITY:
                return question._replace(policy=policy_document([OTHER_IDENTITY]))
            case Control.ROOT:
                other = Home(self._folder / "other")
                other.trust(make_chain(length=len(self.chain.ders)))
                return question._replace(home=other)
            case Control.METADATA:
                return question._replace(metadata={**METADATA, "build": "43"})
            case Control.PAYLOAD:
                spoiled = make_layout(self._folder / "spoiled")
                push(spoiled.path, spoiled.digest, self.media_type, flipped(self.envelope(), self.media_type))
                return question._replace(layout=spoiled.path)
            case Control.EXPIRY:
                late = make_layout(self._folder / "late")
                self.sign_here(late, now=utc_now() - 2 * DAY)
                return question._replace(layout=late.path)
            case Control.ARTIFACT:
                digest = add_artifact(self.layout.path, "v2").digest
                push(self.layout.path, digest, self.media_type, self.envelope())
                return question._replace(digest=digest)

    def envelope(self) -> bytes:
        """The envelope of the first signature."""
        layout = ImageLayout(self.layout.path)
        manifest = next(layout.signatures(layout.resolve(self.layout.digest)))
        return layout.fetch_signature(manifest).envelope


def push(layout: str, digest: str, media_type: str, envelope: bytes) -> str:
    """Stores any envelope as a signature of an artifact, its manifest in order."""
    place = ImageLayout(layout)
    annotations = signature_annotations(["00" * 32], utc_now())
    return place.push_signature(place.resolve(Digest(digest)), media_type, envelope, annotations).digest


def certificates_of(envelope: bytes, media_type: str) -> tuple[bytes, ...]:
    """The chain in an envelope, read without the code that is tested."""
    if media_type == JWS:
        return tuple(base64.b64decode(text) for text in json.loads(envelope)["header"]["x5c"])
    return tuple(cbor2.loads(envelope).value[1][33])
