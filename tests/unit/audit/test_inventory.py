"""Inventory of a registry: which artifacts it has, what belongs to others, and what cannot be read."""

from typing import Any

import pytest

from notarykit.audit.inventory import InventoryOptions, list_artifacts
from notarykit.audit.selection import parse_selection
from notarykit.batch.ordered import NOTHING_YET
from notarykit.oci.manifest import IMAGE_INDEX, SIGNATURE_TYPE
from notarykit.oci.registry.registries import Registries
from tests.servers.registry.http_server import Reply
from tests.unit.audit.hostile import HostileRegistry
from tests.unit.audit.inventories import Walk, names, unknown

_SUBJECT = {"mediaType": IMAGE_INDEX, "digest": f"sha256:{5:064x}", "size": 5}
_FALLBACK = f"sha256-{7:064x}"


def test_each_digest_is_listed_once_with_all_its_tags(registry: HostileRegistry, walk: Walk) -> None:
    """Artifacts come by repository, and tags of one digest together."""
    for name in ("a", "b/c"):
        registry.add_repository(name)
        registry.add(name, "v1", config={"mediaType": "text/plain"})
        registry.add(name, "latest", config={"mediaType": "text/plain"})
        registry.add(name, "other", artifactType="x/y")
    items = walk()
    assert names(items) == [(name, tags) for name in ("a", "b/c") for tags in (("latest", "v1"), ("other",))]
    assert [item.artifact_type for item in items[:2]] == ["text/plain", "x/y"]
    assert all(item.scope == f"{registry.host}/{item.repository}" for item in items)


def test_manifests_are_fetched_once(registry: HostileRegistry, walk: Walk) -> None:
    """A tag is one request, and an entry of an index another."""
    registry.add_repository("a")
    child = registry.add("a", config={"mediaType": "x/y"})
    registry.add_index("a", "v1", child)
    walk()
    targets = [seen.target for seen in registry.seen if "/manifests/" in seen.target]
    assert targets == ["/v2/a/manifests/v1", f"/v2/a/manifests/{child['digest']}"]


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("", ["team", "team/a", "team/a/b", "teams", "x"]),
        ("/team", ["team", "team/a", "team/a/b"]),
        ("/team/a", ["team/a", "team/a/b"]),
        ("/x", ["x"]),
    ],
)
def test_prefix_is_one_of_path_components(path: str, wanted: list[str], registry: HostileRegistry, walk: Walk) -> None:
    """A prefix selects the repository of that name and those below it, and none that merely begins alike."""
    for name in ("team", "team/a", "team/a/b", "teams", "x"):
        registry.add_repository(name)
        registry.add(name, "v1")
    assert [name for name, _ in names(walk(path))] == wanted


def test_named_repository_needs_no_catalogue(registry: HostileRegistry, walk: Walk) -> None:
    """A repository in full is listed without a look at the catalogue."""
    registry.add("team/a", "v1")
    assert names(walk("/team/a", is_repository=True)) == [("team/a", ("v1",))]
    assert not any("_catalog" in seen.target for seen in registry.seen)


@pytest.mark.parametrize("status", [401, 403, 404, 405])
def test_path_without_a_catalogue_is_one_repository(status: int, registry: HostileRegistry, walk: Walk) -> None:
    """Where there is no catalogue, a path is taken for one repository, with a warning."""
    registry.at["_catalog"] = Reply(status, (("WWW-Authenticate", 'Basic realm="x"'),))
    registry.add("team/a", "v1")
    warnings: list[str] = []
    assert names(walk("/team/a", warn=warnings.append)) == [("team/a", ("v1",))]
    (warning,) = warnings
    assert warning.endswith(f": {registry.host}/team/a is taken for one repository")


def test_path_that_the_catalogue_lacks_is_one_repository(registry: HostileRegistry, walk: Walk) -> None:
    """Catalogues may leave out what can be pulled all the same."""
    registry.add_repository("other")
    registry.add("team/a", "v1")
    assert names(walk("/team/a")) == [("team/a", ("v1",))]


@pytest.mark.parametrize("status", [401, 404, 405])
def test_registry_without_a_catalogue_is_unknown(status: int, registry: HostileRegistry, walk: Walk) -> None:
    """The record says to name repositories."""
    registry.at["_catalog"] = Reply(status, (("WWW-Authenticate", 'Basic realm="x"'),))
    (record,) = unknown(walk())
    assert (record.registry, record.repository, record.digest) == (registry.host, "", "")
    assert "catalogue of repositories" in record.reason
    assert record.advice.endswith("name repositories, as arguments REGISTRY/REPOSITORY or in a file with --from")


def test_failing_catalogue_does_not_stop_other_registries(registry: HostileRegistry) -> None:
    """A registry that fails is a record, and the next is audited."""
    registry.at["_catalog"] = Reply(500)
    registry.add("a", "v1")
    selections = [parse_selection(registry.host), parse_selection(f"{registry.host}/a", is_repository=True)]
    with Registries() as registries:
        items = [item for item in list_artifacts(registries, selections, InventoryOptions()) if item is not NOTHING_YET]
    assert [record.reason for record in unknown(items)] == [f"{registry.host}: catalogue of repositories: status 500"]
    assert names(items) == [("a", ("v1",))]


