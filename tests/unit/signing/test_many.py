"""Several artifacts at once: what came of each, in order, and when their lists are looked at again."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from notarykit.envelope.descriptor import Descriptor
from notarykit.errors import ArtifactNotFoundError, UnforeseenError, UnlistedSignatureError
from notarykit.keys.chain import check_chain
from notarykit.keys.local import LocalSigner
from notarykit.oci.layout import ImageLayout
from notarykit.oci.reference import Tag
from notarykit.oci.repository import PushedSignature, Repository
from notarykit.signing.artifact import SignedArtifact, sign_artifact
from notarykit.signing.many import sign_artifacts
from notarykit.signing.options import SignOptions
from tests.unit.oci.layouts import Layout
from tests.unit.signers import CHAIN

SIGNER = LocalSigner(CHAIN.leaf_key, check_chain(CHAIN.ders))


class _Pushed:
    def __init__(self, manifest: Descriptor, happened: list[str], *, fails: bool) -> None:
        self.manifest = manifest
        self._happened = happened
        self._fails = fails

    def is_listed(self, *, wait: bool = True) -> bool:
        self._happened.append(f"waited {wait}")
        if self._fails:
            raise UnlistedSignatureError("not listed", manifest=self.manifest.digest)
        return True


class _Slow(ImageLayout):
    """A layout of which it takes a while to know that a signature is listed."""

    def __init__(self, path: str, happened: list[str], *, fails: bool = False) -> None:
        super().__init__(path)
        self._happened = happened
        self._fails = fails

    def begin_push(
        self, subject: Descriptor, media_type: str, envelope: bytes, annotations: Mapping[str, str]
    ) -> PushedSignature:
        """Stores a signature and notes it."""
        self._happened.append("pushed")
        manifest = self.push_signature(subject, media_type, envelope, annotations)
        return _Pushed(manifest, self._happened, fails=self._fails)


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A layout with one artifact, `v1`."""
    layout = Layout(tmp_path / "layout")
    layout.write_index([layout.put_artifact(tag="v1")])
    return str(layout.path)


def test_one_waits_for_its_own(path: str) -> None:
    """A single signature is waited for, and its failure is the caller's."""
    happened: list[str] = []
    sign_artifact(_Slow(path, happened), Tag("v1"), SIGNER)
    assert happened == ["pushed", "waited True"]
    with pytest.raises(UnlistedSignatureError):
        sign_artifact(_Slow(path, happened, fails=True), Tag("v1"), SIGNER)


def test_several_wait_when_all_are_pushed(path: str) -> None:
    """Nothing is waited for before the last is pushed, and each has its own result."""
    happened: list[str] = []

    def opens(*, fails: bool) -> Repository:
        return _Slow(path, happened, fails=fails)

    found = sign_artifacts(
        [
            (lambda: opens(fails=False), Tag("v1")),
            (lambda: opens(fails=True), Tag("v1")),
            (lambda: opens(fails=False), Tag("v2")),
            (lambda: ImageLayout(path), Tag("v1")),
        ],
        SIGNER,
        SignOptions(user_metadata={"a": "b"}),
    )
    assert happened == ["pushed", "pushed", "waited True", "waited True"]
    assert [type(each) for each in found] == [
        SignedArtifact,
        UnlistedSignatureError,
        ArtifactNotFoundError,
        SignedArtifact,
    ]


def test_a_mistake_does_not_cost_the_others_their_results(path: str) -> None:
    """Whatever one artifact's place raises, each has its own result."""

    def breaks() -> Repository:
        raise ZeroDivisionError("swordfish")

    found = sign_artifacts([(breaks, Tag("v1")), (lambda: ImageLayout(path), Tag("v1"))], SIGNER)
    assert [type(each) for each in found] == [UnforeseenError, SignedArtifact]
