"""A signer, a blob and the settings that trust the signer, as both sides of an interop test of blobs see them."""

import base64
import json
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

import cbor2

from notarykit import SignOptions, sign_blob
from notarykit._internal.rfc3339 import utc_now
from notarykit.blob.content import FileBlob
from notarykit.blob.signature_file import DetachedSignature
from notarykit.keys.local import LocalSigner
from notarykit.trust.parsing import parse_blob_policy_document
from notarykit.trust.store import DirectoryTrustStore
from notarykit.verification.blob import BlobVerifier, VerifiedBlob
from notarykit.verification.verdict import Verified
from tests.interop.go_peer import Peer
from tests.interop.scene import DAY, METADATA
from tests.support.ca import TestChain, make_chain
from tests.support.envelopes import JWS, from_url64
from tests.support.homes import OTHER_IDENTITY, Home, blob_policy_document
from tests.support.signatures import flipped

CONTENT = "Grüße aus dem Büro\n".encode()
CONTENT_TYPE = 'text/plain; charset="utf-8"'


class Control(StrEnum):
    """What is wrong in a negative control; everything else is as in the positive one before it."""

    IDENTITY = "another identity is trusted"
    ROOT = "another root is trusted"
    METADATA = "other metadata is wanted"
    PAYLOAD = "a byte of the payload is flipped"
    EXPIRY = "the signature has expired"
    CONTENT = "a byte of the blob is another"
    LENGTH = "the blob has a byte more"
    TYPE = "another media type is wanted"
    NAME = "no statement has the name"
    GLOBAL = "no statement is the global one"


class BlobQuestion(NamedTuple):
    """A verification that either side can be asked for.

    Attributes:
        blob: The blob's file.
        envelope: The signature.
        media_type: The envelope's format.
        home: The settings whose trust stores count.
        policy: The trust policy.
        policy_name: The name of the statement, or an empty text for the global one.
        content_type: The blob's media type that is wanted, or an empty text for any.
        metadata: The metadata that is wanted.
        plugins: The folder with verification plugins, which the environment names to this side.
        plugin_config: The settings for them.
        now: The time of the verification, or None for the present; the Go side knows only the present.
    """

    blob: Path
    envelope: bytes
    media_type: str
    home: Home
    policy: Mapping[str, Any]
    policy_name: str = ""
    content_type: str = CONTENT_TYPE
    metadata: Mapping[str, str] = METADATA
    plugins: Path | None = None
    plugin_config: Mapping[str, str] = {}
    now: datetime | None = None

    def ask_peer(self, peer: Peer) -> dict[str, Any]:
        """The answer of the Go side."""
        assert self.now is None
        return peer.ask(
            "verify",
            blob=str(self.blob),
            envelope=base64.b64encode(self.envelope).decode(),
            mediaType=self.media_type,
            policy=base64.b64encode(json.dumps(self.policy).encode()).decode(),
            policyName=self.policy_name,
            contentMediaType=self.content_type,
            trustStore=str(self.home.folder),
            metadata=dict(self.metadata),
            folder=str(self.plugins or ""),
            pluginConfig=dict(self.plugin_config),
        )

    def ask_us(self) -> VerifiedBlob:
        """The answer of this side."""
        document = parse_blob_policy_document(json.dumps(self.policy).encode())
        store = DirectoryTrustStore(str(self.home.folder / "truststore"))
        verifier = BlobVerifier(document, store, now=self.now, plugin_config=self.plugin_config)
        return verifier.blob(
            FileBlob(self.blob),
            DetachedSignature(self.media_type, self.envelope),
            policy_name=self.policy_name,
            content_media_type=self.content_type,
            user_metadata=self.metadata,
        )


