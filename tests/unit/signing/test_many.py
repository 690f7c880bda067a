"""Several artifacts at once: what came of each, in order, and when their lists are looked at again."""

import threading
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from notarykit._internal.rfc3339 import utc_now
from notarykit.batch.ordered import map_ordered
from notarykit.envelope.descriptor import Descriptor
from notarykit.errors import ArtifactNotFoundError, UnforeseenError, UnlistedSignatureError
from notarykit.keys.chain import check_chain
from notarykit.keys.local import LocalSigner
from notarykit.oci.layout import ImageLayout
from notarykit.oci.reference import LayoutReference, Reference, Tag, parse_layout_reference
from notarykit.oci.registry.registries import Registries
from notarykit.oci.repository import PushedSignature, Repository
from notarykit.signing.artifact import SignedArtifact, sign_artifact
from notarykit.signing.many import ReferenceSigning
from notarykit.signing.options import DEFAULT_OPTIONS, SignOptions
from tests.support.ca import make_chain
from tests.unit.oci.layouts import Layout
from tests.unit.signers import CHAIN

SIGNER = LocalSigner(CHAIN.leaf_key, check_chain(CHAIN.ders))


class _Pushed:
    def __init__(self, manifest: Descriptor, happened: list[str], *, fails: bool = False) -> None:
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

    def __init__(self, path: str, happened: list[str], pushed: Callable[..., PushedSignature]) -> None:
        super().__init__(path)
        self._happened = happened
        self._pushed = pushed

    def begin_push(
        self, subject: Descriptor, media_type: str, envelope: bytes, annotations: Mapping[str, str]
    ) -> PushedSignature:
        """Stores a signature and notes it."""
        self._happened.append("pushed")
        manifest = self.push_signature(subject, media_type, envelope, annotations)
        return self._pushed(manifest, self._happened)


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A layout with one artifact, `v1`."""
    layout = Layout(tmp_path / "layout")
    layout.write_index([layout.put_artifact(tag="v1")])
    return str(layout.path)


def test_one_waits_for_its_own(path: str) -> None:
    """A single signature is waited for, and its failure is the caller's."""
    happened: list[str] = []
    sign_artifact(_Slow(path, happened, _Pushed), Tag("v1"), SIGNER)
    assert happened == ["pushed", "waited True"]
    with pytest.raises(UnlistedSignatureError):
        sign_artifact(_Slow(path, happened, partial(_Pushed, fails=True)), Tag("v1"), SIGNER)


class _Places(Registries):
    """Registries that open the repositories of a test, by the path of the reference."""

    def __init__(self, **places: Callable[[], Repository]) -> None:
        super().__init__()
        self._places = places

    def open(self, reference: Reference | LayoutReference) -> Repository:
        """Opens one."""
        assert isinstance(reference, LayoutReference)
        return self._places[reference.path]()


def _sign(places: _Places, *references: str, options: SignOptions = DEFAULT_OPTIONS) -> list[object]:
    work = ReferenceSigning(lambda: SIGNER, places, options)
    outcomes = map_ordered(work, map(parse_layout_reference, references), jobs=1)
    return [outcome.error or outcome.result for outcome in outcomes]


def test_others_are_signed_while_one_waits_to_be_listed(path: str) -> None:
    """Nothing is listed before the last is pushed, with one signature at a time, and each has its own result."""
    happened: list[str] = []
    all_pushed = threading.Event()

    class Slow(_Slow):
        def begin_push(self, *arguments: Any) -> PushedSignature:
            pushed = super().begin_push(*arguments)
            if happened.count("pushed") == 3:
                all_pushed.set()
            return pushed

    class Pushed(_Pushed):
        def is_listed(self, *, wait: bool = True) -> bool:
            assert all_pushed.wait(20)
            return super().is_listed(wait=wait)

    places = _Places(
        good=lambda: Slow(path, happened, Pushed), bad=lambda: Slow(path, happened, partial(Pushed, fails=True))
    )
    options = SignOptions(user_metadata={"a": "b"})
    results = _sign(places, "good:v1", "bad:v1", "good:v2", "good:v1", options=options)
    assert happened[:3] == ["pushed"] * 3
    kinds = [type(result) for result in results]
    assert kinds == [SignedArtifact, UnlistedSignatureError, ArtifactNotFoundError, SignedArtifact]


def test_mistake_does_not_cost_the_others_their_results(path: str) -> None:
    """Whatever one artifact's place raises, each has its own result."""

    def breaks() -> Repository:
        raise ZeroDivisionError("swordfish")

    results = _sign(_Places(broken=breaks, good=lambda: ImageLayout(path)), "broken:v1", "good:v1")
    assert [type(result) for result in results] == [UnforeseenError, SignedArtifact]


def _again(path: str, options: SignOptions = DEFAULT_OPTIONS) -> tuple[SignedArtifact, int]:
    """Signs once more as after a worker's death, and returns the result and the number of signatures then."""
    work = ReferenceSigning(lambda: SIGNER, Registries(), options)
    signed = work.finish(work.begin_again(parse_layout_reference(f"{path}:v1")))
    return signed, len(list(ImageLayout(path).signatures(signed.artifact)))


def test_signature_of_a_worker_that_died_is_not_made_twice(path: str) -> None:
    """The signature that it had stored is the result."""
    first = sign_artifact(ImageLayout(path), Tag("v1"), SIGNER)
    again, count = _again(path)
    assert again.manifest.digest == first.manifest.digest
    assert again.signature.envelope == first.signature.envelope
    assert count == 1


def test_signature_that_a_worker_did_not_store_is_made(path: str) -> None:
    """There is none before, and one after."""
    assert _again(path)[1] == 1


def test_signature_of_another_content_or_time_is_not_the_dead_worker_s(path: str) -> None:
    """Other metadata, another certificate and an earlier run do not count."""
    other = make_chain()
    sign_artifact(ImageLayout(path), Tag("v1"), SIGNER, SignOptions(user_metadata={"a": "b"}))
    sign_artifact(ImageLayout(path), Tag("v1"), LocalSigner(other.leaf_key, check_chain(other.ders)))
    sign_artifact(ImageLayout(path), Tag("v1"), SIGNER, SignOptions(now=utc_now() - timedelta(hours=1)))
    assert _again(path)[1] == 4
