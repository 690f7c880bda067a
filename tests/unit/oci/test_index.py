"""Image indexes: the manifests below one."""

from typing import Any

import pytest

from notarykit.errors import ArtifactNotFoundError, ContentError, NotarykitWarning, StorageError
from notarykit.oci import index as indexes
from notarykit.oci.index import IndexMember, index_members
from notarykit.oci.layout import ImageLayout
from notarykit.oci.reference import Tag
from notarykit.oci.repository import Repository
from tests.unit.oci.indexes import UNKNOWN, Plain, attestation, digests, image, put_index, tagged
from tests.unit.oci.layouts import INDEX, Layout, descriptor_of, encoded, entry

DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


def test_artifact_that_is_no_index_is_alone(layout: Layout) -> None:
    """An artifact that is no index is its only member."""
    artifact = layout.put_artifact()
    assert index_members(tagged(layout, artifact), Tag("v1")) == (IndexMember(descriptor_of(artifact)),)


@pytest.mark.parametrize("media_type", [INDEX, DOCKER_LIST])
def test_members_of_nested_indexes_once_each(layout: Layout, media_type: str) -> None:
    """The manifests of an index and of those below it come once each, parents first, with platform and parent."""
    amd, arm, windows = (image(layout, text) for text in ("linux/amd64", "linux/arm64", "windows/amd64"))
    inner = put_index(layout, [arm, amd], media_type)
    root = put_index(layout, [amd, inner, windows, inner, arm], media_type)
    members = index_members(tagged(layout, root), Tag("v1"))
    assert digests(members) == [part["digest"] for part in (root, amd, inner, arm, windows)]
    assert [str(member.platform or "") for member in members] == ["", "linux/amd64", "", "linux/arm64", "windows/amd64"]
    parents = ["", root["digest"], root["digest"], inner["digest"], root["digest"]]
    assert [member.parent for member in members] == parents
    assert all(member.error is None for member in members)


def test_attestations_are_left_out_unless_wanted(layout: Layout) -> None:
    """Attestation manifests of BuildKit are left out by default, and included on demand."""
    amd = image(layout, "linux/amd64")
    about = attestation(layout, amd)
    repository = tagged(layout, put_index(layout, [amd, about]))
    assert about["digest"] not in digests(index_members(repository, Tag("v1")))
    assert digests(index_members(repository, Tag("v1"), attestations=True))[1:] == [amd["digest"], about["digest"]]


@pytest.mark.parametrize(
    "changes",
    [
        {"platform": {"os": "linux", "architecture": "amd64"}},
        {"platform": None},
        {"annotations": {"vnd.docker.reference.type": "other", "vnd.docker.reference.digest": "sha256:0"}},
        {"annotations": {"vnd.docker.reference.type": "attestation-manifest"}},
    ],
)
def test_manifest_that_may_be_run_is_no_attestation(layout: Layout, changes: dict[str, Any]) -> None:
    """An entry that lacks one of the marks of an attestation manifest is not left out."""
    amd = image(layout, "linux/amd64")
    marked = {**attestation(layout, amd), **changes}
    assert marked["digest"] in digests(index_members(tagged(layout, put_index(layout, [amd, marked])), Tag("v1")))