class BlobScene:
    """One signer and one blob.

    Attributes:
        chain: The signer's chain.
        media_type: The format in which both sides sign.
        home: Settings that list the signer's key and trust its root.
        key_file: The signer's key.
        chain_file: Its chain.
        blob: The blob's file.
    """

    def __init__(self, folder: Path, spec: str = "EC-256", media_type: str = JWS, length: int = 3) -> None:
        """Makes the files of both."""
        self._folder = folder
        self.chain: TestChain = make_chain(spec, length)
        self.media_type = media_type
        self.home = Home(folder / "home")
        self.home.trust(self.chain)
        self.key_file, self.chain_file = self.home.add_key(self.chain)
        self.blob = self.file("blob", CONTENT)

    def file(self, name: str, content: bytes) -> Path:
        """Makes a file beside the blob's."""
        path = self._folder / name
        path.write_bytes(content)
        return path

    def sign_here(self, content_type: str = CONTENT_TYPE, **options: Any) -> bytes:
        """Signs on this side and returns the envelope; the options come before the usual ones."""
        usual: dict[str, Any] = {"media_type": self.media_type, "expires_in": DAY, "user_metadata": METADATA}
        signer = LocalSigner.from_files(str(self.key_file), str(self.chain_file))
        signed = sign_blob(self.blob, signer, SignOptions(**{**usual, **options}), content_media_type=content_type)
        return signed.signature.envelope

    def sign_there(self, peer: Peer, **members: object) -> bytes:
        """Signs on the Go side and returns the envelope; the members come before the usual ones."""
        answer = self.ask_to_sign(peer, "sign", **self.key() | members)
        assert answer["ok"], answer["error"]
        return base64.b64decode(answer["envelope"])

    def key(self) -> dict[str, str]:
        """The members of a request that name the key."""
        return {"keyFile": str(self.key_file), "chainFile": str(self.chain_file)}

    def ask_to_sign(self, peer: Peer, op: str, **members: object) -> dict[str, Any]:
        """The Go side's answer to a request to sign the blob; the members come before the usual ones."""
        usual = {
            "blob": str(self.blob),
            "mediaType": self.media_type,
            "contentMediaType": CONTENT_TYPE,
            "metadata": METADATA,
            "expirySeconds": int(DAY.total_seconds()),
        }
        return peer.ask(op, **usual | members)

    def question(self, envelope: bytes, **policy: Any) -> BlobQuestion:
        """The verification that must succeed, under a policy that is changed as `blob_policy_document` is told."""
        return BlobQuestion(self.blob, envelope, self.media_type, self.home, blob_policy_document(**policy))

    def spoiled(self, envelope: bytes, **policy: Any) -> dict[Control, BlobQuestion]:
        """The same verification with one thing wrong; the signature that has expired is another one, made here."""
        question = self.question(envelope, **policy)
        stranger = Home(self._folder / "stranger")
        stranger.trust(make_chain(length=len(self.chain.ders)))
        return {
            Control.IDENTITY: self.question(envelope, **policy, identities=[OTHER_IDENTITY]),
            Control.ROOT: question._replace(home=stranger),
            Control.METADATA: question._replace(metadata={**METADATA, "build": "43"}),
            Control.PAYLOAD: question._replace(envelope=flipped(envelope, self.media_type)),
            Control.EXPIRY: question._replace(envelope=self.sign_here(now=utc_now() - 2 * DAY)),
            Control.CONTENT: question._replace(blob=self.file("other", CONTENT[:-1] + b"\r")),
            Control.LENGTH: question._replace(blob=self.file("longer", CONTENT + b"\n")),
            Control.TYPE: question._replace(content_type="text/plain"),
            Control.NAME: question._replace(policy_name="Tests"),
            Control.GLOBAL: self.question(envelope, **policy, is_global=False),
        }


def accepted(peer: Peer, question: BlobQuestion) -> Verified:
    """Has both sides accept, and returns our verdict."""
    there = question.ask_peer(peer)
    assert there["ok"], there["error"]
    verdict = question.ask_us().verdict
    assert isinstance(verdict, Verified)
    return verdict


def payload_of(envelope: bytes, media_type: str) -> Any:
    """The payload of an envelope, read without the code that is tested."""
    if media_type == JWS:
        return json.loads(from_url64(json.loads(envelope)["payload"]))
    return json.loads(cbor2.loads(envelope).value[2])
