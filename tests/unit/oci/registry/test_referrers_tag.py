"""The tag that stands in for the referrers API: its name, and how its index is written."""

import json
import re
import time
from collections.abc import Callable
from typing import Any

import pytest

from notarykit.envelope.descriptor import Descriptor, digest_of
from notarykit.errors import NetworkError, NotAnIndexError
from notarykit.net.budget import Budget
from notarykit.net.messages import Response
from notarykit.oci.manifest import CREATED, IMAGE_INDEX, IMAGE_MANIFEST, SIGNATURE_TYPE
from notarykit.oci.registry.endpoint import RepositoryEndpoint
from notarykit.oci.registry.host import RegistryHost
from notarykit.oci.registry.referrers_tag import IndexUpdate, referrers_tag
from notarykit.oci.registry.repository import RegistryRepository
from tests.servers.registry.http_server import Reply
from tests.unit.oci.registry.fake import SUBJECT, TAG, FakeRegistry, digests_of, entry


@pytest.mark.parametrize(
    ("digest", "tag"),
    [
        ("sha256:" + "ab" * 32, "sha256-" + "ab" * 32),
        ("sha512:" + "ab" * 64, "sha512-" + "ab" * 32),
        ("a" * 40 + ":" + "b" * 70, "a" * 32 + "-" + "b" * 64),
    ],
)
def test_referrers_tag_is_truncated_as_specified(digest: str, tag: str) -> None:
    """The tag is the digest with a hyphen, both parts cut to the lengths of the specification."""
    assert referrers_tag(digest) == tag


_NEW = Descriptor(IMAGE_MANIFEST, "sha256:" + "cd" * 32, 7, {CREATED: "2026-01-01T00:00:00Z"}, SIGNATURE_TYPE)


@pytest.fixture
def add(host: RegistryHost) -> Callable[[], None]:
    """Adds the new entry to the index under the tag."""
    return lambda: _add(host)


def _add(host: RegistryHost, send: Callable[..., Response] | None = None) -> None:
    endpoint = RepositoryEndpoint(host, "a/b", Budget())
    endpoint.send = send or endpoint.send  # type: ignore[method-assign]
    assert IndexUpdate(endpoint, SUBJECT.digest, _NEW).is_stable()


def _written(registry: FakeRegistry) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(registry.at[f"manifests/{TAG}"].body)
    return document


def test_absent_index_is_created(registry: FakeRegistry, add: Callable[[], None]) -> None:
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


def test_existing_entries_and_members_are_kept(registry: FakeRegistry, add: Callable[[], None]) -> None:
    """Entries of others stay as they are to the last member, and so do the members of the index."""
    other = {**entry(1, "application/sbom"), "platform": {"os": "linux"}, "x": [1]}
    registry.index(f"manifests/{TAG}", other, annotations={"a": "b"}, y="z")
    add()
    written = _written(registry)
    assert (written["annotations"], written["y"]) == ({"a": "b"}, "z")
    assert written["manifests"][0] == other
    assert [each["digest"] for each in written["manifests"]] == [*digests_of(1), _NEW.digest]


def test_present_entry_is_not_written_again(registry: FakeRegistry, add: Callable[[], None]) -> None:
    """What is there is not added again, and nothing is written."""
    registry.index(f"manifests/{TAG}", _NEW.to_json())
    add()
    assert [seen.method for seen in registry.seen] == ["GET"]


def test_overwritten_entry_is_written_again(registry: FakeRegistry, host: RegistryHost) -> None:
    """Where another writes over our entry, ours is written again beside the other's."""
    endpoint = RepositoryEndpoint(host, "a/b", Budget())
    others = iter([digests_of(1), digests_of(2)])

    def send(*arguments: Any, **options: Any) -> Any:
        response = endpoint.send(*arguments, **options)
        if arguments[0] == "PUT" and (digests := next(others, None)):
            registry.index(f"manifests/{TAG}", *(entry(each) for each in digests))
        return response

    _add(host, send)
    digests = [each["digest"] for each in _written(registry)["manifests"]]
    assert sorted(digests) == sorted([*digests_of(1, 2), _NEW.digest])


def test_repeated_overwriting_is_an_error(registry: FakeRegistry, host: RegistryHost) -> None:
    """Where overwritten by other writers again and again, that is told."""
    endpoint = RepositoryEndpoint(host, "a/b", Budget())

    def send(*arguments: Any, **options: Any) -> Any:
        response = endpoint.send(*arguments, **options)
        registry.at.pop(f"manifests/{TAG}", None)
        return response

    with pytest.raises(NetworkError, match=f"referrers index {TAG}: overwritten by other writers again and again"):
        _add(host, send)


def test_entry_is_added_without_a_lock(registry: FakeRegistry, host: RegistryHost) -> None:
    """Where no lock can be had, as on a disk that is only read, the entry is added all the same."""
    host.settings = host.settings._replace(lock_folder="/dev/null/locks")
    _add(host)
    assert [each["digest"] for each in _written(registry)["manifests"]] == [_NEW.digest]