@pytest.mark.parametrize(
    "name",
    ["../", "a/../b", "A", "a//b", "", "a b", "<b>x</b>", "\u202ea", "a\nb", "a?x=y", "a#b", "x" * 256, "%2e%2e"],
)
def test_malformed_repository_is_refused(name: str, registry: HostileRegistry, walk: Walk) -> None:
    """A name that is no repository's is not used in a request, and the others are audited."""
    registry.add_repository(name)
    registry.add_repository("good")
    registry.add("good", "v1")
    items = walk()
    (record,) = unknown(items)
    assert "lists a repository with a malformed name" in record.reason
    assert names(items) == [("good", ("v1",))]
    assert len([seen for seen in registry.seen if "tags/list" in seen.target]) == 1


@pytest.mark.parametrize(
    "tag", ["../x", "a/b", "-a", "", "<b>", "\u202ea", "a\nb", "x" * 129, "a?b", f"sha256:{1:064x}"]
)
def test_malformed_tag_is_refused(tag: str, registry: HostileRegistry, walk: Walk) -> None:
    """A tag that is none is not used in a request, and the others are audited."""
    registry.add_repository("a")
    registry.add_tag("a", tag)
    registry.add("a", "v1")
    items = walk()
    (record,) = unknown(items)
    assert "the registry lists a malformed tag" in record.reason
    assert names(items) == [("a", ("v1",))]


def test_unreadable_tag_is_unknown(registry: HostileRegistry, walk: Walk) -> None:
    """A tag that leads nowhere, or to what is no manifest, has a record of its own."""
    registry.add_repository("a")
    registry.add_tag("a", "gone")
    registry.add_tag("a", "rubbish")
    registry.at["a/manifests/rubbish"] = Reply(200, (("Content-Type", IMAGE_INDEX),), b"[]")
    registry.add("a", "v1")
    items = walk()
    gone, rubbish = unknown(items)
    assert (gone.tags, gone.digest) == (("gone",), "")
    assert "has no artifact 'gone'" in gone.reason
    assert "is malformed" in rubbish.reason
    assert names(items) == [("a", ("v1",))]


def test_listed_repository_without_content_is_empty(registry: HostileRegistry, walk: Walk) -> None:
    """Catalogues keep the names of repositories that lost all content."""
    registry.add_repository("empty")
    assert walk() == []


def test_named_repository_that_is_absent_is_unknown(registry: HostileRegistry, walk: Walk) -> None:
    """A repository that somebody names is expected to be there."""
    (record,) = unknown(walk("/team/a", is_repository=True))
    assert record.reason == f"there is no repository {registry.host}/team/a"


def test_what_is_attached_to_artifacts_is_left_out(registry: HostileRegistry, walk: Walk) -> None:
    """Referrers indexes, cosign's signatures and tagged signature manifests are no artifacts."""
    registry.add_repository("a")
    registry.add("a", "v1")
    registry.add_index("a", _FALLBACK, {**_SUBJECT, "artifactType": SIGNATURE_TYPE})
    registry.add_index("a", f"sha256-{8:064x}")
    cosign = "application/vnd.dev.cosign.simplesigning.v1+json"
    registry.add("a", f"{_FALLBACK}.sig", layers=[{"mediaType": cosign}])
    registry.add("a", f"{_FALLBACK}.att", layers=[{"mediaType": "application/vnd.dsse.envelope.v1+json"}])
    registry.add("a", "signature", artifactType=SIGNATURE_TYPE, subject=_SUBJECT)
    assert names(walk()) == [("a", ("v1",))]


@pytest.mark.parametrize(
    "members",
    [
        {"manifests": [{**_SUBJECT, "artifactType": "x/y", "platform": {"os": "linux", "architecture": "amd64"}}]},
        {"manifests": [_SUBJECT]},
        {"manifests": [{**_SUBJECT, "artifactType": "x/y"}, {"platform": {}}]},
        {"layers": [{"mediaType": "x/y"}]},
        {},
    ],
)
def test_artifact_does_not_hide_behind_a_tag(members: dict[str, Any], registry: HostileRegistry, walk: Walk) -> None:
    """What can be pulled and run is an artifact, under a tag of the form of a referrers index too."""
    registry.add_repository("a")
    kind = IMAGE_INDEX if "manifests" in members else "application/vnd.oci.image.manifest.v1+json"
    registry.add("a", _FALLBACK, kind, **members)
    registry.add("a", f"{_FALLBACK}.sig", layers=[{"mediaType": "x/z"}])
    assert {(_FALLBACK,), (f"{_FALLBACK}.sig",)} <= {tags for _, tags in names(walk(recursive=False))}


def test_other_tagged_referrers_are_artifacts(registry: HostileRegistry, walk: Walk) -> None:
    """What has a tag is pulled by it, whatever it refers to."""
    registry.add_repository("a")
    registry.add("a", "sbom", artifactType="application/spdx+json", subject=_SUBJECT)
    assert names(walk()) == [("a", ("sbom",))]


def test_catalogue_that_breaks_off_is_told(registry: HostileRegistry, walk: Walk) -> None:
    """Repositories before the break are audited, and the registry has a record that is no artifact's."""
    registry.add_repository("a")
    registry.add("a", "v1")
    reply = registry.at["_catalog"]
    registry.at["_catalog"] = reply.with_header("Link", '<https://other.test/v2/_catalog?last=a>; rel="next"')
    items = walk()
    assert names(items) == [("a", ("v1",))]
    (record,) = unknown(items)
    assert "the next page is at another host" in record.reason
