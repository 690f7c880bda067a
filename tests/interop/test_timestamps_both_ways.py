"""What one side signs and has stamped, the other verifies, under a policy that wants a timestamp."""

import base64
import json
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from notarykit.errors import AuthenticTimestampError, NoAcceptedSignatureError, TimestampError
from notarykit.keys.local import LocalSigner
from notarykit.net.anonymous import anonymous_client
from notarykit.oci.layout import ImageLayout
from notarykit.revocation.checker import RevocationChecker
from notarykit.signing.artifact import sign_artifact
from notarykit.signing.options import SignOptions
from notarykit.timestamp.client import TimestampAuthority, TimestampClient
from notarykit.trust.parsing import parse_policy_document
from notarykit.trust.store import DirectoryTrustStore
from notarykit.verification.verdict import Verified
from notarykit.verification.verifier import verify_artifact
from tests.interop.go_peer import Peer
from tests.servers.timestamp import digitorus
from tests.servers.timestamp.authority import Authority
from tests.servers.timestamp.conftest import digitorus_program, digitorus_tsa, tsa_chain
from tests.support.ca import TestChain, make_chain
from tests.support.envelopes import FORMATS
from tests.support.homes import SCOPE, Home, policy_document
from tests.support.layouts import make_layout, read_index

__all__ = ["digitorus_program", "digitorus_tsa", "tsa_chain"]

SPECS = ("RSA-2048", "RSA-3072", "EC-256", "EC-384", "EC-521")
STEP = "authenticTimestamp"


class Scene:
    """A signer, an artifact, and settings that trust the signer and an authority."""

    def __init__(self, folder: Path, spec: str, media_type: str, trusted_root: TestChain) -> None:
        """Makes the files."""
        self.chain = make_chain(spec)
        self._media_type = media_type
        self._home = Home(folder / "home")
        self._home.trust(self.chain)
        self._home.trust(trusted_root, kind="tsa")
        self._key_file, self._chain_file = self._home.add_key(self.chain)
        self._layout = make_layout(folder / "layout")

    @property
    def signatures(self) -> int:
        """How many signatures are stored beside the artifact."""
        return len(read_index(self._layout.path)["manifests"]) - 1

    def sign_here(self, authority: Authority, root: bytes | None = None) -> None:
        """Signs on this side, with a timestamp."""
        client = anonymous_client()
        stamper = TimestampClient(
            [TimestampAuthority(authority.url, root or authority.root)], RevocationChecker(None), client=client
        )
        try:
            sign_artifact(
                ImageLayout(self._layout.path),
                self._layout.digest,
                LocalSigner.from_files(str(self._key_file), str(self._chain_file)),
                SignOptions(media_type=self._media_type, timestamper=stamper),
            )
        finally:
            client.close()

    def sign_there(self, peer: Peer, authority: Authority | None) -> None:
        """Signs on the Go side, with a timestamp if there is an authority."""
        stamping: dict[str, object] = {}
        if authority is not None:
            stamping = {"timestampUrl": authority.url, "timestampRoot": base64.b64encode(authority.root).decode()}
        answer = peer.ask(
            "sign",
            layout=self._layout.path,
            digest=self._layout.digest,
            keyFile=str(self._key_file),
            chainFile=str(self._chain_file),
            mediaType=self._media_type,
            **stamping,
        )
        assert answer["ok"], answer["error"]

    def failed_there(self, peer: Peer, option: str = "always") -> dict[str, str]:
        """The validations that fail on the Go side, with their errors."""
        answer = peer.ask(
            "verify",
            layout=self._layout.path,
            digest=self._layout.digest,
            scope=SCOPE,
            policy=_policy(option),
            trustStore=str(self._home.folder),
        )
        failed = {each["type"]: each["error"] for each in answer["results"] if each["error"]}
        assert answer["ok"] is not bool(failed)
        return failed

    def verify_here(self, option: str = "always") -> None:
        """Verifies on this side.

        Raises:
            AuthenticTimestampError: The timestamp failed, and nothing before it.
        """
        try:
            verified = verify_artifact(
                ImageLayout(self._layout.path),
                self._layout.digest,
                SCOPE,
                parse_policy_document(json.dumps(_policy(option)).encode()),
                DirectoryTrustStore(str(self._home.folder / "truststore")),
            )
        except NoAcceptedSignatureError as error:
            ((_, failure),) = error.failures
            raise failure from None
        assert isinstance(verified.verdict, Verified)
        note = next(each.note for each in verified.verdict.results if each.step == STEP)
        assert note.startswith("timestamp of 2") is (option == "always")


