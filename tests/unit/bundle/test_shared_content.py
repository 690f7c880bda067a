"""What a bundle's artifacts have in common, of which a hostile bundle may have much."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from notarykit.bundle.reading import open_bundle
from notarykit.oci import manifest
from tests.support.bundles import Parts
from tests.support.layouts import INDEX_TYPE, MANIFEST_TYPE


def test_what_artifacts_share_is_read_once(parts: Parts, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An index under many names, in many others, and a signature under many names, are each read once.

    Otherwise a file of some megabytes would keep its reader busy for hours.
    """
    shared = _index_of(parts, [{"mediaType": MANIFEST_TYPE, "digest": f"sha256:{'0' * 64}", "size": 1}])
    indexes = [_index_of(parts, [shared, {**shared, "size": number}]) for number in range(10)]
    signed, other = parts.contents["artifacts"]
    twins = [{**signed, "repository": f"local/twin-{number}"} for number in range(10)]
    unsigned = [
        {"repository": f"local/{number}", "artifact": each, "signatures": []} for number, each in enumerate(indexes)
    ]
    again = [{**each, "repository": f"{each['repository']}/again"} for each in unsigned]
    parts.contents["artifacts"] = artifacts = [signed, other, *twins, *unsigned, *again]
    entries = parts.index["manifests"]
    entries[1:3] = [_entry(artifact) for artifact in artifacts]
    indexes_read = _calls_of(monkeypatch, "notarykit.bundle.artifact_content.parse_index", manifest.parse_index)
    manifests_read = _calls_of(
        monkeypatch, "notarykit.bundle.bundle.read_signature_manifest", manifest.read_signature_manifest
    )
    assert len(open_bundle(parts.write(path)).artifacts) == len(artifacts)
    assert (len(indexes_read), len(manifests_read)) == (len(indexes) + 1, 2)


def _index_of(parts: Parts, manifests: list[dict[str, Any]]) -> dict[str, Any]:
    content = json.dumps({"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": manifests}).encode()
    return {"mediaType": INDEX_TYPE, **parts.put(content)}


def _entry(artifact: dict[str, Any]) -> dict[str, Any]:
    descriptor = artifact["artifact"]
    name = f"{artifact['repository']}@{descriptor['digest']}"
    return {**descriptor, "annotations": {"org.opencontainers.image.ref.name": name}}


def _calls_of(monkeypatch: pytest.MonkeyPatch, name: str, function: Callable[..., Any]) -> list[Any]:
    """Returns the arguments of all calls of a function under a name, as they come."""
    calls: list[Any] = []

    def noted(*arguments: Any) -> Any:
        calls.append(arguments)
        return function(*arguments)

    monkeypatch.setattr(name, noted)
    return calls
