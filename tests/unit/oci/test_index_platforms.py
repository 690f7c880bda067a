"""Image indexes: the manifest for a platform."""

import pytest

from notarykit.errors import ArtifactNotFoundError
from notarykit.oci.index import IndexMember, platform_manifests
from notarykit.oci.platform import parse_platform
from notarykit.oci.reference import Tag
from tests.unit.oci.indexes import UNKNOWN, attestation, digests, image, put_index, tagged
from tests.unit.oci.layouts import INDEX, MANIFEST, Entry, Layout


def chosen(layout: Layout, root: Entry, platform: str) -> str:
    """Returns the digest of the manifest for a platform."""
    (member,) = platform_manifests(tagged(layout, root), Tag("v1"), [parse_platform(platform)])
    assert isinstance(member, IndexMember)
    return member.descriptor.digest


def test_manifest_for_a_platform(layout: Layout) -> None:
    """The best manifest is chosen, in a nested index too, and of equal ones the first."""
    texts = ("linux/arm/v6", "linux/arm/v7", "linux/amd64", "linux/arm64/v8")
    images = {text: image(layout, text) for text in texts}
    second = {**layout.put_artifact("second"), "platform": {"os": "linux", "architecture": "amd64"}}
    root = put_index(layout, [put_index(layout, [*images.values(), second])])
    assert chosen(layout, root, "linux/arm") == images["linux/arm/v7"]["digest"]
    assert chosen(layout, root, "linux/armel") == images["linux/arm/v6"]["digest"]
    assert chosen(layout, root, "linux/arm64") == images["linux/arm64/v8"]["digest"]
    assert chosen(layout, root, "linux/x86_64") == images["linux/amd64"]["digest"]


def test_nested_index_counts_by_its_own_platform(layout: Layout) -> None:
    """Nothing in an index below counts where containerd does not look: each index is chosen by its own entry."""
    signed, run = image(layout, "linux/amd64"), image(layout, "linux/amd64/v1")
    below = put_index(layout, [signed])
    for platform in ({"os": "windows", "architecture": "amd64"}, None, UNKNOWN):
        entry_below = {**below, "platform": platform} if platform else below
        assert chosen(layout, put_index(layout, [entry_below, run]), "linux/amd64") == run["digest"]
    suitable = {**below, "platform": {"os": "linux", "architecture": "amd64"}}
    assert chosen(layout, put_index(layout, [suitable, run]), "linux/amd64") == signed["digest"]
    assert chosen(layout, put_index(layout, [below]), "linux/amd64") == signed["digest"]


@pytest.mark.parametrize("is_attestation", [False, True])
def test_suitable_index_without_a_suitable_manifest(is_attestation: bool, layout: Layout) -> None:
    """Where the index that suits has no manifest that does, nothing else is chosen in its place."""
    amd = image(layout, "linux/amd64")
    content = attestation(layout, amd) if is_attestation else image(layout, "linux/arm64")
    below = {**put_index(layout, [content]), "platform": {"os": "linux", "architecture": "amd64"}}
    root = put_index(layout, [below, amd])
    (error,) = platform_manifests(tagged(layout, root), Tag("v1"), [parse_platform("linux/amd64")])
    assert isinstance(error, ArtifactNotFoundError)


def test_index_on_the_way_that_cannot_be_read(layout: Layout) -> None:
    """An index that may lead to the manifest and is absent is an error, and no reason to choose another manifest."""
    absent = {"mediaType": INDEX, "digest": f"sha256:{'0' * 64}", "size": 2}
    arm = image(layout, "linux/arm64")
    root = put_index(layout, [absent, arm])
    error, found = platform_manifests(
        tagged(layout, root), Tag("v1"), [parse_platform("linux/amd64"), parse_platform("linux/arm64")]
    )
    assert isinstance(error, ArtifactNotFoundError)
    assert "0" * 64 in error.message
    assert isinstance(found, IndexMember)


