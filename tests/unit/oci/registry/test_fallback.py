"""The tag that stands in for the referrers API: its name, and how its index is written."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from notarykit.descriptor import Descriptor
from notarykit.errors import NetworkError
from notarykit.oci.manifest import CREATED, IMAGE_INDEX, IMAGE_MANIFEST, SIGNATURE_TYPE
from notarykit.oci.registry.fallback import add_to_fallback
from notarykit.oci.registry.host import RegistryHost
from notarykit.oci.registry.referrers import fallback_tag
from notarykit.oci.registry.repository import RegistryRepository
from unit.oci.registry.fake import SUBJECT, TAG, FakeRegistry, digests_of, entry


@pytest.mark.parametrize(
    ("digest", "tag"),
    [
        ("sha256:" + "ab" * 32, "sha256-" + "ab" * 32),
        ("sha512:" + "ab" * 64, "sha512-" + "ab" * 32),
        ("a" * 40 + ":" + "b" * 70, "a" * 32 + "-" + "b" * 64),
    ],
)
def test_the_name_of_the_tag(digest: str, tag: str) -> None:
    """The tag is the digest with a hyphen, both parts cut to the lengths of the specification."""
    assert fallback_tag(digest) == tag


_NEW = Descriptor(IMAGE_MANIFEST, "sha256:" + "cd" * 32, 7, {CREATED: "2026-01-01T00:00:00Z"}, SIGNATURE_TYPE)


@pytest.fixture
def add(host: RegistryHost) -> Callable[[], None]:
    """Adds the new entry to the index under the tag."""
    place = RegistryRepository(host, "a/b")
    return lambda: add_to_fallback(place._send, SUBJECT.digest, _NEW, place._budget, ("", ""))


def _written(registry: FakeRegistry) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(registry.at[f"manifests/{TAG}"].body)
    return document


def test_the_first_entry(registry: FakeRegistry, add: Callable[[], None]) -> None:
    """Where there is no index one is made, with the entry's type and annotations."""
    add()
    assert _written(registry) == {
        "schemaVersion": 2,
        "mediaType": IMAGE_INDEX,
        "manifests": [
            {
                "mediaType": IMAGE_MANIFEST,
                "digest": _NEW.digest,
                "size": 7,
                "artifactType": SIGNATURE_TYPE,
                "annotations": {CREATED: "2026-01-01T00:00:00Z"},
            }
        ],
    }
    assert registry.at[f"manifests/{TAG}"].header("Content-Type") == IMAGE_INDEX


def test_nothing_is_lost(registry: FakeRegistry, add: Callable[[], None]) -> None:
    """Entries of others stay as they are to the last member, and so do the members of the index."""
    other = {**entry(1, "application/sbom"), "platform": {"os": "linux"}, "x": [1]}
    registry.index(f"manifests/{TAG}", other, annotations={"a": "b"}, y="z")
    add()
    written = _written(registry)
    assert (written["annotations"], written["y"]) == ({"a": "b"}, "z")
    assert written["manifests"][0] == other
    assert [each["digest"] for each in written["manifests"]] == [*digests_of(1), _NEW.digest]


def test_an_entry_that_is_there(registry: FakeRegistry, add: Callable[[], None]) -> None:
    """What is there is not added again, and nothing is written."""
    registry.index(f"manifests/{TAG}", _NEW.to_json())
    add()
    assert [seen.method for seen in registry.seen] == ["GET"]


def test_a_writer_that_does_not_look(registry: FakeRegistry, host: RegistryHost) -> None:
    """Where another writes over our entry, ours is written again beside the other's."""
    place = RegistryRepository(host, "a/b")
    others = iter([digests_of(1), digests_of(2)])

    def send(*arguments: Any, **options: Any) -> Any:
        response = place._send(*arguments, **options)
        if arguments[0] == "PUT" and (digests := next(others, None)):
            registry.index(f"manifests/{TAG}", *(entry(each) for each in digests))
        return response

    add_to_fallback(send, SUBJECT.digest, _NEW, place._budget, ("", ""))
    digests = [each["digest"] for each in _written(registry)["manifests"]]
    assert sorted(digests) == sorted([*digests_of(1, 2), _NEW.digest])


def test_a_writer_that_never_stops(registry: FakeRegistry, host: RegistryHost) -> None:
    """Where others write over it again and again, that is told."""
    place = RegistryRepository(host, "a/b")

    def send(*arguments: Any, **options: Any) -> Any:
        response = place._send(*arguments, **options)
        registry.at.pop(f"manifests/{TAG}", None)
        return response

    with pytest.raises(NetworkError, match=f"fallback index {TAG}: others write over it again and again"):
        add_to_fallback(send, SUBJECT.digest, _NEW, place._budget, ("", ""))


def test_without_a_place_for_locks(registry: FakeRegistry, host: RegistryHost) -> None:
    """Where no lock can be had, as on a disk that is only read, the entry is added all the same."""
    place = RegistryRepository(host, "a/b")
    add_to_fallback(place._send, SUBJECT.digest, _NEW, place._budget, ("/dev/null/locks", "registry/a/b"))
    assert [each["digest"] for each in _written(registry)["manifests"]] == [_NEW.digest]


def test_versions_are_compared_where_they_can_be(registry: FakeRegistry, host: RegistryHost) -> None:
    """A version that the registry names goes along; a refusal because of it leads to another look."""
    place = RegistryRepository(host, "a/b")
    registry.index(f"manifests/{TAG}", entry(1))
    with_tag = registry.at[f"manifests/{TAG}"].with_header("ETag", '"v1"')
    registry.at[f"manifests/{TAG}"] = with_tag
    refused: list[str] = []

    def send(*arguments: Any, **options: Any) -> Any:
        if arguments[0] == "PUT" and not refused:
            refused.append(options["headers"]["If-Match"])
            registry.index(f"manifests/{TAG}", entry(1), entry(2))
            return place._send("GET", "nothing")._replace(status=412)
        return place._send(*arguments, **options)

    add_to_fallback(send, SUBJECT.digest, _NEW, place._budget, ("", ""))
    assert refused == ['"v1"']
    assert [each["digest"] for each in _written(registry)["manifests"]] == [*digests_of(1, 2), _NEW.digest]


@pytest.mark.parametrize("status", [400, 405, 413])
def test_an_index_that_is_not_taken(status: int, registry: FakeRegistry, host: RegistryHost) -> None:
    """A registry that does not take the index is told with its status."""
    place = RegistryRepository(host, "a/b")

    def send(*arguments: Any, **options: Any) -> Any:
        response = place._send("GET", "nothing")
        return response._replace(status=status) if arguments[0] == "PUT" else response

    with pytest.raises(NetworkError, match=rf"^fallback index {TAG}: status {status}$"):
        add_to_fallback(send, SUBJECT.digest, _NEW, place._budget, ("", ""))
