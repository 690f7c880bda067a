"""Collection for bundles: repositories that list in another order, or say something that is not so."""

import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from notarykit.bundle.contents import Content
from notarykit.bundle.creation import CollectedArtifact, collect_artifact, new_bundle
from notarykit.bundle.reading import open_bundle
from notarykit.envelope.descriptor import Descriptor
from notarykit.errors import ContentError, StorageError
from notarykit.oci.layout import ImageLayout
from notarykit.oci.reference import Digest, Tag
from notarykit.oci.repository import Repository
from notarykit.verification.artifact import ArtifactRequest
from tests.support.homes import SCOPE
from tests.support.layouts import MANIFEST_TYPE, add_blob, add_image_index, blob_path, read_index, write_index
from tests.unit.bundle.making import Scene, verdicts


class _Listing(ImageLayout):
    """Layout that lists all signatures in it for any artifact, the last one first."""

    def signatures(self, subject: Descriptor) -> Iterator[Descriptor]:
        entries = [entry for entry in self._manifests() if self._read_subject(entry) is not None]
        return reversed(entries)


class _Reversed(ImageLayout):
    """Layout that lists the signatures of an artifact in the opposite order."""

    def signatures(self, subject: Descriptor) -> Iterator[Descriptor]:
        return reversed(list(super().signatures(subject)))


def _collect(scene: Scene, repository: Repository, digest: str, content: Content = Content.NONE) -> CollectedArtifact:
    return collect_artifact(scene.verifier, ArtifactRequest(lambda: repository, Digest(digest), SCOPE), content)


def test_signatures_of_others_are_left_out(scene: Scene) -> None:
    """A signature that a repository lists, and whose manifest is for another artifact, is no part of the bundle."""
    for digest in scene.digests:
        collected = _collect(scene, _Listing(scene.layout.path), digest)
        right = [each.digest for each in scene.repository.signatures(collected.artifact.artifact)]
        assert [each.digest for each in collected.artifact.signatures] == right
        assert any("its manifest is for sha256:" in error.message for _, error in collected.problems)


def test_order_of_the_list_does_not_count(scene: Scene, tmp_path: Path) -> None:
    """Signatures are in the order of their digests, however the repository lists them."""
    scene.sign(scene.digests[0])
    scene.sign(scene.digests[0])
    first = scene.write(tmp_path / "first.tar")
    second = scene.write(tmp_path / "second.tar", repository=_Reversed(scene.layout.path))
    assert Path(first).read_bytes() == Path(second).read_bytes()
    assert len(open_bundle(first).artifacts[0].signatures) == 3
    assert len(verdicts(first, scene.verifier)) == 2


@pytest.fixture
def copy(scene: Scene, tmp_path: Path) -> str:
    """A copy of the layout, for changes."""
    return str(shutil.copytree(scene.layout.path, tmp_path / "copy"))


@pytest.mark.parametrize("change", [{"size": 1}, {"mediaType": "application/vnd.docker.distribution.manifest.v2+json"}])
def test_index_that_lies(scene: Scene, copy: str, change: dict[str, object]) -> None:
    """What an index says of a manifest is compared with the manifest."""
    digests = add_image_index(copy, "multi", ["linux/amd64"])
    index = json.loads(blob_path(copy, digests["index"]).read_bytes())
    entries = read_index(copy)
    manifest = {**index["manifests"][0]}
    del manifest["platform"]
    index["manifests"][0].update(change)
    content = json.dumps(index).encode()
    entry = {"mediaType": index["mediaType"], "digest": add_blob(copy, content), "size": len(content)}
    write_index(copy, {**entries, "manifests": [*entries["manifests"][:-1], manifest, entry]})
    with pytest.raises(ContentError, match="has another media type or size than the index says"):
        _collect(scene, ImageLayout(copy), str(entry["digest"]), Content.FULL)


def test_absent_artifact(scene: Scene) -> None:
    """An artifact that is not there is an error of storage, by tag and by digest."""
    for identifier in (Digest(f"sha256:{'0' * 64}"), Tag("absent")):
        request = ArtifactRequest(lambda: scene.repository, identifier, SCOPE)
        with pytest.raises(StorageError):
            collect_artifact(scene.verifier, request, Content.FULL)


def test_digest_that_does_not_fit(scene: Scene, copy: str, tmp_path: Path) -> None:
    """The name of a blob by SHA-512 is too long for a plain tar file; such an artifact goes by its digest alone."""
    content = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST_TYPE}).encode()
    digest = Digest(f"sha512:{hashlib.sha512(content).hexdigest()}")
    blob_path(copy, digest).parent.mkdir()
    blob_path(copy, digest).write_bytes(content)
    entries = read_index(copy)
    entry = {"mediaType": MANIFEST_TYPE, "digest": digest, "size": len(content)}
    write_index(copy, {**entries, "manifests": [*entries["manifests"], entry]})
    with pytest.raises(StorageError, match="is too long a name for a tar file"):
        scene.write(tmp_path / "x.tar", repository=ImageLayout(copy), digests=[digest])
    open_bundle(scene.write(tmp_path / "x.tar", Content.NONE, ImageLayout(copy), [digest]))


def test_proposal_is_of_the_statements_that_apply(scene: Scene) -> None:
    """Statements for other repositories, and their trust stores, stay with the maker of a bundle."""
    (policy,) = scene.verifier.policies.policies
    own, other = policy._replace(scopes=(SCOPE,)), policy._replace(name="secret", scopes=("local/secret",))
    verifier = scene.verifier._replace(policies=scene.verifier.policies._replace(policies=(other, own)))
    request = ArtifactRequest(lambda: scene.repository, scene.digests[0], SCOPE)
    made = new_bundle(Content.NONE, verifier, [collect_artifact(verifier, request, Content.NONE)])
    assert made.bundle.trust.policies.policies == (own,)
