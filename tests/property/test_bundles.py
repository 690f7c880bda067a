"""Bundles that are changed in any way: they are refused, or their verdicts are the same, and never others."""

import io
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notarykit.bundle.bundle import SignatureBundle
from notarykit.bundle.contents import BundledArtifact, Content
from notarykit.bundle.reading import open_bundle
from notarykit.bundle.verification import offline, verify_bundled
from notarykit.bundle.writing import NewBundle
from notarykit.errors import NotarykitError
from tests.support.bundles import members_of
from tests.support.checking import close_clients
from tests.support.responders import Responder
from tests.unit.bundle.making import Scene

# A verdict: the artifact, the repository, the policy statement, the signature, the signer, the trust and the content.
Verdicts = Sequence[tuple[Any, ...]]


class Made:
    """A bundle, and its verdicts."""

    def __init__(self, folder: Path, scene: Scene, content: Content) -> None:
        self.scene, self.path = scene, folder / "changed.tar"
        self.content = Path(scene.write(folder / f"{content}.tar", content)).read_bytes()
        self.members = members_of(folder / f"{content}.tar")
        self.source = open_bundle(scene.write(folder / "source.tar", Content.MANIFEST))
        self.verdicts = self.verdicts_of(self.content)
        assert self.verdicts is not None

    def verdicts_of(self, content: bytes) -> Verdicts | None:
        """The verdicts on a file, or None if it is refused; any other exception than an error of ours is a fault."""
        self.path.write_bytes(content)
        try:
            bundle = open_bundle(str(self.path))
            used = offline(self.scene.verifier, bundle)
            return [self._verdict(bundle, used, position) for position in range(len(bundle.artifacts))]
        except NotarykitError:
            return None

    @staticmethod
    def _verdict(bundle: SignatureBundle, used: Any, position: int) -> tuple[Any, ...]:
        artifact = bundle.artifacts[position]
        verified = verify_bundled(bundle, artifact, used)
        bundle.check_content(artifact)
        assert verified.signature is not None
        verdict: Any = verified.verdict
        return (
            artifact, verified.artifact, verdict.policy, verified.signature.digest, verdict.chain.ders,
            bundle.digest, bundle.trust.document,
        )  # fmt: skip


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A layout with two signed artifacts."""
    with Responder() as responder:
        yield Scene(tmp_path_factory.mktemp("scene"), responder)
        close_clients()


@pytest.fixture(scope="module", params=list(Content))
def made(request: pytest.FixtureRequest, scene: Scene, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A bundle."""
    return Made(tmp_path_factory.mktemp("bundle"), scene, request.param)


@given(data=st.data())
def test_changed_bytes(made: Made, data: st.DataObject) -> None:
    """Any bytes of the file may be changed."""
    content = bytearray(made.content)
    for _ in range(data.draw(st.integers(1, 3))):
        position = data.draw(st.integers(0, len(content) - 1))
        content[position] = data.draw(st.integers(0, 255))
    assert made.verdicts_of(bytes(content)) in (None, made.verdicts)


@given(data=st.data())
def test_cut_and_grown(made: Made, data: st.DataObject) -> None:
    """The file may be cut anywhere, and have anything behind it or within it."""
    position = data.draw(st.integers(0, len(made.content)))
    added = data.draw(st.binary(max_size=600))
    rest = data.draw(st.sampled_from([b"", made.content[position:]]))
    assert made.verdicts_of(made.content[:position] + added + rest) in (None, made.verdicts)