def test_image_that_is_listed_as_attestation_too(layout: Layout) -> None:
    """A manifest with an entry as an attestation and one for a platform is a member, in either order."""
    amd = image(layout, "linux/amd64")
    marks = {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": amd["digest"]}
    hidden = {**amd, "annotations": marks, "platform": UNKNOWN}
    for entries in ([hidden, amd], [amd, hidden]):
        assert amd["digest"] in digests(index_members(tagged(layout, put_index(layout, entries)), Tag("v1")))


def test_entries_that_are_no_manifests_are_left_out_with_a_warning(layout: Layout) -> None:
    """Entries of other media types are left out, and a warning names the types."""
    amd, other = image(layout, "linux/amd64"), entry(b"text", "text/plain")
    repository = tagged(layout, put_index(layout, [other, amd, other]))
    with pytest.warns(NotarykitWarning, match="1 entries are left out, being no manifests by their type: text/plain"):
        members = index_members(repository, Tag("v1"))
    assert digests(members)[1:] == [amd["digest"]]


def test_absent_children_are_members(layout: Layout) -> None:
    """A sparse index's absent manifests are members; an absent index below it has the error and no entries."""
    amd, absent = image(layout, "linux/amd64"), entry(b"elsewhere")
    inner = entry(encoded({"manifests": [absent]}), INDEX)
    members = index_members(tagged(layout, put_index(layout, [absent, inner, amd])), Tag("v1"))
    assert digests(members)[1:] == [absent["digest"], inner["digest"], amd["digest"]]
    assert [type(member.error) for member in members[1:]] == [type(None), ArtifactNotFoundError, type(None)]


def test_absent_artifact_is_an_error(layout: Layout) -> None:
    """An artifact that is absent itself has no members."""
    with pytest.raises(ArtifactNotFoundError):
        index_members(ImageLayout(layout.path), Tag("v1"))


@pytest.mark.parametrize("manifests", [b'{"manifests":[{}]}', b'{"manifests":[{"platform":1}]}', b'{"manifests":1}'])
def test_malformed_index_of_the_artifact_is_an_error(layout: Layout, manifests: bytes) -> None:
    """An artifact whose own entries are malformed has no members."""
    layout.put(manifests)
    layout.write_index([])
    with pytest.raises(StorageError, match="malformed"):
        index_members(Plain(manifests), Tag("v1"))


def test_malformed_index_below_is_that_members_error() -> None:
    """An index below the artifact whose entries are malformed has the error, and its siblings are members."""
    bad = encoded({"manifests": [{"digest": "x"}]})
    root = encoded({"manifests": [entry(bad, INDEX), entry(b"other")]})
    members = index_members(Plain(root, bad), Tag("v1"))
    assert digests(members)[1:] == [entry(bad)["digest"], entry(b"other")["digest"]]
    assert "malformed" in str(members[1].error)


@pytest.mark.parametrize(("changes", "text"), [({"size": 7}, "of 7 bytes"), ({"mediaType": DOCKER_LIST}, DOCKER_LIST)])
def test_index_below_that_is_not_as_listed_is_not_read(changes: dict[str, Any], text: str) -> None:
    """An index below the artifact with another size or type than is listed has the error and no entries."""
    inner = encoded({"manifests": [entry(b"hidden")]})
    root = encoded({"manifests": [{**entry(inner, INDEX), **changes}]})
    members = index_members(Plain(root, inner), Tag("v1"))
    assert len(members) == 2
    assert isinstance(members[1].error, ContentError)
    assert text in members[1].error.message


@pytest.mark.parametrize(("depth", "is_read"), [(8, True), (9, False)])
def test_depth_of_indexes(depth: int, is_read: bool) -> None:
    """Indexes are followed eight deep; a deeper one has the error and no entries."""
    contents = [encoded({"manifests": [entry(b"leaf")]})]
    for _ in range(depth):
        contents.insert(0, encoded({"manifests": [entry(contents[0], INDEX)]}))
    members = index_members(Plain(*contents), Tag("v1"))
    assert (entry(b"leaf")["digest"] in digests(members)) == is_read
    assert (members[-1].error is None) == is_read
    assert is_read or "nested more than 8 deep" in str(members[-1].error)


def test_tree_that_repeats_is_read_once_each() -> None:
    """Indexes that all list each other below, 2^8 paths, are read once each."""
    contents = [encoded({"manifests": [entry(b"leaf")], "side": side}) for side in (0, 1)]
    for level in range(8):
        below = [entry(content, INDEX) for content in contents[:2]]
        contents = [*(encoded({"manifests": below, "side": side, "level": level}) for side in (0, 1)), *contents]
    repository = Plain(*contents)
    assert len(index_members(repository, Tag("v1"))) == 1 + 2 * 8 + 1
    assert max(repository.read.values()) == 1


@pytest.mark.parametrize("is_nested", [False, True])
def test_index_with_too_many_entries_is_refused(monkeypatch: pytest.MonkeyPatch, is_nested: bool) -> None:
    """An index with more entries than the limit is refused as a whole, also where one below it has them."""
    monkeypatch.setattr(indexes, "MOST_ENTRIES", 6)
    entries = [entry(str(number).encode()) for number in range(5)]
    few, many = encoded({"manifests": entries}), encoded({"manifests": [*entries, entry(b"6"), entry(b"7")]})
    assert len(index_members(Plain(encoded({"manifests": [entry(few, INDEX)]}), few), Tag("v1"))) == 7
    refused = Plain(encoded({"manifests": [entry(many, INDEX)]}), many) if is_nested else Plain(many)
    with pytest.raises(StorageError, match="more than 6 entries"):
        index_members(refused, Tag("v1"))


def test_member_is_compared_with_its_manifest(layout: Layout) -> None:
    """A member refuses a manifest of another size or media type than the index lists."""
    amd = image(layout, "linux/amd64")
    member = index_members(tagged(layout, put_index(layout, [amd])), Tag("v1"))[1]
    member.check(descriptor_of(amd))
    for changes in ({"size": 1}, {"mediaType": DOCKER_MANIFEST}):
        with pytest.raises(ContentError, match=f"index {member.parent} lists {amd['digest']}"):
            member.check(descriptor_of({**amd, **changes}))


def test_repository_of_a_program_may_lack_manifests() -> None:
    """A repository of a program's own that has only the older methods says that it cannot be expanded."""

    class Older(Plain):
        """Repository without the content of manifests."""

        fetch_manifest = Repository.fetch_manifest

    with pytest.raises(StorageError, match="Older does not return the content of v1"):
        index_members(Older(b""), Tag("v1"))
