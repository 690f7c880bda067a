"""Where the artifacts of a bundle go in a registry."""

from pathlib import Path
from typing import Any

import pytest

import notarykit
from notarykit.bundle.bundle import SignatureBundle
from notarykit.bundle.contents import Content
from notarykit.bundle.pushing import pushed_references
from notarykit.bundle.reading import open_bundle
from notarykit.errors import UsageError
from tests.support.bundles import Parts

_HERE = "mirror.test:5000/all"


def _named(parts: Parts, path: Path, *names: tuple[str, str]) -> SignatureBundle:
    """The bundle whose artifacts have these repositories and tags."""
    artifacts = zip(parts.contents["artifacts"], names, strict=True)
    parts.contents["artifacts"] = [_called(*each) for each in artifacts]
    entries = parts.index["manifests"]
    entries[1:3] = [_entry(artifact) for artifact in parts.contents["artifacts"]]
    return open_bundle(parts.write(path))


def _called(artifact: dict[str, Any], name: tuple[str, str]) -> dict[str, Any]:
    repository, tag = name
    rest = {key: value for key, value in artifact.items() if key not in ("repository", "tag")}
    return {"repository": repository, **({"tag": tag} if tag else {}), **rest}


def _entry(artifact: dict[str, Any]) -> dict[str, Any]:
    end = f":{artifact['tag']}" if "tag" in artifact else f"@{artifact['artifact']['digest']}"
    name = f"{artifact['repository']}{end}"
    return {**artifact["artifact"], "annotations": {"org.opencontainers.image.ref.name": name}}


def test_repositories_keep_their_names(parts: Parts, path: Path) -> None:
    """An artifact goes below the destination, into the repository of its name, by its digest."""
    bundle = _named(parts, path, ("a.test/team/x", "v1"), ("b.test:443/x", ""))
    digests = [artifact.artifact.digest for artifact in bundle.artifacts]
    references = [str(reference) for reference in pushed_references(bundle, _HERE)]
    assert references == [f"{_HERE}/team/x@{digests[0]}", f"{_HERE}/x@{digests[1]}"]


def test_one_tag_for_two_artifacts_is_refused(parts: Parts, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Artifacts of two registries do not take the place of one another under a tag, by whatever policies they pass."""
    bundle = _named(parts, path, ("a.test/x", "v1"), ("b.test/x", "v1"))
    with pytest.raises(UsageError, match=r"^a\.test/x:v1 and b\.test/x:v1 would both be mirror\.test:5000/all/x:v1$"):
        pushed_references(bundle, _HERE)
    monkeypatch.setenv("NOTATION_CONFIG", str(path.parent))
    with pytest.raises(UsageError, match="would both be"):  # before anything is pushed
        notarykit.push_bundle(bundle, _HERE, allow_unverified=True)


@pytest.mark.parametrize(
    "names",
    [
        (("a.test/x", "v1"), ("b.test/x", "v2")),
        (("a.test/x", "v1"), ("b.test/y", "v1")),
        (("a.test/x", ""), ("b.test/x", "")),
        (("a.test/x", "v1"), ("b.test/x", "")),
    ],
)
def test_other_tags_are_no_contradiction(parts: Parts, path: Path, names: tuple[tuple[str, str], ...]) -> None:
    """Two tags, two repositories and artifacts without tags are for both."""
    assert len(pushed_references(_named(parts, path, *names), _HERE)) == len(names)


def test_one_artifact_under_two_names(parts: Parts, path: Path) -> None:
    """One artifact, which two registries have under one tag, gets it."""
    bundle = _named(parts, path, ("a.test/x", "v1"), ("b.test/x", "v1"))
    artifact = bundle.artifacts[1]
    bundle.contents = bundle.contents._replace(artifacts=(artifact._replace(repository="c.test/x"), artifact))
    assert len(pushed_references(bundle, _HERE)) == len(bundle.artifacts)


@pytest.mark.parametrize("content", [Content.MANIFEST, Content.NONE])
def test_without_content_no_tag_is_given(parts: Parts, path: Path, content: Content) -> None:
    """Where signatures alone are pushed, tags are not, and contradict nothing."""
    bundle = _named(parts, path, ("a.test/x", "v1"), ("b.test/x", "v1"))
    bundle.contents = bundle.contents._replace(content=content)
    assert len(pushed_references(bundle, _HERE)) == len(bundle.artifacts)


@pytest.mark.parametrize(
    "destination",
    [
        "", "/", "https://mirror.test", "mirror.test/", "/all", "mirror.test//all", "mirror.test/../all",
        "mirror.test/All", "mirror.test:x", "mirror.test./all", "mirror_test", "mirror.test/all:v1",
        "mirror.test/a%2fb", "mirror.test/*", ".",
    ],
)  # fmt: skip
def test_destinations_that_lead_elsewhere(made: str, destination: str) -> None:
    """What is no registry, or registry and prefix, in full is refused, and nothing is pushed anywhere."""
    with pytest.raises(UsageError, match=r"is not of the form registry or registry/prefix$"):
        pushed_references(open_bundle(made), destination)
