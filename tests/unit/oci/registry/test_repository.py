"""A repository: what is checked of its content."""

import json

import pytest

from notarykit.envelope.descriptor import Descriptor, digest_of
from notarykit.envelope.unverified import COSE, JWS
from notarykit.errors import ArtifactNotFoundError, ContentError, NetworkError, StorageError
from notarykit.oci.manifest import IMAGE_MANIFEST, SIGNATURE_TYPE
from notarykit.oci.reference import Digest, Reference, Tag
from notarykit.oci.registry.host import RegistryHost, RegistryLimits, RegistrySettings
from notarykit.oci.registry.registries import Registries
from notarykit.oci.registry.repository import RegistryRepository
from tests.servers.registry.http_server import Reply
from tests.unit.oci.registry.fake import SUBJECT, FakeRegistry

_CONTENT = json.dumps({"mediaType": IMAGE_MANIFEST}).encode()
_DIGEST = digest_of(_CONTENT)


@pytest.fixture
def place(host: RegistryHost) -> RegistryRepository:
    """The repository."""
    return RegistryRepository(host, "a/b")


def _manifest(content: bytes = _CONTENT, kind: str = IMAGE_MANIFEST) -> Reply:
    return Reply(200, (("Content-Type", kind),), content)


@pytest.mark.requirement("workflow:resolved-tag")
@pytest.mark.parametrize("reference", [Tag("v1"), Digest(_DIGEST), Digest(digest_of(_CONTENT, "sha512"))])
def test_tag_and_digest_are_resolved(
    reference: Tag | Digest, registry: FakeRegistry, place: RegistryRepository
) -> None:
    """A tag leads to the digest of the content, a digest to itself."""
    registry.at[f"manifests/{reference}"] = _manifest(kind=f"{IMAGE_MANIFEST}; charset=utf-8")
    digest = _DIGEST if reference == "v1" else reference
    assert place.resolve(reference) == Descriptor(IMAGE_MANIFEST, digest, len(_CONTENT))


def test_content_of_a_digest_is_fetched_once(registry: FakeRegistry, place: RegistryRepository) -> None:
    """What a digest leads to never changes, what a tag leads to may."""
    registry.at[f"manifests/{_DIGEST}"] = registry.at["manifests/v1"] = _manifest()
    for reference in (Digest(_DIGEST), Digest(_DIGEST), Tag("v1"), Tag("v1")):
        place.resolve(reference)
    assert [seen.path for seen in registry.seen] == [f"/v2/a/b/manifests/{each}" for each in (_DIGEST, "v1", "v1")]


@pytest.mark.parametrize(
    ("reply", "kind", "text"),
    [
        (_manifest(_CONTENT + b" "), ContentError, "has another digest or size"),
        (_manifest(b""), ContentError, "has another digest or size"),
        (_manifest(kind=""), ContentError, "has no Content-Type"),
        (_manifest(kind="application/json"), ContentError, "has another media type than its Content-Type"),
        (Reply(404), ArtifactNotFoundError, "has no artifact"),
        (Reply(400, (), b'{"errors":[{"code":"DENIED","message":"server text"}]}'), NetworkError, r"400 \(DENIED\)$"),
        (Reply(400, (), b'{"errors":[{"code":"server text"}]}'), NetworkError, "status 400$"),
        (Reply(302, (("Location", "ftp://host"),)), NetworkError, "is not a URL"),
    ],
)  # fmt: skip
def test_invalid_manifest_response_is_refused(
    reply: Reply, kind: type[StorageError], text: str, registry: FakeRegistry, place: RegistryRepository
) -> None:
    """Content that is not what it should be is refused, and the server's own words are left out."""
    registry.at[f"manifests/{_DIGEST}"] = reply
    with pytest.raises(kind, match=text) as caught:
        place.resolve(Digest(_DIGEST))
    assert "server text" not in caught.value.one_line()