def test_each_platform_has_its_answer(layout: Layout) -> None:
    """Several platforms have a manifest or an error each, and the error names those that are there."""
    amd, arm = image(layout, "linux/amd64"), image(layout, "linux/arm64")
    root = put_index(layout, [amd, arm, attestation(layout, amd)])
    wanted = [parse_platform(text) for text in ("linux/arm64", "linux/s390x", "linux/amd64")]
    first, error, last = platform_manifests(tagged(layout, root), Tag("v1"), wanted)
    assert isinstance(first, IndexMember)
    assert isinstance(last, IndexMember)
    assert digests([first, last]) == [arm["digest"], amd["digest"]]
    assert isinstance(error, ArtifactNotFoundError)
    assert error.one_line() == "v1 has no manifest for linux/s390x: there are linux/amd64, linux/arm64"


def test_one_manifest_for_two_platforms(layout: Layout) -> None:
    """A manifest that is listed for two platforms is chosen for both."""
    amd = image(layout, "linux/amd64")
    root = put_index(layout, [amd, {**amd, "platform": {"os": "linux", "architecture": "386"}}])
    assert chosen(layout, root, "linux/386") == chosen(layout, root, "linux/amd64") == amd["digest"]


def put_image(layout: Layout, config: object, media_type: str = "application/vnd.oci.image.config.v1+json") -> Entry:
    """Stores a manifest with a config."""
    return layout.put_json(
        {"schemaVersion": 2, "mediaType": MANIFEST, "config": layout.put_json(config, media_type), "layers": []}
    )


def test_config_tells_the_platform_where_the_index_does_not(layout: Layout) -> None:
    """Manifests without a platform are chosen by their configs, after those with one, and as the artifact itself."""
    bare = put_image(layout, {"os": "linux", "architecture": "arm64"})
    arm = image(layout, "linux/arm/v7")
    root = put_index(layout, [bare, arm])
    assert chosen(layout, root, "linux/arm64") == bare["digest"]
    assert chosen(layout, root, "linux/arm") == arm["digest"]
    assert chosen(layout, bare, "linux/arm64") == bare["digest"]
    preferred = image(layout, "linux/arm64/v8")
    assert chosen(layout, put_index(layout, [bare, preferred]), "linux/arm64") == preferred["digest"]
    (error,) = platform_manifests(tagged(layout, bare), Tag("v1"), [parse_platform("linux/amd64")])
    assert isinstance(error, ArtifactNotFoundError)
    assert error.advice == "there are linux/arm64"


@pytest.mark.parametrize(
    ("config", "media_type"),
    [
        ({"os": "linux", "architecture": "arm64"}, "application/vnd.example+json"),
        ({"os": 1, "architecture": "arm64"}, "application/vnd.oci.image.config.v1+json"),
        ([], "application/vnd.oci.image.config.v1+json"),
    ],
)
def test_artifact_without_a_platform_suits_none(layout: Layout, config: object, media_type: str) -> None:
    """A manifest whose config is no image's, or malformed, suits no platform."""
    (error,) = platform_manifests(
        tagged(layout, put_image(layout, config, media_type)), Tag("v1"), [parse_platform("linux/arm64")]
    )
    assert isinstance(error, ArtifactNotFoundError)
    assert error.advice == "nothing in it has a platform"


def test_hostile_list_of_platforms_is_cut(layout: Layout) -> None:
    """The error about a platform names twenty that are there, and counts the rest."""
    artifact = layout.put_artifact()
    entries = [{**artifact, "platform": {"os": "linux", "architecture": f"a{number}"}} for number in range(25)]
    (error,) = platform_manifests(
        tagged(layout, put_index(layout, entries)), Tag("v1"), [parse_platform("linux/arm64")]
    )
    assert isinstance(error, ArtifactNotFoundError)
    assert error.advice.endswith("linux/a19 and 5 more")