def _policy(option: str) -> dict[str, Any]:
    document = policy_document(stores=["ca:tests", "tsa:tests"])
    document["trustPolicies"][0]["signatureVerification"]["verifyTimestamp"] = option
    return document


@pytest.fixture
def stranger() -> TestChain:
    """An authority that nobody knows."""
    return make_chain("RSA-2048", purpose="timestamping")


@pytest.fixture(scope="module", params=["RSA-2048", "EC-384"])
def authority(request: pytest.FixtureRequest, digitorus_program: str) -> Iterator[tuple[Authority, TestChain]]:
    """An authority with each kind of key."""
    chain = make_chain(request.param, purpose="timestamping")
    hash_name = "sha384" if request.param == "EC-384" else "sha256"
    with digitorus.running(digitorus_program, chain, hash_name=hash_name) as running:
        yield running, chain


@pytest.mark.parametrize(("spec", "media_type"), list(product(SPECS, FORMATS)))
def test_stamped_here_verified_there(
    peer: Peer,
    tmp_path: Path,
    authority: tuple[Authority, TestChain],
    stranger: TestChain,
    spec: str,
    media_type: str,
) -> None:
    """Go accepts our signature with its timestamp, and refuses it where it trusts another authority."""
    running, chain = authority
    good = Scene(tmp_path / "good", spec, media_type, chain)
    good.sign_here(running)
    assert good.signatures == 1
    assert good.failed_there(peer) == {}
    good.verify_here()

    bad = Scene(tmp_path / "bad", spec, media_type, stranger)
    bad.sign_here(running)
    assert bad.failed_there(peer).keys() == {STEP}
    with pytest.raises(AuthenticTimestampError, match="trusted root"):
        bad.verify_here()
    assert bad.failed_there(peer, "afterCertExpiry") == {}
    bad.verify_here("afterCertExpiry")


@pytest.mark.parametrize(("spec", "media_type"), list(product(SPECS, FORMATS)))
def test_stamped_there_verified_here(
    peer: Peer,
    tmp_path: Path,
    authority: tuple[Authority, TestChain],
    stranger: TestChain,
    spec: str,
    media_type: str,
) -> None:
    """Our side accepts Go's signature with its timestamp, and refuses it where it trusts another authority."""
    running, chain = authority
    good = Scene(tmp_path / "good", spec, media_type, chain)
    good.sign_there(peer, running)
    good.verify_here()
    assert good.failed_there(peer) == {}

    bad = Scene(tmp_path / "bad", spec, media_type, stranger)
    bad.sign_there(peer, running)
    with pytest.raises(AuthenticTimestampError, match="trusted root"):
        bad.verify_here()
    assert bad.failed_there(peer).keys() == {STEP}
    bad.verify_here("afterCertExpiry")


@pytest.mark.parametrize("media_type", FORMATS)
def test_without_a_timestamp(peer: Peer, tmp_path: Path, tsa_chain: TestChain, media_type: str) -> None:
    """Both sides want a timestamp where the policy says so."""
    scene = Scene(tmp_path / "scene", "EC-256", media_type, tsa_chain)
    scene.sign_there(peer, None)
    assert scene.failed_there(peer).keys() == {STEP}
    with pytest.raises(AuthenticTimestampError, match="has none"):
        scene.verify_here()
    scene.verify_here("afterCertExpiry")


@pytest.mark.parametrize("media_type", FORMATS)
def test_an_authority_that_the_signer_does_not_trust(
    tmp_path: Path, digitorus_tsa: Authority, stranger: TestChain, media_type: str
) -> None:
    """Our side stores no signature where the timestamp was not to be had."""
    scene = Scene(tmp_path / "scene", "EC-256", media_type, stranger)
    with pytest.raises(TimestampError, match="trusted root"):
        scene.sign_here(digitorus_tsa, stranger.ders[-1])
    assert scene.signatures == 0