def test_if_match_is_sent_and_412_is_retried(registry: FakeRegistry, host: RegistryHost) -> None:
    """A version that the registry names goes along; a refusal because of it leads to another look."""
    endpoint = RepositoryEndpoint(host, "a/b", Budget())
    registry.index(f"manifests/{TAG}", entry(1))
    with_tag = registry.at[f"manifests/{TAG}"].with_header("ETag", '"v1"')
    registry.at[f"manifests/{TAG}"] = with_tag
    refused: list[str] = []

    def send(*arguments: Any, **options: Any) -> Any:
        if arguments[0] == "PUT" and not refused:
            refused.append(arguments[2]["If-Match"])
            registry.index(f"manifests/{TAG}", entry(1), entry(2))
            return endpoint.send("GET", "nothing")._replace(status=412)
        return endpoint.send(*arguments, **options)

    _add(host, send)
    assert refused == ['"v1"']
    assert [each["digest"] for each in _written(registry)["manifests"]] == [*digests_of(1, 2), _NEW.digest]


@pytest.mark.parametrize("status", [400, 405, 413])
def test_refused_index_is_an_error(status: int, registry: FakeRegistry, host: RegistryHost) -> None:
    """A registry that does not take the index is told with its status."""
    endpoint = RepositoryEndpoint(host, "a/b", Budget())

    def send(*arguments: Any, **options: Any) -> Any:
        response = endpoint.send("GET", "nothing")
        return response._replace(status=status) if arguments[0] == "PUT" else response

    with pytest.raises(NetworkError, match=rf"^referrers index {TAG}: status {status}$"):
        _add(host, send)


DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"


@pytest.mark.parametrize(
    ("kind", "content", "reason"),
    [
        (IMAGE_MANIFEST, b'{"mediaType":"%s","config":{},"layers":[]}' % IMAGE_MANIFEST.encode(), "no member"),
        (DOCKER_LIST, b'{"mediaType":"%s","manifests":[]}' % DOCKER_LIST.encode(), f"is of the type '{DOCKER_LIST}'"),
        (IMAGE_INDEX, b'{"mediaType":7,"manifests":[]}', "is of the type 7"),
        ("text/html", b"<html>", "is malformed"),
    ],
)
def test_other_content_under_the_tag_is_not_overwritten(
    kind: str,
    content: bytes,
    reason: str,
    registry: FakeRegistry,
    add: Callable[[], None],
    found: Callable[[], list[str]],
) -> None:
    """distribution-spec 1.1: whoever adds to it fails and writes nothing, whoever reads it finds no referrers."""
    registry.at[f"manifests/{TAG}"] = Reply(200, (("Content-Type", kind),), content)
    with pytest.raises(NotAnIndexError, match=f"^referrers index {TAG}.*{re.escape(reason)}"):
        add()
    assert {seen.method for seen in registry.seen} == {"GET"}
    assert found() == []


def test_artifact_under_its_own_tag_is_no_index(registry: FakeRegistry, host: RegistryHost) -> None:
    """A registry that takes the tag for the digest answers with the artifact, even where that is an index."""
    content = json.dumps({"mediaType": IMAGE_INDEX, "manifests": [entry(1)]}).encode()
    subject = Descriptor(IMAGE_INDEX, digest_of(content), len(content))
    registry.at[f"manifests/{referrers_tag(subject.digest)}"] = Reply(200, (("Content-Type", IMAGE_INDEX),), content)
    place = RegistryRepository(host, "a/b")
    with pytest.raises(NotAnIndexError, match="the registry returns the artifact itself for this tag"):
        IndexUpdate(RepositoryEndpoint(host, "a/b", Budget()), subject.digest, _NEW).is_stable()
    assert list(place.signatures(subject)) == []
    assert {seen.method for seen in registry.seen} == {"GET"}


def test_unreadable_tag_is_an_error(registry: FakeRegistry, found: Callable[[], list[str]]) -> None:
    """A registry that fails says nothing of what there is."""
    registry.at[f"manifests/{TAG}"] = Reply(400)
    with pytest.raises(NetworkError, match=f"^referrers index {TAG}: status 400$"):
        found()


def test_index_without_media_type_is_read(
    registry: FakeRegistry, add: Callable[[], None], found: Callable[[], list[str]]
) -> None:
    """image-spec, image-index.md: `mediaType` "SHOULD be used", and need not be."""
    content = json.dumps({"schemaVersion": 2, "manifests": [entry(1)]}).encode()
    registry.at[f"manifests/{TAG}"] = Reply(200, (("Content-Type", IMAGE_INDEX),), content)
    add()
    assert found() == [*digests_of(1), _NEW.digest]


def test_second_read_waits_for_its_time(
    registry: FakeRegistry, host: RegistryHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until it is time to look again nothing is asked of the registry, and then it is asked once."""
    for name in ("_SHORTEST_PAUSE", "_LONGEST_PAUSE"):
        monkeypatch.setattr(f"notarykit.oci.registry.referrers_tag.{name}", 0.2)
    added = IndexUpdate(RepositoryEndpoint(host, "a/b", Budget()), SUBJECT.digest, _NEW)
    written = time.monotonic()
    assert not added.is_stable(wait=False)
    assert not added.is_stable(wait=False)
    assert [seen.method for seen in registry.seen] == ["GET", "PUT"]
    assert added.is_stable()
    assert time.monotonic() - written >= 0.2
    assert added.is_stable(wait=False)
    assert [seen.method for seen in registry.seen] == ["GET", "PUT", "GET"]