def test_cached_blob_is_not_a_manifest(registry: FakeRegistry, place: RegistryRepository) -> None:
    """A signature whose envelope is said to be the artifact itself changes nothing about the artifact's media type."""
    layer = {"mediaType": "application/jose+json", "digest": _DIGEST, "size": len(_CONTENT)}
    entry = registry.signature(layer)
    registry.at[f"blobs/{_DIGEST}"] = Reply(200, (), _CONTENT)
    registry.at[f"manifests/{_DIGEST}"] = _manifest()
    assert place.fetch_signature(Descriptor(IMAGE_MANIFEST, entry["digest"], entry["size"])).envelope == _CONTENT
    assert place.resolve(Digest(_DIGEST)).media_type == IMAGE_MANIFEST


@pytest.mark.parametrize("where", ["manifest", "envelope"])
def test_sizes_are_those_of_the_descriptors(where: str, registry: FakeRegistry, place: RegistryRepository) -> None:
    """Content of the right digest and another size than its descriptor's is refused."""
    size = len(_CONTENT) + (where == "envelope")
    layer = {"mediaType": "application/jose+json", "digest": _DIGEST, "size": size}
    entry = registry.signature(layer)
    registry.at[f"blobs/{_DIGEST}"] = Reply(200, (), _CONTENT)
    with pytest.raises(ContentError, match=r"another (digest or )?size"):
        place.fetch_signature(Descriptor(IMAGE_MANIFEST, entry["digest"], entry["size"] + (where == "manifest")))


def _resolved(registry: FakeRegistry, limits: RegistryLimits, *identifiers: Tag | Digest) -> None:
    registry.at[f"manifests/{_DIGEST}"] = registry.at["manifests/v1"] = _manifest()
    with Registries(RegistrySettings(limits=limits)) as registries:
        place = registries.repository(Reference(registry.host, "a/b", Tag("v1")))
        for identifier in identifiers:
            assert place.resolve(identifier).digest == _DIGEST


def test_limits_of_what_is_read(registry: FakeRegistry) -> None:
    """A document that is larger than the settings allow is not read, and neither is more than they allow in all."""
    size = len(_CONTENT)
    _resolved(registry, RegistryLimits(largest_document=size), Tag("v1"))
    with pytest.raises(NetworkError, match="more than"):
        _resolved(registry, RegistryLimits(largest_document=size - 1), Tag("v1"))
    with pytest.raises(NetworkError, match="the responses for one artifact exceed the size limit"):
        _resolved(registry, RegistryLimits(artifact=size - 1), Tag("v1"))


@pytest.mark.parametrize(("less", "requests"), [(0, 1), (1, 2)])
def test_limit_of_what_is_kept(registry: FakeRegistry, less: int, requests: int) -> None:
    """Content is kept that has no more than a quarter of what the settings allow."""
    limits = RegistryLimits(kept=4 * len(_CONTENT) - less)
    _resolved(registry, limits, Digest(_DIGEST), Digest(_DIGEST))
    assert len(registry.seen) == requests


def test_sizes_beyond_the_limits(registry: FakeRegistry, place: RegistryRepository) -> None:
    """What is said to be too large is not even asked for."""
    layer = {"mediaType": "application/jose+json", "digest": _DIGEST, "size": 10**30}
    entry = registry.signature(layer)
    for descriptor in (
        Descriptor(IMAGE_MANIFEST, entry["digest"], entry["size"]),
        Descriptor(IMAGE_MANIFEST, _DIGEST, 10**30),
    ):
        with pytest.raises(ContentError, match=f"has {10**30} bytes, more than"):
            place.fetch_signature(descriptor)
    assert len(registry.seen) == 1


@pytest.mark.requirement("signature:manifest-artifact-type-by-default", "jws:layer-media-type", "cose:layer-media-type")
@pytest.mark.parametrize("media_type", [JWS, COSE])
def test_new_signature_has_its_type_in_artifact_type(
    media_type: str, registry: FakeRegistry, host: RegistryHost, place: RegistryRepository
) -> None:
    """By default the manifest that is pushed has an artifact type, and its layer has the envelope's format."""
    host.single_post = False
    session = Reply(202, (("Location", "/v2/a/b/session"),))
    registry.at["blobs/uploads/"] = session
    pushed = place.push_signature(SUBJECT, media_type, b"envelope", {})
    manifest = json.loads(registry.at[f"manifests/{pushed.digest}"].body)
    assert manifest["artifactType"] == SIGNATURE_TYPE
    assert [layer["mediaType"] for layer in manifest["layers"]] == [media_type]