@given(data=st.data())
def test_changed_members(made: Made, data: st.DataObject) -> None:
    """Members may be swapped, renamed, dropped, doubled, emptied, or of another kind."""
    names = list(made.members)
    members = [(name, made.members[name], tarfile.REGTYPE) for name in names]
    for _ in range(data.draw(st.integers(1, 3))):
        first, second = (data.draw(st.integers(0, len(members) - 1)) for _ in range(2))
        name, content, kind = members[first]
        change = data.draw(st.sampled_from(["swap", "rename", "drop", "double", "empty", "kind", "order", "edit"]))
        if change == "swap":
            members[first] = name, members[second][1], kind
        elif change == "rename":
            members[first] = data.draw(st.sampled_from([*names, f"./{name}", f"x/{name}", f"{name}/"])), content, kind
        elif change == "drop" and len(members) > 1:
            del members[first]
        elif change == "double":
            members.insert(second, members[first])
        elif change == "empty":
            members[first] = name, b"", kind
        elif change == "kind":
            kinds = [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE]
            members[first] = name, content, data.draw(st.sampled_from(kinds))
        elif change == "order":
            members[first], members[second] = members[second], members[first]
        elif content:
            place = data.draw(st.integers(0, len(content) - 1))
            piece = data.draw(st.binary(max_size=4))
            members[first] = name, content[:place] + piece + content[place + len(piece) :], kind
    assert made.verdicts_of(_packed(members, data.draw(st.sampled_from([0, 1, 2])))) in (None, made.verdicts)


def _packed(members: Sequence[tuple[str, bytes, bytes]], form: int) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=form) as archive:
        for name, content, kind in members:
            info = tarfile.TarInfo(name)
            info.type = kind
            if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE):
                info.linkname = "index.json"
            else:
                info.size = len(content)
            archive.addfile(info, io.BytesIO(content) if info.size else None)
    return file.getvalue()


@given(data=st.data())
def test_changed_words(made: Made, data: st.DataObject) -> None:
    """Words that several documents have in common may be exchanged everywhere, with all digests as they were."""
    words = [
        b"local/tests",
        b"sha256:",
        b"full",
        b"manifest",
        b"none",
        b"strict",
        b"audit",
        b"mediaType",
        b"ca:tests",
        b'"*"',
    ]
    old, new = (data.draw(st.sampled_from(words)) for _ in range(2))
    assert made.verdicts_of(made.content.replace(old, new.ljust(len(old))[: len(old)])) in (None, made.verdicts)


@given(data=st.data())
def test_bundles_of_an_attacker(made: Made, data: st.DataObject) -> None:
    """Whoever puts the parts together in another way, all digests right, gets no artifact verified by other signatures.

    A signature counts for the artifact that it is for, whatever the bundle calls it.
    """
    source = made.source
    signed = {each.artifact.digest: {signature.digest for signature in each.signatures} for each in source.artifacts}
    signatures = [signature for each in source.artifacts for signature in each.signatures]
    descriptors = [each.artifact for each in source.artifacts]
    artifacts = [
        BundledArtifact(
            data.draw(st.sampled_from(["local/tests", "local/other", "registry.example.com/hello"])),
            data.draw(st.sampled_from(["", "v1", "v2"])),
            data.draw(st.sampled_from(descriptors)),
            tuple(data.draw(st.lists(st.sampled_from(signatures), max_size=3))),
        )
        for _ in range(data.draw(st.integers(1, 3)))
    ]
    content = data.draw(st.sampled_from([Content.MANIFEST, Content.NONE]))
    evidence = tuple(data.draw(st.lists(st.sampled_from(source.contents.evidence), max_size=3)))
    contents = source.contents._replace(content=content, artifacts=tuple(artifacts), evidence=evidence)
    ders = {part.descriptor.digest: source.evidence_der(part) for part in evidence}
    forged = SignatureBundle("forged", contents, source.trust, ders, source.blobs)
    small = {name.removeprefix("blobs/").replace("/", ":"): each for name, each in members_of(source.name).items()}
    known = {each.digest for artifact in artifacts for each in (artifact.artifact, *artifact.signatures)}
    used = {digest: each for digest, each in small.items() if digest in known or data.draw(st.booleans())}
    try:
        NewBundle(forged, used, {}).write(str(made.path))
        bundle = open_bundle(str(made.path))
    except NotarykitError:
        return
    verifier = offline(made.scene.verifier, bundle)
    for artifact in bundle.artifacts:
        try:
            verified = verify_bundled(bundle, artifact, verifier)
        except NotarykitError:
            continue
        assert verified.signature is not None
        assert verified.signature.digest in signed[artifact.artifact.digest]
